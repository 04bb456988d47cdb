"""A line kept open and a link kept up, in the background; requests that go over it. Knows no names and no values.

Runs the state machine of the link by a transport, gets to know the board on each new link, and has requests sent, and
sent again, as the protocol allows.
"""

import asyncio
import contextlib
import logging
import random
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Protocol

from firmware_bridge.description import Capability
from firmware_bridge.errors import (
    BridgeError,
    MessageError,
    NoAnswerError,
    NonsenseError,
    NotConnectedError,
    OutcomeUnknownError,
    TransportError,
    VersionError,
)
from firmware_bridge.introduction import Introduction, introduce
from firmware_bridge.link.events import Delivered, Down, Event, Reason, Up
from firmware_bridge.link.host import HostLink
from firmware_bridge.messages import Event as Told
from firmware_bridge.messages import Log, Message, decode, encode
from firmware_bridge.pump import pump
from firmware_bridge.requests import Purpose, Request, Requests
from firmware_bridge.transport import Transport

_BACK_OFF_S: Final = (0.1, 0.2, 0.4)
"""Before the line is opened again; the last for good: who plugs a board in, with a boot loader that waits for a second,
can use it within two."""
_FAREWELL_S: Final = 1.0
_EARLY_MOST: Final = 64
"""So much of what a board says before it is known is kept; then the oldest is dropped."""
_SILENT: Final = (
    "no board answers on this line; is it plugged in, with the firmware on it, at this baud rate? Another program, "
    "such as the appliance itself, may have the line: stop that first"
)
_RANDOM: Final = random.SystemRandom()
_log = logging.getLogger(__name__)


class Listener(Protocol):
    """Who is told what becomes of a connection."""

    def connected_to(self, known: Introduction) -> None:
        """The board can be told what to do."""
        ...

    def disconnected(self, reason: str) -> None:
        """It no longer can."""
        ...

    def told(self, message: Told | Log) -> None:
        """The board says something unasked.

        Raises:
            NonsenseError: it cannot be.
        """
        ...


