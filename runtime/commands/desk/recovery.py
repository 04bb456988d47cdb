"""What a restart makes of an order that it finds in the journal. A decision; nothing is done here."""

from collections.abc import Sequence
from enum import Enum, auto
from typing import assert_never

from runtime.commands.journal.record import Phase, Record


class Finding(Enum):
    """What is to be done about it."""

    BEGIN = auto()
    """Nothing was sent: as if it came now, if it has not expired."""
    WAIT = auto()
    """It is planned."""
    REPEAT = auto()
    """It may have been sent, and to send it again changes nothing."""
    UNKNOWN = auto()
    """It may have been done, and nobody can tell."""
    SENT = auto()
    """It was sent; whether the device said so was not heard any more."""
    TELL = auto()
    """It has its result."""
    UNREADABLE = auto()
    """What the journal has of it makes no sense, so nothing is done."""


def find(record: Record, sent: Sequence[Record]) -> Finding:
    """`sent`: all whose sending was begun, of which later ones count."""
    if not record.readable and record.told is None:
        return Finding.UNREADABLE
    match record.phase:
        case Phase.RECEIVED:
            return Finding.UNKNOWN if record.order.shared else Finding.BEGIN
        case Phase.PLANNED:
            return Finding.WAIT
        case Phase.SENDING:
            once = any(each.action.value is None for each in record.sendings)
            return Finding.UNKNOWN if once or _overtaken(record, sent) else Finding.REPEAT
        case Phase.SENT:
            return Finding.SENT
        case Phase.DECIDED:
            return Finding.TELL
        case Phase.ANSWERED:
            raise ValueError("what was answered is finished")
        case _:
            assert_never(record.phase)


def _overtaken(record: Record, sent: Sequence[Record]) -> bool:
    """Whether something was sent to one of its devices later: one capability's value may move another's."""
    mine = {each.action.device for each in record.sendings}
    after = [other for other in sent if (other.turn or 0) > (record.turn or 0)]
    return any(
        not other.readable or any(each.action.device in mine for each in other.sendings) for other in after
    )
