"""Boards of text: told and asked by name, in their words; late, half and endless lines; each set once."""

import asyncio
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.described.boards import read
from firmware_bridge.described.dialect import Ask, Denied, Gone
from firmware_bridge.described.lines import LONGEST, Lines
from firmware_bridge.described.text import TextDialect
from firmware_bridge.described.wording import Talk
from firmware_bridge.description import Value
from firmware_bridge.errors import (
    BridgeError,
    NoAnswerError,
    NotConnectedError,
    OutcomeUnknownError,
    RefusedError,
    UnknownCapabilityError,
    ValueRefusedError,
)
from firmware_bridge.events import Changed, Connected, Disconnected, Happened, Logged
from tests.support.described import TEXT, in_simulated_time, text_board, until
from tests.support.noise import everything


@given(st.lists(st.text("abc =?", max_size=20)), st.data())
def test_lines_are_found_in_whatever_pieces_they_come(lines: list[str], data: st.DataObject) -> None:
    sent = b"".join(each.encode() + b"\r\n" for each in lines)
    found: list[str] = []
    reader = Lines(b"\r\n")
    while sent:
        cut = data.draw(st.integers(1, len(sent)))
        found += reader.feed(sent[:cut])
        sent = sent[cut:]
    assert found == [each.strip() for each in lines]


@given(st.binary(max_size=2000), st.sampled_from([b"\n", b"\r\n", b";;;;"]))
def test_whatever_comes_is_lines_of_bounded_length(garbage: bytes, ending: bytes) -> None:
    reader = Lines(ending)
    assert all(len(each) <= LONGEST for each in reader.feed(garbage))
    assert len(reader._buffer) <= LONGEST + len(ending)
    assert list(reader.feed(ending + ending + b"OK" + ending))[-1].endswith("OK")


def test_a_flood_without_line_ends_does_not_grow() -> None:
    reader = Lines(b"\n")
    for _ in range(1000):
        assert not list(reader.feed(b"x" * 1000))
        assert len(reader._buffer) <= LONGEST + 1
    assert list(reader.feed(b"\nOK\n")) == ["OK"]
    assert reader.dropped == 1


@in_simulated_time
async def test_a_board_is_told_and_asked_in_its_words() -> None:
    board, outlet, described = text_board()
    async with described.open(lambda *_: outlet) as talking:
        assert talking.about is not None
        assert talking.about.name == "greenhouse"
        assert await talking.set("pump", value=True) is True
        assert await talking.set("fan", 30) == 30
        assert await talking.set("mode", "comfort") == "comfort"
        assert await talking.set("bell") is None
        assert await talking.get("fan") == 30
        assert talking.values == {"pump": True, "fan": 30, "mode": "comfort"}
        assert board.acted == ["PUMP 0", "PUMP 1", "FAN 30", "MODE C", "BELL"]
    await asyncio.sleep(1)
    assert board.acted[-1] == "PUMP 0", "left as it is safe"


@in_simulated_time
async def test_what_it_tells_unasked_is_heard() -> None:
    board, outlet, described = text_board()
    async with described.open(lambda *_: outlet) as talking:
        told = talking.events()
        board.press()
        assert await until(told, Happened) == Happened("button", None)
        board.warm(23.4)
        assert await until(told, Changed) == Changed("temperature", 23.4)
        assert await talking.get("temperature") == 23.4
        board._tell("TEMP=9000")
        board.wake.set()
        assert await until(told, Logged) == Logged(0, "TEMP=9000")
        assert talking.values["temperature"] == 23.4


@in_simulated_time
@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("fan", 101, ValueRefusedError),
        ("fan", -1, ValueRefusedError),
        ("fan", "PUMP 1\n", ValueRefusedError),
        ("pump", 1, ValueRefusedError),
        ("mode", "E", ValueRefusedError),
        ("bell", True, ValueRefusedError),
        ("temperature", 20, ValueRefusedError),
        ("button", None, ValueRefusedError),
        ("oven", 1, UnknownCapabilityError),
    ],
)
async def test_nothing_that_it_does_not_take_is_sent(
    name: str, value: Value, error: type[BridgeError]
) -> None:
    _, outlet, described = text_board()
    async with described.open(lambda *_: outlet) as talking:
        before = outlet.written
        with pytest.raises(error):
            await talking.set(name, value)
        assert outlet.written == before


@in_simulated_time
async def test_what_it_refuses_is_said_in_its_words() -> None:
    board, outlet, described = text_board(TEXT.replace("max = 100", "max = 500"))
    async with described.open(lambda *_: outlet) as talking:
        with pytest.raises(RefusedError, match="FAN 300 means nothing"):
            await talking.set("fan", 300)
        assert "FAN 300" not in board.acted
        assert await talking.set("fan", 50) == 50


