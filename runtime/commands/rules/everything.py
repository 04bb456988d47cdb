"""Everything off: all that is on in a place or the house. What is more than light and sound is asked about first."""

from collections.abc import Iterator
from typing import Final

from runtime.commands.meaning import Action, Cannot, Do, Meaning, Option, Reason, Tell, Which
from runtime.commands.registry.devices import Device, Kind
from runtime.commands.rules.power import switched
from runtime.commands.rules.recogniser import HERE
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import inside
from runtime.commands.wording.describe import area_name, listed, proposal, the
from runtime.commands.wording.speak import say

_HARMLESS: Final = frozenset({Kind.LIGHT, Kind.FAN, Kind.MEDIA_PLAYER})
"""Nobody is harmed where one of these is off that was not meant; a plug may have a freezer behind it."""
_SWITCHED: Final = _HARMLESS | {Kind.SWITCH, Kind.CLIMATE, Kind.HUMIDIFIER}


def everything_off(found: Found, situation: Situation) -> Meaning:
    """`IngleEverythingOff`: what is known to be off is left alone."""
    language, house = situation.language, situation.house
    area = situation.area if found.area == HERE else found.area
    pool = [
        each
        for each in house.devices.values()
        if each.kind in _SWITCHED and inside(each, house, area, found.floor)
    ]
    actions = tuple(_off(pool, situation))
    left = [each for each in pool if _stays_on(each, situation)]
    told = say(
        "told.left_on", language, devices=listed([the(each, house, language) for each in left], language)
    )
    if not actions and left:
        return Tell(told, tuple(each.id for each in left))
    if not actions:
        place = area_name(area, house, language)
        missing = Cannot(Reason.NO_SUCH_DEVICE, say("refused.nothing_to_switch_in", language, place=place))
        return Tell(say("told.nothing_on", language), tuple(each.id for each in pool)) if pool else missing
    if not left and all(house.devices[each.device].kind in _HARMLESS for each in actions):
        return Do(actions)
    what = proposal(actions, house, language)
    question = say("asked.confirm", language, what=what)
    return Which(f"{told} {question}" if left else question, (Option(what, Do(actions)),))


def _stays_on(device: Device, situation: Situation) -> bool:
    """Whether it is on and dangerous to switch, so that nobody means it who does not name it."""
    action = switched(device, situation, on=False)
    if not isinstance(action, Action):
        return False
    capability = device.capability(action.capability)
    now = situation.house.value(device.id, action.capability)
    return capability is not None and capability.is_dangerous(action.value) and now is True


def _off(pool: list[Device], situation: Situation) -> Iterator[Action]:
    for device in pool:
        action = switched(device, situation, on=False)
        if not isinstance(action, Action):
            continue
        capability = device.capability(action.capability)
        dangerous = capability is not None and capability.is_dangerous(action.value)
        now = None if situation.later else situation.house.value(device.id, action.capability)
        if not dangerous and now != action.value:
            yield action
