"""A board in Python: what the C library does, over any transport. For tests, and for those who have no board yet."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from firmware_bridge import description
from firmware_bridge.description import Capability, Flag, Range, Type
from firmware_bridge.errors import MessageError, NotConnectedError
from firmware_bridge.link.board import BoardLink
from firmware_bridge.link.events import Dead, Delivered, Up
from firmware_bridge.messages import (
    About,
    Describe,
    Description,
    Done,
    Error,
    ErrorCode,
    Event,
    Get,
    Hello,
    Is,
    Log,
    Message,
    Reboot,
    Set,
    Time,
    Wire,
    decode,
    encode,
    number_of,
)
from firmware_bridge.pump import attend
from firmware_bridge.transport import Transport

SAMPLE: Final = (
    Capability(0, "lamp", Type.NUMBER, Flag.READ | Flag.SET, "light", "%", Range(0, 100), safe=0),
    Capability(1, "relay", Type.SWITCH, Flag.READ | Flag.SET | Flag.DANGEROUS, "switch", safe=False),
    Capability(2, "button", Type.EVENT, Flag(0), "event"),
    Capability(
        3, "temperature", Type.NUMBER, Flag.READ, "sensor", "°C", Range(-400, 1250, 1, -1),
        device_class="temperature",
    ),
    Capability(4, "mode", Type.OPTIONS, Flag.READ | Flag.SET, "select", options=("eco", "comfort", "boost"), safe=0),
    Capability(5, "chime", Type.PRESS, Flag.SET, "button"),
)  # fmt: skip
"""What the board of the examples has, and a little more."""
_REMEMBERED: Final = 4
_ROOM: Final = 32
"""So many messages may wait for the host; events beyond are not kept."""


class SimulatedBoard:
    """One board: its values, what it remembers, and a line to a host. Time is given, as to the link."""

    def __init__(
        self,
        capabilities: Sequence[Capability] = SAMPLE,
        *,
        name: str = "simulated",
        serial: str = "0001",
        boot: int = 1,
        mtu: int = 128,
        window: int = 4,
        dead_ms: int = 3000,
    ) -> None:
        self.name, self.serial, self.boot = name, serial, boot
        self.described = [description.write(each) for each in capabilities]
        """What it says of itself: change it to have it say something else."""
        self.capabilities = tuple(capabilities)
        self.acted: list[tuple[str, Wire]] = []
        """Every set that was done, in order, over all starts."""
        self.seconds: int | None = None
        """The time it was told."""
        self.wake = asyncio.Event()
        self._hosts = 0
        self._rebooting = False
        self._bounds = {"mtu": mtu, "window": window, "dead_ms": dead_ms}
        self._start()

    def reset(self) -> None:
        """Start again, as after a loss of power: nothing is remembered but the number of starts."""
        self.boot += 1
        self._start()
        self.wake.set()

    def happen(self, name: str, value: Wire = None) -> None:
        """Something changes by itself, or is pressed; kept only if a host is there to hear it."""
        capability = next(each for each in self.capabilities if each.name == name)
        if capability.type is not Type.EVENT:
            self.values[capability.index] = value
        self._say(Event(0, capability.index, value))

    def log(self, level: int, text: str) -> None:
        """Say something to whoever looks after the board."""
        self._say(Log(0, level, text))

    def step(self, now: float, data: bytes = b"") -> tuple[bytes, float | None]:
        """Take what came; what to send, and when the next step is due."""
        output, due = b"", None
        for _ in range(2):  # what is answered goes out at once
            step = self.link.step(now, data)
            output, due, data = output + step.output, step.due, b""
            for event in step.events:
                match event:
                    case Delivered(payload):
                        self._hear(payload)
                    case Up(hosts=hosts) if hosts != self._hosts:
                        self._hosts = hosts
                        self._done.clear()
                    case Dead():
                        self._go_safe()
        if self._rebooting and not self.link.unacknowledged:
            self.reset()
        return output, due

    async def run(self, line: Transport) -> None:
        """Be at the end of a line until it is closed."""
        await attend(line, self.step, self.wake)

    def _start(self) -> None:
        self.link = BoardLink(self.boot, **self._bounds)
        self.values: dict[int, Wire] = {each.index: _first(each) for each in self.capabilities}
        self._done: OrderedDict[int, Message] = OrderedDict()
        self._hosts = 0
        self._rebooting = False

    def _go_safe(self) -> None:
        self.values |= {each.index: each.safe for each in self.capabilities if each.safe is not None}

    def _say(self, message: Message) -> None:
        if self.link.unacknowledged < _ROOM:
            try:
                self.link.send(encode(message))
            except NotConnectedError:
                return
            self.wake.set()

    def _hear(self, payload: bytes) -> None:
        try:
            message = decode(payload)
        except MessageError as exc:
            self._answer(Error(number_of(payload), ErrorCode.UNKNOWN_MESSAGE, str(exc)[:20]))
            return
        match message:
            case Hello(id):
                self._answer(About(id, self.name, "1.0.0", self.serial, len(self.described)))
            case Describe(id, index) if index < len(self.described):
                self._answer(Description(id, index, self.described[index]))
            case Describe(id, index) | Get(id, index) | Set(id, index) if index >= len(self.capabilities):
                self._answer(Error(id, ErrorCode.NO_SUCH_CAPABILITY, ""))
            case Get(id, index):
                readable = self.capabilities[index].readable
                is_now = Is(id, index, self.values[index])
                self._answer(is_now if readable else Error(id, ErrorCode.WRITE_ONLY, ""))
            case Set(id):
                self._answer(self._set(message))
            case Time(id, seconds):
                self.seconds = seconds
                self._answer(Done(id))
            case Reboot(id):
                self._rebooting = True
                self._answer(Done(id))
            case Error() | Done():
                pass
            case _:
                self._answer(Error(number_of(payload), ErrorCode.UNKNOWN_MESSAGE, ""))

    def _answer(self, message: Message) -> None:
        try:
            payload = encode(message)
        except MessageError:  # it was told to describe nonsense that cannot even be said
            payload = encode(Error(getattr(message, "id", 0), ErrorCode.FAILED, ""))
        if len(payload) > self.link.mtu:
            payload = encode(Error(getattr(message, "id", 0), ErrorCode.FAILED, "too long"))
        self.link.send(payload)

    def _set(self, asked: Set) -> Message:
        if asked.id in self._done:
            earlier = self._done[asked.id]
            return (
                Is(asked.id, earlier.index, self.values[earlier.index])
                if isinstance(earlier, Is)
                else earlier
            )
        answer = self._do(asked)
        self._done[asked.id] = answer
        if len(self._done) > _REMEMBERED:
            self._done.popitem(last=False)
        return answer

    def _do(self, asked: Set) -> Message:
        capability = self.capabilities[asked.index]
        if not capability.settable:
            return Error(asked.id, ErrorCode.READ_ONLY, "")
        if not capability.accepts(asked.value):
            return Error(asked.id, ErrorCode.NO_SUCH_VALUE, "")
        self.acted.append((capability.name, asked.value))
        self.values[asked.index] = asked.value
        return Is(asked.id, asked.index, self.values[asked.index])


def _first(capability: Capability) -> Wire:
    if capability.safe is not None or capability.type in {Type.PRESS, Type.EVENT}:
        return capability.safe
    if capability.range:
        return min(max(215, capability.range.low), capability.range.high)
    return False if capability.type is Type.SWITCH else 0
