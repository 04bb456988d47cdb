"""What the journal promises: once it said so, it is there; the same order is the same; nothing skips a step."""

import logging
import os
import shutil
import sqlite3
import stat
import subprocess
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.commands.clock import Moment
from runtime.commands.journal import schema
from runtime.commands.journal.journal import Journal, Keeping
from runtime.commands.journal.record import Phase, Plan, Received, Record, Repeated, Sending
from runtime.commands.journal.writer import JournalError, Writer
from runtime.commands.meaning import Action
from runtime.commands.order import Order, ReplyTo, Result, Status
from runtime.commands.registry.binding import Outgoing
from runtime.errors import BusyError, CallerError

NOW = Moment(1_790_000_000.0, 100.0, "boot")
RESULT = Result("1", Status.SENT, "Done.")
ON = Action("lamp", "power", value=True)
SENDINGS = (Sending(ON, (Outgoing("mqtt", "lamp/set", b"ON"),)),)


def order(name: str = "1", text: str = "on", **fields: object) -> Order:
    made = Order(name, "anna", text, None, ReplyTo("mqtt", "a"), NOW.wall, NOW.wall + 30)
    return replace(made, **fields) if fields else made  # type: ignore[arg-type]


@asynccontextmanager
async def journal_in(folder: Path, keeping: Keeping | None = None) -> AsyncGenerator[Journal, None]:
    journal = await Journal.open(folder / "journal.db", keeping or Keeping())
    try:
        yield journal
    finally:
        await journal.close()


async def received(journal: Journal, asked: Order) -> Record:
    taken = await journal.take(asked, NOW)
    assert isinstance(taken, Received)
    return taken.record


