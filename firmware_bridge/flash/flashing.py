"""Firmware put on a board by whichever way its bundle names, from the first look to the last: `look`, `flash`.

Knows the ways, and our own protocol, by which a board tells which firmware it runs. What speaks SMP is imported when a
bundle is for it: it is an extra.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from firmware_bridge.client import Board
from firmware_bridge.errors import BridgeError, NoAnswerError, PortTakenError
from firmware_bridge.flash import tools
from firmware_bridge.flash.bundle import Bundle
from firmware_bridge.flash.errors import InUseError, OtherVersionError, WrongBoardError
from firmware_bridge.flash.events import Step, Tell
from firmware_bridge.flash.manifest import Manifest, Smp
from firmware_bridge.smp.extra import needed
from firmware_bridge.transport import BAUD, transport

if TYPE_CHECKING:
    from firmware_bridge.smp.client import Patience

_LOOK_S: Final = 6.0
"""For a board that starts when its line is opened, and has to be told from one that speaks something else."""
_BACK_S: Final = 20.0
"""For a board that was flashed to say who it is."""


@dataclass(frozen=True, slots=True)
class Found:
    """What is on the line; empty where it does not say."""

    board: str
    version: str
    plan: str = ""
    """What `flash` would do now, in a sentence, where that depends on the board."""


async def look(address: str, bundle: Bundle, baud: int = BAUD) -> Found:
    """What the board on a line is and runs now, and what would be done to it.

    Raises:
        ValueError: that is no address.
        InUseError: another program has the port.
        NoSmpError: what speaks SMP is not installed.
        WrongBoardError: the firmware is for another board.
        FlashError: the board is to start something else, or does not say what it runs.
        TransportError: the line cannot be used.
        NoAnswerError, ProtocolError: it does not speak SMP, though the firmware is for a board that does.
    """
    manifest = bundle.manifest
    try:
        if isinstance(manifest.method, Smp):
            found = await _look_by_smp(address, bundle, baud)
        else:
            found = await _look(address, baud)
    except PortTakenError as exc:
        raise InUseError(str(exc)) from exc
    if found.board and found.board != manifest.board:
        raise WrongBoardError(manifest.board, found.board)
    return found


async def flash(
    address: str, bundle: Bundle, tell: Tell, *, baud: int = BAUD, patience: "Patience | None" = None
) -> str:
    """Put checked firmware on the board; the version it says it runs then. Whether it is the right board, `look` says.

    Raises:
        ValueError: that is no address.
        FlashError, NoSmpError: it is not there, and why.
        BridgeError: the board or its line failed; with SMP it runs what it ran, or the new: flash again.
    """
    if isinstance(bundle.manifest.method, Smp):
        return await _flash_by_smp(address, bundle, tell, baud, patience)
    await tools.flash(bundle.manifest, bundle.files, address, tell)
    await _prove(address, bundle.manifest, tell, baud)
    return bundle.manifest.version


async def _flash_by_smp(
    address: str, bundle: Bundle, tell: Tell, baud: int, patience: "Patience | None"
) -> str:
    """What does not prove itself is not kept."""
    with needed():
        from firmware_bridge.flash import smp  # noqa: PLC0415  as the module says
        from firmware_bridge.smp.client import SmpBoard  # noqa: PLC0415  as the module says
    (firmware,) = bundle.files.values()
    async with SmpBoard(transport(address, baud), patience) as board:
        await smp.start(board, firmware, tell)
    try:
        await _prove(address, bundle.manifest, tell, baud)
    except BridgeError:
        async with SmpBoard(transport(address, baud), patience) as board:
            await smp.go_back(board, tell)
        raise
    async with SmpBoard(transport(address, baud), patience) as board:
        return await smp.keep(board, firmware, tell)


async def _prove(address: str, manifest: Manifest, tell: Tell, baud: int) -> None:
    """A board that describes itself is asked what it runs.

    Raises:
        NoAnswerError: it does not say so.
        OtherVersionError: it runs something else.
    """
    if not manifest.describes_itself:
        return
    tell(Step("asking the board which firmware it runs"))
    told = (await _met(address, baud, _BACK_S)).version
    if told != manifest.version:
        raise OtherVersionError(manifest.version, told)


async def _look_by_smp(address: str, bundle: Bundle, baud: int) -> Found:
    with needed():
        from firmware_bridge.flash import smp  # noqa: PLC0415  as the module says
        from firmware_bridge.smp.client import SmpBoard  # noqa: PLC0415  as the module says
    (firmware,) = bundle.files.values()
    async with SmpBoard(transport(address, baud)) as board:
        running = await smp.look(board, firmware)
    return Found(running.kind or "", running.version, running.plan)


async def _look(address: str, baud: int) -> Found:
    """A board that is empty, or speaks something else, is flashed as well."""
    line = transport(address, baud)
    await line.open()  # a line that cannot be used is known before anybody waits for an answer
    await line.close()
    try:
        return await _met(address, baud, _LOOK_S)
    except NoAnswerError:
        return Found("", "")


async def _met(address: str, baud: int, wait_s: float) -> Found:
    """What a board says of itself in our protocol.

    Raises:
        NoAnswerError: nothing that is understood.
    """
    try:
        async with asyncio.timeout(wait_s), Board(transport(address, baud), answer_s=wait_s) as board:
            if board.about is not None:
                return Found(board.about.name, board.about.firmware)
    except (TimeoutError, BridgeError) as exc:
        raise NoAnswerError(
            f"the board does not say which firmware it runs ({exc or 'no answer'}); unplug it, plug it in, and see "
            "`ingle bridge list --ask`"
        ) from exc
    raise NoAnswerError("the board does not say which firmware it runs; see `ingle bridge list --ask`")