@in_simulated_time
async def test_a_late_answer_is_not_the_next_ones() -> None:
    board, outlet, described = text_board()
    async with described.open(lambda *_: outlet) as talking:
        board.answer_after_s = 3.0
        with pytest.raises(OutcomeUnknownError):
            await talking.set("fan", 10, answer_s=1)
        board.answer_after_s = 0.0
        began = asyncio.get_running_loop().time()
        with pytest.raises(NotConnectedError, match="nothing was sent"):
            await talking.set("fan", 20, answer_s=1)
        assert await talking.set("fan", 400 // 10) == 40
        assert asyncio.get_running_loop().time() - began >= 1.9, "sent once the late answer was there"
        assert board.acted[1:] == ["FAN 10", "FAN 40"]
        assert outlet.opened == 1


@in_simulated_time
async def test_an_answer_that_never_comes_begins_the_connection_anew() -> None:
    board, outlet, described = text_board()
    async with described.open(lambda *_: outlet) as talking:
        told = talking.events()
        board.mute = True
        with pytest.raises(OutcomeUnknownError):
            await talking.set("fan", 10)
        event = await until(told, Disconnected)
        assert isinstance(event, Disconnected)
        assert "answers the set of fan" in event.reason
        await asyncio.sleep(10)
        assert not talking.connected
        board.mute = False
        await until(told, Connected)
        assert talking.values["fan"] == 10
    assert board.acted.count("FAN 10") == 1


@in_simulated_time
async def test_a_board_that_starts_again_in_mid_command() -> None:
    board, outlet, described = text_board()
    async with described.open(lambda *_: outlet) as talking:
        await talking.set("pump", value=True)
        await talking.set("fan", 50)
        told = talking.events()
        board.answer_after_s = 1.0
        pressing = asyncio.create_task(talking.set("bell"))
        await asyncio.sleep(0.5)
        board.answer_after_s = 0.0
        board.reset()
        with pytest.raises(OutcomeUnknownError, match="started again"):
            await pressing
        await until(told, Connected)
        assert outlet.opened == 1
        assert (talking.values["pump"], talking.values["fan"]) == (False, 0), "as it is, not as it was told"
    assert board.acted.count("BELL") == 0


@in_simulated_time
async def test_what_is_asked_while_it_is_unplugged_is_sent_once_it_is_back() -> None:
    board, outlet, described = text_board()
    async with described.open(lambda *_: outlet, patient=True) as talking:
        told = talking.events()
        await until(told, Connected)
        await outlet.unplug()
        await until(told, Disconnected)
        setting = asyncio.create_task(talking.set("fan", 70))
        await asyncio.sleep(0.5)
        outlet.plug()
        assert await setting == 70
        assert board.acted[-1] == "FAN 70"
        await outlet.unplug()
        await until(told, Disconnected)
        with pytest.raises(NotConnectedError, match="nothing was sent"):
            await talking.set("fan", 71)
    assert "FAN 71" not in board.acted


@in_simulated_time
async def test_who_does_not_wait_is_told_why_there_is_nobody() -> None:
    board, outlet, described = text_board()
    board.mute = True
    with pytest.raises(NoAnswerError, match=r"answers the set of pump.*the appliance itself"):
        async with described.open(lambda *_: outlet):
            pass
    outlet.plugged = False
    async with described.open(lambda *_: outlet, patient=True) as talking:
        await asyncio.sleep(1)
        assert "plug the board in" in talking.trouble
        outlet.plugged, board.mute = True, False
        await until(talking.events(), Connected)
        assert talking.trouble == ""


@in_simulated_time
async def test_a_thousand_cuts_double_nothing() -> None:
    board, outlet, described = text_board()
    board.answer_after_s = 0.002
    rng = random.Random(7)
    asked, done, unknown = [], [], []
    async with described.open(lambda *_: outlet, patient=True, answer_s=30) as talking:
        told = talking.events()
        for number in range(1000):
            await until(told, Connected)
            name, value = ("fan", number % 101) if number % 2 else ("bell", None)
            line = "BELL" if value is None else f"FAN {value}"
            asked.append(line)
            setting = asyncio.create_task(talking.set(name, value))
            await asyncio.sleep(rng.random() * 0.006)
            await outlet.cut()
            try:
                await setting
                done.append(line)
            except OutcomeUnknownError:
                unknown.append(line)
    acted = [line for line in board.acted if not line.startswith("PUMP")]
    print(
        f"{outlet.opened} connections; {len(done)} sets done, {len(unknown)} unknown, {len(acted)} acts, seed 7"
    )
    assert outlet.opened >= 1000
    assert len(done) + len(unknown) == 1000
    assert done
    assert unknown
    assert len(done) <= len(acted) <= 1000
    rest = iter(asked)
    assert all(line in rest for line in acted), "each once, and in the order they were asked"


@in_simulated_time
async def test_noise_makes_nothing_out_of_range_and_the_line_is_sound_afterwards() -> None:
    board, outlet, described = text_board()
    rng = random.Random(11)
    async with described.open(lambda *_: outlet, patient=True) as talking:
        told = talking.events()
        await until(told, Connected)
        outlet.to_host = everything(rng, 0.05)
        for number in range(100):
            try:
                await talking.set("fan", number)
            except (OutcomeUnknownError, NotConnectedError, RefusedError):
                continue
        outlet.to_host = lambda data: data
        await asyncio.sleep(30)
        assert await talking.set("fan", 42, answer_s=30) == 42
        assert talking.values["fan"] == 42
    fans = [line for line in board.acted if line.startswith("FAN")]
    assert len(fans) == len(set(fans))


@given(st.lists(st.tuples(st.floats(0, 5), st.binary(max_size=30)), max_size=30))
def test_no_bytes_do_harm(pieces: list[tuple[float, bytes]]) -> None:
    described = read(TEXT)[0]
    assert isinstance(described.talk, Talk)
    dialect = TextDialect(described.talk, described.capabilities)
    now, number = 0.0, 0
    try:
        for after, data in pieces:
            now += after
            step = dialect.step(now, data)
            assert step.due is None or step.due >= now - 5
            if dialect.free:
                number += 1
                dialect.ask(Ask(number, "fan", 30, sets=True))
    except NoAnswerError:
        return


def test_half_a_line_from_before_is_none() -> None:
    lone = TEXT.replace('tells = "TEMP={value}"', 'tells = "{value}"').replace('ready = "READY"', "")
    described = read(lone)[0]
    assert isinstance(described.talk, Talk)
    dialect = TextDialect(described.talk, described.capabilities)
    assert not dialect.step(0.0, b"1.5").events
    first = dialect.step(0.2, b"\n22.5\n")
    assert [event for event in first.events if getattr(event, "name", "") == "temperature"]
    assert "1.5" not in str(first.events).replace("22.5", "")


@in_simulated_time
async def test_a_board_that_only_answers_is_asked_from_time_to_time() -> None:
    asked = TEXT.replace('tells = "TEMP={value}"', 'tells = "TEMP={value}"\nget = "TEMP?"\nevery = 10')
    board, outlet, described = text_board(asked)
    async with described.open(lambda *_: outlet) as talking:
        board.values["TEMP"] = "19.5"
        await asyncio.sleep(11)
        assert talking.values["temperature"] == 19.5


@in_simulated_time
async def test_where_no_answer_is_described_sent_is_done_and_a_line_that_breaks_is_unknown() -> None:
    silent = TEXT.replace('answer = "OK"\n', "").replace('error = "ERR {text}"\n', "")
    board, outlet, described = text_board(silent)
    async with described.open(lambda *_: outlet) as talking:
        assert await talking.set("bell") is None
        assert await talking.set("fan", 20) == 20
        setting = asyncio.create_task(talking.set("bell"))
        await asyncio.sleep(0)
        await asyncio.sleep(0.0003)
        await outlet.cut()
        with pytest.raises(OutcomeUnknownError):
            await setting
    assert board.acted.count("BELL") == 1


@in_simulated_time
async def test_who_gives_up_waiting_does_not_leave_an_answer_to_the_next() -> None:
    board, outlet, described = text_board()
    async with described.open(lambda *_: outlet) as talking:
        board.answer_after_s = 1.0
        pressing = asyncio.create_task(talking.set("bell"))
        await asyncio.sleep(0.5)
        pressing.cancel()
        board.values["FAN"] = "5"
        assert await talking.get("fan") == 5
        with pytest.raises(NoAnswerError, match="has not told temperature yet; wait"):
            await talking.get("temperature")
    assert board.acted.count("BELL") == 1


def test_a_refusal_that_ends_like_a_start_is_a_refusal() -> None:
    (described,) = read(TEXT)
    assert isinstance(described.talk, Talk)
    dialect, now = TextDialect(described.talk, described.capabilities), 0.0
    dialect.step(now)
    said = b"READY\n"
    for _ in range(20):  # it is made safe and looked at
        now += 0.05
        output = dialect.step(now, said).output
        said = b"".join(_ANSWERS[line] for line in output.splitlines())
    dialect.ask(Ask(7, "fan", 30, sets=True))
    dialect.step(now)
    events = dialect.step(now + 0.1, b"ERR FAN NOT READY\n").events
    assert events == (Denied(7, "FAN NOT READY"),)
    assert not dialect.step(now + 0.2).output, "nothing is made safe for that"
    (gone, *_) = dialect.step(now + 0.3, b"TEMP=2READY\n").events
    assert isinstance(gone, Gone), "cut short by a start"


_ANSWERS = {
    b"PUMP 0": b"OK\n",
    b"PUMP?": b"PUMP=0\n",
    b"FAN?": b"FAN=0\n",
    b"MODE?": b"MODE=E\n",
    b"FAN 30": b"",
}
