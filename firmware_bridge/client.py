"""A board as the rest of a program sees it: what it can do by name, `set` and `get`, and what it tells.

    async with Board(transport("usb-Arduino_Uno-if00")) as board:
        await board.set("lamp", 30)
        async for event in board.events(): ...

Links that break are begun again in the background; what was asked meanwhile is sent once there is one, each set once.
"""

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, Self

from firmware_bridge.description import Capability, Value
from firmware_bridge.errors import (
    BridgeError,
    MessageError,
    NoAnswerError,
    NonsenseError,
    NotConnectedError,
    OutcomeUnknownError,
    TransportError,
    UnknownCapabilityError,
    ValueRefusedError,
    VersionError,
)
from firmware_bridge.events import Changed, Connected, Disconnected, Event, Happened, Listening, Logged
from firmware_bridge.introduction import Introduction, introduce
from firmware_bridge.link import events as link_events
from firmware_bridge.link.host import HostLink
from firmware_bridge.messages import About, Get, Is, Log, Message, Reboot, Set, Time, Wire, decode, encode
from firmware_bridge.messages import Event as Told
from firmware_bridge.pump import pump
from firmware_bridge.requests import Purpose, Request, Requests
from firmware_bridge.transport import Transport

ANSWER_S: Final = 5.0
"""How long to wait for an answer, a lost link and all."""
_BACK_OFF_S: Final = (0.1, 0.2, 0.4, 0.8, 1.0)
"""Before the line is opened again; the last for good, so that who plugs a board in does not wait."""
_RANDOM: Final = random.SystemRandom()


