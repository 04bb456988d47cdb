"""Lines of text through the shell of a board that speaks SMP (MCUmgr): what is written is done, what it prints is read.

After what a command prints comes the line `ok`, or `error: ` and why: the board says with each whether it did it.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from firmware_bridge.described.wording import SHELL_DONE, SHELL_FAILED
from firmware_bridge.errors import ClosedError
from firmware_bridge.smp.client import SmpBoard, SmpRefusedError
from firmware_bridge.transport import Transport

_ANSWER_S: Final = 5.0


class ShellLine:
    """A transport over another one. Writing takes as long as the board takes to answer."""

    def __init__(self, line: Transport) -> None:
        self._line = line
        self._came = asyncio.Queue[bytes]()
        self._board: SmpBoard | None = None
        self._open = AsyncExitStack()

    async def open(self) -> None:
        """Open the line, and see that somebody is there.

        Raises:
            TransportError: the line cannot be used.
            NoAnswerError, ProtocolError: nobody there speaks SMP.
        """
        self._came = asyncio.Queue()
        self._board = await self._open.enter_async_context(SmpBoard(self._line))
        await self._board.echo("ingle")

    async def read(self) -> bytes:
        """What a command printed, and whether it was done."""
        return await self._came.get()

    async def write(self, data: bytes) -> None:
        """Have each line done.

        Raises:
            OutcomeUnknownError: it was sent, and no answer came.
            TransportError, ProtocolError: the line cannot be used, or what came is no answer.
        """
        if self._board is None:
            raise ClosedError("the line is closed; open it again")
        for line in filter(None, data.split(b"\n")):
            try:
                said = f"{await self._board.execute(line.decode(), _ANSWER_S)}\n{SHELL_DONE}\n"
            except (SmpRefusedError, ValueError) as exc:  # ValueError: quotes that do not match
                said = SHELL_FAILED.replace("{text}", " ".join(str(exc).split())) + "\n"
            self._came.put_nowait(said.encode())

    async def close(self) -> None:
        """Let go of the line."""
        self._board = None
        await self._open.aclose()
