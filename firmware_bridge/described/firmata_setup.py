"""Getting a Firmata board to be as it should be: who it is, what its pins can do, its outputs safe. A state machine."""

from collections.abc import Mapping
from enum import Enum, auto
from typing import Final

from firmware_bridge.described import firmata_messages as firmata
from firmware_bridge.described.firmata_messages import Command, Message, Sysex
from firmware_bridge.described.pins import Wired
from firmware_bridge.described.survey import Survey
from firmware_bridge.described.wiring import Wiring
from firmware_bridge.description import Capability, Type
from firmware_bridge.errors import NoAnswerError

AGAIN_S: Final = 1.0
"""A board that starts hears nothing for a while, so it is asked again."""
IDENTIFY_S: Final = 8.0
STAGE_S: Final = 3.0
"""How long each of the other stages may take."""


class _Stage(Enum):
    IDENTIFY = auto()
    SURVEY = auto()
    LOOK = auto()
    """How its outputs are."""
    SET_UP = auto()
    """Whether they are as they were told to be."""
    DONE = auto()


class SetUp:
    """From the first question to a board that can be told what to do."""

    def __init__(self, wired: Wired, capabilities: Mapping[str, Capability], now: float) -> None:
        self.wiring = Wiring(wired, capabilities, Survey())
        self.firmware = ""
        """What it says it runs."""
        self.queries = 0
        """How many questions who it is are unanswered: a report that none asked for is of a board that has started."""
        self.raw: dict[str, int] = {}
        """What each output is in the end."""
        self._stage, self._until, self._again_at = _Stage.IDENTIFY, now + IDENTIFY_S, now
        self._looked: list[str] = []
        self._modes: dict[str, int] = {}
        self._wanted: dict[str, int] = {}

    @property
    def done(self) -> bool:
        """Whether it can be told what to do."""
        return self._stage is _Stage.DONE

    @property
    def due(self) -> float:
        """When `wait` has something to do."""
        return min(self._until, self._again_at) if self._stage is _Stage.IDENTIFY else self._until

    def wait(self, now: float) -> bytes:
        """What the time brings: a question.

        Raises:
            NoAnswerError: it took too long.
        """
        if now >= self._until:
            raise NoAnswerError(
                "no Firmata answers on this line; is it on the board, and at this baud rate (57600 most often)? "
                "Another program, such as the appliance itself, may have the line: stop that first"
            )
        if self._stage is not _Stage.IDENTIFY or now < self._again_at:
            return b""
        self._again_at = now + AGAIN_S
        self.queries += 1
        return firmata.sysex(Sysex.FIRMWARE)

    def hear(self, now: float, message: Message) -> bytes:
        """What to say to a message."""
        if message.command is not Command.SYSEX:
            return b""
        what, data = message.data[0], message.data[1:]
        match self._stage, what:
            case _Stage.IDENTIFY, Sysex.FIRMWARE:
                return self._identified(now, data)
            case _, Sysex.FIRMWARE:
                self.queries = max(0, self.queries - 1)
            case _Stage.SURVEY, Sysex.CAPABILITY | Sysex.MAPPING:
                self.wiring.survey.hear(what, data)
                if self.wiring.survey.whole:
                    self.wiring.compare()
                    return self._look(now, _Stage.LOOK)
            case _Stage.LOOK | _Stage.SET_UP, Sysex.STATE if len(data) > 2:  # noqa: PLR2004  pin, mode, value
                return self._state(now, data[0], data[1], firmata.number(data[2:]))
        return b""

    def _enter(self, now: float, stage: _Stage) -> None:
        self._stage, self._until = stage, now + STAGE_S

    def _identified(self, now: float, data: bytes) -> bytes:
        self.queries = max(0, self.queries - 1)
        if len(data) >= 2:  # noqa: PLR2004  its version
            self.firmware = f"{firmata.text(data[2:])} {data[0]}.{data[1]}".strip()
        self._enter(now, _Stage.SURVEY)
        return firmata.sysex(Sysex.CAPABILITY_QUERY) + firmata.sysex(Sysex.MAPPING_QUERY)

    def _look(self, now: float, stage: _Stage) -> bytes:
        """Ask how all outputs are."""
        self._enter(now, stage)
        self._looked, self._modes = list(self.wiring.outputs), {}
        if not self._looked:
            return self._all_seen(now)
        return b"".join(map(self.wiring.query, self._looked))

    def _state(self, now: float, number: int, mode: int, raw: int) -> bytes:
        name = next((each for each in self._looked if self.wiring.pins[each].number == number), None)
        if name is None:
            return b""
        self._looked.remove(name)
        self._modes[name] = mode
        if self._stage is _Stage.SET_UP:
            self._check(name, mode, raw)
        return b"" if self._looked else self._all_seen(now)

    def _check(self, name: str, mode: int, raw: int) -> None:
        if mode != self.wiring.pins[name].mode or raw != self._wanted.get(name, raw):
            self.wiring.give_up(name, self.wiring.stays(name, mode, raw))
        else:
            self.raw[name] = raw

    def _all_seen(self, now: float) -> bytes:
        if self._stage is _Stage.LOOK:
            return self._tell() + self._look(now, _Stage.SET_UP)
        self._stage = _Stage.DONE
        return self.wiring.listen()

    def _tell(self) -> bytes:
        """Safe values first. An output stays as it is if it is one already; one that becomes one is off."""
        found = bytearray()
        for name in self.wiring.outputs:
            pin, capability = self.wiring.pins[name], self.wiring.capabilities[name]
            new = self._modes.get(name) != pin.mode
            if new:
                found += bytes((Command.PIN_MODE, pin.number, pin.mode))
            if new or capability.safe is not None or capability.type is Type.PRESS:
                self._wanted[name] = self.wiring.raw(name, self.wiring.off(name))
                found += self.wiring.write(name, self._wanted[name])
        return bytes(found)
