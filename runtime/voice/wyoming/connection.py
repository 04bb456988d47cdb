"""One connection: bytes in, bytes out, and what is said on it in between.

Reads on while something is worked on, so that `describe` and `ping` are answered at once and a hang-up ends the work.
After an error the connection is closed: whoever waits for an answer would otherwise wait for ever.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Final

from wyoming.error import Error
from wyoming.event import Eventable

from runtime.errors import BusyError, CallerError, IngleError
from runtime.voice.wyoming.border import AT_ONCE, Send, Talk
from runtime.voice.wyoming.frames import Frame, FrameLimits, FrameReader, encode

_log = logging.getLogger(__name__)

_PIECE: Final = 1 << 16
_FAULT: Final = "something went wrong here; the log of the appliance says what"


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Every bound on what a peer may make us hold or wait for."""

    frame: FrameLimits = field(default_factory=FrameLimits)
    waiting: int = 4
    """Frames that were read and are not worked on yet; no more is read behind them."""
    idle_s: float = 60.0
    """How long a connection may stay open without a whole frame, while nothing is worked on: Home Assistant asks a
    satellite every other second whether it is there."""
    stall_s: float = 30.0
    """How long a peer may leave unread what is sent."""
    linger_s: float = 1.0
    """How long a peer has, to read why it was left."""


class Connection:
    """From its opening to its end."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        converse: Callable[[Send], Talk],
        limits: ConnectionLimits,
    ) -> None:
        """`converse` begins what is said on it."""
        self._reader = reader
        self._writer = writer
        self._conversation = converse(self._send)
        self._limits = limits
        self._frames: asyncio.Queue[Frame] = asyncio.Queue(limits.waiting)
        self._working = False
        self._failed = False

    @property
    def idle(self) -> bool:
        """Whether nobody needs it now: it may give way to another."""
        return not (self._at_work or self._conversation.listening)

    @property
    def _at_work(self) -> bool:
        return self._working or not self._frames.empty()

    def leave(self) -> None:
        """End it now."""
        self._writer.transport.abort()

    async def run(self) -> None:
        """Return when it is over, whoever ended it."""
        tasks = [
            asyncio.create_task(self._read(), name="wyoming.read"),
            asyncio.create_task(self._work(), name="wyoming.work"),
        ]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._conversation.close()
            await self._close()

    async def _read(self) -> None:
        """Until the peer ends it, says what cannot be read, or says nothing for too long."""
        async with self._told():
            async for frame in self._arriving():
                if frame.type in AT_ONCE:
                    await self._send(self._conversation.at_once(frame))
                else:
                    await self._frames.put(frame)

    async def _arriving(self) -> AsyncIterator[Frame]:
        frames = FrameReader(self._limits.frame)
        due = asyncio.get_running_loop().time() + self._limits.idle_s
        while True:
            try:
                async with asyncio.timeout_at(due):
                    data = await self._reader.read(_PIECE)
            except TimeoutError:
                if frames.midway or not self._at_work:
                    return
                due = asyncio.get_running_loop().time() + self._limits.idle_s
                continue
            if not data:
                return
            for frame in frames.feed(data):
                yield frame
                due = asyncio.get_running_loop().time() + self._limits.idle_s

    async def _work(self) -> None:
        """One frame after the other, until one cannot be worked on."""
        async with self._told():
            while True:
                frame = await self._frames.get()
                self._working = True
                await self._conversation.take(frame)
                self._working = False

    async def _send(self, event: Eventable) -> None:
        sent = event.event()
        self._writer.write(encode(Frame(sent.type, sent.data, sent.payload or b"")))
        async with asyncio.timeout(self._limits.stall_s):
            await self._writer.drain()

    @contextlib.asynccontextmanager
    async def _told(self) -> AsyncIterator[None]:
        """Within: what goes wrong is told to the peer, as far as it can still be told, and the connection is over."""
        try:
            yield
        except (OSError, TimeoutError):  # it has gone, or does not read
            self.leave()
        except IngleError as exc:
            code = _code(exc)
            _log.info("a connection of Wyoming ends: %s", code)  # the sentence may quote what was said
            await self._fail(str(exc), code)
        except Exception:  # noqa: BLE001  a fault of ours ends this connection and no other
            _log.exception("failed on an event of Wyoming")
            await self._fail(_FAULT, "fault")

    async def _fail(self, why: str, code: str) -> None:
        self._failed = True
        with contextlib.suppress(OSError, TimeoutError):
            await self._send(Error(why, code))

    async def _close(self) -> None:
        """Shut it. Who still sends reads an error only if what they sent is read, too."""
        with contextlib.suppress(OSError, TimeoutError):
            if self._failed and not self._reader.at_eof():
                self._writer.write_eof()
                async with asyncio.timeout(self._limits.linger_s):
                    while await self._reader.read(_PIECE):
                        pass
        self._writer.close()
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(self._limits.linger_s):
                await self._writer.wait_closed()
        self.leave()


def _code(exc: IngleError) -> str:
    match exc:
        case BusyError():
            return "busy"
        case CallerError():
            return "invalid"
        case _:
            return "failed"
