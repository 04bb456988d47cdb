"""Models fetched and removed by `ingle`, in a process of its own: the one that serves never loads what builds them.

Knows how to start that process, to read what it tells, and to end it. Does not know where models come from, or HTTP.
"""

import asyncio
import json
import logging
import os
import re
from asyncio import StreamReader
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from runtime.errors import BusyError, CallerError
from runtime.residency.border import Fetching

_log = logging.getLogger(__name__)

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,127}(?<!\.gguf)(?<!\.safetensors)", re.ASCII)
_HUB: Final = re.compile(r"hf:[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*(@[\w./+-]+)?(#[\w./+-]+)?", re.ASCII)
_LONGEST: Final = 256
_ACCEPT: Final = re.compile(r"add (?P<option>--accept-licence \S+?)(?=[.,;]?(?:\s|$))")
_ERROR: Final = "error: "
_LEAVES_S: Final = 20.0
"""For a process to clear away what it was making."""
_GENTLY: Final = ("nice", "-n", "10")
"""Answers go first: a build takes every core it gets."""


class IngleStock:
    """Implements `Stock`; one model at a time."""

    def __init__(
        self,
        ingle: Sequence[str],
        state: Path,
        config: Path | None = None,
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        """`ingle` starts the command, `config` is the file whose policy holds; None: the one in the usual places."""
        self._ingle = tuple(ingle)
        self._state = state
        self._config = () if config is None else ("--config", str(config))
        self._environ = dict(environ)
        self._fetched: str | None = None

    async def pull(self, reference: str) -> AsyncGenerator[Fetching, None]:
        """See `Stock.pull`."""
        if len(reference) > _LONGEST or not (_NAME.fullmatch(reference) or _HUB.fullmatch(reference)):
            raise CallerError(
                "that is no model that can be fetched from afar; send a name that `ingle list --available` shows, "
                "or hf:ORG/REPO",
                param="model",
            )
        if self._fetched is not None:
            raise BusyError(f"{self._fetched} is being fetched; ask again when it is here")
        self._fetched = reference
        try:
            async with self._started("pull", reference, "--json", *self._config) as child:
                async for line in child.lines:
                    yield _fetching(line)
                await child.ended(reference)
        finally:
            self._fetched = None
        _log.info("%s was fetched, as asked over HTTP", reference)

    async def remove(self, name: str) -> None:
        """See `Stock.remove`."""
        async with self._started("rm", name) as child:
            await child.lines.read()
            await child.ended(name)
        _log.info("%s was removed, as asked over HTTP", name)

    @asynccontextmanager
    async def _started(self, command: str, *arguments: str) -> AsyncIterator["_Child"]:
        """The process, for as long as somebody wants it."""
        process = await asyncio.create_subprocess_exec(
            *(*_GENTLY, *self._ingle, command, *arguments, "--state", str(self._state)),
            env=self._environ,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
        )
        assert process.stdout is not None  # noqa: S101  a pipe
        assert process.stderr is not None  # noqa: S101  a pipe
        told = asyncio.create_task(process.stderr.read(), name="stock.stderr")
        child = _Child(process, process.stdout, told)
        try:
            yield child
        finally:
            await child.end()


@dataclass(frozen=True, slots=True)
class _Child:
    """A process of ours."""

    process: Process
    lines: StreamReader
    told: asyncio.Task[bytes]
    """What it says of what goes wrong; read meanwhile, or it might wait for a reader."""

    async def ended(self, name: str) -> None:
        """Wait, and say what went wrong.

        Raises:
            CallerError: something did.
        """
        told = (await self.told).decode(errors="replace")
        if await self.process.wait() == 0:
            return
        errors = [line.removeprefix(_ERROR) for line in told.splitlines() if line.startswith(_ERROR)]
        if not errors:
            _log.error("`ingle` failed on %s: %s", name, told[-2000:])
            errors = ["that failed, and the appliance's log says why"]
        sentence = _ACCEPT.sub(rf"run `ingle pull {name} \g<option>` on the appliance", errors[-1])
        raise CallerError(sentence, param="model")

    async def end(self) -> None:
        """Have it end, if it has not; cleanly, if it can."""
        if self.process.returncode is not None:
            return
        self.process.terminate()
        try:
            async with asyncio.timeout(_LEAVES_S):
                await self.lines.read()  # what it still tells, or it could not go on
                await self.process.wait()
        finally:
            if self.process.returncode is None:
                self.process.kill()


def _fetching(line: bytes) -> Fetching:
    told = json.loads(line)
    return Fetching(told["status"], told.get("completed"), told.get("total"))
