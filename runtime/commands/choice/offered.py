"""The answers of a question: single devices, and all of a kind by one name rather than one by one."""

from collections.abc import Sequence
from typing import Final

from runtime.commands.meaning import Action, Do, Option
from runtime.commands.registry.devices import Kind
from runtime.commands.registry.house import House
from runtime.commands.wording.describe import area_name, listed, proposal, the
from runtime.commands.wording.speak import say, word

Actions = tuple[Action, ...]

_FEW: Final = 3
"""As many devices are offered one by one beside all of them."""
_MOST: Final = 5


def offered(meant: Sequence[Actions], house: House, language: str) -> tuple[Option, ...]:
    """Each as an answer; by its devices alone where that is all that they differ in.

    Args:
        meant: what is asked about, the likeliest first.
        house: what the devices are called.
        language: BCP 47.
    """
    if len({(each.capability, each.value) for actions in meant for each in actions}) == 1:
        spread = _spread(meant)
        labels = [_devices(actions, spread, house, language) for actions in spread]
        if len(set(labels)) == len(labels):
            return tuple(Option(label, Do(actions)) for label, actions in zip(labels, spread, strict=True))
    return tuple(Option(proposal(actions, house, language), Do(actions)) for actions in meant)


def _spread(meant: Sequence[Actions]) -> list[Actions]:
    """Single devices before several, and those that several have beside one that is offered."""
    single = [each for each in meant if len(each) == 1]
    several = [each for each in meant if len(each) > 1]
    beside = [
        (action,)
        for actions in several
        if len(actions) <= _FEW and any(each[0] in actions for each in single)
        for action in actions
        if (action,) not in single
    ]
    more = list(dict.fromkeys(beside))
    fits = len(single) + len(more) + len(several) <= _MOST
    return [*single, *(more if fits else ()), *several]


def _devices(actions: Actions, meant: Sequence[Actions], house: House, language: str) -> str:
    """What they are called: one by its name, several by what they have in common."""
    devices = [house.devices[each.device] for each in actions]
    if len(devices) == 1:
        return the(devices[0], house, language)
    if {each[0] for each in meant if len(each) == 1} == set(actions):
        return say("word.all", language)
    kinds, areas = {each.kind for each in devices}, {each.area for each in devices}
    if len(kinds) > 1 or Kind.CLIMATE in kinds:
        return listed([the(each, house, language) for each in devices], language)
    place = area_name(areas.pop() if len(areas) == 1 else None, house, language)
    return say("word.every", language, kind=word("kind", kinds.pop(), language), place=place)
