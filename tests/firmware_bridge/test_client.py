"""A board as a program sees it: told and asked by name, once each, over lines that break; nothing out of range."""

import asyncio
import random

import pytest

from firmware_bridge import description
from firmware_bridge.client import Board
from firmware_bridge.description import Value
from firmware_bridge.errors import (
    BridgeError,
    NoSuchPortError,
    NotConnectedError,
    OutcomeUnknownError,
    RefusedError,
    UnknownCapabilityError,
    ValueRefusedError,
)
from firmware_bridge.events import (
    Changed,
    Connected,
    Disconnected,
    Event,
    Happened,
    Listening,
    Logged,
    Missed,
)
from firmware_bridge.link.events import Delivered
from firmware_bridge.simulator import SAMPLE, SimulatedBoard
from tests.support.boards import Bench
from tests.support.noise import everything, flipping
from tests.support.simulated_time import in_simulated_time


async def until(told: Listening, wanted: type[Event]) -> Event:
    async with asyncio.timeout(60):
        async for event in told:
            if isinstance(event, wanted):
                return event
    raise AssertionError("the board was let go before")


@in_simulated_time
async def test_a_board_is_known_and_commandable_within_a_second() -> None:
    loop = asyncio.get_running_loop()
    bench = Bench()
    began = loop.time()
    async with Board(bench) as board:
        assert loop.time() - began < 1
        assert board.about is not None
        assert (board.about.name, set(board.capabilities)) == ("simulated", {each.name for each in SAMPLE})
        assert await board.set("lamp", 30) == 30
        assert await board.get("lamp") == 30
        assert await board.set("mode", "boost") == "boost"
        assert await board.set("relay", True) is True
        assert await board.set("chime") is None
        assert await board.get("temperature") == 21.5
    assert bench.board.acted == [("lamp", 30), ("mode", 2), ("relay", True), ("chime", None)]
    assert board.values["lamp"] == 30
    assert bench.board.seconds


@pytest.mark.parametrize(
    ("name", "value", "error"),
    [
        ("lamp", 101, ValueRefusedError),
        ("lamp", -1, ValueRefusedError),
        ("lamp", None, ValueRefusedError),
        ("relay", "on", ValueRefusedError),
        ("mode", "turbo", ValueRefusedError),
        ("temperature", 20, ValueRefusedError),
        ("button", None, ValueRefusedError),
        ("oven", 1, UnknownCapabilityError),
    ],
)
@in_simulated_time
async def test_nothing_out_of_range_is_sent(name: str, value: Value, error: type[Exception]) -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.1)
        written = bench.written
        with pytest.raises(error):
            await board.set(name, value)
        await asyncio.sleep(0.05)
        assert bench.written == written
    assert bench.board.acted == []


@in_simulated_time
async def test_what_the_board_refuses_is_said() -> None:
    bench = Bench()
    bench.board.described[1] = description.write(SAMPLE[1]) | {
        1: 1,
        5: [0, 9, 1],
        8: 0,
    }  # it is a switch in truth
    async with Board(bench) as board:
        with pytest.raises(RefusedError, match="no value it takes"):
            await board.set("relay", 5)
        with pytest.raises(ValueRefusedError, match="cannot be read"):
            await board.get("chime")


@in_simulated_time
async def test_events_come_to_all_who_listen() -> None:
    bench = Bench()
    async with Board(bench) as board:
        told, also = board.events(), board.events()
        bench.board.happen("button")
        bench.board.happen("temperature", 300)
        bench.board.log(2, "hot\x1b[2J")
        await asyncio.sleep(0.1)
    for listening in (told, also):
        heard = [event async for event in listening]
        assert [e for e in heard if isinstance(e, Happened)] == [Happened("button", None)]
        assert Changed("temperature", 30.0) in heard
        assert Logged(2, "hot?[2J") in heard


@in_simulated_time
async def test_who_listens_too_slowly_is_told_how_much_it_missed() -> None:
    bench = Bench()
    async with Board(bench) as board:
        told = board.events()
        for _ in range(300):
            bench.board.happen("button")
            await asyncio.sleep(0.02)
        heard = [await anext(told) for _ in range(257)]
    assert isinstance(heard[0], Missed)
    assert heard[0].count >= 300 - 256
    assert Happened("button", None) in heard


@in_simulated_time
async def test_a_board_that_is_unplugged_and_back_is_commandable_within_two_seconds() -> None:
    loop = asyncio.get_running_loop()
    bench = Bench()
    async with Board(bench) as board:
        told = board.events()
        await bench.unplug()
        await until(told, Disconnected)
        assert not board.connected
        with pytest.raises(NotConnectedError, match="nothing was sent"):
            await board.set("lamp", 10, answer_s=3)
        bench.plug()
        since = loop.time()
        await until(told, Connected)
        assert loop.time() - since < 2
        assert await board.set("lamp", 20) == 20
    assert bench.board.acted == [("lamp", 20)]


@in_simulated_time
async def test_what_is_asked_while_the_link_is_down_is_done_once_it_is_up() -> None:
    bench = Bench()
    async with Board(bench) as board:
        await bench.unplug()
        asking = asyncio.create_task(board.set("lamp", 40))
        await asyncio.sleep(1)
        bench.plug()
        assert await asking == 40
    assert bench.board.acted == [("lamp", 40)]


