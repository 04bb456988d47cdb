"""The answer to a question: how the devices are that it is about, or why that is not known. Never moves anything."""

from collections.abc import Iterator, Sequence
from typing import Final

from runtime.commands.asking.asked import Asked, Scope
from runtime.commands.meaning import Cannot, Meaning, Reason, Tell
from runtime.commands.registry.devices import Device, Kind
from runtime.commands.rules import reading
from runtime.commands.rules.situation import Situation
from runtime.commands.rules.state import POWERED, enumerated, of_device, same, state_of, yes_or_no
from runtime.commands.wording.describe import area_name, listed, the
from runtime.commands.wording.speak import say, word

_OPENINGS: Final = frozenset({"door", "garage", "garage_door", "gate", "window", "opening", None})
"""Classes of what stands open, rather than aside."""
_NOTICED: Final = {
    "motion": ("motion", "occupancy", "presence", "moving"),
    "moisture": ("moisture",),
    "smoke": ("smoke",),
    "gas": ("gas", "carbon_monoxide"),
    "carbon_monoxide": ("carbon_monoxide",),
}
"""Classes of the sensors that notice what is asked for."""
_OUTSIDE: Final = (
    "outside",
    "outdoor",
    "garden",
    "terrace",
    "balcony",
    "patio",
    "室外",
    "戶外",
    "外面",
    "花園",
    "陽台",
)
_MOST_TOLD: Final = 6


def answer(asked: Asked, situation: Situation) -> Meaning | None:
    """What there is to say; None where nothing in the house is what is asked about."""
    if asked.aspect in _NOTICED:
        return _noticed(asked, situation) if asked.state in {"", "on"} else None
    if asked.aspect and asked.aspect != "status":
        return _measured(asked, situation)
    return _states(asked, situation)


def _states(asked: Asked, situation: Situation) -> Meaning | None:
    """How devices are: each of those that were named, or which of all that could be meant."""
    pool = [each for each in _pool(asked, situation) if not asked.state or _at(each, asked) or asked.devices]
    if not pool:
        return _missing(asked, situation)
    if not asked.state:
        return _each(pool, situation) if asked.devices or asked.kind else None
    if asked.devices and asked.scope is Scope.WHICH:
        return _each(pool, situation)
    if asked.devices or (len(pool) == 1 and not asked.anything and asked.scope is Scope.ANY):
        return Tell(" ".join(_one(each, asked, situation) for each in pool[:_MOST_TOLD]), _ids(pool))
    return _several(pool, asked, situation)


def _one(device: Device, asked: Asked, situation: Situation) -> str:
    if device.id in situation.house.away:
        name = the(device, situation.house, situation.language)
        return say("refused.away", situation.language, device=name)
    state = _at(device, asked)
    return yes_or_no(device, state or None, situation)


def _each(pool: Sequence[Device], situation: Situation) -> Tell:
    told = pool[:_MOST_TOLD]
    sentences = []
    for each in told:
        name = the(each, situation.house, situation.language)
        away = each.id in situation.house.away
        sentences.append(
            say("refused.away", situation.language, device=name) if away else of_device(each, name, situation)
        )
    return Tell(" ".join(sentences), _ids(told))


def _several(pool: Sequence[Device], asked: Asked, situation: Situation) -> Meaning:
    """Any, all, which or how many; what has not been heard of is said, too."""
    language = situation.language
    heard = [
        each for each in pool if each.id not in situation.house.away and state_of(each, situation) is not None
    ]
    at = [each for each in heard if _is(each, asked, situation)]
    said = word("value", asked.state, language)
    match asked.scope:
        case Scope.ALL:
            others = [each for each in heard if each not in at]
            told = enumerated(others, "told.no_all", "told.yes_all", situation, state=said)
            if not others:
                told = Tell(told.text, _ids(pool))
        case Scope.WHICH:
            told = enumerated(at, "told.which", "told.which_none", situation, state=said)
        case Scope.HOW_MANY:
            told = enumerated(at, "told.how_many", "told.how_many_none", situation, count=str(len(at)))
        case Scope.ANY:
            told = enumerated(at, "told.yes_any", "told.no_any", situation, state=said)
    silent = [the(each, situation.house, language) for each in pool if each not in heard]
    if not silent:
        return told
    unknown = say("told.not_heard_of", language, devices=listed(silent, language))
    return Tell(unknown if not heard else f"{told.text} {unknown}", told.about)


def _is(device: Device, asked: Asked, situation: Situation) -> bool:
    wanted, state = _at(device, asked), state_of(device, situation)
    if device.kind is Kind.CLIMATE and wanted in {"on", "off"}:
        return (state != "off") is (wanted == "on")
    return state == wanted


def _at(device: Device, asked: Asked) -> str:
    """The word of a device for the state that is asked for; empty if it can be at nothing like it."""
    state = asked.state
    if asked.either:
        opens = device.kind in {Kind.COVER, Kind.VALVE, Kind.BINARY_SENSOR}
        state = {"on": "open", "off": "closed"}[state] if opens and state in {"on", "off"} else state
    match device.kind:
        case Kind.COVER | Kind.VALVE:
            if device.kind is Kind.VALVE:
                state = {"on": "open", "off": "closed"}.get(state, state)
            fits = state in {"open", "closed"}
        case Kind.LOCK:
            fits = state in {"locked", "unlocked"}
        case Kind.BINARY_SENSOR:
            fits = state in {"open", "closed"} and device.device_class in _OPENINGS - {None}
            state = next(iter(same(device, state)))
        case Kind.VACUUM:
            state = {"on": "cleaning", "off": "docked"}.get(state, state)
            fits = state in {"cleaning", "docked", "paused"}
        case Kind.SCENE | Kind.BUTTON:
            fits = False
        case _:
            fits = state not in {"open", "closed", "locked", "unlocked"}
    return state if fits else ""


