"""A board whose owner described it, kept connected: any dialect over any line. The same promises as `client.Board`.

Knows names, values and who waits for what; not how any of it is said. What was sent is never sent again.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, assert_never

from firmware_bridge.described.dialect import (
    Answered,
    Ask,
    Denied,
    Dialect,
    Gone,
    Ready,
    Said,
    Struck,
    Told,
    Untold,
)
from firmware_bridge.described.dialect import Event as Heard
from firmware_bridge.description import Capability, Value
from firmware_bridge.errors import (
    BridgeError,
    ClosedError,
    NoAnswerError,
    NotConnectedError,
    OutcomeUnknownError,
    RefusedError,
    TransportError,
    UnknownCapabilityError,
    ValueRefusedError,
)
from firmware_bridge.events import Changed, Connected, Disconnected, Event, Happened, Listening, Logged
from firmware_bridge.messages import About, ErrorCode, Wire
from firmware_bridge.pump import pump
from firmware_bridge.transport import Transport

ANSWER_S: Final = 5.0
_BACK_OFF_S: Final = (0.1, 0.2, 0.4, 0.8, 1.0)
"""Before the line is opened again; the last for good, so that who plugs a board in does not wait."""
_FIRST_S: Final = 12.0
"""How long entering waits for a board that is slow to start."""
_FAREWELL_S: Final = 1.0
_WAITING_MOST: Final = 256
_NOT_READY: Final = "{} is not ready; is it plugged in, and described as it speaks?"


@dataclass(slots=True, eq=False)
class _Request:
    ask: Ask
    answer: asyncio.Future[Wire]
    sent: bool = False


class DialectBoard:
    """One board, for as long as it is entered."""

    def __init__(
        self,
        line: Transport,
        name: str,
        capabilities: Mapping[str, Capability],
        dialect: Callable[[], Dialect],
        *,
        patient: bool = False,
        answer_s: float = ANSWER_S,
    ) -> None:
        """`dialect` makes one for a connection; `patient`: entering does not wait for a board to be there."""
        self._line, self._name, self._described, self._new = line, name, capabilities, dialect
        self._patient, self._answer_s = patient, answer_s
        self._dialect = dialect()
        self._capabilities = capabilities
        self._about: About | None = None
        self._up = False
        self._values: dict[str, Value] = {}
        self._listening: set[Listening] = set()
        self._numbers = 0
        self._waiting: deque[_Request] = deque()
        self._asked: dict[int, _Request] = {}
        self._wake = asyncio.Event()
        self._decided = asyncio.Event()
        self._trouble: BridgeError | None = None
        self._why = ""
        self._running: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to keep it connected.

        Raises:
            TransportError: the line cannot be used.
            NoAnswerError, NotConnectedError: nobody answers.
        """
        self._running = asyncio.create_task(self._run(), name="bridge.described")
        try:
            if not self._patient:
                await self._wait()
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()
        for listening in self._listening:
            listening.end()

    @property
    def connected(self) -> bool:
        """Whether the board can be told what to do now."""
        return self._up

    @property
    def trouble(self) -> str:
        """Why it is not connected, and what to do, in a sentence; empty while it is."""
        return "" if self._up else self._why or _NOT_READY.format(self._name)

    @property
    def about(self) -> About | None:
        """The name its owner gave it, once it was there."""
        return self._about

    @property
    def capabilities(self) -> Mapping[str, Capability]:
        """What it can do, by name: as described, less what the board turned out not to be able to."""
        return self._capabilities

    @property
    def values(self) -> Mapping[str, Value]:
        """The last value known of each capability that can be read, since the connection began."""
        return self._values

    async def set(self, name: str, value: Value = None, *, answer_s: float | None = None) -> Value:
        """See `AnyBoard.set`. Sent once at most, whatever happens."""
        capability = self._capability(name)
        if not capability.settable:
            raise ValueRefusedError(f"{name} can only be read")
        return capability.value(await self._ask(name, capability.wire(value), sets=True, answer_s=answer_s))

    async def get(self, name: str, *, answer_s: float | None = None) -> Value:
        """See `AnyBoard.get`. Of what the board tells unasked, what it told last."""
        capability = self._capability(name)
        if not capability.readable:
            raise ValueRefusedError(f"{name} cannot be read")
        return capability.value(await self._ask(name, None, sets=False, answer_s=answer_s))

    def events(self) -> Listening:
        """What the board tells from now on."""
        listening = Listening()
        self._listening.add(listening)
        return listening

    def _capability(self, name: str) -> Capability:
        if name not in self._capabilities:
            raise UnknownCapabilityError(name, tuple(self._capabilities))
        return self._capabilities[name]

    async def _ask(self, name: str, wire: Wire, *, sets: bool, answer_s: float | None) -> Wire:
        if len(self._waiting) >= _WAITING_MOST:
            raise NotConnectedError(
                f"{_WAITING_MOST} requests wait for {self._name}; nothing was sent, wait for some answers first"
            )
        self._numbers += 1
        answer: asyncio.Future[Wire] = asyncio.get_running_loop().create_future()
        request = _Request(Ask(self._numbers, name, wire, sets), answer)
        self._waiting.append(request)
        self._wake.set()
        seconds = self._answer_s if answer_s is None else answer_s
        try:
            await asyncio.wait([answer], timeout=seconds)
            if answer.done():
                return answer.result()
        finally:
            self._forget(request)
        if not request.sent:
            raise NotConnectedError(f"{self._name} could not be told in {seconds:g} s; nothing was sent")
        raise _unanswered(request, f"{self._name} has not answered in {seconds:g} s")

    def _forget(self, request: _Request) -> None:
        """It is answered or given up: it will not be sent."""
        if request in self._waiting:
            self._waiting.remove(request)
        if self._asked.pop(request.ask.number, None):
            self._dialect.forget(request.ask.number)
            self._wake.set()
        request.answer.cancel()

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(max(2 * self._answer_s, _FIRST_S)):
                await self._decided.wait()
        except TimeoutError:
            raise NotConnectedError(_NOT_READY.format(self._name)) from None
        if self._trouble:
            raise self._trouble

    async def _stop(self) -> None:
        if self._running:
            self._running.cancel()
            await asyncio.wait([self._running])
        self._up = False

    async def _run(self) -> None:
        failures = 0
        while True:
            self._dialect = self._new()
            self._values = {}
            try:
                await self._line.open()
                await pump(self._line, self._step, self._wake)
            except BridgeError as exc:
                failures = 0 if self._up else failures + 1
                self._lost(exc)
            except asyncio.CancelledError:
                await self._leave()
                raise
            finally:
                await self._line.close()
            await asyncio.sleep(_BACK_OFF_S[min(failures, len(_BACK_OFF_S) - 1)])

    async def _leave(self) -> None:
        farewell = self._dialect.farewell() if self._up else b""
        self._lost(NotConnectedError("let go"))
        if farewell:
            with contextlib.suppress(TransportError, TimeoutError):
                async with asyncio.timeout(_FAREWELL_S):
                    await self._line.write(farewell)

    def _step(self, now: float, data: bytes) -> tuple[bytes, float | None]:
        step = self._dialect.step(now, data)
        self._hear(step.events)
        output = step.output
        while self._up and self._waiting and self._dialect.free:
            request = self._waiting.popleft()
            request.sent = True
            self._asked[request.ask.number] = request
            self._dialect.ask(request.ask)
            step = self._dialect.step(now)
            self._hear(step.events)
            output += step.output
        return output, step.due

    def _hear(self, events: tuple[Heard, ...]) -> None:
        for event in events:
            match event:
                case Ready():
                    self._ready(event)
                case Gone(reason):
                    self._lost(ClosedError(reason))
                    self._values = {}
                case Told(name, wire):
                    self._changed(self._described[name], wire)
                case Struck(name, wire):
                    self._tell(Happened(name, self._described[name].value(wire)))
                case Answered() | Denied():
                    self._answered(event)
                case Untold(number, advice):
                    self._untold(number, advice)
                case Said(level, text):
                    self._tell(Logged(level, _shown(text)))
                case _:
                    assert_never(event)

    def _ready(self, ready: Ready) -> None:
        without = dict(ready.unusable)
        self._capabilities = {name: each for name, each in self._described.items() if name not in without}
        for request in [each for each in self._waiting if each.ask.name in without]:
            self._waiting.remove(request)
            request.answer.set_exception(UnknownCapabilityError(request.ask.name, tuple(self._capabilities)))
        self._about = About(0, self._name, _shown(ready.firmware), "", len(self._capabilities))
        self._up, self._why = True, ""
        self._tell(Connected(self._about, tuple(without.values())))
        for name, value in self._values.items():
            self._tell(Changed(name, value))
        self._trouble = None
        self._decided.set()

    def _answered(self, outcome: Answered | Denied) -> None:
        request = self._asked.pop(outcome.number, None)
        if request is None or request.answer.done():
            return
        if isinstance(outcome, Denied):
            request.answer.set_exception(RefusedError(ErrorCode.FAILED, outcome.text))
        else:
            self._changed(self._described[request.ask.name], outcome.wire)
            request.answer.set_result(outcome.wire)

    def _untold(self, number: int, advice: str) -> None:
        request = self._asked.pop(number, None)
        if request is not None and not request.answer.done():
            name = request.ask.name
            request.answer.set_exception(NoAnswerError(f"{self._name} has not told {name} yet; {advice}"))

    def _changed(self, capability: Capability, wire: Wire) -> Value:
        value = capability.value(wire)
        if capability.readable and self._values.get(capability.name, self) != value:
            self._values[capability.name] = value
            if self._up:
                self._tell(Changed(capability.name, value))
        return value

    def _lost(self, error: BridgeError) -> None:
        """The connection is no more; who waits for what was sent is told so at once."""
        for request in self._asked.values():
            if not request.answer.done():
                request.answer.set_exception(_unanswered(request, f"{self._name} is gone ({error})"))
        self._asked.clear()
        if self._up:
            self._up = False
            self._tell(Disconnected(_shown(str(error))))
        self._why = _shown(str(error))
        if not self._decided.is_set():
            self._trouble = error
            self._decided.set()

    def _tell(self, event: Event) -> None:
        for listening in self._listening:
            listening.put(event)


def _unanswered(request: _Request, why: str) -> BridgeError:
    if request.ask.sets:
        return OutcomeUnknownError(f"{why}; see whether {request.ask.name} was done")
    return NoAnswerError(f"{why}; look at its plug")


def _shown(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)
