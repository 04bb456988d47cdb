"""New firmware by SMP: upload, try once, look, and only then keep. Whatever happens, the board has the new or the old.

Every step looks first at what the board has, so that the whole can be begun again at any point: after the power was
cut, the line broke, or this program was killed.
"""

from dataclasses import dataclass
from typing import Final

from firmware_bridge.flash.errors import FlashError, RevertedError
from firmware_bridge.flash.events import Progress, Step, Tell
from firmware_bridge.smp import image
from firmware_bridge.smp.client import Slot, SmpBoard

_RESETS: Final = 3
"""How often a board is told to start again: the word may be lost on the way."""


@dataclass(frozen=True, slots=True)
class Running:
    """What a board runs."""

    kind: str | None
    """Which sort of board it says it is, if it does."""
    version: str
    plan: str
    """What `start` and `keep` would do now, in a sentence."""


async def look(board: SmpBoard, firmware: bytes) -> Running:
    """What the board is and runs, and what would be done to have it run this image.

    Raises:
        ImageError: it is no image.
        FlashError: it does not say so, or is to start something else.
        SmpRefusedError, NoAnswerError, TransportError, ProtocolError: it does not answer.
    """
    images = await board.images()
    plan = _plan(images, image.read(firmware))
    return Running(await board.kind(), _active(images).version, plan)


async def start(board: SmpBoard, firmware: bytes, tell: Tell) -> Slot:
    """Have the board run this image, on trial unless it runs it for good already; the slot it runs from.

    Raises:
        ImageError: it is no image.
        RevertedError: the board tried it, and went back.
        FlashError: the board does not start again, is to start something else, or does not say what runs.
        UploadError, SmpRefusedError, NoAnswerError, TransportError, ProtocolError: the board is as it was, or tries
            the new image until it starts again; do all this again.
    """
    wanted = image.read(firmware)
    images = await board.images()
    running = _active(images)
    if running.hash != wanted.hash and not running.confirmed:
        tell(Step("the board is trying another firmware; it goes back first"))
        await _restart(board)
        images = await board.images()
        running = _active(images)
    _no_other(images, wanted)
    if running.hash == wanted.hash:
        return running
    if not any(each.hash == wanted.hash for each in images):
        await _upload(board, firmware, tell)
    return await _try(board, wanted, tell)


async def keep(board: SmpBoard, firmware: bytes, tell: Tell) -> str:
    """Have the board run for good what it was started with; the version that it runs then.

    Raises:
        RevertedError: the board has gone back meanwhile.
        FlashError, SmpRefusedError, NoAnswerError, TransportError, ProtocolError: as of `start`.
    """
    wanted = image.read(firmware)
    running = _active(await board.images())
    if running.hash == wanted.hash and not running.confirmed:
        tell(Step(f"keeping {wanted.version}"))
        await board.confirm()
        running = _active(await board.images())
    if running.hash != wanted.hash or not running.confirmed:
        raise RevertedError(wanted.version, running.version)
    return running.version


async def go_back(board: SmpBoard, tell: Tell) -> None:
    """End a trial: the board runs what it ran before.

    Raises:
        FlashError, SmpRefusedError, NoAnswerError, TransportError, ProtocolError: as of `start`.
    """
    if not _active(await board.images()).confirmed:
        tell(Step("the board goes back to what it had"))
        await _restart(board)


def _plan(images: tuple[Slot, ...], wanted: image.Image) -> str:
    """What would be done, as `start` decides it.

    Raises:
        FlashError: nothing, since the board is to start something else.
    """
    running = _active(images)
    there = any(each.hash == wanted.hash for each in images)
    then = f"{'started, as it is there already' if there else 'uploaded by SMP'}, tried once, and kept if it starts"
    if running.hash != wanted.hash and not running.confirmed:
        return (
            f"The board is trying {running.version}, which nobody has kept: it would go back first. Then "
            f"{wanted.version} would be {then}."
        )
    _no_other(images, wanted)
    if running.hash != wanted.hash:
        return f"It would be {then}."
    if running.confirmed:
        return "The board runs this very image, and keeps it: nothing would be done."
    return (
        f"The board is trying this very image: {wanted.version} would be kept. Until it is kept, the board goes back "
        "to what it had at its next reset."
    )


async def _upload(board: SmpBoard, firmware: bytes, tell: Tell) -> None:
    tell(Step("uploading"))
    async for offset in board.upload(firmware):
        tell(Progress("uploading", offset, len(firmware)))


async def _try(board: SmpBoard, wanted: image.Image, tell: Tell) -> Slot:
    """Have the new image run once; the slot it runs from."""
    for _ in range(_RESETS):
        tell(Step(f"starting {wanted.version}, which takes up to a minute"))
        await board.test(wanted.hash)
        await _restart(board)
        images = await board.images()
        running = _active(images)
        if running.hash == wanted.hash:
            return running
        if not any(each.pending for each in images):
            raise RevertedError(wanted.version, running.version)
    raise FlashError(
        "the board does not start again when it is told to; switch it off and on, and flash again"
    )


async def _restart(board: SmpBoard) -> None:
    await board.reset()
    await board.away()


def _no_other(images: tuple[Slot, ...], wanted: image.Image) -> None:
    """A board that is to start another image next does so whatever it is told: boards refuse to be told otherwise."""
    for each in images:
        if each.pending and each.image == 0 and each.hash != wanted.hash:
            raise FlashError(
                f"the board is to try {each.version} when it starts next; switch it off and on, and flash again"
            )


def _active(images: tuple[Slot, ...]) -> Slot:
    """What runs; of several processors, what runs on the first."""
    for each in images:
        if each.active and each.image == 0:
            return each
    raise FlashError("the board does not say which of its images runs; is it in its recovery mode?")
