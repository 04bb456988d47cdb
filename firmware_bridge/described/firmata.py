"""Boards that speak Firmata, wired as their owner wrote down. A state machine; the clock is given.

Firmata acknowledges nothing. A pin can be asked for what was last written to it, so each set is followed by that
question, and is done when the board says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
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
)
from firmware_bridge.described.firmata_messages import Command, Message, Messages, Sysex
from firmware_bridge.described.inputs import Level, settled
from firmware_bridge.described.pins import OUTPUTS, Mode, Pin, Wired
from firmware_bridge.described.survey import Survey
from firmware_bridge.description import Capability, Type
from firmware_bridge.errors import NoAnswerError
from firmware_bridge.messages import Wire

AGAIN_S: Final = 1.0
"""A board that starts hears nothing for a while, so it is asked again."""
IDENTIFY_S: Final = 8.0
STAGE_S: Final = 3.0
"""How long it may take over one stage of being set up."""
QUIET_S: Final = 5.0
"""After so long without a word it is asked whether it is there; after twice that it is not."""
LATE_S: Final = 10.0
"""How long a late answer holds the others up; then the connection is begun anew."""


class Stage(Enum):
    """How far a connection has come."""

    IDENTIFY = auto()
    SURVEY = auto()
    LOOK = auto()
    """How its outputs are."""
    SET_UP = auto()
    """Whether its outputs are as they were told to be."""
    UP = auto()


@dataclass(slots=True)
class _Asked:
    ask: Ask
    name: str
    raw: int | None
    """What was sent, if anything was."""
    late: bool = False
    until: float | None = None
    pulse_until: float | None = None


class FirmataDialect:
    """One connection's talk with a Firmata board."""

    def __init__(self, wired: Wired, capabilities: Mapping[str, Capability]) -> None:
        self._wired, self._capabilities = wired, capabilities
        self._messages = Messages(firmata.FROM_BOARD)
        self._out = bytearray()
        self._events: list[Event] = []
        self._queries = 0
        """How many questions who it is are unanswered: a report that none asked for is of a board that has started."""
        self._heard_at = 0.0
        self._now = 0.0
        self._begun = False
        self._asked: _Asked | None = None
        self._start(0.0)

    @property
    def free(self) -> bool:
        """Whether nothing is on the way."""
        return self._stage is Stage.UP and self._asked is None

    def step(self, now: float, data: bytes = b"") -> Step:
        """See `Dialect.step`.

        Raises:
            NoAnswerError: the board does not answer.
        """
        self._now = now
        if not self._begun:
            self._begun, self._heard_at = True, now
            self._start(now)
        for message in self._messages.feed(data):
            self._heard_at = now
            self._hear(message)
        self._pass()
        events, output = tuple(self._events), bytes(self._out)
        self._events.clear()
        self._out.clear()
        return Step(events, output, self._due())

    def ask(self, ask: Ask) -> None:
        """See `Dialect.ask`."""
        pin = self._wired.pins[ask.name]
        if ask.sets:
            raw = self._raw(ask.name, True if ask.wire is None else ask.wire)
            self._asked = _Asked(ask, ask.name, raw)
            self._write(pin, raw)
            self._query(pin)
        elif pin.mode in OUTPUTS:
            self._asked = _Asked(ask, ask.name, None)
            self._query(pin)
        elif ask.name in self._last:
            self._events.append(Answered(ask.number, self._last[ask.name]))
        else:
            self._events.append(Denied(ask.number, "it has not told that yet"))

    def forget(self, number: int) -> None:
        """See `Dialect.forget`."""
        if self._asked is not None and self._asked.ask.number == number:
            self._asked.late = True

    def farewell(self) -> bytes:
        """See `Dialect.farewell`."""
        self._out.clear()
        for name, pin in self._used.items():
            safe = self._capabilities[name].safe
            if safe is not None:
                self._write(pin, self._raw(name, safe))
        return bytes(self._out)

    def _start(self, now: float) -> None:
        """As nothing is known of the board."""
        self._survey = Survey()
        self._asked = None
        self._used: dict[str, Pin] = {}
        self._firmware = ""
        self._levels: dict[str, Level] = {}
        self._last: dict[str, Wire] = {}
        self._wanted: dict[str, int] = {}
        """By name of an output, the raw value it was last told to have."""
        self._looked: list[str] = []
        """Outputs that were asked about and have not answered."""
        self._stage, self._until, self._again_at = Stage.IDENTIFY, now + IDENTIFY_S, now

    def _enter(self, stage: Stage) -> None:
        self._stage, self._until = stage, self._now + STAGE_S

    def _hear(self, message: Message) -> None:
        match message.command, message.data:
            case Command.VERSION, _:
                self._started()
            case Command.DIGITAL, data:
                self._port(message.channel, firmata.number(data))
            case Command.ANALOG, data:
                self._analog(message.channel, firmata.number(data))
            case Command.SYSEX, data:
                self._sysex(data[0], data[1:])

    def _sysex(self, what: int, data: bytes) -> None:
        match what:
            case Sysex.FIRMWARE:
                self._identified(data)
            case Sysex.CAPABILITY | Sysex.MAPPING if self._stage is Stage.SURVEY:
                self._survey.hear(what, data)
                if self._survey.whole:
                    self._look()
            case Sysex.STATE if len(data) > 2:  # noqa: PLR2004  pin, mode, value
                self._state(data[0], data[1], firmata.number(data[2:]))
            case Sysex.STRING:
                self._events.append(Said(1, firmata.text(data)))

    def _started(self) -> None:
        """It says so when it starts, and is never asked."""
        if self._stage is Stage.UP:
            self._events.append(Gone("the board has started again"))
        if self._stage is not Stage.IDENTIFY:
            self._queries = 0
            self._start(self._now)

    def _identified(self, data: bytes) -> None:
        if self._stage is not Stage.IDENTIFY:
            if self._queries == 0:
                self._started()
            self._queries = max(0, self._queries - 1)
            return
        self._queries = max(0, self._queries - 1)
        if len(data) >= 2:  # noqa: PLR2004  its version
            self._firmware = f"{firmata.text(data[2:])} {data[0]}.{data[1]}".strip()
        self._out += firmata.sysex(Sysex.CAPABILITY_QUERY) + firmata.sysex(Sysex.MAPPING_QUERY)
        self._enter(Stage.SURVEY)

    def _look(self) -> None:
        """Which capabilities the board's pins can be, and how the outputs among them are."""
        pins = self._wired.pins
        self._unusable = tuple(
            (name, why) for name, pin in pins.items() if (why := self._survey.cannot(name, pin))
        )
        without = dict(self._unusable)
        self._used = {name: pin for name, pin in pins.items() if name not in without}
        self._enter(Stage.LOOK)
        self._query_outputs()
        if not self._looked:
            self._set_up({})

    def _query_outputs(self) -> None:
        self._looked = [name for name, pin in self._used.items() if pin.mode in OUTPUTS]
        for name in self._looked:
            self._query(self._used[name])
        self._modes: dict[str, int] = {}

    def _set_up(self, modes: Mapping[str, int]) -> None:
        """Safe values first. An output stays as it is if it is one already; one that becomes one is off."""
        for name, pin in self._used.items():
            if pin.mode not in OUTPUTS:
                continue
            capability = self._capabilities[name]
            new = modes.get(name) != pin.mode
            if new:
                self._out += bytes((Command.PIN_MODE, pin.number, pin.mode))
            if new or capability.safe is not None or capability.type is Type.PRESS:
                off = capability.range.low if capability.range else False
                self._write(pin, self._raw(name, off if capability.safe is None else capability.safe))
                self._wanted[name] = self._raw(name, off if capability.safe is None else capability.safe)
        self._enter(Stage.SET_UP)
        self._query_outputs()
        if not self._looked:
            self._be_up()

    def _be_up(self) -> None:
        self._out += firmata.sysex(Sysex.SAMPLING, firmata.two_bytes(self._wired.sampling_ms))
        ports = set()
        for name, pin in self._used.items():
            if pin.mode is Mode.ANALOG:
                number = self._survey.pin_of(pin.number)
                self._out += bytes(
                    (Command.PIN_MODE, number, Mode.ANALOG, Command.REPORT_ANALOG + pin.number, 1)
                )
            elif pin.mode not in OUTPUTS:
                self._levels[name] = Level(pin.debounce_s)
                self._out += bytes((Command.PIN_MODE, pin.number, pin.mode))
                ports.add(pin.number // 8)
        self._out += b"".join(bytes((Command.REPORT_DIGITAL + port, 1)) for port in sorted(ports))
        self._stage = Stage.UP
        self._events.append(Ready(self._firmware, self._unusable))

    def _state(self, number: int, mode: int, raw: int) -> None:
        """What a pin is and was told last."""
        name = next((each for each in self._looked if self._used[each].number == number), None)
        if name is not None and self._stage in {Stage.LOOK, Stage.SET_UP}:
            self._looked.remove(name)
            self._modes[name] = mode
            self._seen(name, mode, raw)
        elif self._asked is not None and self._wired.pins[self._asked.name].number == number:
            self._answer(self._asked, mode, raw)

    def _seen(self, name: str, mode: int, raw: int) -> None:
        """While it is set up: how an output is."""
        if self._stage is Stage.LOOK:
            if not self._looked:
                self._set_up(self._modes)
            return
        wanted = self._wanted.get(name, raw)
        if mode != self._used[name].mode or raw != wanted:
            self._unusable = (*self._unusable, (name, self._stays(name, mode, raw)))
        elif self._capabilities[name].readable:
            self._tell(name, self._wire(name, raw))
        if not self._looked:
            for each, _ in self._unusable:
                self._used.pop(each, None)
            self._be_up()

    def _stays(self, name: str, mode: int, raw: int) -> str:
        pin = self._wired.pins[name]
        return f"{name}: {pin.label} stays at {raw} in mode {mode} whatever it is told; put Firmata 2.5 or later on it"

    def _answer(self, asked: _Asked, mode: int, raw: int) -> None:
        pin = self._wired.pins[asked.name]
        if mode != pin.mode:
            self._events.append(Gone(f"{pin.label} is no longer what it was set up to be"))
            self._start(self._now)
            return
        if asked.raw is not None and raw != asked.raw:
            self._settle(Denied(asked.ask.number, self._stays(asked.name, mode, raw)))
        elif asked.raw is None:
            self._settle(Answered(asked.ask.number, self._learn(asked.name, self._wire(asked.name, raw))))
        elif asked.ask.wire is not None:
            self._wanted[asked.name] = raw
            self._settle(Answered(asked.ask.number, self._learn(asked.name, asked.ask.wire)))
        elif asked.pulse_until is None and not self._is_released(asked):
            asked.pulse_until = self._now + pin.pulse_s
        else:
            self._settle(Answered(asked.ask.number, None))

    def _is_released(self, asked: _Asked) -> bool:
        return asked.raw == self._raw(asked.name, wire=False)

    def _settle(self, outcome: Answered | Denied) -> None:
        if self._asked is not None and not self._asked.late:
            self._events.append(outcome)
        self._asked = None

    def _learn(self, name: str, wire: Wire) -> Wire:
        self._last[name] = wire
        return wire

    def _tell(self, name: str, wire: Wire) -> None:
        self._events.append(Told(name, self._learn(name, wire)))

    def _port(self, port: int, mask: int) -> None:
        for name, level in self._levels.items():
            pin = self._used[name]
            if pin.number // 8 == port:
                level.see(self._now, level=pin.level(mask >> pin.number % 8 & 1))

    def _analog(self, channel: int, raw: int) -> None:
        for name, pin in self._used.items():
            bounds = self._capabilities[name].range
            if (
                pin.mode is not Mode.ANALOG
                or pin.number != channel
                or self._stage is not Stage.UP
                or bounds is None
            ):
                continue
            before = self._last.get(name)
            exact = pin.exact(self._capabilities[name], raw, self._full(pin))
            wire = settled(exact, before, bounds)
            if wire != before and self._capabilities[name].accepts(wire):
                self._tell(name, wire)

    def _lasted(self) -> None:
        """Levels that have lasted are told."""
        for name, level in self._levels.items():
            first = level.value is None
            if not level.lasted(self._now):
                continue
            if self._capabilities[name].type is not Type.EVENT:
                self._tell(name, level.value)
            elif level.value and not first:
                self._events.append(Struck(name, None))

    def _pass(self) -> None:
        """What the time brings."""
        self._lasted()
        if self._stage is Stage.IDENTIFY and self._now >= self._again_at:
            self._ask_who()
            self._again_at = self._now + AGAIN_S
        if self._stage is not Stage.UP:
            if self._now >= self._until:
                raise NoAnswerError(
                    "no Firmata answers on this line; is it on the board, and at this baud rate (57600 most often)?"
                )
            return
        self._pulse()
        if self._asked is not None and self._asked.late:
            self._asked.until = self._asked.until or self._now + LATE_S
        if self._now >= self._heard_at + 2 * QUIET_S or (
            self._asked and self._asked.until and self._now >= self._asked.until
        ):
            raise NoAnswerError("the board says nothing any more; look at its plug")
        if self._now >= self._heard_at + QUIET_S and self._now >= self._again_at:
            self._ask_who()
            self._again_at = self._now + QUIET_S

    def _pulse(self) -> None:
        """The end of a press."""
        asked = self._asked
        if asked is not None and asked.pulse_until is not None and self._now >= asked.pulse_until:
            pin = self._wired.pins[asked.name]
            asked.pulse_until, asked.raw = None, self._raw(asked.name, wire=False)
            self._write(pin, asked.raw)
            self._query(pin)

    def _due(self) -> float | None:
        levels = (each.due for each in self._levels.values())
        if self._stage is not Stage.UP:
            again = self._again_at if self._stage is Stage.IDENTIFY else None
            times = (self._until, again, *levels)
        else:
            quiet = max(self._again_at, self._heard_at + QUIET_S)
            asked = (self._asked.until, self._asked.pulse_until) if self._asked else ()
            times = (quiet, self._heard_at + 2 * QUIET_S, *asked, *levels)
            if self._asked and self._asked.late and self._asked.until is None:
                return self._now
        return min(each for each in times if each is not None)

    def _ask_who(self) -> None:
        self._queries += 1
        self._out += firmata.sysex(Sysex.FIRMWARE)

    def _query(self, pin: Pin) -> None:
        self._out += firmata.sysex(Sysex.STATE_QUERY, bytes((pin.number,)))

    def _write(self, pin: Pin, raw: int) -> None:
        if pin.mode is Mode.PWM:
            self._out += firmata.sysex(Sysex.EXTENDED_ANALOG, bytes((pin.number,)) + firmata.groups(raw))
        else:
            self._out += bytes((Command.PIN_VALUE, pin.number, raw))

    def _full(self, pin: Pin) -> int:
        return (1 << self._survey.bits(pin)) - 1

    def _raw(self, name: str, wire: Wire) -> int:
        pin = self._wired.pins[name]
        return pin.raw(self._capabilities[name], wire, self._full(pin))

    def _wire(self, name: str, raw: int) -> Wire:
        """What an output's raw value stands for: what it was told, if that is it."""
        pin, capability, last = self._wired.pins[name], self._capabilities[name], self._last.get(name)
        if capability.range is None:
            return pin.level(raw)
        if last is not None and self._raw(name, last) == raw:
            return last
        bounds = capability.range
        return min(
            max(settled(pin.exact(capability, raw, self._full(pin)), None, bounds), bounds.low), bounds.high
        )
