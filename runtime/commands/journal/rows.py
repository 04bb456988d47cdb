"""Records as rows of the journal's table, and back; and what makes two orders the same one."""

import logging
import sqlite3
from typing import Any, Final, TypeVar

from runtime.commands.clock import Moment
from runtime.commands.journal import codec
from runtime.commands.journal.record import Phase, Plan, Record, Sending
from runtime.commands.meaning import Action
from runtime.commands.order import Order, ReplyTo, Result
from runtime.errors import CallerError

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

_REPLY: Final = "CASE WHEN json_valid(asked) THEN json_extract(asked, '$.reply') END"
COLUMNS: Final = (
    "key, later, phase, wall, ticks, boot, asked, after_s, plan, turn, sendings, result, "
    f"sender, session, id, {_REPLY}"
)


def record(row: tuple[Any, ...]) -> Record:
    """What `COLUMNS` selected; one row that cannot be read does not keep others from being read."""
    key, later, phase, wall, ticks, boot, asked, after_s, plan, turn, sendings, result, *rest = row
    sender, session, order_id, reply = rest
    order, planned = _read(Order, asked), _read_all(Action, plan)
    sent, told = _read_all(Sending, sendings), _read(Result, result)
    readable = (
        order is not None and planned is not None and sent is not None and (told is None) == (not result)
    )
    if not readable:
        _log.error(
            "command %r of %r in the journal cannot be read, so nobody can tell what came of it; "
            "was it written by another version of Inglenook?",
            order_id,
            sender,
        )
    return Record(
        key=key,
        order=order or _known((sender, session, order_id), reply, wall),
        phase=Phase(phase),
        taken=Moment(wall, ticks, boot),
        later=bool(later),
        after_s=after_s,
        plan=planned or (),
        turn=turn,
        sendings=sent or (),
        result=told,
        readable=readable,
    )


def _read(kind: type[_T], text: str | None) -> _T | None:
    try:
        return codec.loads(kind, text) if text else None
    except codec.UnreadableError:
        return None


def _read_all(kind: type[_T], text: str | None) -> tuple[_T, ...] | None:
    try:
        return codec.loads_all(kind, text) if text else ()
    except codec.UnreadableError:
        return None


def _known(name: tuple[str, str, str], reply: str | None, wall: float) -> Order:
    """As much of an order as its row has outside of what cannot be read."""
    sender, session, order_id = name
    place = _read(ReplyTo, reply)
    return Order(order_id, sender, None, None, place, wall, wall, session=session)


def insert(connection: sqlite3.Connection, order: Order, taken: Moment) -> Record:
    """A new order's row."""
    inserted = connection.execute(
        "INSERT INTO orders (sender, session, id, phase, wall, ticks, boot, asked) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *name(order),
            Phase.RECEIVED,
            taken.wall,
            taken.ticks,
            taken.boot,
            codec.dumps(order),
        ),
    )
    return Record(inserted.lastrowid or 0, order, Phase.RECEIVED, taken)


def insert_plan(connection: sqlite3.Connection, order: Order, plan: Plan) -> Record:
    """The row of what an order wants done later."""
    inserted = connection.execute(
        "INSERT INTO orders (sender, session, id, later, phase, wall, ticks, boot, asked, after_s, plan, result) "
        "VALUES (?, ?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *name(order),
            Phase.PLANNED,
            plan.at.wall,
            plan.at.ticks,
            plan.at.boot,
            codec.dumps(order),
            plan.after_s,
            codec.dumps(plan.actions),
            codec.dumps(plan.draft),
        ),
    )
    key = inserted.lastrowid or 0
    return Record(
        key,
        order,
        Phase.PLANNED,
        plan.at,
        later=True,
        after_s=plan.after_s,
        plan=plan.actions,
        result=plan.draft,
    )


def name(order: Order) -> tuple[str, str, str]:
    """What an order is known by: its sender, the session and its id."""
    return order.sender, order.session, order.id


def content(order: Order) -> tuple[object, ...]:
    """All that is asked; when it came, where the answer goes and how much it tells is not part of it."""
    what = (order.text, order.action, order.language, order.area)
    return (*what, order.confirms, order.dry_run, order.answer, order.otherwise)


def check_name(order: Order) -> None:
    """Refuse what the database cannot hold.

    Raises:
        CallerError: a half of a character stands where a character should.
    """
    for part in name(order):
        if not part.isascii():
            try:
                part.encode()
            except UnicodeEncodeError as exc:
                raise CallerError(
                    "the id, the session or the sender has half a character in it; send whole ones",
                    param="id",
                ) from exc
