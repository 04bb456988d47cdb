"""A simulated board becomes devices that sentences move; unplugged, it is told nothing."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

import pytest

from firmware_bridge.board import AnyBoard
from firmware_bridge.client import Board
from firmware_bridge.events import Event, Happened
from firmware_bridge.messages import Wire
from firmware_bridge.ports import Port
from firmware_bridge.simulator import SAMPLE
from runtime.boards.entries import is_as_asked
from runtime.boards.lines import Line, lines
from runtime.boards.room import BoardRoom
from runtime.commands.meaning import Action, Do
from runtime.commands.registry.devices import Kind, Name, Value
from runtime.commands.registry.live import Registry
from runtime.commands.registry.owned import Owned
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from runtime.errors import DeviceError
from tests.support.boards import Bench
from tests.support.mqtt import until

LAMP = "simulated-0001.lamp"


@asynccontextmanager
async def house(
    bench: Bench, happened: list[tuple[str, Value]] | None = None, owned: dict[str, Owned] | None = None
) -> AsyncGenerator[tuple[Registry, BoardRoom]]:
    registry, stop = Registry(), asyncio.Event()

    def hear(name: str, _board: AnyBoard, event: Event) -> None:
        if happened is not None and isinstance(event, Happened):
            happened.append((f"{name}.{event.name}", event.value))

    there = lines([Line("bench", partial(Board, bench, patient=True, answer_s=2.0))], None, never)
    room = BoardRoom(there, registry, told=hear, answer_s=2.0, owned=owned)
    running = asyncio.create_task(room.run(stop))
    try:
        await until(lambda: registry.house.value(LAMP, "brightness") is not None)
        yield registry, room
    finally:
        stop.set()
        await running


def never(port: Port) -> Board:
    raise AssertionError(f"nobody looks for boards here, and {port.address} was found")


def is_at(registry: Registry, level: int) -> bool:
    return registry.house.value(LAMP, "brightness") == level


async def carry(registry: Registry, room: BoardRoom, action: Action) -> None:
    for outgoing in registry.outgoing(action):
        await room.send(outgoing)


async def test_a_plugged_board_is_devices_of_the_house() -> None:
    async with house(Bench()) as (registry, _):
        found = {each.id.removeprefix("simulated-0001."): each for each in registry.house.devices.values()}
        assert {name: each.kind for name, each in found.items()} == {
            "lamp": Kind.LIGHT,
            "relay": Kind.SWITCH,
            "temperature": Kind.SENSOR,
            "mode": Kind.SELECT,
            "chime": Kind.BUTTON,
        }
        relay = found["relay"].capability("power")
        assert relay is not None
        assert relay.is_dangerous(value=True)


async def test_a_sentence_moves_it() -> None:
    bench = Bench()
    rules = Rules(["en"])
    async with house(bench) as (registry, room):
        for text, level in (
            ("turn the lamp to 30 percent", 30),
            ("turn off the lamp", 0),
            ("turn on the lamp", 100),
        ):
            reading = await rules.read(Sentence(text), registry.house, Memory())
            assert reading is not None
            assert isinstance(reading.meaning, Do)
            for action in reading.meaning.actions:
                await carry(registry, room, action)
            assert bench.board.values[0] == level
            await until(partial(is_at, registry, level))
            assert registry.house.value(LAMP, "power") is (level > 0)


async def test_what_only_happens_is_told() -> None:
    happened: list[tuple[str, Value]] = []
    bench = Bench()
    async with house(bench, happened):
        bench.board.happen("button")
        await until(lambda: happened == [("simulated-0001.button", None)])


async def test_a_board_that_is_pulled_out_is_away_and_told_nothing() -> None:
    bench = Bench()
    async with house(bench) as (registry, room):
        await bench.unplug()
        await until(lambda: LAMP in registry.house.away)
        with pytest.raises(DeviceError, match="plug"):
            await carry(registry, room, Action(LAMP, "brightness", 40))
        bench.plug()
        await until(lambda: LAMP not in registry.house.away)
        await carry(registry, room, Action(LAMP, "brightness", 40))
        assert bench.board.values[0] == 40


async def test_devices_go_with_the_line() -> None:
    async with house(Bench()) as (registry, _):
        assert registry.house.devices
    assert not registry.house.devices


async def test_its_owner_says_where_it_is_what_it_is_called_and_what_is_dangerous() -> None:
    owned = {
        LAMP: Owned(LAMP, (Name("Reading light"),), area="Study", dangerous=True),
        "simulated-0001.chime": Owned("simulated-0001.chime", ignore=True),
    }
    async with house(Bench(), owned=owned) as (registry, _):
        lamp = registry.house.devices[LAMP]
        assert (lamp.name, lamp.area) == ("Reading light", "study")
        assert all(each.always_dangerous for each in lamp.capabilities)
        assert "simulated-0001.chime" not in registry.house.devices


class Clamped(dict[int, Wire]):
    """Values that a board does not let above a bound of its own."""

    def __setitem__(self, index: int, value: Wire) -> None:
        super().__setitem__(index, min(value or 0, 60) if index == 0 else value)


async def test_what_is_not_as_asked_is_not_said_to_be_done() -> None:
    bench = Bench()
    async with house(bench) as (registry, room):
        bench.board.values = Clamped(bench.board.values)
        await carry(registry, room, Action(LAMP, "brightness", 60))
        await carry(registry, room, Action(LAMP, "brightness", 61))  # it rounds
        with pytest.raises(TimeoutError, match="told 80 and is 60"):
            await carry(registry, room, Action(LAMP, "brightness", 80))
        assert [value for _, value in bench.board.acted] == [60, 61, 80], "and not told again"


@pytest.mark.parametrize(
    ("asked", "said", "so"),
    [(30, 30, True), (30, 31, True), (30, 32, False), (1, 0, False), (0, 1, False), (100, 99, True)],
)
def test_a_board_may_round_by_a_step_and_not_to_off(asked: Value, said: Value, *, so: bool) -> None:
    assert is_as_asked(SAMPLE[0], asked, said) is so


def test_what_is_no_number_is_as_asked_or_not() -> None:
    _, relay, _, _, mode, chime = SAMPLE
    assert is_as_asked(relay, True, True)
    assert not is_as_asked(relay, True, False)
    assert not is_as_asked(mode, "eco", "comfort")
    assert is_as_asked(chime, None, None)
