"""`ingle command`: a program of its own, against the HTTP way in."""

import asyncio
import json
import shlex
import subprocess
from pathlib import Path

import pytest

from runtime.commands.journal import rows
from runtime.commands.meaning import Candidate, Reason, Route
from runtime.commands.order import Result, Status
from runtime.commands.registry.devices import Area, Name
from runtime.commands.registry.house import House
from runtime.limits import Limits
from tests.support.commands import DONE, Served, served
from tests.support.house import environment, ingle

LIMITS = Limits(drain_seconds=0.1, request_seconds=5.0)


async def say(
    there: Served, state: Path, *arguments: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    environ = environment(state, INGLE_SERVER_PORT=str(there.port))
    return await asyncio.to_thread(ingle, "command", *arguments, environ=environ, stdin=stdin)


async def test_words_are_said_and_answered(tmp_path: Path) -> None:
    async with served(LIMITS) as there:
        there.open(LIMITS, lambda: House(areas={"kitchen": Area("kitchen", (Name("Kitchen"),))}))
        said = await say(there, tmp_path, "turn", "on", "the", "lamp", "--area", "kitchen", "--dry-run")
    assert (said.returncode, said.stdout.decode(), said.stderr) == (0, "Turned on the lamp.\n", b"")
    (order,) = there.desk.taken
    assert (order.text, order.area, order.dry_run) == ("turn on the lamp", "kitchen", True)


async def test_the_numbers_are_shown_to_who_wants_them(tmp_path: Path) -> None:
    async with served(LIMITS) as there:
        there.open(LIMITS)
        there.desk.result = Result(
            "",
            Status.DONE,
            "Turned on the lamp.",
            DONE.actions,
            route=Route.CHOICE,
            confidence=0.97,
            candidates=(Candidate("turn on the lamp", 0.97, DONE.actions[0]), Candidate("nothing", 0.02)),
            ms={"rules": 3.25, "choice": 20.5},
            confirmed=True,
        )
        said = await say(there, tmp_path, "some light please", "--explain")
    shown = said.stdout.decode()
    for expected in (
        "done, confirmed by the device",
        "lamp.power = on",
        "choice, confidence 0.97, language en",
        "0.970  turn on the lamp",
        "rules 3.2, choice 20.5; together 23.8",
    ):
        assert expected in shown
    assert there.desk.taken[0].explain


@pytest.mark.parametrize(
    ("result", "status"),
    [
        (Result("", Status.REFUSED, "There is no lamp.", reason=Reason.NO_SUCH_DEVICE), 1),
        (Result("", Status.ASKED, "Which one?", options=("the desk lamp", "the floor lamp")), 3),
        (Result("", Status.UNKNOWN, "It may have been done."), 1),
        (Result("", Status.TOLD, "The lamp is on."), 0),
    ],
)
async def test_the_exit_status_says_what_came_of_it(result: Result, status: int, tmp_path: Path) -> None:
    async with served(LIMITS) as there:
        there.open(LIMITS)
        there.desk.result = result
        said = await say(there, tmp_path, "turn on the lamp")
        as_json = await say(there, tmp_path, "turn on the lamp", "--json")
    assert (said.returncode, as_json.returncode) == (status, status)
    assert result.text in said.stdout.decode()
    assert all(option in said.stdout.decode() for option in result.options)
    assert json.loads(as_json.stdout)["status"] == result.status.value


async def test_without_an_appliance_it_says_what_to_start(tmp_path: Path) -> None:
    async with served(LIMITS) as there:
        pass
    said = await say(there, tmp_path, "turn on the lamp")
    assert said.returncode == 1
    assert "ingle serve" in said.stderr.decode()


async def test_every_command_has_an_id_and_the_same_can_be_sent_again(tmp_path: Path) -> None:
    async with served(LIMITS) as there:
        there.open(LIMITS)
        for arguments in ((), (), ("--id", "mine")):
            await say(there, tmp_path, "turn on the lamp", *arguments)
    first, second, given = (order.id for order in there.desk.taken)
    assert given == "mine"
    assert not first.startswith("http-")
    assert first != second


async def test_a_busy_appliance_is_told_as_such(tmp_path: Path) -> None:
    async with served(LIMITS) as there:
        there.open(LIMITS)
        there.desk.busy = True
        said = await say(there, tmp_path, "turn on the lamp")
    assert said.returncode == 1
    assert "ask again in a few seconds" in said.stderr.decode()


async def advice(state: Path, *arguments: str) -> str:
    """What is said to type where an appliance hangs up."""

    async def hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(hang_up, "127.0.0.1", 0) as broken:
        port = broken.sockets[0].getsockname()[1]
        environ = environment(state, INGLE_SERVER_PORT=str(port))
        said = await asyncio.to_thread(ingle, "command", *arguments, environ=environ)
    assert said.returncode == 1
    assert "may still be done" in said.stderr.decode()
    return said.stderr.decode().partition("`")[2].partition("`")[0]


async def test_where_the_connection_breaks_it_says_how_to_ask_again(tmp_path: Path) -> None:
    again = await advice(tmp_path, "ring the bell", "--id", "7")
    assert again == "ingle command --id 7 -- 'ring the bell'"


async def test_what_it_says_to_type_is_the_same_command(tmp_path: Path) -> None:
    words = ("ring", "the bell", "--dry-run", "--answer", "--language", "en", "--area", "hall", "--id", "7")
    again = shlex.split(await advice(tmp_path, *words, "--explain"))
    async with served(LIMITS) as there:
        there.open(LIMITS, lambda: House(areas={"hall": Area("hall", (Name("Hall"),))}))
        await say(there, tmp_path, *words)
        await say(there, tmp_path, *again[2:])
    first, second = there.desk.taken
    assert first.dry_run
    assert (first.id, rows.content(first)) == (second.id, rows.content(second))