async def test_what_was_taken_is_found_after_a_restart(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        record = await received(journal, order())
    async with journal_in(tmp_path) as journal:
        assert await journal.unfinished() == (record,)


async def test_nobody_else_may_read_it_even_if_it_was_made_when_they_could(tmp_path: Path) -> None:
    state = tmp_path / "state"
    async with journal_in(state) as journal:
        await received(journal, order())
        assert _rights(state) == {"state": 0o700, **dict.fromkeys(_PARTS, 0o600)}
        for each in state.iterdir():
            each.chmod(0o644)
        copied = state / "journal.db.unusable"
        copied.touch(0o644)
        shutil.copy(state / "journal.db-wal", state / "journal.db.unusable-wal")
        async with journal_in(state):
            found = _rights(state)
    assert set(found.values()) == {0o600, 0o700}
    assert found.keys() > {*_PARTS, copied.name}


_PARTS = ("journal.db", "journal.db-wal", "journal.db-shm")


def _rights(folder: Path) -> dict[str, int]:
    return {each.name: stat.S_IMODE(each.stat().st_mode) for each in (folder, *folder.iterdir())}


async def test_the_last_that_was_taken_counts_by_the_way_it_came(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        assert await journal.last_taken(["mqtt", "hermes"]) is None
        for name, channel, wall in (("1", "mqtt", 10.0), ("2", "http", 20.0), ("3", "hermes", 30.0)):
            await journal.take(order(name, reply=ReplyTo(channel, "a")), replace(NOW, wall=wall))
        await journal.take(order("4", reply=None), replace(NOW, wall=40.0))
        assert await journal.last_taken(["mqtt"]) == 10.0
        assert await journal.last_taken(["mqtt", "hermes"]) == 30.0
        assert await journal.last_taken(["serial"]) is None


async def test_every_step_is_found_after_a_restart(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        key = (await received(journal, order())).key
        await journal.sending(key, SENDINGS, RESULT)
    async with journal_in(tmp_path) as journal:
        (record,) = await journal.unfinished()
        assert (record.phase, record.sendings, record.result) == (Phase.SENDING, SENDINGS, RESULT)
        journal.sent(key)
    async with journal_in(tmp_path) as journal:
        assert [each.phase for each in await journal.unfinished()] == [Phase.SENT]
        await journal.decide(key, RESULT)
    async with journal_in(tmp_path) as journal:
        assert [each.phase for each in await journal.unfinished()] == [Phase.DECIDED]
        journal.answered(key)
    async with journal_in(tmp_path) as journal:
        assert await journal.unfinished() == ()
        kept = await journal.record(key)
        assert kept is not None
        assert kept.told == RESULT


async def test_the_same_order_is_told_where_it_stands(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        key = (await received(journal, order())).key
        again = await journal.take(order(received_at=NOW.wall + 5, expires_at=NOW.wall + 35), NOW)
        assert isinstance(again, Repeated)
        assert (again.record.key, again.record.phase) == (key, Phase.RECEIVED)
        await journal.decide(key, RESULT)
        journal.answered(key)
        again = await journal.take(order(), NOW)
        assert isinstance(again, Repeated)
        assert again.record.result == RESULT


async def test_who_asks_again_hears_where_it_asked_last(tmp_path: Path) -> None:
    elsewhere = ReplyTo("mqtt", "b", b"7")
    async with journal_in(tmp_path) as journal:
        await received(journal, order())
        await journal.take(order(reply=elsewhere), NOW)
    async with journal_in(tmp_path) as journal:
        (record,) = await journal.unfinished()
        assert record.order.reply == elsewhere


async def test_an_id_used_for_something_else_is_a_mistake(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        await received(journal, order())
        with pytest.raises(CallerError, match="'1' was used for another command"):
            await journal.take(order(text="off"), NOW)
        others = (order(sender="bert"), order(session="kitchen"), order("2"))
        for other in others:
            await received(journal, other)


async def test_half_a_character_in_an_id_is_refused(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        with pytest.raises(CallerError, match="half a character"):
            await journal.take(order("\ud800"), NOW)
        await received(journal, order(text="\ud800"))


async def test_a_delivery_that_comes_again_has_another_made_up_id(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        first = await received(journal, order("7-abc.1", made_up=True))
        again = await journal.take(order("7-abc.2", made_up=True, again=True), NOW)
        assert isinstance(again, Repeated)
        assert again.record.order.id == first.order.id
        await received(journal, order("7-abc.3", made_up=True))
        await received(journal, order("8-abc.4", made_up=True, again=True))
        much_later = replace(NOW, ticks=NOW.ticks + 121)
        taken = await journal.take(order("7-abc.5", made_up=True, again=True), much_later)
        assert isinstance(taken, Received)


async def test_no_step_is_skipped_or_taken_twice(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        key = (await received(journal, order())).key
        await journal.decide(key, RESULT)
        with pytest.raises(RuntimeError, match="cannot become sending"):
            await journal.sending(key, SENDINGS, RESULT)
        with pytest.raises(RuntimeError, match="cannot become decided"):
            await journal.decide(key, RESULT)


async def test_a_plan_is_there_with_its_order_s_result_and_cancelled_with_another_s(tmp_path: Path) -> None:
    plan = Plan(600.0, (ON,), NOW, RESULT)
    async with journal_in(tmp_path) as journal:
        key = (await received(journal, order())).key
        planned = await journal.plan(key, replace(RESULT, status=Status.PLANNED), plan)
        assert (planned.later, planned.plan, planned.after_s) == (True, (ON,), 600.0)
        journal.answered(key)
    async with journal_in(tmp_path) as journal:
        assert await journal.unfinished() == (planned,)
        again = await journal.take(order(), NOW)
        assert isinstance(again, Repeated)
        assert again.record.result is not None
        assert again.record.result.status is Status.PLANNED
        other = (await received(journal, order("2", "cancel"))).key
        cancelled = replace(RESULT, status=Status.CANCELLED)
        await journal.decide(other, RESULT, cancelled=[(planned.key, cancelled)])
        again = await journal.take(order(), NOW)
        assert isinstance(again, Repeated)
        assert again.record.result == cancelled


async def test_the_order_of_sending_is_kept(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        keys = [(await received(journal, order(str(n)))).key for n in range(3)]
        for key in reversed(keys):
            await journal.sending(key, SENDINGS, RESULT)
    async with journal_in(tmp_path) as journal:
        first = next(each for each in await journal.unfinished() if each.key == keys[2])
        assert first.turn is not None
        assert [each.key for each in await journal.sent_after(first.turn)] == [keys[1], keys[0]]
        last = (await received(journal, order("more"))).key
        await journal.sending(last, SENDINGS, RESULT)
        assert (await journal.sent_after(first.turn))[-1].key == last


def moved_aside(folder: Path) -> list[str]:
    return sorted(each.name for each in folder.glob("journal.db.unusable*"))


def spoil(folder: Path, key: int, column: str = "asked", text: str | None = None) -> None:
    """Put what this program does not know into a row."""
    what = "json_set(asked, '$.newer', 1)" if text is None else "?"
    with closing(sqlite3.connect(folder / "journal.db", isolation_level=None)) as connection:
        connection.execute(
            f"UPDATE orders SET {column} = {what} WHERE key = ?",  # noqa: S608  a test's own words
            (key,) if text is None else (text, key),
        )


async def finish(journal: Journal, name: str, now: Moment) -> None:
    taken = await journal.take(order(name), now)
    await journal.decide(taken.record.key, RESULT)
    journal.answered(taken.record.key)


def known(folder: Path) -> list[str]:
    """The ids that are remembered."""
    with sqlite3.connect(folder / "journal.db") as connection:
        return [name for (name,) in connection.execute("SELECT id FROM orders ORDER BY key")]


async def test_what_is_old_and_answered_is_forgotten(tmp_path: Path) -> None:
    keeping = Keeping(seconds=100, at_least=2, every=0)
    async with journal_in(tmp_path, keeping) as journal:
        await received(journal, order("waiting"))
        for n in range(4):
            await finish(journal, str(n), NOW)
        later = replace(NOW, wall=NOW.wall + 101)
        for n in range(4, 8):
            await finish(journal, str(n), later)
        await received(journal, order("last"))
        assert known(tmp_path) == ["waiting", "4", "5", "6", "7", "last"]


async def test_of_too_many_the_oldest_are_forgotten(tmp_path: Path) -> None:
    async with journal_in(tmp_path, Keeping(orders=5, at_least=2, every=0)) as journal:
        for n in range(12):
            await finish(journal, str(n), NOW)
        await received(journal, order("last"))
        assert known(tmp_path) == ["7", "8", "9", "10", "11", "last"]


async def test_a_clock_set_right_does_not_make_all_forgotten(tmp_path: Path) -> None:
    async with journal_in(tmp_path, Keeping(at_least=3, every=0)) as journal:
        for n in range(6):
            await finish(journal, str(n), replace(NOW, wall=1000.0))
        await received(journal, order("last"))
        assert known(tmp_path) == ["3", "4", "5", "last"]


async def test_who_asked_for_what_is_planned_is_not_forgotten(tmp_path: Path) -> None:
    keeping = Keeping(seconds=100, at_least=0, every=0)
    async with journal_in(tmp_path, keeping) as journal:
        key = (await received(journal, order("plan"))).key
        planned = await journal.plan(key, RESULT, Plan(30 * 86400.0, (ON,), NOW, RESULT))
        journal.answered(key)
        await finish(journal, "old", NOW)
        later = replace(NOW, wall=NOW.wall + 8 * 86400)
        again = await journal.take(order("plan"), later)
        assert again == Repeated(replace(again.record, result=RESULT), planned)
        await received(journal, order("new"))
        assert known(tmp_path) == ["plan", "plan", "new"]
        await journal.decide(planned.key, RESULT)
        journal.answered(planned.key)
        await journal.take(order("last"), later)
        await journal.take(order("very last"), later)
        assert known(tmp_path) == ["new", "last", "very last"]


async def test_a_file_that_is_too_large_forgets_more(tmp_path: Path) -> None:
    async with journal_in(tmp_path, Keeping(at_least=5, bytes=1, every=0)) as journal:
        for n in range(20):
            await finish(journal, str(n), NOW)
        await received(journal, order("last"))
        assert known(tmp_path) == ["15", "16", "17", "18", "19", "last"]


@pytest.mark.parametrize("damage", ["garbage", "short", "another table"])
async def test_a_damaged_file_is_moved_aside_and_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    async with journal_in(tmp_path) as journal:
        await received(journal, order())
    path = tmp_path / "journal.db"
    match damage:
        case "garbage":
            path.write_bytes(b"not a database" * 1000)
        case "short":
            path.write_bytes(path.read_bytes()[:5000])
        case _:
            with sqlite3.connect(path) as connection:
                connection.execute("ALTER TABLE orders RENAME TO others")
    with caplog.at_level(logging.ERROR):
        async with journal_in(tmp_path) as journal:
            assert await journal.unfinished() == ()
            await received(journal, order())
    assert "cannot be used" in caplog.text
    assert "done again" in caplog.text
    assert (tmp_path / "journal.db.unusable").exists()


async def test_what_was_moved_aside_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    for n in range(3):
        path.write_bytes(b"no database %d" % n * 1000)
        async with journal_in(tmp_path):
            pass
    kept = moved_aside(tmp_path)
    assert kept == ["journal.db.unusable", "journal.db.unusable.2", "journal.db.unusable.3"]
    assert [(tmp_path / each).read_bytes()[:13] for each in kept] == [b"no database %d" % n for n in range(3)]


async def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        await received(journal, order())
    with closing(sqlite3.connect(tmp_path / "journal.db")) as connection:
        connection.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    before = (tmp_path / "journal.db").read_bytes()
    with pytest.raises(BusyError, match="later version of Inglenook"):
        await Journal.open(tmp_path / "journal.db")
    assert (tmp_path / "journal.db").read_bytes() == before
    assert moved_aside(tmp_path) == []


async def test_a_row_that_cannot_be_read_keeps_no_other_from_being_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with journal_in(tmp_path) as journal:
        bad, good = await received(journal, order("bad")), await received(journal, order("good"))
    spoil(tmp_path, bad.key)
    async with journal_in(tmp_path) as journal:
        found, other = await journal.unfinished()
        assert (found.readable, found.order.id, found.order.reply) == (False, "bad", bad.order.reply)
        assert other == good
        assert "'bad' of 'anna' in the journal cannot be read" in caplog.text
        again = await journal.take(order("bad"), NOW)
        assert isinstance(again, Repeated), "nobody can tell, so it is not done again"
        await journal.decide(bad.key, RESULT)
        again = await journal.take(order("bad"), NOW)
        assert again.record.told == RESULT


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"newer": 1}', '{"id": "1", "newer": 1}', "[" * 5000]
)
async def test_whatever_stands_in_a_row_is_read_or_not(text: str, tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        record = await received(journal, order())
    for column in ("asked", "plan", "sendings", "result"):
        spoil(tmp_path, record.key, column, text)
        async with journal_in(tmp_path) as journal:
            (found,) = await journal.unfinished()
            assert found.key == record.key


async def test_damage_that_shows_later_stops_everything(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        for n in range(100):
            await received(journal, order(str(n), "x" * 50_000))  # more than is kept in memory
    path = tmp_path / "journal.db"
    async with journal_in(tmp_path) as journal:
        with path.open("r+b") as file:
            file.seek(4096)
            file.write(b"\xff" * (path.stat().st_size - 4096))
        for _ in range(2):
            with pytest.raises(JournalError, match="start the appliance again"):
                await journal.unfinished()
        with pytest.raises(JournalError):
            await journal.take(order("new"), NOW)


@contextmanager
def small_disk(at: Path) -> Iterator[None]:
    at.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(at)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this container may not mount")
    try:
        yield
    finally:
        subprocess.run(["umount", str(at)], check=True)


async def test_a_full_disk_is_told_and_reading_goes_on_and_it_recovers(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk"):
        async with journal_in(tmp_path / "disk") as journal:
            await finish(journal, "known", NOW)
            filler = tmp_path / "disk" / "filler"
            with pytest.raises(OSError, match="No space"), filler.open("wb") as file:
                file.write(bytes(1 << 20))
            with pytest.raises(BusyError, match="free some room"):  # noqa: PT012  how many fit is the disk's
                for n in range(200):
                    await journal.take(order(f"{n}", "x" * 4000), NOW)
            again = await journal.take(order("known"), NOW)
            assert isinstance(again, Repeated)
            assert again.record.result == RESULT
            filler.unlink()
            await received(journal, order("after"))


async def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BusyError, match="cannot be opened"):
        await Journal.open(tmp_path / "file" / "journal.db")


async def test_a_file_that_another_program_holds_is_busy_until_it_lets_go(tmp_path: Path) -> None:
    path = tmp_path / "journal.db"
    schema.connect(path).close()
    writer = Writer(sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False))

    def forget(connection: sqlite3.Connection) -> int:
        return connection.execute("DELETE FROM orders").rowcount

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(BusyError, match="end what else has it open"):
            await writer.submit(forget)
        other.execute("ROLLBACK")
    assert await writer.submit(forget) == 0
    await writer.close()


async def test_what_is_forgotten_is_no_record(tmp_path: Path) -> None:
    async with journal_in(tmp_path) as journal:
        key = (await received(journal, order())).key
        assert await journal.record(key + 1) is None