class Connection:
    """One line to one board, whatever happens to it."""

    def __init__(self, line: Transport, listener: Listener, answer_s: float) -> None:
        """`answer_s`: how long a request waits for its answer, a lost link and all."""
        self._line = line
        self._listener = listener
        self._answer_s = answer_s
        self._requests = Requests()
        self._host = _RANDOM.getrandbits(32)  # as old as the numbers of requests
        self._wake = asyncio.Event()
        self._link = self._new_link()
        self._introducing: asyncio.Task[None] | None = None
        self._early = deque[Told | Log](maxlen=_EARLY_MOST)  # until it is known whose words they are
        self._running: asyncio.Task[None] | None = None
        self._over: BridgeError | None = None  # why to let the line go, once what is to be said was said
        self._decided = asyncio.Event()  # connected, or known why not
        self._trouble: BridgeError | None = None
        self._no_line = ""  # why it could not be opened the last time
        self._why = ""  # what went wrong on it since it could
        self.known: Introduction | None = None
        """The board as it last said it is."""
        self.up = False
        """Whether it can be told what to do now."""
        self.undecodable = 0
        """How many messages of the board meant nothing."""

    def start(self) -> None:
        """Begin to connect, in the background."""
        self._running = asyncio.create_task(self._run(), name="bridge.board")

    @property
    def trouble(self) -> str:
        """Why it is not up, as far as is known; empty while it is."""
        return "" if self.up else self._no_line or self._why or _SILENT

    async def wait(self) -> None:
        """Until it is connected for the first time.

        Raises:
            BridgeError: it cannot be, and why.
        """
        try:
            async with asyncio.timeout(2 * self._answer_s):
                await self._decided.wait()
        except TimeoutError:
            raise NotConnectedError(_SILENT) from None
        if self._trouble:
            raise self._trouble

    async def stop(self) -> None:
        """Leave the board and let go of the line."""
        for task in (self._running, self._introducing):
            if task:
                task.cancel()
                await asyncio.wait([task])
        self.up = False

    async def ask(
        self,
        message: Callable[[int], Message],
        capability: Capability | None = None,
        purpose: Purpose = Purpose.LOOK,
        answer_s: float | None = None,
        *,
        introduces: bool = False,
    ) -> Message:
        """Send the message of a number, once the link is up; the answer.

        Raises:
            RefusedError: the board answered with an error.
            NotConnectedError: nothing was sent.
            NoAnswerError, OutcomeUnknownError: it was; the latter if it may have changed something.
        """
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        request = Request(message, answer, purpose, capability, introduces=introduces)
        self._requests.add(request)
        self._wake.set()
        seconds = self._answer_s if answer_s is None else answer_s
        try:
            await asyncio.wait([answer], timeout=seconds)
            if answer.done():
                return answer.result()
        finally:
            self._requests.forget(request)
            answer.cancel()
        if not request.sent:
            raise NotConnectedError(f"no link to the board in {seconds:g} s; nothing was sent")
        if purpose is Purpose.LOOK:
            raise NoAnswerError(f"the board does not answer in {seconds:g} s; unplug it and plug it in again")
        raise OutcomeUnknownError(f"the board has not answered in {seconds:g} s; see whether it was done")

    async def _run(self) -> None:
        failures = 0
        while True:
            try:
                await self._open()
                await pump(self._line, self._step, self._wake)
            except Exception as exc:  # noqa: BLE001  a mistake is logged, and must not cost the house its board
                failures = 0 if self.up else failures + 1
                trouble = exc if isinstance(exc, BridgeError) else _fault(exc, failures)
                self._why = "" if self._no_line else str(trouble)
                self._lost(str(trouble))
                self._decide(trouble)
            finally:
                await self._leave()
            await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
            self._link, self._over = self._new_link(), None

    async def _open(self) -> None:
        try:
            await self._line.open()
        except BridgeError as exc:
            self._no_line = str(exc)
            raise
        self._no_line = ""

    async def _leave(self) -> None:
        farewell = self._link.close()
        with contextlib.suppress(TransportError, TimeoutError):
            if farewell:
                async with asyncio.timeout(_FAREWELL_S):
                    await self._line.write(farewell)
        await self._line.close()

    def _new_link(self) -> HostLink:
        return HostLink(self._host, lambda: _RANDOM.getrandbits(32))

    def _decide(self, trouble: BridgeError | None) -> None:
        if not self._decided.is_set():
            self._trouble = trouble
            self._decided.set()

    def _step(self, now: float, data: bytes) -> tuple[bytes, float | None]:
        """One step of the link, and of what its events have to follow."""
        if self._over:
            raise self._over
        if self._introducing and self._introducing.done():
            introducing, self._introducing = self._introducing, None
            introducing.result()
        first = self._link.step(now, data)
        for event in first.events:
            self._on(event)
        if self._link.is_up:
            for message in self._requests.ready(introduced=self.up):
                self._link.send(encode(message))
        second = self._link.step(now)
        for event in second.events:
            self._on(event)
        return first.output + second.output, second.due

    def _on(self, event: Event) -> None:
        match event:
            case Up():
                self._introducing = asyncio.create_task(self._introduce(event), name="bridge.introduce")
                self._introducing.add_done_callback(lambda _: self._wake.set())
            case Delivered(payload):
                self._hear(payload)
            case Down(reason, detail):
                self._lost(detail or str(reason))
                if reason is Reason.VERSION:
                    self._over = VersionError(detail)
                    self._wake.set()

    def _lost(self, reason: str) -> None:
        if self._introducing:
            self._introducing.cancel()
            self._introducing = None
        self._early.clear()
        if self.up:
            self.up = False
            self._listener.disconnected(reason)

    async def _introduce(self, link: Up) -> None:
        def ask(message: Callable[[int], Message]) -> Awaitable[Message]:
            return self.ask(message, introduces=True)

        known = await introduce(ask, link.peer, link.hosts, self.known)
        self._requests.again(known.since(self.known), known.capabilities)
        self.known, self.up, self._why = known, True, ""
        self._wake.set()
        self._listener.connected_to(known)
        while self._early:
            self._tell(self._early.popleft())
        self._decide(None)

    def _hear(self, payload: bytes) -> None:
        try:
            message = decode(payload)
        except MessageError:
            self.undecodable += 1
            return
        if not isinstance(message, Told | Log):
            self.undecodable += not self._requests.answered(message, getattr(message, "id", 0))
        elif self.up:
            self._tell(message)
        else:
            self._early.append(message)

    def _tell(self, message: Told | Log) -> None:
        try:
            self._listener.told(message)
        except NonsenseError:
            self.undecodable += 1


def _fault(exc: Exception, failures: int) -> BridgeError:
    """What nobody foresaw: a mistake of ours, which is not to cost the house its board."""
    if failures <= 1:
        _log.error("a line is opened again after a mistake in this program; report it", exc_info=exc)
    return BridgeError(f"a mistake in this program ended the link ({exc!r}); report it")
