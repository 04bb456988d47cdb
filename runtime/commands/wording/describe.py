"""Actions, devices and values in words."""

import re
from collections.abc import Iterable, Sequence
from functools import partial
from itertools import groupby
from typing import Final

from runtime.commands.language.names import name_of
from runtime.commands.language.verbs import says_little
from runtime.commands.meaning import Action, Do
from runtime.commands.registry.devices import Device, Kind, Options, Press, Range, Switch, Value
from runtime.commands.registry.devices import shown as as_written
from runtime.commands.registry.house import House
from runtime.commands.registry.running import resumed
from runtime.commands.wording.speak import say, word

_MOST_NAMED: Final = 6
"""More devices than this are counted, not listed."""
_STATES: Final = {
    "open": "open",
    "closed": "close",
    "stopped": "stop",
    "locked": "lock",
    "unlocked": "unlock",
}
_OWN_ARTICLE: Final = ("the ", "my ", "our ", "a ", "an ", "all ")
_OPENINGS: Final = frozenset({"door", "garage_door", "window", "opening"})
_MANY: Final = re.compile(
    r"\b(?:lights|lamps|spots|spotlights|blinds|curtains|drapes|shades|shutters|windows|doors|gates|awnings|fans|locks|"
    r"switches|speakers|heaters|radiators|plugs|sockets|sprinklers|valves|leds|bulbs|candles)$"
)
_FINE: Final = 0.01
_MINUTE: Final = 60
_HOUR: Final = 3600
_DAY: Final = 24 * _HOUR


def describe(actions: Sequence[Action], house: House, language: str) -> str:
    """What was done, as one sentence: "Turned on the kitchen light and the fan."."""
    first, *rest = _parts("done", actions, house, language) or [""]
    parts = [first, *(part[:1].lower() + part[1:] for part in rest)]
    return _joined(parts, "and_then", language) + say("word.end", language)


def proposal(actions: Sequence[Action], house: House, language: str) -> str:
    """What is to be done, to go into a sentence: "turn on the kitchen light and the fan"."""
    return _joined(_parts("do", actions, house, language), "and_then", language)


def later(do: Do, house: House, language: str) -> str:
    """The same with when, if not now: "turn on the fan in 10 minutes"."""
    what = proposal(do.actions, house, language)
    if not do.after_s > 0:
        return what
    return say("word.later", language, what=what, delay=duration(do.after_s, language))


def the(device: Device, house: House, language: str) -> str:
    """A device with its article; with its room, its kind or its id, where others have the same name."""
    name = name_of(device, language)
    others = [
        each
        for each in house.devices.values()
        if each.id != device.id and name_of(each, language).casefold() == name.casefold()
    ]
    marked = _mark(device, [each for each in others if each.area == device.area], language)
    if others and device.area in house.areas:
        place = area_name(device.area, house, language) + marked
        return say("word.the_in", language, name=_inside(name, language), place=place)
    if says_little(name.casefold(), language) and language.startswith("en"):
        return f"\u201c{name}\u201d{marked}"
    name += marked
    if name.casefold().startswith(_OWN_ARTICLE) or "'s " in name:
        return name
    return say("word.the", language, name=_inside(name, language))


def _mark(device: Device, beside: Sequence[Device], language: str) -> str:
    """What tells a device from others of its name in its room: its kind if no other is of it, else its id."""
    if not beside:
        return ""
    alike = any(each.kind is device.kind for each in beside)
    return f" ({device.id if alike else word('kind', device.kind, language)})"


def say_of(key: str, device: Device, house: House, language: str, **values: str) -> str:
    """A sentence about one device; where its name is one of several things, as `Curtains` is, the one that says so."""
    many = _MANY.search(name_of(device, language).casefold())
    return say(f"{key}_many" if many else key, language, device=the(device, house, language), **values)


def area_name(area: str | None, house: House, language: str) -> str:
    """A room with its article; the house where there is none."""
    found = house.areas.get(area) if area else None
    if found is None:
        return say("word.everywhere", language)
    return say("word.the", language, name=_inside(name_of(found, language), language))


def _inside(name: str, language: str) -> str:
    """A name as it stands in an English sentence: `Kitchen light` small, `TV` and `Patio Awning` as they are."""
    first, *rest = name.split() or [""]
    titled = any(word[:1].isupper() and word[1:2].islower() for word in rest)
    small = language.startswith("en") and first[1:2].islower() and not titled
    return name[:1].lower() + name[1:] if small else name


