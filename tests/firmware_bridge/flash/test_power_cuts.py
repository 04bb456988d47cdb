"""SMP flashing with the power cut anywhere: the board has a whole image each time it starts, the old or the new."""

import asyncio

import pytest

pytest.importorskip("smpclient", reason="smpclient is not installed; script/check installs it")

from firmware_bridge.errors import BridgeError, NoAnswerError
from firmware_bridge.flash import smp
from firmware_bridge.flash.errors import FlashError, RevertedError
from firmware_bridge.flash.events import Event
from firmware_bridge.smp import image
from firmware_bridge.smp.client import SmpBoard
from tests.support.simulated_time import simulated
from tests.support.smp_boards import BROKEN, FACTORY, NEW, SILENT, Plug, version_after_power_cycle

pytestmark = pytest.mark.counted

OLD_VERSION, NEW_VERSION = image.read(FACTORY).version, image.read(NEW).version


async def put(board: SmpBoard, firmware: bytes) -> str:
    await smp.start(board, firmware, _nobody)
    return await smp.keep(board, firmware, _nobody)


def flash(plug: Plug, firmware: bytes, runs: int = 4) -> str:
    """Flash, and again as often as a person would who reads what the error says."""

    async def work() -> str:
        for left in reversed(range(runs)):
            try:
                async with SmpBoard(plug) as board:
                    return await put(board, firmware)
            except BridgeError:
                if not left:
                    raise
        raise AssertionError

    return simulated(work())


def try_only(plug: Plug, firmware: bytes) -> None:
    """Have it run once, and then say nothing more."""

    async def work() -> None:
        async with SmpBoard(plug) as board:
            async for _ in board.upload(firmware):
                pass
            await board.test(image.read(firmware).hash)
            await board.reset()
            await board.away()

    simulated(work())


def _nobody(_event: Event) -> None:
    pass


def operations(firmware: bytes, *, keeps_offset: bool = True) -> int:
    """How many writes and erasures a flash takes, going back included."""
    plug = Plug(keeps_offset=keeps_offset)
    try:
        flash(plug, firmware, runs=1)
    except RevertedError:
        assert firmware == BROKEN
    return plug.flash.operations


def spread(count: int, whole: int) -> list[int]:
    return [each * whole // count for each in range(count)]


def check_new(cut_at: int, *, keeps_offset: bool = True) -> Plug:
    plug = Plug(keeps_offset=keeps_offset)
    plug.flash.cut_at = cut_at
    assert flash(plug, NEW) == NEW_VERSION
    for _ in range(2):
        assert version_after_power_cycle(plug) == NEW_VERSION
    assert plug.cuts == 1
    return plug


@pytest.mark.parametrize("cut_at", spread(50, operations(NEW)))
def test_a_power_cut_ends_in_the_new_image_confirmed(cut_at: int) -> None:
    plug = check_new(cut_at)
    for kept, begun in plug.went_on:
        assert begun == kept


def test_an_upload_goes_on_where_the_board_had_kept_it() -> None:
    kept = [check_new(each).went_on for each in range(operations(NEW) // 4)]
    gone_on = [pair for each in kept for pair in each if pair[0] > 0]
    print(f"{len(gone_on)} uploads were gone on with, from {min(gone_on)[0]} to {max(gone_on)[0]} bytes")
    assert len(gone_on) > 10
    assert all(begun == kept for kept, begun in gone_on)


@pytest.mark.parametrize("keeps_offset", [True, False])
def test_a_power_cut_at_every_write(*, keeps_offset: bool) -> None:
    writes = operations(NEW, keeps_offset=keeps_offset)
    for cut_at in range(writes):
        check_new(cut_at, keeps_offset=keeps_offset)
    print(f"{writes} power cuts, one a write")


def test_an_image_that_does_not_start_leaves_the_old_one_wherever_the_power_was_cut() -> None:
    writes = operations(BROKEN)
    for cut_at in spread(50, writes):
        plug = Plug()
        plug.flash.cut_at = cut_at
        with pytest.raises(RevertedError, match=r"went back to 1\.0\.0"):
            flash(plug, BROKEN)
        assert plug.cuts == 1
        assert version_after_power_cycle(plug) == OLD_VERSION
    print(f"50 power cuts in {writes} writes")


def test_an_image_that_nobody_confirms_leaves_the_old_one_wherever_the_power_was_cut() -> None:
    plug = Plug()
    try_only(plug, NEW)
    assert plug.switch_on().running.version == NEW_VERSION
    assert version_after_power_cycle(plug) == OLD_VERSION
    for cut_at in spread(50, plug.flash.operations):
        again = Plug()
        again.flash.cut_at = cut_at
        try:
            try_only(again, NEW)
        except BridgeError as exc:
            print(f"cut at {cut_at}: {exc}")
        version_after_power_cycle(again)
        assert version_after_power_cycle(again) == OLD_VERSION
        assert version_after_power_cycle(again) == OLD_VERSION


def test_an_image_that_answers_nobody_is_gone_after_the_board_was_switched_off() -> None:
    plug = Plug()
    with pytest.raises(NoAnswerError, match="switch it off and on"):
        flash(plug, SILENT, runs=1)
    assert version_after_power_cycle(plug) == OLD_VERSION
    assert flash(plug, NEW) == NEW_VERSION


def test_a_board_that_is_to_start_another_image_next_is_not_said_to_stay_as_it_is() -> None:
    async def choose(plug: Plug) -> None:
        async with SmpBoard(plug) as board:
            async for _ in board.upload(NEW):
                pass
            await board.test(image.read(NEW).hash)

    plug = Plug()
    simulated(choose(plug))
    with pytest.raises(FlashError, match=r"is to try 1\.1\.0 when it starts next; switch it off and on"):
        flash(plug, FACTORY, runs=1)
    assert version_after_power_cycle(plug) == NEW_VERSION
    assert flash(plug, FACTORY, runs=1) == OLD_VERSION
    assert version_after_power_cycle(plug) == OLD_VERSION
    assert flash(plug, NEW, runs=1) == NEW_VERSION


def test_two_boards_are_flashed_at_once() -> None:
    async def both() -> list[str]:
        async def one(plug: Plug) -> str:
            async with SmpBoard(plug) as board:
                return await put(board, NEW)

        return list(await asyncio.gather(one(Plug()), one(Plug())))

    assert simulated(both()) == [NEW_VERSION, NEW_VERSION]
