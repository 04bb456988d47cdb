"""Records as rows of the journal's table, and back; and what makes two orders the same one."""

import sqlite3
from typing import Any, Final

from runtime.commands.clock import Moment
from runtime.commands.journal import codec
from runtime.commands.journal.record import Phase, Plan, Record, Sending
from runtime.commands.meaning import Action
from runtime.commands.order import Order, Result
from runtime.errors import CallerError

COLUMNS: Final = "key, later, phase, wall, ticks, boot, asked, after_s, plan, turn, sendings, result"


def record(row: tuple[Any, ...]) -> Record:
    """What `COLUMNS` selected."""
    key, later, phase, wall, ticks, boot, asked, after_s, plan, turn, sendings, result = row
    return Record(
        key=key,
        order=codec.loads(Order, asked),
        phase=Phase(phase),
        taken=Moment(wall, ticks, boot),
        later=bool(later),
        after_s=after_s,
        plan=codec.loads_all(Action, plan) if plan else (),
        turn=turn,
        sendings=codec.loads_all(Sending, sendings) if sendings else (),
        result=codec.loads(Result, result) if result else None,
    )


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
    """All that is asked; when it came and where the answer goes is not part of it."""
    what = (order.text, order.action, order.language, order.area)
    return (*what, order.confirms, order.dry_run, order.explain, order.answer)


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
