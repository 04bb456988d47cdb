"""A board that is not where its owner says is missed: each reason once, after a while, and by name."""

import asyncio
import logging
from functools import partial

import pytest

from firmware_bridge.client import Board
from firmware_bridge.ports import Port
from runtime.boards.absence import SILENT_S, Absence
from runtime.boards.lines import Line, lines
from runtime.boards.room import BoardRoom
from runtime.commands.registry.live import Registry
from tests.support.boards import Bench
from tests.support.described import in_simulated_time, text_board


def test_a_reason_is_told_once_after_it_has_lasted_and_again_after_a_board_was_there() -> None:
    absence = Absence()
    assert absence.look(0, "no port") == ""
    assert absence.look(SILENT_S - 1, "no port") == ""
    assert absence.look(SILENT_S, "no port") == "no port"
    assert [absence.look(at, why) for at, why in ((20, "no port"), (21, "taken"), (22, "no port"))] == [
        "",
        "taken",
        "",
    ]
    assert absence.look(23, "") == ""
    assert absence.look(24, "no port") == ""
    assert absence.look(24 + SILENT_S, "no port") == "no port"


def test_reasons_that_differ_each_time_are_no_flood() -> None:
    absence = Absence()
    said = [absence.look(at, f"noise {at}") for at in range(1000)]
    assert len(list(filter(None, said))) == 8


def said(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [each.getMessage() for each in caplog.records if each.levelno == level]


async def keep(line: Line, seconds: float, act: Bench | None = None) -> None:
    stop = asyncio.Event()
    running = asyncio.create_task(BoardRoom(lines([line], None, never), Registry()).run(stop))
    await asyncio.sleep(seconds)
    if act is not None:
        act.plug()
        await asyncio.sleep(5)
    stop.set()
    await running


def never(port: Port) -> Board:
    raise AssertionError(f"nobody looks for boards here, and {port.address} was found")


@in_simulated_time
async def test_a_named_board_is_missed_once_and_greeted_when_it_comes(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    bench = Bench()
    bench.plugged = False
    await keep(Line("usb-1", partial(Board, bench, patient=True)), 300, bench)
    assert said(caplog, logging.WARNING) == ["no board at usb-1: there is no port; plug the board in"]
    (here,) = [each for each in said(caplog, logging.INFO) if "is here" in each]
    assert here == (
        "board simulated-0001 is here, firmware 1.0.0: lamp, relay, button, temperature, mode, chime"
    )


@in_simulated_time
async def test_one_that_says_nothing_is_told_from_one_that_is_not_there(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bench = Bench()
    bench.to_board = lambda _: b""
    await keep(Line("usb-1", partial(Board, bench, patient=True)), 300)
    (warned,) = said(caplog, logging.WARNING)
    assert warned.startswith("no board at usb-1: no board answers on this line; is it plugged in")


@in_simulated_time
async def test_what_a_described_board_says_before_it_is_there_has_its_name(
    caplog: pytest.LogCaptureFixture,
) -> None:
    _, outlet, described = text_board()
    outlet.to_board = lambda data: data.replace(b"PUM", b"PXM")
    there = partial(described.open, lambda *_: outlet, patient=True)
    await keep(Line(described.at, there, called=described.name), 60)
    warned = said(caplog, logging.WARNING)
    assert any("pump: the board refuses what it was told first" in each for each in warned)
    assert all(each.startswith("board greenhouse (socket://127.0.0.1:7777): ") for each in warned)
