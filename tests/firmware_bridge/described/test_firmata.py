"""Firmata boards: pins checked, set up and told; done when the board says so; each set once."""

import asyncio
import contextlib
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.described import firmata_messages as firmata
from firmware_bridge.described.boards import read
from firmware_bridge.described.dialect import Ask
from firmware_bridge.described.firmata import FirmataDialect
from firmware_bridge.described.firmata_messages import Command, Message, Messages, Sysex
from firmware_bridge.described.inputs import Level
from firmware_bridge.described.pins import Mode, Wired
from firmware_bridge.described.simulated_firmata import SimulatedFirmataBoard
from firmware_bridge.description import Value
from firmware_bridge.errors import (
    NoAnswerError,
    NotConnectedError,
    OutcomeUnknownError,
    RefusedError,
    UnknownCapabilityError,
    ValueRefusedError,
)
from firmware_bridge.events import Changed, Connected, Disconnected, Happened, Logged
from tests.support.described import FIRMATA, firmata_board, in_simulated_time, until
from tests.support.noise import everything

RELAY, LAMP, CHIME, DOOR, BUTTON, A0 = 8, 9, 4, 2, 3, 14

seven_bits = st.binary(max_size=40).map(lambda data: bytes(byte & 0x7F for byte in data))
messages = st.one_of(
    st.builds(
        lambda command, data: (Command(command), data),
        st.sampled_from(sorted(firmata.FROM_BOARD)),
        st.tuples(st.integers(0, 127), st.integers(0, 127)).map(bytes),
    ),
    seven_bits.filter(bool).map(lambda data: (Command.SYSEX, data)),
)


def written(command: Command, data: bytes) -> bytes:
    end = bytes((Command.SYSEX_END,)) if command is Command.SYSEX else b""
    return bytes((command,)) + data + end


@given(st.lists(messages, max_size=20), st.data())
def test_messages_are_found_in_whatever_pieces_they_come(
    said: list[tuple[Command, bytes]], data: st.DataObject
) -> None:
    sent = b"".join(written(*each) for each in said)
    found: list[Message] = []
    reader = Messages(firmata.FROM_BOARD)
    while sent:
        cut = data.draw(st.integers(1, len(sent)))
        found += reader.feed(sent[:cut])
        sent = sent[cut:]
    assert [(each.command, each.data) for each in found] == said


@given(st.binary(max_size=500), messages)
def test_after_garbage_the_next_message_is_found(garbage: bytes, said: tuple[Command, bytes]) -> None:
    reader = Messages(firmata.FROM_BOARD)
    list(reader.feed(garbage))
    found = list(reader.feed(written(*said)))
    assert (found[-1].command, found[-1].data) == said


def test_a_flood_in_one_message_is_not_kept() -> None:
    reader = Messages(firmata.FROM_BOARD)
    assert not list(reader.feed(b"\xf0" + b"x" * 100_000))
    assert len(reader._data) <= firmata.SYSEX_MOST
    assert not list(reader.feed(b"\xf7"))
    assert list(reader.feed(b"\x90\x01\x00")) == [Message(Command.DIGITAL, 0, b"\x01\x00")]


@given(st.integers(0, 1 << 40))
def test_numbers_go_there_and_back(value: int) -> None:
    assert firmata.number(firmata.groups(value)) == value


@given(st.lists(st.dictionaries(st.integers(0, 126), st.integers(0, 126), max_size=5), max_size=20))
def test_modes_go_there_and_back(pins: list[dict[int, int]]) -> None:
    assert list(firmata.pin_modes(firmata.pin_modes_bytes(pins))) == pins


@given(seven_bits)
def test_whatever_is_said_of_modes_is_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ValueError):
        firmata.pin_modes(data)


@given(st.text(max_size=20))
def test_texts_go_there_and_back(text: str) -> None:
    assert firmata.text(firmata.text_bytes(text)) == text


@in_simulated_time
async def test_pins_are_told_and_asked() -> None:
    board, outlet, described = firmata_board()
    async with described.open(lambda *_: outlet) as talking:
        assert talking.about is not None
        assert (talking.about.name, talking.about.firmware) == ("workshop", "StandardFirmata 2.5")
        assert board.states[RELAY] == 1, "off, as it is inverted"
        assert await talking.set("relay", value=True) is True
        assert await talking.set("lamp", 30) == 30
        assert (board.states[RELAY], board.states[LAMP]) == (0, 76)
        assert (await talking.get("relay"), await talking.get("lamp")) == (True, 30)
        before = len(board.acted)
        assert await talking.set("chime") is None
        assert board.acted[before:] == [(CHIME, 1), (CHIME, 0)]
    await asyncio.sleep(1)
    assert board.acted[-1] == (RELAY, 1), "left as it is safe"
    assert board.states[LAMP] == 76, "what has no safe value stays"
    assert b"\xff" not in outlet.written, "never reset"


