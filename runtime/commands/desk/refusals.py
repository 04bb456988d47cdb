"""Why something is not done, in a sentence for whoever asked."""

from difflib import get_close_matches
from typing import assert_never

from runtime.commands.dispatch.dispatch import UnreachableError
from runtime.commands.meaning import Action, Reason
from runtime.commands.policy.policy import Denied, Rule
from runtime.commands.registry.devices import Device, Options, Range, Switch
from runtime.commands.registry.house import House
from runtime.commands.wording.describe import limits, shown, the
from runtime.commands.wording.speak import say, word


def denial(denied: Denied, house: House, language: str) -> str:
    """What the policy has against it."""
    device = house.devices.get(denied.action.device)
    if device is None:
        what = denied.action.device
        if near := get_close_matches(what, house.devices, n=1):
            return say("refused.no_such_device_near", language, what=what, near=near[0])
        return say("refused.no_such_device", language, what=what)
    match denied.rule:
        case Rule.BOUNDS:
            return _out_of_bounds(denied.action, device, house, language)
        case Rule.CLIENT:
            name = the(device, house, language)
            return say("refused.not_yours", language, device=name, client=denied.client)
        case Rule.QUIET:
            until = f"{denied.until:%H:%M}" if denied.until else ""
            return say("refused.quiet", language, device=the(device, house, language), until=until)
        case Rule.RATE:
            key = "too_often"
        case _:
            assert_never(denied.rule)
    return say(f"refused.{key}", language, device=the(device, house, language))


def unreachable(error: UnreachableError, house: House, language: str) -> str:
    """What is the matter with the device."""
    device = house.devices.get(error.device)
    if device is None or error.reason is Reason.NO_SUCH_DEVICE:
        return say("refused.gone", language, device=error.device)
    name = the(device, house, language)
    if device.id in house.away:
        return say("refused.away", language, device=name)
    return say("refused.cannot_be_told", language, device=name, why=str(error))


def _out_of_bounds(action: Action, device: Device, house: House, language: str) -> str:
    capability = device.capability(action.capability)
    name, value = the(device, house, language), shown(action.value, device, action.capability, language)
    match capability.domain if capability and capability.settable else None:
        case Range() as domain:
            low, high = limits(domain)
            return say("refused.out_of_range", language, device=name, low=low, high=high, value=value)
        case Options(values):
            options = ", ".join(word("value", each, language) for each in values)
        case Switch():
            options = ", ".join(word("value", each, language) for each in ("on", "off"))
        case _:
            called = word("capability", action.capability, language)
            known = [each.name for each in device.capabilities if each.settable]
            if capability is None and (near := get_close_matches(action.capability, known, n=1)):
                key = "refused.no_such_capability_near"
                return say(key, language, device=name, capability=called, near=near[0])
            return say("refused.no_such_capability", language, device=name, capability=called)
    return say("refused.not_an_option", language, device=name, options=options, value=value)
