"""The journal: what was promised is on disk before it is promised.

Knows orders, their phases and how long they are kept. Does not know what a device is, nor what time it is.
"""

import asyncio
import json
import logging
import sqlite3
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from runtime.commands.clock import Moment
from runtime.commands.journal import codec, rows
from runtime.commands.journal.record import FOLLOWS, Phase, Plan, Received, Record, Repeated, Sending, Taken
from runtime.commands.journal.schema import NewerError, connect
from runtime.commands.journal.writer import Writer
from runtime.commands.order import Order, Result
from runtime.errors import BusyError, CallerError

_log = logging.getLogger(__name__)

_DELIVERED_AGAIN_S: Final = 120.0
"""How long a lost connection's deliveries may come again."""
_PRUNED_AT_ONCE: Final = 500
"""Rows: what is deleted together keeps others waiting."""


@dataclass(frozen=True, slots=True)
class Keeping:
    """How long what was answered is remembered, so that the same order is not done again."""

    seconds: float = 7 * 86400.0
    orders: int = 100_000
    at_least: int = 1000
    """So many are remembered however old they seem: a clock that is set right can make all of them old at once."""
    bytes: int = 256 << 20
    """Disk for all of it."""
    every: int = 256
    """Orders between two looks at what may be forgotten."""


_KEEPING: Final = Keeping()


class Journal:
    """Orders on disk. Every `async` method returns once what it says is there."""

    def __init__(self, writer: Writer, keeping: Keeping) -> None:
        self._writer = writer
        self._keeping = keeping
        self._turn = 0
        self._until_pruning = 0

    @classmethod
    async def open(cls, path: Path, keeping: Keeping = _KEEPING) -> Self:
        """Open, or begin, the journal in this file. One that is damaged is moved aside, and the log says so.

        Raises:
            BusyError: the disk is full, the directory cannot be written, or a later version wrote the file.
        """
        try:
            connection = await asyncio.to_thread(connect, path)
        except NewerError as exc:
            raise BusyError(
                f"the journal of commands {path} was written by a later version of Inglenook ({exc}); install that "
                "version, or move the file away, with which what is planned and what was done already is forgotten"
            ) from exc
        except (OSError, sqlite3.OperationalError) as exc:
            raise BusyError(
                f"the journal of commands {path} cannot be opened ({exc}); free some room, put its rights right, "
                "or end what else has it open"
            ) from exc
        journal = cls(Writer(connection), keeping)
        journal._turn = await journal._writer.submit(_last_turn)
        return journal

    async def close(self) -> None:
        """Write what is waiting, and close the file."""
        await self._writer.close()

    async def take(self, order: Order, now: Moment) -> Taken:
        """Keep a new order; or tell where the same one, known by sender, session and id, stands.

        One that is under way is answered where the last of them asks.

        Raises:
            CallerError: the id was used for something else before.
            BusyError: the disk is full.
        """
        rows.check_name(order)
        self._until_pruning -= 1
        if self._until_pruning < 0:
            self._until_pruning = self._keeping.every
            _log_failure(self._writer.submit(lambda connection: self._prune(connection, now)))
        return await self._writer.submit(lambda connection: _take(connection, order, now))

    async def sending(self, key: int, sendings: tuple[Sending, ...], result: Result) -> None:
        """From here on it may have been sent. `result` is what it will be if all goes well."""
        written, expected = codec.dumps(sendings), codec.dumps(result)

        def job(connection: sqlite3.Connection) -> None:
            self._turn += 1
            fields = "phase = ?, turn = ?, sendings = ?, result = ?"
            _move(connection, key, Phase.SENDING, fields, (Phase.SENDING, self._turn, written, expected))

        await self._writer.submit(job)

    def sent(self, key: int) -> None:
        """All of it was sent. Nobody waits for this to be on disk; it is there before anything later is."""
        _log_failure(
            self._writer.submit(
                lambda connection: _move(connection, key, Phase.SENT, "phase = ?", (Phase.SENT,))
            )
        )

    async def decide(self, key: int, result: Result, *, cancelled: Iterable[tuple[int, Result]] = ()) -> None:
        """It has its result; and with it, or not at all, what it cancels has one, too."""
        written = [(each, codec.dumps(its)) for each, its in ((key, result), *cancelled)]

        def job(connection: sqlite3.Connection) -> None:
            for each, its in written:
                _move(connection, each, Phase.DECIDED, "phase = ?, result = ?", (Phase.DECIDED, its))

        await self._writer.submit(job)

    async def plan(self, key: int, result: Result, plan: Plan) -> Record:
        """It has its result, and with it, or not at all, what it plans has a row."""
        told = codec.dumps(result)

        def job(connection: sqlite3.Connection) -> Record:
            _move(connection, key, Phase.DECIDED, "phase = ?, result = ?", (Phase.DECIDED, told))
            return rows.insert_plan(connection, _moved(connection, key).order, plan)

        return await self._writer.submit(job)

    def answered(self, key: int) -> None:
        """The result was told. If this is lost, it is told once more."""
        _log_failure(
            self._writer.submit(
                lambda connection: _move(connection, key, Phase.ANSWERED, "phase = ?", (Phase.ANSWERED,))
            )
        )

    async def record(self, key: int) -> Record | None:
        """A row as it is now; None for what was answered and is forgotten."""
        return await self._writer.submit(lambda connection: _find(connection, key))

    async def last_taken(self, channels: Collection[str]) -> float | None:
        """When the newest order that came by one of these channels was taken, by the time of day then; None: never."""
        return await self._writer.submit(lambda connection: _last_taken(connection, channels))

    async def unfinished(self) -> tuple[Record, ...]:
        """All that were not answered, in the order they came."""
        return await self._writer.submit(
            lambda connection: _select(connection, "phase <> 'answered' ORDER BY key")
        )

    async def sent_after(self, turn: int) -> tuple[Record, ...]:
        """All whose sending was begun after that one's."""
        return await self._writer.submit(
            lambda connection: _select(connection, "turn > ? ORDER BY turn", (turn,))
        )

    def _prune(self, connection: sqlite3.Connection, now: Moment) -> None:
        """Forget a few of the answered ones: too old, too many, or too large all together.

        Not who asked for what is still planned: they may ask again.
        """
        keeping = self._keeping
        (last,) = connection.execute("SELECT coalesce(max(key), 0) FROM orders").fetchone()
        newest = last - keeping.orders
        if _bytes(connection) > keeping.bytes:
            newest = last - keeping.at_least
        connection.execute(
            "DELETE FROM orders WHERE key IN (SELECT key FROM orders AS asked WHERE phase = 'answered' AND key <= ? "
            "AND (key <= ? OR wall < ?) AND NOT EXISTS (SELECT 1 FROM orders AS plan WHERE plan.later = 1 "
            "AND plan.phase <> 'answered' AND (plan.sender, plan.session, plan.id) "
            "= (asked.sender, asked.session, asked.id)) ORDER BY key LIMIT ?)",
            (last - keeping.at_least, newest, now.wall - keeping.seconds, _PRUNED_AT_ONCE),
        )


