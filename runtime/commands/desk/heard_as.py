"""Which of several readings of one utterance is meant: a recogniser may hear "the kitchen lied" before the light.

The likeliest reading is taken as if somebody had typed it. Only where it is not understood are others looked at, and of
those nothing is guessed: one counts where a rule knows all of its words, where none says otherwise ("don't", "off"),
and never as the yes to a question.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import Final

from runtime.commands.meaning import Cannot, Do, Interpretation, Meaning, Reason, Route, Which
from runtime.commands.order import Order
from runtime.commands.registry.devices import Value
from runtime.commands.sentence import Memory

MOST: Final = 4
"""Other readings that are looked at."""
_NOT_UNDERSTOOD: Final = frozenset({Reason.NOT_UNDERSTOOD, Reason.OUT_OF_SCOPE, Reason.NO_SUCH_DEVICE})
_GUESSED: Final = frozenset({Route.CHOICE, Route.SLOTS})
_CERTAIN: Final = frozenset({Route.OWNER, Route.RULES, Route.ASKING})

Understood = tuple[Interpretation, Memory]


async def first_understood(
    order: Order, interpret: Callable[[str], Awaitable[Understood]], said: Memory
) -> Understood:
    """What the first reading means that is understood; where none is, what the likeliest does. `said`: before it.

    Raises:
        BusyError, EngineError: as `interpret`.
    """
    likeliest = await interpret(order.text or "")
    if _is_understood(likeliest):
        return likeliest
    others = [await interpret(text) for text in order.otherwise[:MOST] if text != order.text]
    certain = [each for each in others if _is_understood(each) and _is_certain(each[0], said)]
    if not certain or _contradict(
        [found.meaning for found, _ in (*others, likeliest)], certain[0][0].meaning
    ):
        return likeliest
    return certain[0]


def _is_understood(understood: Understood) -> bool:
    """Whether it is something to go by: not a question that was only guessed, or that is asked once more."""
    found, memory = understood
    match found.meaning:
        case Cannot(reason):
            return reason not in _NOT_UNDERSTOOD
        case Which():
            return found.route not in _GUESSED and not memory.again
        case _:
            return True


def _is_certain(found: Interpretation, said: Memory) -> bool:
    """Whether every word is known; as an answer, that it is one of several, for a yes has to be heard as one."""
    if found.route is Route.SESSION:
        return said.asked is not None and len(said.asked.options) != 1
    return found.route in _CERTAIN


def _contradict(readings: Iterable[Meaning], meant: Meaning) -> bool:
    """Whether one of them says that it is not wanted, or wants the same device to be otherwise."""
    wanted = _values(meant)
    for each in readings:
        if isinstance(each, Cannot) and each.reason is Reason.NOT_WANTED:
            return True
        if any(wanted.get(what, value) != value for what, value in _values(each).items()):
            return True
    return False


def _values(meaning: Meaning) -> dict[tuple[str, str], Value]:
    """To what which capability of which device would be set."""
    actions = meaning.actions if isinstance(meaning, Do) else ()
    return {(each.device, each.capability): each.value for each in actions}
