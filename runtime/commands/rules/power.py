"""On and off, and what they are for each kind: open and closed, locked and unlocked, activated."""

from typing import Final

from runtime.commands.meaning import Action, Meaning
from runtime.commands.registry.devices import Device, Kind, Options, Range
from runtime.commands.rules.setting import setting, without
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import Outcome, carry_out

_ON_MODES: Final = ("auto", "heat_cool", "heat", "cool")


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
    """A heating without a switch is off in its mode `off`, and on in the first of the modes that heat or cool."""
    mode = device.capability("mode")
    if mode is None or not isinstance(mode.domain, Options):
        return without(device, "power", situation)
    wanted = _ON_MODES if on else ("off",)
    value = next((each for each in wanted if each in mode.domain.values), None)
    return without(device, "power", situation) if value is None else Action(device.id, "mode", value)
