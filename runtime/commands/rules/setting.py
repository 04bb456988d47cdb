"""One capability of one device set to a value, or the precise reason why it cannot be."""

from typing import Any, Final

from runtime.commands.language.quantities import Quantity
from runtime.commands.language.relative import rounded
from runtime.commands.meaning import Action, Cannot, Reason
from runtime.commands.registry.devices import Device, Options, Range, Value
from runtime.commands.rules.situation import Situation
from runtime.commands.wording.describe import either, limits, say_of, shown, the
from runtime.commands.wording.speak import say, word

_NEVER_OUT: Final = frozenset({"brightness", "volume", "speed"})
"""Whose least value is one step above nothing: the least light is not darkness."""


def setting(device: Device, capability: str, value: Any, situation: Situation) -> Action | Cannot:
    """The action, checked against the device's domain.

    Args:
        device: the device.
        capability: its name.
        value: a value, or a `Quantity` that is converted to the unit of the range.
        situation: for the words of a refusal.
    """
    found = device.capability(capability)
    if found is None or not found.settable:
        return without(device, capability, situation)
    if isinstance(value, Quantity):
        value = in_range(value, found.domain, capability) if isinstance(found.domain, Range) else value.value
    if found.domain.check(value) is not None:
        return beyond(device, capability, value, situation)
    return Action(device.id, capability, value)


def without(device: Device, capability: str, situation: Situation) -> Cannot:
    """The device has no such capability."""
    language = situation.language
    name = the(device, situation.house, language)
    if capability == "power":
        return Cannot(Reason.NO_SUCH_CAPABILITY, say("refused.cannot_be_switched", language, device=name))
    called = word("capability", capability, language)
    text = say_of("refused.no_such_capability", device, situation.house, language, capability=called)
    return Cannot(Reason.NO_SUCH_CAPABILITY, text)


def beyond(device: Device, capability: str, value: Value, situation: Situation) -> Cannot:
    """The device has the capability, but not the value."""
    language = situation.language
    found = device.capability(capability)
    name = the(device, situation.house, language)
    said = shown(value, device, capability, language)
    match found.domain if found else None:
        case Range() as domain:
            low, high = limits(domain)
            text = say("refused.out_of_range", language, device=name, low=low, high=high, value=said)
        case Options(values):
            words = either([word("value", each, language) for each in values], language)
            text = say("refused.not_an_option", language, device=name, options=words, value=said)
        case _:
            return without(device, capability, situation)
    return Cannot(Reason.OUT_OF_RANGE, text)


def in_range(quantity: Quantity, domain: Range, capability: str = "") -> float:
    """A quantity in the unit of a range; it may still lie beyond its ends."""
    value, unit = quantity.value, quantity.unit
    if unit == "of" or (unit == "%" and domain.unit not in {"%", ""}):
        part = value if unit == "of" else value / 100
        least = domain.low + (domain.step if capability in _NEVER_OUT and domain.low == 0 else 0)
        whole = domain.unit == "%"  # half of 1 to 100 % is 50 %
        meant = 100 * part if whole else domain.low + part * (domain.high - domain.low)
        return max(least, rounded(domain, meant))
    if unit == "°F" and domain.unit == "°C":
        return rounded_free((value - 32) / 1.8)
    if unit == "°C" and domain.unit == "°F":
        return rounded_free(value * 1.8 + 32)
    return value


def rounded_free(value: float) -> float:
    """A converted temperature to half a degree: finer than that nobody meant it."""
    return round(value * 2) / 2
