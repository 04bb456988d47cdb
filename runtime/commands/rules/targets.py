"""Which devices a sentence is about: by name, by kind, by room. What can be more than one is asked back, never guessed.

* A name that several devices have is asked back, unless one of them is where the sentence was said.
* A kind in a room or on a floor means all of it in the plural; in the singular it means the one there is, else it is
  asked back.
* A kind without a room means the room where it was said; where that is not known, the one device there is, else it is
  asked back, room by room.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from runtime.commands.language.names import name_of
from runtime.commands.meaning import Action, Cannot, Do, Meaning, Option, Reason, Tell, Which
from runtime.commands.registry.devices import Device, Kind
from runtime.commands.registry.house import House
from runtime.commands.rules.recogniser import HERE
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.wording.describe import area_name, either, the
from runtime.commands.wording.speak import say, word

_MOST_OPTIONS: Final = 6
"""More than these are asked for room by room."""


@dataclass(frozen=True, slots=True)
class Open:
    """What is to be set is known, to what is not."""

    action: Action
    question: str


Outcome = Action | Cannot | Tell | Open
"""What a command comes to for one device."""
Act = Callable[[Device], Outcome]


@dataclass(frozen=True, slots=True)
class Group:
    """Devices that are meant together, and what they are called."""

    label: str
    devices: tuple[Device, ...]
    named: bool
    """By name: a device that cannot do it is then no reason to leave it out quietly."""


def carry_out(found: Found, situation: Situation, act: Act) -> Meaning:
    """What a command means, done to the devices that it is about."""
    meant = groups(found, situation)
    if isinstance(meant, Cannot):
        return meant
    if len(meant) == 1:
        return _together(meant[0], act)
    return _ask(meant, act, situation)


def groups(found: Found, situation: Situation) -> tuple[Group, ...] | Cannot:
    """The ways in which it can be said which devices are meant; one where it is plain."""
    if found.devices:
        return _named(found, situation)
    place = _place(found, situation)
    pool = tuple(_of_kind(found, situation, place))
    if not pool and found.area == HERE and found.device_class:
        place, pool = None, tuple(_of_kind(found, situation, None))  # not here, but in the house
    if not pool:
        return nothing_there(found, situation, place)
    if len(pool) == 1:
        return (_group(pool, situation, named=False),)
    if found.area == HERE and place is None and not situation.every:
        rooms = found.whole or situation.many or len(pool) > _MOST_OPTIONS
        return _by_room(pool, situation) if rooms else _one_by_one(pool, situation)
    many = found.whole or situation.many
    return (_group(pool, situation, named=False),) if many else _one_by_one(pool, situation)


def everything_there(found: Found, situation: Situation) -> tuple[Device, ...]:
    """All of a kind in a place, as far as either was said."""
    return tuple(_of_kind(found, situation, _place(found, situation)))


def nothing_there(found: Found, situation: Situation, area: str | None) -> Cannot:
    """The refusal for a kind that there is none of."""
    language = situation.language
    what = word("kind", found.device_class[0] if found.device_class else found.kind or "", language)
    key = "refused.nothing_to_move" if found.kind == Kind.COVER else "refused.no_such_device"
    if area is None:
        return Cannot(Reason.NO_SUCH_DEVICE, say(key, language, what=what))
    place = area_name(area, situation.house, language)
    return Cannot(Reason.NO_SUCH_DEVICE, say(f"{key}_in", language, what=what, place=place))


def _named(found: Found, situation: Situation) -> tuple[Group, ...] | Cannot:
    devices = tuple(
        situation.house.devices[each] for each in found.devices if each in situation.house.devices
    )
    area = None if found.area == HERE else found.area
    there = tuple(each for each in devices if inside(each, situation.house, area, found.floor))
    if not there:
        what = name_of(devices[0], situation.language) if devices else ""
        place = area_name(area, situation.house, situation.language)
        text = say("refused.no_such_device_in", situation.language, what=what, place=place)
        return Cannot(Reason.NO_SUCH_DEVICE, text)
    if found.together or len(there) == 1 or situation.every:
        return (_group(there, situation, named=True),)
    near = tuple(each for each in there if situation.area is not None and each.area == situation.area)
    return (_group(near, situation, named=True),) if len(near) == 1 else _one_by_one(near or there, situation)


def _place(found: Found, situation: Situation) -> str | None:
    return situation.area if found.area == HERE else found.area


def _of_kind(found: Found, situation: Situation, area: str | None) -> Iterable[Device]:
    pool = [
        each
        for each in situation.house.devices.values()
        if (found.kind is None or each.kind == found.kind)
        and (not found.device_class or _of_class(each, found.device_class, situation.language))
        and inside(each, situation.house, area, found.floor)
    ]
    if found.kind == Kind.LIGHT and situation.lamp:
        return [each for each in pool if any("lamp" in name.text.casefold() for name in each.names)] or pool
    return pool


def _of_class(device: Device, classes: Sequence[str], language: str) -> bool:
    """By its class; where it has none, by its name: the `Patio awning` is an awning, a garage door no mere door."""
    if device.device_class:
        return device.device_class in classes
    words = {word("kind", each, language).casefold() for each in classes} | set(classes)
    other = {"garage", "車庫"} if "garage" not in classes else set()
    return any(
        re.search(rf"\b{re.escape(each)}s?\b" if each.isascii() else re.escape(each), name.text.casefold())
        for name in device.names
        for each in words
        if not any(part in name.text.casefold() for part in other)
    )


def inside(device: Device, house: House, area: str | None, floor: str | None) -> bool:
    """Whether a device is in an area, or on a floor; everything is in no area."""
    if floor is not None:
        room = house.areas.get(device.area) if device.area else None
        return room is not None and room.floor == floor
    return area is None or device.area == area


def _group(devices: Sequence[Device], situation: Situation, *, named: bool) -> Group:
    label = the(devices[0], situation.house, situation.language) if len(devices) == 1 else ""
    return Group(label or say("word.all", situation.language), tuple(devices), named)


def _one_by_one(devices: Sequence[Device], situation: Situation) -> tuple[Group, ...]:
    return tuple(_group((each,), situation, named=True) for each in devices)


def _by_room(devices: Sequence[Device], situation: Situation) -> tuple[Group, ...]:
    rooms: dict[str | None, list[Device]] = {}
    for each in devices:
        rooms.setdefault(each.area, []).append(each)
    if len(rooms) == 1:
        return (_group(devices, situation, named=False),)
    by_room = [
        Group(area_name(area, situation.house, situation.language), tuple(those), named=False)
        for area, those in rooms.items()
    ]
    return (*by_room, Group(say("word.all", situation.language), tuple(devices), named=False))


def _together(group: Group, act: Act) -> Meaning:
    """The command for all devices of a group: of those that are not named, for those that can do it."""
    outcomes = [act(each) for each in group.devices]
    if not group.named:
        able = [each for each in outcomes if not _unable(each)]
        outcomes = able or outcomes[:1]
    for outcome in outcomes:
        if isinstance(outcome, Cannot):
            return outcome
    if opens := [each for each in outcomes if isinstance(each, Open)]:
        waiting = [
            each.action if isinstance(each, Open) else each for each in outcomes if not isinstance(each, Tell)
        ]
        return Which(opens[0].question, waiting=tuple(each for each in waiting if isinstance(each, Action)))
    actions = tuple(each for each in outcomes if isinstance(each, Action))
    tells = [each for each in outcomes if isinstance(each, Tell)]
    return Do(actions) if actions else tells[0]


def _unable(outcome: Outcome) -> bool:
    return isinstance(outcome, Cannot) and outcome.reason is Reason.NO_SUCH_CAPABILITY


def _ask(meant: Sequence[Group], act: Act, situation: Situation) -> Meaning:
    """Ask which; where all but one cannot do it, that one is meant."""
    read = [(group, _together(group, act)) for group in meant]
    options = [Option(group.label, meaning) for group, meaning in read if isinstance(meaning, Do)]
    if not options:
        return read[0][1]
    if len(options) == 1:
        return options[0].meaning
    labels = [each.label for each in options]
    return Which(
        say("asked.which", situation.language, options=either(labels, situation.language)), tuple(options)
    )