@in_simulated_time
async def test_a_set_whose_answer_is_lost_with_the_link_acts_once() -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        bench.to_host = lambda _: b""
        pressing = asyncio.create_task(board.set("chime"))
        await asyncio.sleep(2.5)  # the link is down, and the press was done
        assert bench.board.acted == [("chime", None)]
        bench.to_host = bytes
        assert await pressing is None
    assert bench.board.acted == [("chime", None)]


@in_simulated_time
async def test_a_press_is_unknown_and_a_value_sent_again_if_the_board_started_again_meanwhile() -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        bench.to_host = lambda _: b""
        pressing = asyncio.create_task(board.set("chime"))
        setting = asyncio.create_task(board.set("lamp", 50))
        await asyncio.sleep(0.3)
        bench.board.reset()
        bench.to_host = bytes
        with pytest.raises(OutcomeUnknownError, match="started again"):
            await pressing
        assert await setting == 50
    assert bench.board.acted == [("chime", None), ("lamp", 50), ("lamp", 50)]


@pytest.mark.parametrize("starts", [1, 2])
@in_simulated_time
async def test_what_was_sent_before_another_host_had_the_board_is_unknown_and_not_done_twice(
    starts: int,
) -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        bench.to_host = lambda _: b""
        sent = [
            asyncio.create_task(board.set(name, value)) for name, value in (("chime", None), ("lamp", 50))
        ]
        asking = asyncio.create_task(board.get("temperature"))
        await asyncio.sleep(0.2)
        assert bench.board.acted == [("chime", None), ("lamp", 50)]
        await bench.cut()
        await asyncio.sleep(0.2)
        waiting = asyncio.create_task(board.set("mode", "boost"))
        if starts > 1:
            bench.board.reset()
        async with Board(Bench(bench.board)) as other:
            assert await other.set("lamp", 10) == 10
        bench.to_host = bytes
        bench.plug()
        for each in sent:
            with pytest.raises(OutcomeUnknownError, match="another program"):
                await each
        assert (await asking, await waiting) == (21.5, "boost")
    assert bench.board.acted == [("chime", None), ("lamp", 50), ("lamp", 10), ("mode", 2)]


@in_simulated_time
async def test_no_answer_in_time_is_an_outcome_unknown_and_nothing_is_sent_later() -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        bench.to_host = lambda _: b""
        with pytest.raises(OutcomeUnknownError, match="has not answered in 2 s"):
            await board.set("chime", answer_s=2)
        bench.to_host = bytes
        await until(board.events(), Connected)
        await asyncio.sleep(5)
    assert bench.board.acted == [("chime", None)]


@in_simulated_time
async def test_more_sets_than_a_board_remembers_are_unanswered_at_no_time() -> None:
    bench = Bench(SimulatedBoard(dead_ms=900, window=8))
    async with Board(bench) as board:
        await asyncio.gather(*(board.set("lamp", level) for level in range(100)))
        assert bench.board.values[0] == 99
    assert bench.board.acted == [("lamp", level) for level in range(100)]


@in_simulated_time
async def test_sets_act_once_on_a_line_with_everything_wrong_with_it() -> None:
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    rng = random.Random(seed)
    bench = Bench(SimulatedBoard(dead_ms=900))
    unknown = 0
    async with Board(bench, answer_s=20) as board:
        bench.to_board = bench.to_host = everything(rng, 0.004)
        for round_ in range(150):
            if rng.random() < 0.2:
                bench.board.reset()
            if rng.random() < 0.2:
                bench.to_host = (lambda _: b"") if rng.random() < 0.5 else everything(rng, 0.004)
            before = len(bench.board.acted)
            pressing = asyncio.create_task(board.set("chime"))
            await asyncio.sleep(rng.random() * 3)
            bench.to_host = everything(rng, 0.004)
            try:
                await pressing
            except OutcomeUnknownError:
                unknown += 1
                assert len(bench.board.acted) - before <= 1, f"round {round_}"
            except NotConnectedError:
                assert len(bench.board.acted) == before, f"round {round_}"
            else:
                assert len(bench.board.acted) == before + 1, f"round {round_}"
    print(f"{unknown} of 150 unknown")


@in_simulated_time
async def test_several_boards_at_once() -> None:
    benches = [Bench(SimulatedBoard(name=f"b{n}", boot=n)) for n in range(5)]
    async with asyncio.TaskGroup() as group:
        for number, bench in enumerate(benches):
            group.create_task(one_of_several(bench, number))
    assert [bench.board.acted for bench in benches] == [[("lamp", number)] for number in range(5)]


async def one_of_several(bench: Bench, number: int) -> None:
    async with Board(bench) as board:
        await board.set("lamp", number)


