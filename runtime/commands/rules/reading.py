"""Questions about a value: how warm is it, how bright is the lamp, how humid is the bathroom."""

from collections.abc import Iterator
from typing import Final

from runtime.commands.meaning import Cannot, Meaning, Tell
from runtime.commands.registry.devices import Device, Kind
from runtime.commands.rules.levels import main_level
from runtime.commands.rules.recogniser import HERE
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import groups
from runtime.commands.wording.describe import area_name, say_of, shown, the
from runtime.commands.wording.speak import say, word

OUTSIDE: Final = "outside"
_MEASURED: Final = {
    "temperature": ("current_temperature",),
    "target": ("temperature",),
    "humidity": ("current_humidity", "humidity"),
}
_MOST_TOLD: Final = 6


def temperature(found: Found, situation: Situation) -> Meaning | None:
    """`HassClimateGetTemperature`."""
    return _read("temperature", found, situation)


def reading(found: Found, situation: Situation) -> Meaning | None:
    """`IngleReading`: any value that is asked for by its name."""
    return _read(str(found.slots.get("aspect", "")), found, situation)


def _read(aspect: str, found: Found, situation: Situation) -> Meaning | None:
    if found.devices:
        meant = groups(found, situation)
        if isinstance(meant, Cannot):
            return meant
        devices = [device for group in meant for device in group.devices]
        told = [(sentence(each, aspect, situation), each.id) for each in devices]
    else:
        told = [
            (said, device.id)
            for device in _measuring(aspect, found, situation)
            if (said := _said(device, aspect, situation)) is not None
        ]
    if told:
        return Tell(" ".join(each for each, _ in told[:_MOST_TOLD]), tuple(id_ for _, id_ in told))
    place = situation.area if found.area == HERE else found.area
    if place is None or place == OUTSIDE:
        return Tell(say("told.no_reading_anywhere", situation.language))
    named = area_name(place, situation.house, situation.language)
    return Tell(say("told.no_reading", situation.language, place=named))


def _measuring(aspect: str, found: Found, situation: Situation) -> Iterator[Device]:
    """What tells of an aspect in a place: sensors of that class first, and what has it as a capability."""
    place = situation.area if found.area == HERE else found.area
    for device in situation.house.devices.values():
        room = situation.house.areas.get(device.area) if device.area else None
        if found.floor is not None and (room is None or room.floor != found.floor):
            continue
        if place == OUTSIDE and device.area is not None:
            continue
        if place not in {None, OUTSIDE, device.area}:
            continue
        if measures(device, aspect):
            yield device


def measures(device: Device, aspect: str) -> bool:
    """Whether a device tells of an aspect as it is, not as it is to be."""
    return _sensor(device, aspect) or (
        aspect != "power" and any(device.capability(each) for each in _names(aspect))
    )


def senses(device: Device, aspect: str) -> bool:
    """Whether it measures it, where others only know what they are set to."""
    return _sensor(device, aspect) or device.capability(f"current_{aspect}") is not None


def said_at_all(device: Device, aspect: str) -> bool:
    """Whether a device has a value of an aspect, be it only what it is set to, or a sensor's one value."""
    if device.kind is Kind.SENSOR:
        return aspect == device.device_class
    return aspect != "power" and any(device.capability(each) for each in _where(device, aspect))


def _names(aspect: str) -> tuple[str, ...]:
    return _MEASURED.get(aspect, (aspect,))


def _where(device: Device, aspect: str) -> tuple[str, ...]:
    """The capabilities that can tell of an aspect; `set` is the level that a number would set."""
    if aspect == "set":
        return (main_level(device),)
    return ("value",) if device.kind is Kind.SENSOR else (*_names(aspect), aspect)


def _sensor(device: Device, aspect: str) -> bool:
    return device.kind is Kind.SENSOR and device.device_class == aspect


def _said(device: Device, aspect: str, situation: Situation) -> str | None:
    language = situation.language
    name = the(device, situation.house, language)
    for capability in _where(device, aspect):
        value = situation.house.value(device.id, capability)
        if device.capability(capability) is None or value is None:
            continue
        at = shown(value, device, capability, language)
        if capability == "value":
            return say(
                "told.value_is" if isinstance(value, str) else "told.measures",
                language,
                device=name,
                value=at,
            )
        about = word("capability", capability, language)
        return say("told.capability_is", language, device=name, capability=about, value=at)
    return None


def sentence(device: Device, aspect: str, situation: Situation) -> str:
    """A device's value of an aspect, or that it has not told."""
    said = _said(device, aspect, situation)
    return said or say_of("told.not_heard", device, situation.house, situation.language)