def listed(names: Sequence[str], language: str) -> str:
    """`a, b and c`; many are cut to the first few and the count of the rest."""
    if len(names) > _MOST_NAMED:
        names = [
            *names[: _MOST_NAMED - 1],
            say("word.more", language, count=str(len(names) - _MOST_NAMED + 1)),
        ]
    return _joined(names, "listed", language)


def either(names: Sequence[str], language: str) -> str:
    """`a, b or c`."""
    return _joined(names, "or", language)


def shown(value: Value, device: Device, capability: str, language: str) -> str:
    """A value as it is said, with its unit."""
    found = device.capability(capability)
    match value:
        case None:
            return say("word.no_value", language)
        case bool():
            opens = device.kind is Kind.BINARY_SENSOR and device.device_class in _OPENINGS
            names = ("closed", "open") if opens else ("off", "on")
            return word("value", names[value], language)
        case str():
            return word("value", value, language)
        case _:
            unit = found.domain.unit if found and isinstance(found.domain, Range) else ""
            places = 1 if unit == "%" else 2 if abs(value) >= _FINE else 6
            return f"{round(value, places):.9g}{_spaced(unit)}"


def limits(domain: Range) -> tuple[str, str]:
    """Both ends of a range, with the unit at the upper one."""
    return f"{domain.low:g}", f"{domain.high:g}{_spaced(domain.unit)}"


def duration(seconds: float, language: str) -> str:
    """A length of time in its one or two largest units: "1 hour and 30 minutes"."""
    left = max(1, round(seconds))
    parts = []
    for size, unit in ((_DAY, "day"), (_HOUR, "hour"), (_MINUTE, "minute"), (1, "second")):
        count, left = divmod(left, size)
        if count:
            parts.append(say(f"word.{unit}{'' if count == 1 else 's'}", language, n=str(count)))
    return _joined(parts[:2], "listed", language)


def _spaced(unit: str) -> str:
    return unit if unit in {"", "%"} else f" {unit}"


def _parts(table: str, actions: Sequence[Action], house: House, language: str) -> list[str]:
    """One phrase for each run of actions that say the same of several devices."""
    phrases = []
    for (verb, value, capability), run in groupby(actions, lambda each: _verb(each, house, language)):
        devices = dict.fromkeys(each.device for each in run)
        fields = {"what": listed([_called(each, house, language) for each in devices], language)}
        if verb.startswith("set"):
            fields["value"] = value
        if capability:
            fields["capability"] = word("capability", capability, language)
        phrases.append(say(f"{table}.{verb}", language, **fields))
    return phrases


def _called(device: str, house: House, language: str) -> str:
    found = house.devices.get(device)
    if found is None:
        return device
    return name_of(found, language) if found.kind is Kind.SCENE else the(found, house, language)


def _verb(action: Action, house: House, language: str) -> tuple[str, str, str]:
    """Which sentence tells of an action, the value in words, and the capability if it is named."""
    device = house.devices.get(action.device)
    capability = device.capability(action.capability) if device else None
    if device is None or capability is None:
        return (
            ("press", "", "")
            if action.value is None
            else ("set_capability", as_written(action.value), action.capability)
        )
    match capability.domain:
        case Switch() if action.capability == "power":
            mode = _mode(device, house) if action.value and capability.by_mode else None
            turned = "turn_on" if action.value else "turn_off"
            return (turned, "", "") if mode is None else ("set_on", word("value", mode, language), "")
        case Press():
            return ("press" if device.kind is Kind.BUTTON else "activate"), "", ""
        case Options() if action.capability == "state" and action.value in _STATES:
            return _STATES[str(action.value)], "", ""
        case Options() if action.capability == "mode" and action.value == "off":
            return "turn_off", "", ""
    value = shown(action.value, device, action.capability, language)
    main = {"value", "position"} | ({"temperature"} if device.kind is Kind.CLIMATE else set())
    return ("set", value, "") if action.capability in main else ("set_capability", value, action.capability)


def _mode(device: Device, house: House) -> str | None:
    """In which mode it goes on."""
    mode = device.capability("mode")
    modes = mode.domain.values if mode is not None and isinstance(mode.domain, Options) else ()
    return resumed(modes, partial(house.value, device.id))


def _joined(parts: Iterable[str], how: str, language: str) -> str:
    *most, last = list(parts) or [""]
    if not most:
        return last
    return say(f"word.{how}", language, most=say("word.comma", language).join(most), last=last)
