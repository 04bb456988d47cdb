"""On and off, and what they are for each kind: open and closed, locked and unlocked, activated."""

import re
from typing import Final

from runtime.commands.meaning import Action, Meaning
from runtime.commands.registry.devices import Device, Kind, Options, Range
from runtime.commands.rules.setting import setting, without
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import Open, Outcome, carry_out
from runtime.commands.wording.describe import either, the
from runtime.commands.wording.speak import say, word

_EITHER_WAY: Final = ("auto", "heat_cool")
_COOLING: Final = re.compile(r"\b(?:ac|a c|a/c|air ?con\w*|cooling|cooler)\b|冷氣")
_HEATING: Final = re.compile(r"heat|radiator|暖氣|電暖")


def turn_on(found: Found, situation: Situation) -> Meaning:
    """`HassTurnOn`: on, open, locked (as the sentences of Home Assistant have it), activated."""
    return carry_out(found, situation, lambda device: switched(device, situation, on=True))


def turn_off(found: Found, situation: Situation) -> Meaning:
    """`HassTurnOff`: off, closed, unlocked."""
    return carry_out(found, situation, lambda device: switched(device, situation, on=False))


def stop(found: Found, situation: Situation) -> Meaning:
    """A cover or valve stays where it is."""
    return carry_out(found, situation, lambda device: setting(device, "state", "stopped", situation))


def switched(device: Device, situation: Situation, *, on: bool) -> Outcome:
    """What on and off are to a device."""
    match device.kind:
        case Kind.COVER | Kind.VALVE:
            return _moved(device, situation, opened=on)
        case Kind.LOCK:
            return setting(device, "state", "locked" if on else "unlocked", situation)
        case Kind.SCENE | Kind.BUTTON:
            return setting(device, "activate", None, situation) if on else without(device, "power", situation)
        case Kind.CLIMATE if device.capability("power") is None:
            return _heated(device, situation, on=on)
        case _:
            return setting(device, "power", on, situation)


def _moved(device: Device, situation: Situation, *, opened: bool) -> Outcome:
    position = device.capability("position")
    if device.capability("state") is None and position is not None and isinstance(position.domain, Range):
        return setting(device, "position", position.domain.high if opened else position.domain.low, situation)
    return setting(device, "state", "open" if opened else "closed", situation)


def _heated(device: Device, situation: Situation, *, on: bool) -> Outcome:
    """Without a switch it is off in its mode `off`; on, it heats or cools as was said, or either, or it is asked."""
    mode = device.capability("mode")
    if mode is None or not isinstance(mode.domain, Options):
        return without(device, "power", situation)
    modes = mode.domain.values
    if not on:
        return Action(device.id, "mode", "off") if "off" in modes else without(device, "power", situation)
    said = "heat" if _HEATING.search(situation.text) else "cool" if _COOLING.search(situation.text) else None
    active = tuple(each for each in modes if each != "off")
    value = next((each for each in (said, *_EITHER_WAY) if each in active), None)
    if value is None and len(active) != 1:
        words = either([word("value", each, situation.language) for each in active], situation.language)
        name = the(device, situation.house, situation.language)
        question = say("asked.which_value", situation.language, device=name, options=words)
        return Open(Action(device.id, "mode", None), question)
    return Action(device.id, "mode", value or active[0])