@in_simulated_time
async def test_inputs_are_heard() -> None:
    board, outlet, described = firmata_board()
    board.levels[DOOR] = board.levels[BUTTON] = 1
    async with described.open(lambda *_: outlet) as talking:
        await asyncio.sleep(1)
        assert board.modes[DOOR] == board.modes[BUTTON] == Mode.PULL_UP
        assert talking.values["door"] is True, "open: no magnet, no contact"
        told = talking.events()
        board.put(DOOR, 0)
        assert await until(told, Changed) == Changed("door", value=False)
        board.put(BUTTON, 0)
        assert await until(told, Happened) == Happened("button", None)
        board.put(A0, 145)
        assert await until(told, Changed) == Changed("temperature", 21.0)
        assert await talking.get("temperature") == 21.0
        board.put(A0, 1023)  # 450 °C is none it has
        await asyncio.sleep(1)
        assert talking.values["temperature"] == 21.0


@in_simulated_time
async def test_what_is_measured_is_there_from_the_start_and_what_cannot_be_is_said_once() -> None:
    board, outlet, described = firmata_board()
    async with described.open(lambda *_: outlet) as talking:
        await asyncio.sleep(1)
        assert await talking.get("temperature") == 20.0
    board.levels[A0] = 0  # -50 °C is none it has
    talking = described.open(lambda *_: outlet)
    told = talking.events()
    async with talking:
        with pytest.raises(
            NoAnswerError, match=r"workshop has not told temperature yet; .*analog 0"
        ) as caught:
            await talking.get("temperature")
        assert "refuses" not in str(caught.value)
        await asyncio.sleep(5)
    said = [each.text async for each in told if isinstance(each, Logged)]
    assert [each for each in said if "analog 0 reads 0" in each] == said
    assert len(said) == 1


def test_a_contact_that_bounces_is_one_press() -> None:
    level = Level(0.02)
    level.see(0.0, level=False)
    assert level.lasted(0.0)
    believed = []
    for at in range(50):
        now = 1 + at / 1000
        if at < 10:
            level.see(now, level=at % 2 == 0)
        elif at == 10:
            level.see(now, level=True)
        if level.lasted(now):
            believed.append((at, level.value))
    assert believed == [(30, True)]


@in_simulated_time
@pytest.mark.parametrize(
    ("change", "to", "why"),
    [
        (
            "pin = 9",
            "pin = 7",
            "pin 7 of this board cannot be dimmed (PWM); those that can are 3, 5, 6, 9, 10, 11",
        ),
        ("pin = 8", "pin = 99", "pin 99 of this board cannot be switched"),
        ("pin = 2", "pin = 14", "analog 0 is the pin that door is on"),
        ("analog = 0", "analog = 7", "this board has no analog 7; it has 0, 1, 2, 3, 4, 5"),
    ],
)
async def test_a_pin_that_cannot_be_that_is_named_and_the_others_are_used(
    change: str, to: str, why: str
) -> None:
    _, outlet, described = firmata_board(FIRMATA.replace(change, to))
    talking = described.open(lambda *_: outlet, patient=True)
    told = talking.events()
    async with talking:
        event = await until(told, Connected)
        assert isinstance(event, Connected)
        assert len(event.complaints) == 1
        assert why in event.complaints[0]
        name = event.complaints[0].partition(":")[0]
        with pytest.raises(UnknownCapabilityError):
            await talking.get(name)
        await talking.set("chime")


@in_simulated_time
@pytest.mark.parametrize(
    ("name", "value"),
    [("lamp", 101), ("lamp", "x"), ("relay", 1), ("chime", 1), ("door", True), ("temperature", 3)],
)
async def test_nothing_that_it_does_not_take_is_sent(name: str, value: Value) -> None:
    board, outlet, described = firmata_board()
    async with described.open(lambda *_: outlet) as talking:
        before = len(board.acted)
        with pytest.raises(ValueRefusedError):
            await talking.set(name, value)
        await asyncio.sleep(1)
        assert len(board.acted) == before


@in_simulated_time
async def test_a_board_that_starts_again_is_set_up_again_and_its_values_are_not_restored() -> None:
    board, outlet, described = firmata_board()
    async with described.open(lambda *_: outlet) as talking:
        await talking.set("relay", value=True)
        await talking.set("lamp", 80)
        told = talking.events()
        board.mute = True
        setting = asyncio.create_task(talking.set("lamp", 90))
        await asyncio.sleep(0.5)
        board.mute = False
        board.reset()
        with pytest.raises(OutcomeUnknownError, match="started again"):
            await setting
        assert isinstance(await until(told, Disconnected), Disconnected)
        await until(told, Connected)
        assert outlet.opened == 1
        assert board.modes[LAMP] == Mode.PWM
        assert (board.states[RELAY], board.states[LAMP]) == (1, 0)
        assert (talking.values["relay"], talking.values["lamp"]) == (False, 0)
        assert await talking.set("lamp", 10) == 10