@in_simulated_time
async def test_the_board_goes_to_its_safe_values_when_we_are_gone_and_not_before() -> None:
    bench = Bench(SimulatedBoard(dead_ms=900))
    async with Board(bench) as board:
        await board.set("lamp", 80)
        await asyncio.sleep(30)
        assert bench.board.values[0] == 80
        bench.to_board = lambda _: b""
        await asyncio.sleep(1.0)
        assert bench.board.values[0] == 0
        bench.to_board = bytes
        await until(board.events(), Connected)
        await asyncio.sleep(0.2)
        assert board.values["lamp"] == 0


@in_simulated_time
async def test_a_reboot_is_done_when_the_board_says_so_or_is_another_one() -> None:
    bench = Bench()
    async with Board(bench) as board:
        told = board.events()
        await board.reboot()
        await until(told, Connected)
        assert bench.board.boot == 2
        assert await board.set("lamp", 5) == 5


# Boards that say what cannot be


@in_simulated_time
async def test_nonsense_is_left_out_and_the_rest_is_used() -> None:
    bench = Bench()
    bench.board.described[0] = {0: "lamp", 1: 1, 2: 3, 5: [100, -5, 1]}
    bench.board.described[3] = {0: "ignore_all\n", 1: 0, 2: 3}
    bench.board.described[4] = {0: "relay", 1: 0, 2: 3}
    async with Board(bench) as board:
        assert set(board.capabilities) == {"relay", "button", "chime"}
        assert len(board.complaints) == 3
        assert await board.set("relay", True) is True


@in_simulated_time
async def test_ten_thousand_capabilities_are_thirty_two() -> None:
    bench = Bench()
    bench.board.described = [{0: f"c{n}", 1: 0, 2: 3} for n in range(10_000)]
    async with Board(bench) as board:
        assert len(board.capabilities) == 32
        assert board.complaints == ("it claims 10000 capabilities; the first 32 are used",)


@in_simulated_time
async def test_values_that_cannot_be_are_not_believed() -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        bench.board.values[0] = 5000
        with pytest.raises(OutcomeUnknownError, match="which it cannot be"):
            await board.get("lamp")
        bench.board.happen("temperature", 99_999)
        await asyncio.sleep(0.1)
        assert board.undecodable == 1
        assert board.values["temperature"] == 21.5


class Mute(SimulatedBoard):
    """Keeps the link and answers nothing."""

    def _hear(self, payload: bytes) -> None:
        Delivered(payload)


@in_simulated_time
async def test_a_board_that_never_answers_is_named() -> None:
    with pytest.raises(BridgeError, match="does not answer in 5 s"):
        async with Board(Bench(Mute())):
            pass


@in_simulated_time
async def test_a_line_with_nobody_there_is_named() -> None:
    bench = Bench()
    bench.to_board = lambda _: b""
    with pytest.raises(NotConnectedError, match=r"no board answers.*the appliance itself"):
        async with Board(bench):
            pass


@in_simulated_time
async def test_a_port_that_is_not_there_is_named_at_once_or_waited_for() -> None:
    bench = Bench()
    bench.plugged = False
    with pytest.raises(NoSuchPortError):
        async with Board(bench):
            pass
    async with Board(bench, patient=True) as board:
        with pytest.raises(NotConnectedError):
            await board.set("lamp", 1)
        told = board.events()
        bench.plug()
        await until(told, Connected)
        assert await board.set("lamp", 1) == 1


@in_simulated_time
async def test_the_link_is_sound_after_a_flood() -> None:
    rng = random.Random(1)
    bench = Bench()
    async with Board(bench) as board:
        bench.to_host = lambda data: data + rng.randbytes(5000)
        await asyncio.sleep(5)
        bench.to_host = flipping(rng, 0.001)
        await asyncio.sleep(3)
        assert await board.set("lamp", 70) == 70


@in_simulated_time
async def test_who_comes_after_us_is_not_taken_for_us() -> None:
    bench = Bench()
    for level in (10, 20, 30):
        async with Board(bench) as board:  # each counts its requests from the start
            assert await board.set("chime") is None
            assert await board.set("lamp", level) == level
    assert bench.board.acted == [
        ("chime", None),
        ("lamp", 10),
        ("chime", None),
        ("lamp", 20),
        ("chime", None),
        ("lamp", 30),
    ]


@in_simulated_time
async def test_ten_presses_whose_answers_are_lost_with_the_link_act_once_each() -> None:
    bench = Bench(SimulatedBoard(dead_ms=900, window=8))
    async with Board(bench, answer_s=20) as board:
        await asyncio.sleep(0.5)
        bench.to_host = lambda _: b""
        presses = [asyncio.create_task(board.set("chime")) for _ in range(10)]
        await asyncio.sleep(2.5)
        bench.to_host = bytes
        await asyncio.gather(*presses)
    assert bench.board.acted == [("chime", None)] * 10


@in_simulated_time
async def test_what_was_told_to_a_board_before_it_started_again_was_sent() -> None:
    bench = Bench()
    async with Board(bench) as board:
        await asyncio.sleep(0.5)
        bench.to_host = lambda _: b""
        setting = asyncio.create_task(board.set("lamp", 50))
        await asyncio.sleep(0.3)
        bench.board.reset()
        with pytest.raises(OutcomeUnknownError):
            await setting
    assert bench.board.acted == [("lamp", 50)]