def _take(connection: sqlite3.Connection, order: Order, now: Moment) -> Taken:
    name = rows.name(order)
    if order.again and order.made_up:
        name = _delivered_before(connection, order, now) or name
    known = _select(connection, "sender = ? AND session = ? AND id = ? ORDER BY later", name)
    if not known:
        return Received(rows.insert(connection, order, now))
    if known[0].readable and rows.content(known[0].order) != rows.content(order):
        raise CallerError(
            f"the id {order.id!r} was used for another command before; give each command an id of its own",
            param="id",
        )
    for each in known:
        if each.phase is not Phase.ANSWERED and each.readable:
            asked = codec.dumps(replace(each.order, reply=order.reply))
            connection.execute("UPDATE orders SET asked = ? WHERE key = ?", (asked, each.key))
    # What came of the plan is the later word on it.
    told = next((each for each in reversed(known) if each.told is not None), known[0])
    plan = next((each for each in known if each.later and each.told is None and each is not told), None)
    return Repeated(told, plan)


def _delivered_before(
    connection: sqlite3.Connection, order: Order, now: Moment
) -> tuple[str, str, str] | None:
    """Under which name the same delivery is known, if it is."""
    made_of = order.id.rpartition(".")[0]
    alike = "sender = ? AND session = ? AND later = 0 AND id > ? AND id < ? ORDER BY key DESC LIMIT 1"
    newest = _select(connection, alike, (order.sender, order.session, f"{made_of}.", f"{made_of}/"))
    if (
        newest
        and (newest[0].order.made_up or not newest[0].readable)
        and newest[0].age(now) <= _DELIVERED_AGAIN_S
    ):
        return rows.name(newest[0].order)
    return None


def _move(
    connection: sqlite3.Connection, key: int, phase: Phase, fields: str, values: tuple[object, ...]
) -> None:
    before = [each for each, after in FOLLOWS.items() if phase in after]
    marks = ", ".join("?" * len(before))
    moved = connection.execute(
        f"UPDATE orders SET {fields} WHERE key = ? AND phase IN ({marks})",  # noqa: S608  names of ours alone
        (*values, key, *before),
    )
    if moved.rowcount != 1:
        raise RuntimeError(f"order {key} cannot become {phase} from where it is")


def _select(
    connection: sqlite3.Connection, where: str, values: tuple[object, ...] = ()
) -> tuple[Record, ...]:
    query = f"SELECT {rows.COLUMNS} FROM orders WHERE {where}"  # noqa: S608  names of ours alone
    return tuple(map(rows.record, connection.execute(query, values)))


def _find(connection: sqlite3.Connection, key: int) -> Record | None:
    return next(iter(_select(connection, "key = ?", (key,))), None)


def _moved(connection: sqlite3.Connection, key: int) -> Record:
    """One that is there, or it could not have been moved."""
    return _select(connection, "key = ?", (key,))[0]


def _last_turn(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT coalesce(max(turn), 0) FROM orders").fetchone()[0])


def _last_taken(connection: sqlite3.Connection, channels: Collection[str]) -> float | None:
    row = connection.execute(
        "SELECT wall FROM orders WHERE later = 0 AND json_extract(asked, '$.reply.channel') IN "
        "(SELECT value FROM json_each(?)) ORDER BY key DESC LIMIT 1",
        (json.dumps(list(channels)),),
    ).fetchone()
    return None if row is None else float(row[0])


def _bytes(connection: sqlite3.Connection) -> int:
    (pages,), (free,), (size,) = (
        connection.execute(f"PRAGMA {name}").fetchone()
        for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)


def _log_failure(written: "asyncio.Future[None]") -> None:
    """For what nobody waits for."""

    def look(done: "asyncio.Future[None]") -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            _log.warning("the journal of commands did not keep a step: %s", error)

    written.add_done_callback(look)
