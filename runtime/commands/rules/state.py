"""Questions about how things are: is it open, which are on, what is it at."""

from collections.abc import Sequence
from typing import Final

from runtime.commands.meaning import Cannot, Meaning, Reason, Tell
from runtime.commands.registry.devices import Device, Kind, Value
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import Group, groups
from runtime.commands.wording.describe import listed, say_of, shown, the
from runtime.commands.wording.speak import say, word

POWERED: Final = (
    Kind.LIGHT,
    Kind.SWITCH,
    Kind.FAN,
    Kind.MEDIA_PLAYER,
    Kind.HUMIDIFIER,
    Kind.SIREN,
    Kind.CLIMATE,
)
WITH_SENSORS: Final = {
    "door": ("door", "garage", "garage_door", "opening"),
    "garage": ("garage", "garage_door"),
    "window": ("window",),
}
"""Classes under which sensors tell of what covers are asked for."""


def get_state(found: Found, situation: Situation) -> Meaning | None:
    """`HassGetState`."""
    state = found.slots.get("state")
    if found.devices:
        devices = _candidates(found, situation)
        if isinstance(devices, Cannot):
            return devices
        asked = state if len(devices) == 1 else None
        return _told([yes_or_no(each, asked, situation) for each in devices], devices)
    if not isinstance(state, str):
        return None
    return _several(found, state, situation)


def what_is_on(found: Found, situation: Situation) -> Meaning:
    """Everything that is switched on, here or anywhere."""
    area, house, language = found.area, situation.house, situation.language
    devices = [
        each
        for each in house.devices.values()
        if each.kind in POWERED
        and area in {None, each.area}
        and state_of(each, situation) in {"on", "heat", "cool", "auto"}
    ]
    here = [each for each in devices if each.id not in house.away]
    told = enumerated(here, "told.on_here", "told.nothing_on", situation)
    gone = [the(each, house, language) for each in devices if each.id in house.away]
    if not gone:
        return told
    return Tell(f"{told.text} {say('refused.away', language, device=listed(gone, language))}", told.about)


def state_of(device: Device, situation: Situation) -> str | None:
    """How a device is, in a word: on, off, open, closed, locked; None if it has not been heard or has no such state."""
    value = _value(device, situation)
    if isinstance(value, bool):
        return "on" if value else "off"
    if device.kind in {Kind.COVER, Kind.VALVE} and isinstance(value, float | int):
        return "open" if value > 0 else "closed"
    return value if isinstance(value, str) else None


def _value(device: Device, situation: Situation) -> Value:
    for name in ("power", "state", "mode", "value", "position"):
        if device.capability(name) is not None:
            value = situation.house.value(device.id, name)
            if value is not None:
                return value
    return None


def _candidates(found: Found, situation: Situation) -> tuple[Device, ...] | Cannot:
    """All that can be meant: a question about two lamps of a name is answered for both."""
    meant: tuple[Group, ...] | Cannot = groups(found, situation)
    if isinstance(meant, Cannot):
        return meant
    return tuple(device for group in meant for device in group.devices)


def yes_or_no(device: Device, asked: object, situation: Situation) -> str:
    """Whether a device is at a state, in a sentence; how it is, where no state is asked for."""
    language = situation.language
    name = the(device, situation.house, language)
    if device.id in situation.house.away:  # how it was, nobody knows to be so still
        return say("refused.away", language, device=name)
    state = state_of(device, situation)
    if state is None:
        return of_device(device, name, situation)
    opens = device.kind is Kind.BINARY_SENSOR
    said = shown(state == "on", device, "value", language) if opens else word("value", state, language)
    if not isinstance(asked, str):
        return of_device(device, name, situation)
    off = device.kind is Kind.CLIMATE and asked in {"on", "off"}
    right = (state != "off") is (asked == "on") if off else state == asked
    return say_of("told.yes" if right else "told.no", device, situation.house, language, state=said)


def of_device(device: Device, name: str, situation: Situation) -> str:
    """How a device is, without a question that is yes or no."""
    language = situation.language
    for capability in ("current_temperature", "value", "state", "power", "mode", "position"):
        value = situation.house.value(device.id, capability)
        if device.capability(capability) is None or value is None:
            continue
        said = shown(value, device, capability, language)
        if capability == "value" and not isinstance(value, bool):
            key = "told.value_is" if isinstance(value, str) else "told.measures"
            return say(key, language, device=name, value=said)
        if capability == "current_temperature":
            about = word("capability", capability, language)
            return say("told.capability_is", language, device=name, capability=about, value=said)
        return say_of("told.is", device, situation.house, language, state=said)
    return say_of("told.not_heard", device, situation.house, language)


def _several(found: Found, state: str, situation: Situation) -> Meaning:
    """Any, all, which or how many of a kind are at a state."""
    pool = _asked_about(found, situation)
    if isinstance(pool, Cannot):
        return pool
    language = situation.language
    pool = [each for each in pool if each.id not in situation.house.away] or pool
    at = [each for each in pool if state_of(each, situation) in same(each, state)]
    said = word("value", state, language)
    match found.response:
        case "all":
            others = [each for each in pool if each not in at]
            if not others:
                return Tell(say("told.yes_all", language, state=said), _ids(pool))
            return enumerated(others, "told.no_all", "told.yes_all", situation)
        case "which":
            return enumerated(at, "told.which", "told.which_none", situation, state=said)
        case "how_many":
            return enumerated(at, "told.how_many", "told.how_many_none", situation, count=str(len(at)))
        case _:
            return enumerated(at, "told.yes_any", "told.no_any", situation, state=said)


def _asked_about(found: Found, situation: Situation) -> Sequence[Device] | Cannot:
    area = situation.area if found.area == "here" else found.area
    classes = {more for each in found.device_class for more in (each, *WITH_SENSORS.get(each, ()))}
    pool = [
        each
        for each in situation.house.devices.values()
        if area in {None, each.area}
        and (found.floor is None or _floor(each, situation) == found.floor)
        and (
            (each.kind == found.kind and (not classes or each.device_class in classes))
            or (bool(classes) and each.kind is Kind.BINARY_SENSOR and each.device_class in classes)
        )
    ]
    if pool:
        return pool
    what = word("kind", found.device_class[0] if found.device_class else found.kind or "", situation.language)
    return Cannot(Reason.NO_SUCH_DEVICE, say("refused.no_such_device", situation.language, what=what))


def _floor(device: Device, situation: Situation) -> str | None:
    area = situation.house.areas.get(device.area) if device.area else None
    return area.floor if area else None


def same(device: Device, state: str) -> set[str]:
    """The words of a device for a state: a sensor says on for open."""
    if device.kind is Kind.BINARY_SENSOR:
        return {"on"} if state in {"open", "on"} else {"off"}
    return {state}


def enumerated(devices: Sequence[Device], some: str, none: str, situation: Situation, **values: str) -> Tell:
    """Some sentence with the devices listed in it; where there are none, the other."""
    language = situation.language
    if not devices:
        needed = {key: value for key, value in values.items() if key == "state"}
        return Tell(say(none, language, **needed))
    names = listed([the(each, situation.house, language) for each in devices], language)
    return Tell(say(some, language, devices=names, **values), _ids(devices))


def _told(sentences: Sequence[str], devices: Sequence[Device]) -> Tell:
    return Tell(" ".join(sentences), _ids(devices))


def _ids(devices: Sequence[Device]) -> tuple[str, ...]:
    return tuple(each.id for each in devices)
