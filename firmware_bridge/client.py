"""A board as the rest of a program sees it: what it can do by name, `set` and `get`, and what it tells.

    async with Board(transport("usb-Arduino_Uno-if00")) as board:
        await board.set("lamp", 30)
        async for event in board.events(): ...

Links that break are begun again in the background; what was asked meanwhile is sent once there is one, each set once.
"""

import asyncio
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from firmware_bridge.connection import Connection
from firmware_bridge.description import Capability, Value
from firmware_bridge.errors import (
    BridgeError,
    NonsenseError,
    NotConnectedError,
    OutcomeUnknownError,
    UnknownCapabilityError,
    ValueRefusedError,
)
from firmware_bridge.events import Changed, Connected, Disconnected, Event, Happened, Listening, Logged
from firmware_bridge.introduction import Introduction, Since
from firmware_bridge.messages import About, Get, Is, Log, Message, Reboot, Set, Time, Wire
from firmware_bridge.messages import Event as Told
from firmware_bridge.requests import Purpose
from firmware_bridge.transport import Transport

ANSWER_S: Final = 5.0
"""How long to wait for an answer, a lost link and all."""


class Board:
    """One board, for as long as it is entered."""

    def __init__(self, line: Transport, *, patient: bool = False, answer_s: float = ANSWER_S) -> None:
        """`patient`: entering does not wait for a board to be there; `answer_s`: how long requests wait."""
        self._patient = patient
        self._connection = Connection(line, self, answer_s)
        self._listening: set[Listening] = set()
        self._looking: asyncio.Task[None] | None = None
        self._values: dict[str, Value] = {}
        self._last: Introduction | None = None
        """The board of the last link: of what is something else now, the value is not known."""

    async def __aenter__(self) -> Self:
        """Connect and get to know the board.

        Raises:
            TransportError: the line cannot be used, or nobody answers.
            VersionError: the board speaks another version of the protocol.
            ProtocolError, NoAnswerError: it does not say who it is.
        """
        self._connection.start()
        try:
            if not self._patient:
                await self._connection.wait()
        except BaseException:
            await self._connection.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._connection.stop()
        if self._looking:
            self._looking.cancel()
            await asyncio.wait([self._looking])
        for listening in self._listening:
            listening.end()

    @property
    def connected(self) -> bool:
        """Whether the board can be told what to do now."""
        return self._connection.up

    @property
    def trouble(self) -> str:
        """Why it is not connected, and what to do, in a sentence; empty while it is."""
        return self._connection.trouble

    @property
    def about(self) -> About | None:
        """Who it is, once that is known."""
        return self._connection.known.about if self._connection.known else None

    @property
    def capabilities(self) -> Mapping[str, Capability]:
        """What it can do, by name."""
        return self._connection.known.capabilities if self._connection.known else {}

    @property
    def values(self) -> Mapping[str, Value]:
        """The last value known of each capability that can be read."""
        return self._values

    @property
    def complaints(self) -> tuple[str, ...]:
        """What it describes and cannot be, in sentences."""
        return self._connection.known.complaints if self._connection.known else ()

    @property
    def undecodable(self) -> int:
        """How many messages of the board meant nothing."""
        return self._connection.undecodable

    async def set(self, name: str, value: Value = None, *, answer_s: float | None = None) -> Value:
        """Have a capability be so, or press it; the value it has then, which is another one if the board says so.

        Raises:
            UnknownCapabilityError: there is none of that name.
            ValueRefusedError: it does not take that value; nothing was sent.
            RefusedError: the board does not do it; nothing has changed.
            NotConnectedError: there was no link in time, or it was to another board; nothing was sent.
            OutcomeUnknownError: it was sent, and may have been done or not.
        """
        capability = self._capability(name)
        if not capability.settable:
            raise ValueRefusedError(f"{name} can only be read")
        wire = capability.wire(value)
        answer = await self._connection.ask(
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
        answer = await self._connection.ask(
            lambda number: Get(number, capability.index), capability, answer_s=answer_s
        )
        return self._learned(capability, answer)

    async def reboot(self, *, answer_s: float | None = None) -> None:
        """Have the board start again.

        Raises:
            RefusedError: it does not.
            NotConnectedError, OutcomeUnknownError: it was not told, or may have been.
        """
        await self._connection.ask(Reboot, None, Purpose.REBOOT, answer_s)

    def events(self) -> Listening:
        """What the board tells from now on."""
        listening = Listening()
        self._listening.add(listening)
        return listening

    def connected_to(self, known: Introduction) -> None:
        """A connection's: the board can be told what to do."""
        before, self._last = self._last, known
        if before and known.since(before) is not Since.OTHER_BOARD:
            same = {
                name for name, each in known.capabilities.items() if before.capabilities.get(name) == each
            }
            self._values = {name: value for name, value in self._values.items() if name in same}
        else:
            self._values = {}
        self._tell(Connected(known.about, known.complaints))
        if self._looking:
            self._looking.cancel()
        self._looking = asyncio.create_task(self._look(), name="bridge.look")

    def disconnected(self, reason: str) -> None:
        """A connection's: it no longer can."""
        self._tell(Disconnected(reason))

    def told(self, message: Told | Log) -> None:
        """A connection's: the board says something unasked.

        Raises:
            NonsenseError: it cannot be.
        """
        if isinstance(message, Log):
            self._tell(Logged(message.level, "".join(c if c.isprintable() else "?" for c in message.text)))
            return
        capability = next((each for each in self.capabilities.values() if each.index == message.index), None)
        if capability is None:
            raise NonsenseError(f"an event of capability {message.index}, which the board does not have")
        if capability.readable:
            self._changed(capability, message.value)
        else:
            self._tell(Happened(capability.name, capability.value(message.value)))

    def _capability(self, name: str) -> Capability:
        if self._connection.known is None:
            raise NotConnectedError("the board has not said yet what it can do; wait until it is connected")
        if name not in self.capabilities:
            raise UnknownCapabilityError(name, tuple(self.capabilities))
        return self.capabilities[name]

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
        if capability.readable and self._values.get(capability.name, self) != value:
            self._values[capability.name] = value
            self._tell(Changed(capability.name, value))
        return value

    async def _look(self) -> None:
        """Tell the time, and look at all there is to see; what a board does not tell is not known."""
        looks = [self.get(name) for name, each in self.capabilities.items() if each.readable]
        time_told = self._connection.ask(lambda number: Time(number, int(time.time())))
        for outcome in await asyncio.gather(time_told, *looks, return_exceptions=True):
            if isinstance(outcome, BaseException) and not isinstance(outcome, BridgeError):
                raise outcome

    def _tell(self, event: Event) -> None:
        for listening in self._listening:
            listening.put(event)