class Board:
    """One board, for as long as it is entered."""

    def __init__(self, line: Transport, *, patient: bool = False, answer_s: float = ANSWER_S) -> None:
        """`patient`: entering does not wait for a board to be there; `answer_s`: how long requests wait."""
        self._line = line
        self._patient = patient
        self._answer_s = answer_s
        self._requests = Requests()
        self._host = _RANDOM.getrandbits(32)  # as old as the numbers of requests
        self._wake = asyncio.Event()
        self._link = self._new_link()
        self._known: Introduction | None = None
        self._introduced = False
        self._introducing: asyncio.Task[None] | None = None
        self._trouble: BridgeError | None = None
        self._decided = asyncio.Event()  # connected, or known why not
        self._listening: set[Listening] = set()
        self._running: asyncio.Task[None] | None = None
        self.values: dict[str, Value] = {}
        """The last value known of each capability that has one."""
        self.undecodable = 0
        """How many messages of the board meant nothing."""

    async def __aenter__(self) -> Self:
        """Connect and get to know the board.

        Raises:
            TransportError: the line cannot be used, or nobody answers.
            VersionError: the board speaks another version of the protocol.
            ProtocolError: it does not say who it is.
        """
        self._running = asyncio.create_task(self._run(), name="bridge.board")
        if self._patient:
            return self
        try:
            async with asyncio.timeout(2 * self._answer_s):
                await self._decided.wait()
        except TimeoutError:
            self._trouble = self._trouble or NotConnectedError(
                "no board answers on this line; is it plugged in, with the firmware on it, at this baud rate?"
            )
        except asyncio.CancelledError:
            await self._stop()
            raise
        if not self._introduced and self._trouble:
            await self._stop()
            raise self._trouble
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stop()

    @property
    def connected(self) -> bool:
        """Whether the board can be told what to do now."""
        return self._introduced

    @property
    def about(self) -> About | None:
        """Who it is, once that is known."""
        return self._known.about if self._known else None

    @property
    def capabilities(self) -> Mapping[str, Capability]:
        """What it can do, by name."""
        return self._known.capabilities if self._known else {}

    @property
    def complaints(self) -> tuple[str, ...]:
        """What it describes and cannot be, in sentences."""
        return self._known.complaints if self._known else ()

    async def set(self, name: str, value: Value = None, *, answer_s: float | None = None) -> Value:
        """Have a capability be so, or press it; the value it has then, which is another one if the board says so.

        Raises:
            UnknownCapabilityError: there is none of that name.
            ValueRefusedError: it does not take that value; nothing was sent.
            RefusedError: the board does not do it; nothing has changed.
            NotConnectedError: there was no link in time; nothing was sent.
            OutcomeUnknownError: it was sent, and may have been done or not.
        """
        capability = self._capability(name)
        if not capability.settable:
            raise ValueRefusedError(f"{name} can only be read")
        wire = capability.wire(value)
        answer = await self._ask(
            lambda number: Set(number, capability.index, wire), capability, Purpose.SET, answer_s
        )
        return self._learned(capability, answer)

    async def get(self, name: str, *, answer_s: float | None = None) -> Value:
        """The value that a capability has now.

        Raises:
            UnknownCapabilityError: there is none of that name.
            ValueRefusedError: it cannot be read; nothing was sent.
            RefusedError: the board does not tell.
            NotConnectedError, NoAnswerError: it was not asked, or does not answer.
        """
        capability = self._capability(name)
        if not capability.readable:
            raise ValueRefusedError(f"{name} cannot be read")
        answer = await self._ask(lambda number: Get(number, capability.index), capability, answer_s=answer_s)
        return self._learned(capability, answer)

    async def reboot(self, *, answer_s: float | None = None) -> None:
        """Have the board start again.

        Raises:
            RefusedError: it does not.
            NotConnectedError, OutcomeUnknownError: it was not told, or may have been.
        """
        await self._ask(Reboot, None, Purpose.REBOOT, answer_s)

    def events(self) -> Listening:
        """What the board tells from now on."""
        listening = Listening()
        self._listening.add(listening)
        return listening

    def _capability(self, name: str) -> Capability:
        if self._known is None:
            raise NotConnectedError("the board has not said yet what it can do; wait until it is connected")
        if name not in self._known.capabilities:
            raise UnknownCapabilityError(name, tuple(self._known.capabilities))
        return self._known.capabilities[name]

    async def _ask(
        self,
        message: Callable[[int], Message],
        capability: Capability | None = None,
        purpose: Purpose = Purpose.LOOK,
        answer_s: float | None = None,
        *,
        introduces: bool = False,
    ) -> Message:
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

    def _learned(self, capability: Capability, answer: Message) -> Value:
        """The value that an answer tells, which others are told too."""
        if not isinstance(answer, Is) or answer.index != capability.index:
            raise OutcomeUnknownError(
                f"the board answered for {capability.name} with something else; look at it"
            )
        try:
            return self._changed(capability, answer.value)
        except NonsenseError as exc:
            raise OutcomeUnknownError(f"{exc}; look at it") from exc

    def _changed(self, capability: Capability, wire: Wire) -> Value:
        value = capability.value(wire)
        if capability.readable and self.values.get(capability.name, self) != value:
            self.values[capability.name] = value
            self._tell(Changed(capability.name, value))
        return value

    def _tell(self, event: Event) -> None:
        for listening in self._listening:
            listening.put(event)

    async def _run(self) -> None:
        """Keep a line open and a link up, until cancelled."""
        failures = 0
        while True:
            try:
                await self._line.open()
                await pump(self._line, self._step, self._wake)
            except BridgeError as exc:
                failures = 0 if self._introduced else failures + 1
                self._lost(str(exc))
                self._decide(exc)
            finally:
                await self._leave()
            await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])
            self._link = self._new_link()

    async def _leave(self) -> None:
        farewell = self._link.close()
        with contextlib.suppress(TransportError, TimeoutError):
            if farewell:
                async with asyncio.timeout(1.0):
                    await self._line.write(farewell)
        await self._line.close()

    async def _stop(self) -> None:
        for task in (self._running, self._introducing):
            if task:
                task.cancel()
                await asyncio.wait([task])
        self._introduced = False
        for listening in self._listening:
            listening.end()

    def _new_link(self) -> HostLink:
        return HostLink(self._host, lambda: _RANDOM.getrandbits(32))

    def _decide(self, trouble: BridgeError | None) -> None:
        self._trouble = trouble
        self._decided.set()

    def _step(self, now: float, data: bytes) -> tuple[bytes, float | None]:
        """One step of the link, and of what its events have to follow."""
        if self._introducing and self._introducing.done():
            introducing, self._introducing = self._introducing, None
            introducing.result()
        first = self._link.step(now, data)
        for event in first.events:
            self._on(event)
        if self._link.is_up:
            for message in self._requests.ready(introduced=self._introduced):
                self._link.send(encode(message))
        second = self._link.step(now)
        for event in second.events:
            self._on(event)
        return first.output + second.output, second.due

    def _on(self, event: link_events.Event) -> None:
        match event:
            case link_events.Up(boot):
                self._introducing = asyncio.create_task(self._introduce(boot), name="bridge.introduce")
                self._introducing.add_done_callback(lambda _: self._wake.set())
            case link_events.Delivered(payload):
                self._hear(payload)
            case link_events.Down(reason, detail):
                self._lost(detail or str(reason))
                if reason is link_events.Reason.VERSION:
                    raise VersionError(detail)

    def _lost(self, reason: str) -> None:
        if self._introducing:
            self._introducing.cancel()
            self._introducing = None
        if self._introduced:
            self._introduced = False
            self._tell(Disconnected(reason))

    async def _introduce(self, boot: int) -> None:
        def ask(message: Callable[[int], Message]) -> Awaitable[Message]:
            return self._ask(message, introduces=True)

        known = await introduce(ask, boot, self._known)
        self._requests.again(same_boot=known is self._known, now_has=known.capabilities)
        self._known, self._introduced = known, True
        self.values = {name: value for name, value in self.values.items() if name in known.capabilities}
        self._wake.set()
        self._tell(Connected(known.about, known.complaints))
        self._decide(None)
        await self._refresh()

    async def _refresh(self) -> None:
        """Tell the time, and look at all there is to see; what a board does not tell is not known."""
        looks = [self.get(name) for name, capability in self.capabilities.items() if capability.readable]
        time_told = self._ask(lambda number: Time(number, int(time.time())))
        for outcome in await asyncio.gather(time_told, *looks, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, BridgeError):
                raise outcome

    def _hear(self, payload: bytes) -> None:
        try:
            message = decode(payload)
            match message:
                case Told(_, index, value):
                    self._heard(index, value)
                case Log(_, level, text):
                    self._tell(Logged(level, "".join(c if c.isprintable() else "?" for c in text)))
                case _:
                    self.undecodable += not self._requests.answered(message, getattr(message, "id", 0))
        except (MessageError, NonsenseError):
            self.undecodable += 1

    def _heard(self, index: int, wire: Wire) -> None:
        capability = next((each for each in self.capabilities.values() if each.index == index), None)
        if capability is None:
            raise NonsenseError(f"an event of capability {index}, which the board does not have")
        if capability.readable:
            self._changed(capability, wire)
        else:
            self._tell(Happened(capability.name, capability.value(wire)))
