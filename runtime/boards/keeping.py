"""Lines kept as they come and go: named ones for ever, found ones until they are pulled out.

Knows tasks and lines; who a board is, and what it says, is the business of whoever keeps one. A fault of ours on one
line is logged, and is no reason to let go of the others.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from firmware_bridge.board import AnyBoard
from firmware_bridge.errors import BridgeError
from runtime.boards.absence import Absence
from runtime.boards.lines import Line, Pulled

_log = logging.getLogger(__name__)

_AGAIN_S: Final = 10.0
"""How long a line is left alone whose board cannot be spoken to, as one of another version."""
_LOOK_S: Final = 1.0
"""So often it is looked whether a board is where its owner says."""
Keep = Callable[[Line, AnyBoard], Awaitable[None]]
"""Keeps a line by what speaks to the board there, until that is of no use."""


async def keep_all(lines: AsyncIterator[Line | Pulled], keep: Keep) -> None:
    """Keep each line as it comes; one that was pulled out is closed before anything else is opened."""
    kept: dict[str, asyncio.Task[None]] = {}
    async with asyncio.TaskGroup() as tasks:
        async for change in lines:
            keeping = kept.get(change.address)
            if isinstance(change, Line):
                if keeping is None or keeping.done():
                    work = _keep_named(change, keep) if change.named else _keep_found(change, keep)
                    kept[change.address] = tasks.create_task(work, name=f"board {change.address}")
            elif keeping is not None:
                keeping.cancel()
                await asyncio.wait([keeping])


async def _keep_named(line: Line, keep: Keep) -> None:
    """Where a board has to be: for ever, and saying so while there is none."""
    while True:
        try:
            board = line.board()
            missing = asyncio.create_task(_miss(line, board), name=f"board missing {line.address}")
            try:
                await keep(line, board)
            finally:
                missing.cancel()
        except BridgeError as exc:
            _log.warning("%s: %s", line.label, exc)
        except Exception:  # noqa: BLE001  one line of many
            _log.exception("%s failed, and is tried again in %g s", line.label, _AGAIN_S)
        await asyncio.sleep(_AGAIN_S)


async def _keep_found(line: Line, keep: Keep) -> None:
    """Where a board may be: left alone if it says nothing that we understand, until it is plugged in again."""
    try:
        await keep(line, line.board())
    except BridgeError as exc:
        _log.info("%s is left alone until it is plugged in again: %s", line.address, exc)
    except Exception:  # noqa: BLE001  one line of many
        _log.exception("%s failed, and is left alone until it is plugged in again", line.address)


async def _miss(line: Line, board: AnyBoard) -> None:
    """Say why no board answers on a line that has to have one."""
    absence = Absence()
    while True:
        if why := absence.look(asyncio.get_running_loop().time(), board.trouble):
            _log.warning("no board at %s: %s", line.label, why)
        await asyncio.sleep(_LOOK_S)