@in_simulated_time
async def test_outputs_stay_as_they_are_when_only_we_were_gone() -> None:
    board, outlet, described = firmata_board()
    async with described.open(lambda *_: outlet) as talking:
        await talking.set("lamp", 80)
        told = talking.events()
        await outlet.cut()
        await until(told, Connected)
        assert talking.values["lamp"] == 80
    assert [value for pin, value in board.acted if pin == LAMP] == [0, 204]


@in_simulated_time
async def test_a_board_that_falls_silent_is_gone() -> None:
    board, outlet, described = firmata_board(FIRMATA[: FIRMATA.rindex("[[board.capability]]")])
    async with described.open(lambda *_: outlet) as talking:
        told = talking.events()
        await asyncio.sleep(60)
        assert talking.connected
        board.mute = True
        event = await until(told, Disconnected)
        assert isinstance(event, Disconnected)
        assert "look at its plug" in event.reason
        board.mute = False
        await until(told, Connected)


@in_simulated_time
async def test_something_that_is_no_firmata_is_named() -> None:
    board, outlet, described = firmata_board()
    board.mute = True
    with pytest.raises(NoAnswerError, match="57600"):
        async with described.open(lambda *_: outlet):
            pass


class Old(SimulatedFirmataBoard):
    """Firmata before 2.5 does not know the message that sets one pin."""

    def _hear(self, message: Message) -> None:
        if message.command is not Command.PIN_VALUE:
            super()._hear(message)


@in_simulated_time
async def test_what_the_board_does_not_do_is_not_called_done() -> None:
    _, outlet, described = firmata_board(FIRMATA.replace("inverted = true", ""))
    outlet.board = Old()
    async with described.open(lambda *_: outlet) as talking:
        with pytest.raises(RefusedError, match=r"2\.5 or later"):
            await talking.set("relay", value=True)


@in_simulated_time
async def test_a_thousand_cuts_double_nothing() -> None:
    board, outlet, described = firmata_board()
    rng = random.Random(5)
    done, unknown = 0, 0
    pressed: list[int] = []
    async with described.open(lambda *_: outlet, patient=True, answer_s=30) as talking:
        told = talking.events()
        for _ in range(1000):
            await until(told, Connected)
            before = sum(each == (CHIME, 1) for each in board.acted)
            setting = asyncio.create_task(talking.set("chime"))
            await asyncio.sleep(rng.choice((0.0, 0.001, rng.random() * 0.4)))
            await outlet.cut()
            try:
                await setting
                done += 1
                pressed.append(sum(each == (CHIME, 1) for each in board.acted) - before)
            except OutcomeUnknownError:
                unknown += 1
                pressed.append(min(1, sum(each == (CHIME, 1) for each in board.acted) - before))
    acts = sum(each == (CHIME, 1) for each in board.acted)
    print(f"{outlet.opened} connections; {done} presses done, {unknown} unknown, {acts} acts, seed 5")
    assert done + unknown == 1000
    assert done <= acts <= 1000
    assert done
    assert unknown
    assert sum(pressed) == acts, "none acted twice"
    assert board.states[CHIME] == 0, "and it is not held down"


@in_simulated_time
async def test_the_line_is_sound_after_noise_and_nothing_went_out_of_range() -> None:
    board, outlet, described = firmata_board()
    rng = random.Random(3)
    async with described.open(lambda *_: outlet, patient=True) as talking:
        told = talking.events()
        await until(told, Connected)
        outlet.to_host = everything(rng, 0.02)
        for number in range(100):
            try:
                await talking.set("lamp", number)
            except (OutcomeUnknownError, NotConnectedError, RefusedError, UnknownCapabilityError):
                continue
        outlet.to_host = lambda data: data
        await outlet.cut()
        await asyncio.sleep(30)
        assert await talking.set("lamp", 42, answer_s=30) == 42
    assert all(0 <= value <= 255 for _, value in board.acted)


@given(
    st.lists(st.tuples(st.floats(0, 3), st.binary(max_size=30) | messages.map(lambda each: written(*each))))
)
def test_no_bytes_do_harm(pieces: list[tuple[float, bytes]]) -> None:
    described = read(FIRMATA)[0]
    assert isinstance(described.talk, Wired)
    board, dialect = SimulatedFirmataBoard(), FirmataDialect(described.talk, described.capabilities)
    now, number, heard = 0.0, 0, b""
    with contextlib.suppress(NoAnswerError):
        for after, data in [(0.01, b"")] * 8 + pieces:
            now += after
            step = dialect.step(now, heard + data)
            heard, _ = board.step(now, step.output)
            assert all(0 <= value <= 255 for _, value in board.acted)
            if dialect.free:
                number += 1
                dialect.ask(Ask(number, "lamp", number % 101, sets=True))


def test_sysex_is_written_as_the_protocol_says() -> None:
    assert firmata.sysex(Sysex.STATE_QUERY, b"\x09") == bytes.fromhex("f06d09f7")
