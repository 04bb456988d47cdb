"""Boards that speak Firmata, wired as their owner wrote down. A state machine; the clock is given.

Firmata acknowledges nothing. A pin can be asked for what was last written to it, so each set is followed by that
question, and is done when the board says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from firmware_bridge.described import firmata_messages as firmata
from firmware_bridge.described.dialect import (
    Answered,
    Ask,
    Denied,
    Event,
    Gone,
    Ready,
    Said,
    Step,
    Struck,
    Told,
    Untold,
)
from firmware_bridge.described.firmata_messages import Command, Message, Messages, Sysex
from firmware_bridge.described.firmata_setup import SetUp
from firmware_bridge.described.inputs import Level, settled
from firmware_bridge.described.pins import OUTPUTS, Mode, Wired
from firmware_bridge.described.wiring import Wiring
from firmware_bridge.description import Capability, Type
from firmware_bridge.errors import NoAnswerError
from firmware_bridge.messages import Wire

QUIET_S: Final = 5.0
"""After so long without a word it is asked whether it is there; after twice that it is not."""
FIRST_S: Final = 3.0
"""How long the first value of an input is waited for: inputs are told by and by."""
LATE_S: Final = 10.0
"""How long a late answer holds the others up; then the connection is begun anew."""


@dataclass(slots=True)
class _Asked:
    ask: Ask
    raw: int | None
    """What was sent, if anything was."""
    late: bool = False
    until: float | None = None
    pulse_until: float | None = None
    released: bool = False


class FirmataDialect:
    """One connection's talk with a Firmata board."""

    def __init__(self, wired: Wired, capabilities: Mapping[str, Capability]) -> None:
        self._wired, self._capabilities = wired, capabilities
        self._messages = Messages(firmata.FROM_BOARD)
        self._out = bytearray()
        self._events: list[Event] = []
        self._now = self._heard_at = self._again_at = 0.0
        self._begun = self._up = False
        self._set_up = SetUp(wired, capabilities, 0.0)
        self._queries = 0
        self._asked: _Asked | None = None
        self._levels: dict[str, Level] = {}
        self._last: dict[str, Wire] = {}
        self._doubted: set[str] = set()
        self._awaited: dict[int, tuple[str, float]] = {}
        """What is asked for and was not told yet, by number, and until when that may come."""

    @property
    def free(self) -> bool:
        """Whether nothing is on the way."""
        return self._up and self._asked is None

    def step(self, now: float, data: bytes = b"") -> Step:
        """See `Dialect.step`.

        Raises:
            NoAnswerError: the board does not answer.
        """
        self._now = now
        if not self._begun:
            self._begun, self._heard_at = True, now
            self._begin()
        for message in self._messages.feed(data):
            self._heard_at = now
            self._hear(message)
        if self._up:
            self._pass()
        else:
            self._out += self._set_up.wait(now)
        events, output = tuple(self._events), bytes(self._out)
        self._events.clear()
        self._out.clear()
        return Step(events, output, self._due())

    def ask(self, ask: Ask) -> None:
        """See `Dialect.ask`."""
        pin, wiring = self._wiring.pins[ask.name], self._wiring
        if ask.sets:
            raw = wiring.raw(ask.name, ask.wire)
            self._asked = _Asked(ask, raw)
            self._out += wiring.write(ask.name, raw) + wiring.query(ask.name)
        elif pin.mode in OUTPUTS:
            self._asked = _Asked(ask, None)
            self._out += wiring.query(ask.name)
        elif ask.name in self._last:
            self._events.append(Answered(ask.number, self._last[ask.name]))
        else:
            self._awaited[ask.number] = (ask.name, self._now + FIRST_S)

    def _advice(self, name: str) -> str:
        pin, takes = self._wiring.pins[name], self._capabilities[name].takes
        if pin.mode is Mode.ANALOG:
            return f"if it stays so, {pin.label} reads nothing from {takes}: look at its wire, at_zero and at_full"
        return f"wait a moment, then look at the wire of {pin.label}"

    def forget(self, number: int) -> None:
        """See `Dialect.forget`."""
        self._awaited.pop(number, None)
        if self._asked is not None and self._asked.ask.number == number:
            self._asked.late = True

    def farewell(self) -> bytes:
        """See `Dialect.farewell`. What is pressed is let go as well."""
        wiring = self._wiring
        held = self._asked.ask.name if self._asked and self._asked.ask.sets else ""
        return b"".join(
            wiring.write(name, wiring.raw(name, wiring.off(name)))
            for name in wiring.outputs
            if self._capabilities[name].safe is not None
            or (name == held and self._capabilities[name].type is Type.PRESS)
        )

    @property
    def _wiring(self) -> Wiring:
        return self._set_up.wiring

    def _begin(self) -> None:
        """As nothing is known of the board."""
        self._up, self._asked = False, None
        self._set_up = SetUp(self._wired, self._capabilities, self._now)
        self._levels.clear()
        self._last.clear()
        self._doubted.clear()
        self._awaited.clear()

    def _gone(self, reason: str) -> None:
        if self._up:
            self._events.append(Gone(reason))
        self._begin()

    def _hear(self, message: Message) -> None:
        if message.command is Command.VERSION:  # said when it starts; nobody asks
            self._gone("the board has started again")
        elif not self._up:
            self._out += self._set_up.hear(self._now, message)
            if self._set_up.done:
                self._be_up()
        elif message.command is Command.DIGITAL:
            self._port(message.channel, firmata.number(message.data))
        elif message.command is Command.ANALOG:
            self._analog(message.channel, firmata.number(message.data))
        else:
            self._sysex(message.data[0], message.data[1:])

    def _sysex(self, what: int, data: bytes) -> None:
        match what:
            case Sysex.FIRMWARE if self._queries:
                self._queries -= 1
            case Sysex.FIRMWARE:
                self._gone("the board has started again")
            case Sysex.STATE if self._asked is not None and len(data) > 2:  # noqa: PLR2004  pin, mode, value
                if self._wiring.pins[self._asked.ask.name].number == data[0]:
                    self._answer(self._asked, data[1], firmata.number(data[2:]))
            case Sysex.STRING:
                self._events.append(Said(1, firmata.text(data)))

    def _be_up(self) -> None:
        set_up = self._set_up
        self._up, self._queries, self._again_at = True, set_up.queries, self._now
        self._levels = {
            name: Level(pin.debounce_s)
            for name, pin in self._wiring.pins.items()
            if pin.mode in {Mode.INPUT, Mode.PULL_UP}
        }
        for name, raw in set_up.raw.items():
            if self._capabilities[name].readable:
                self._tell(name, self._wiring.wire(name, raw, None))
        self._events.append(Ready(set_up.firmware, self._wiring.unusable))

    def _answer(self, asked: _Asked, mode: int, raw: int) -> None:
        """An output says what it is and was told last."""
        name, number, last = asked.ask.name, asked.ask.number, self._last.get(asked.ask.name)
        pin = self._wiring.pins[name]
        if mode != pin.mode:
            self._gone(f"{pin.label} is no longer what it was set up to be")
        elif asked.raw is None:
            self._settle(Answered(number, self._learn(name, self._wiring.wire(name, raw, last))))
        elif raw != asked.raw:
            self._settle(Denied(number, self._wiring.stays(name, mode, raw)))
        elif asked.ask.wire is not None:
            self._settle(Answered(number, self._learn(name, asked.ask.wire)))
        elif asked.released:
            self._settle(Answered(number, None))
        elif asked.pulse_until is None:
            asked.pulse_until = self._now + pin.pulse_s

    def _settle(self, outcome: Answered | Denied) -> None:
        if self._asked is not None and not self._asked.late:
            self._events.append(outcome)
        self._asked = None

    def _learn(self, name: str, wire: Wire) -> Wire:
        self._last[name] = wire
        return wire

    def _tell(self, name: str, wire: Wire) -> None:
        self._events.append(Told(name, self._learn(name, wire)))
        for number, (awaited, _) in list(self._awaited.items()):
            if awaited == name:
                del self._awaited[number]
                self._events.append(Answered(number, wire))

    def _port(self, port: int, mask: int) -> None:
        for name, level in self._levels.items():
            pin = self._wiring.pins[name]
            if pin.number // 8 == port:
                level.see(self._now, level=pin.level(mask >> pin.number % 8 & 1))

    def _analog(self, channel: int, raw: int) -> None:
        for name, pin in self._wiring.pins.items():
            capability = self._capabilities[name]
            if pin.mode is not Mode.ANALOG or pin.number != channel or capability.range is None:
                continue
            before = self._last.get(name)
            wire = settled(pin.exact(capability, raw, self._wiring.full(name)), before, capability.range)
            if not capability.accepts(wire):
                self._doubt(name, raw)
            elif wire != before:
                self._tell(name, wire)

    def _doubt(self, name: str, raw: int) -> None:
        """What is not believed is said once on a connection."""
        if name not in self._doubted:
            self._doubted.add(name)
            pin, takes = self._wiring.pins[name], self._capabilities[name].takes
            why = f"{pin.label} reads {raw}, which is nothing from {takes}"
            self._events.append(Said(2, f"{name}: {why}; look at its wire, at_zero and at_full"))

    def _pass(self) -> None:
        """What the time brings to a board that is up."""
        for number, (name, until) in list(self._awaited.items()):
            if self._now >= until:
                del self._awaited[number]
                self._events.append(Untold(number, self._advice(name)))
        for name, level in self._levels.items():
            self._lasted(name, level)
        asked = self._asked
        if asked is not None:
            self._release(asked)
            if asked.late and asked.until is None:
                asked.until = self._now + LATE_S
        overdue = asked is not None and asked.until is not None and self._now >= asked.until
        if overdue or self._now >= self._heard_at + 2 * QUIET_S:
            raise NoAnswerError(
                "the board says nothing any more; look at its plug, and at what else may have its line"
            )
        if self._now >= max(self._heard_at + QUIET_S, self._again_at):
            self._again_at = self._now + QUIET_S
            self._queries += 1
            self._out += firmata.sysex(Sysex.FIRMWARE)

    def _lasted(self, name: str, level: Level) -> None:
        """A level that has lasted is told."""
        first = level.value is None
        if not level.lasted(self._now):
            return
        if self._capabilities[name].type is not Type.EVENT:
            self._tell(name, level.value)
        elif level.value and not first:
            self._events.append(Struck(name, None))

    def _release(self, asked: _Asked) -> None:
        """The end of a press."""
        if asked.pulse_until is None or self._now < asked.pulse_until:
            return
        name = asked.ask.name
        asked.pulse_until, asked.released = None, True
        asked.raw = self._wiring.raw(name, wire=False)
        self._out += self._wiring.write(name, asked.raw) + self._wiring.query(name)

    def _due(self) -> float:
        if not self._up:
            return self._set_up.due
        times = [self._heard_at + 2 * QUIET_S, max(self._heard_at + QUIET_S, self._again_at)]
        times += [until for _, until in self._awaited.values()]
        times += [each.due for each in self._levels.values() if each.due is not None]
        if self._asked is not None:
            late = self._now if self._asked.late and self._asked.until is None else self._asked.until
            times += [each for each in (late, self._asked.pulse_until) if each is not None]
        return min(times)