def _pool(asked: Asked, situation: Situation) -> list[Device]:
    """The devices that a question is about, in their order."""
    devices = situation.house.devices
    if asked.devices:
        named = [devices[each] for each in asked.devices]
        return [each for each in named if _inside(each, asked, situation)] if asked.placed else named
    pool = [devices[each] for each in asked.alike] if asked.kind else list(_of_state(asked, situation))
    there = [each for each in pool if _inside(each, asked, situation)]
    if (
        asked.placed
        or not asked.kind
        or situation.area is None
        or asked.scope is not Scope.ANY
        or situation.many
    ):
        return there
    near = [each for each in there if each.area == situation.area]
    return near or there


def _of_state(asked: Asked, situation: Situation) -> Iterator[Device]:
    """Where no kind is named: what is switched, or stands open, or is locked."""
    for device in situation.house.devices.values():
        curtain = device.kind is Kind.COVER and device.device_class not in _OPENINGS
        reading_only = device.kind in {Kind.SENSOR, Kind.NUMBER, Kind.SELECT}
        switched = device.kind in POWERED or asked.state not in {"on", "off"} or asked.either
        if not curtain and not reading_only and switched and _at(device, asked):
            yield device


def _inside(device: Device, asked: Asked, situation: Situation) -> bool:
    if not asked.placed:
        return True
    room = situation.house.areas.get(device.area) if device.area else None
    if asked.outside:
        called = [
            name.text.casefold() for thing in (device, room) if thing is not None for name in thing.names
        ]
        if any(each in name for each in _OUTSIDE for name in called):
            return True
    return room is not None and (room.id in asked.areas or room.floor in asked.floors)


def _noticed(asked: Asked, situation: Situation) -> Meaning:
    """Whether sensors notice something."""
    classes = _NOTICED[asked.aspect]
    pool = [
        each
        for each in situation.house.devices.values()
        if each.kind is Kind.BINARY_SENSOR
        and each.device_class in classes
        and (each.id in asked.devices if asked.devices else _inside(each, asked, situation))
    ]
    if not pool:
        return _unmeasured(asked, situation)
    language = situation.language
    noticing = [
        each for each in pool if state_of(each, situation) == "on" and each.id not in situation.house.away
    ]
    silent = [each for each in pool if state_of(each, situation) is None or each.id in situation.house.away]
    if silent and not noticing:
        names = listed([the(each, situation.house, language) for each in silent], language)
        return Tell(say("told.not_heard_of", language, devices=names), _ids(silent))
    names = listed([the(each, situation.house, language) for each in noticing or pool], language)
    key = "told.noticed" if noticing else "told.not_noticed"
    return Tell(say(key, language, devices=names), _ids(noticing or pool))


def _measured(asked: Asked, situation: Situation) -> Meaning | None:
    """A value that is asked for by its name."""
    pool = _pool(asked, situation) if asked.devices or asked.kind else situation.house.devices.values()
    room = asked.placed or asked.devices or asked.kind
    near = not room and any(
        each.area == situation.area and reading.measures(each, asked.aspect)
        for each in situation.house.devices.values()
    )
    told = []
    for device in pool:
        if not asked.devices and not _inside(device, asked, situation):
            continue
        if near and device.area != situation.area:
            continue
        if not (
            reading.measures(device, asked.aspect)
            or ((asked.devices or asked.kind) and reading.said_at_all(device, asked.aspect))
        ):
            continue
        told.append(device)
    if not asked.devices:
        told = [each for each in told if reading.senses(each, asked.aspect)] or told
    if told:
        sentences = [_value(each, asked.aspect, situation) for each in told[:_MOST_TOLD]]
        return Tell(" ".join(sentences), _ids(told[:_MOST_TOLD]))
    if asked.devices and pool:
        first = situation.house.devices[asked.devices[0]]
        name = the(first, situation.house, situation.language)
        what = word("capability", asked.aspect, situation.language)
        text = say("refused.tells_no", situation.language, device=name, capability=what)
        return Cannot(Reason.NO_SUCH_CAPABILITY, text)
    if asked.kind:
        return None
    return _unmeasured(asked, situation)


def _value(device: Device, aspect: str, situation: Situation) -> str:
    if device.id in situation.house.away:
        name = the(device, situation.house, situation.language)
        return say("refused.away", situation.language, device=name)
    return reading.sentence(device, aspect, situation)


def _unmeasured(asked: Asked, situation: Situation) -> Tell:
    language = situation.language
    if len(asked.areas) != 1:
        return Tell(say("told.no_reading_anywhere", language))
    place = area_name(next(iter(asked.areas)), situation.house, language)
    return Tell(say("told.no_reading", language, place=place))


def _missing(asked: Asked, situation: Situation) -> Cannot | None:
    """The refusal for a kind that there is none of, or a device that is elsewhere."""
    language = situation.language
    if asked.devices:
        what = the(situation.house.devices[asked.devices[0]], situation.house, language)
    elif asked.kind:
        what = asked.kind
    else:
        return None
    if len(asked.areas) != 1:
        return Cannot(Reason.NO_SUCH_DEVICE, say("refused.no_such_device", language, what=what))
    place = area_name(next(iter(asked.areas)), situation.house, language)
    return Cannot(Reason.NO_SUCH_DEVICE, say("refused.no_such_device_in", language, what=what, place=place))


def _ids(devices: Sequence[Device]) -> tuple[str, ...]:
    return tuple(each.id for each in devices)
