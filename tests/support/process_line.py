"""A board that is a program: its standard input and output are the line."""

import asyncio
from pathlib import Path

from firmware_bridge.errors import ClosedError


class ProcessTransport:
    """Starts the program when it is opened, ends it when it is closed."""

    def __init__(self, program: Path, *arguments: str) -> None:
        self._command = (str(program), *arguments)
        self.process: asyncio.subprocess.Process | None = None

    async def open(self) -> None:
        pipe = asyncio.subprocess.PIPE
        self.process = await asyncio.create_subprocess_exec(*self._command, stdin=pipe, stdout=pipe)

    async def read(self) -> bytes:
        if self.process is None or self.process.stdout is None:
            raise ClosedError("the program is not running")
        data = await self.process.stdout.read(4096)
        if not data:
            raise ClosedError("the program has ended")
        return data

    async def write(self, data: bytes) -> None:
        if self.process is None or self.process.stdin is None:
            raise ClosedError("the program is not running")
        try:
            self.process.stdin.write(data)
            await self.process.stdin.drain()
        except OSError as exc:
            raise ClosedError("the program has ended") from exc

    async def close(self) -> None:
        process, self.process = self.process, None
        if process and process.returncode is None:
            process.kill()
            await process.wait()
