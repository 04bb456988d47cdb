"""Boards that speak lines of text, as their owner wrote them down. A state machine; the clock is given.

Answers have no numbers, so one request is on the way at a time, and an answer that is late is waited for before the
next: it is never taken for that one's.
"""

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

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
from firmware_bridge.described.lines import Lines
from firmware_bridge.described.wording import Talk
from firmware_bridge.description import Capability, Type
from firmware_bridge.errors import NoAnswerError
from firmware_bridge.messages import Wire

SETTLE_S: Final = 0.1
"""What comes so soon after opening was begun before."""
READY_S: Final = 2.0
"""How long a board that may have started with the opening of the line is waited for."""
STEP_S: Final = 3.0
"""How long a question of our own waits for its answer."""
LATE_S: Final = 10.0
"""How long a late answer holds the others up; then the connection is begun anew."""
_OTHERS_MOST: Final = 20
"""So many lines that mean nothing are shown in a second."""
_OURS: Final = 0


@dataclass(slots=True)
class _Asked:
    ask: Ask
    waits: bool
    """For an answer; else being sent is all there is."""
    until: float | None = None
    late: bool = False


class TextDialect:
    """One connection's talk with a board of text."""

    def __init__(self, talk: Talk, capabilities: Mapping[str, Capability]) -> None:
        self._talk, self._capabilities = talk, capabilities
        self._lines = Lines(talk.ending)
        self._out = bytearray()
        self._events: list[Event] = []
        self._asked: _Asked | None = None
        self._first: deque[Ask] | None = None
        """What is asked before the board is ready; None until that has begun."""
        self._up = False
        self._began: float | None = None
        self._settled = False
        self._next: dict[str, float] = {}
        self._last: dict[str, Wire] = {}
        self._again: set[str] = set()
        self._others = (0.0, 0)

    @property
    def free(self) -> bool:
        """Whether nothing is on the way."""
        return self._up and self._asked is None

    def step(self, now: float, data: bytes = b"") -> Step:
        """See `Dialect.step`.

        Raises:
            NoAnswerError: the board does not answer.
        """
        if self._began is None:
            self._began = now
        self._settle(now)
        for line in self._lines.feed(data):
            self._hear(now, line)
        self._pass(now)
        events, output = tuple(self._events), bytes(self._out)
        self._events.clear()
        self._out.clear()
        return Step(events, output, self._due(now))

    def ask(self, ask: Ask) -> None:
        """See `Dialect.ask`."""
        wording, capability = self._talk.wordings[ask.name], self._capabilities[ask.name]
        if not ask.sets and wording.get is None:
            if ask.name in self._last:
                self._asked = _Asked(replace(ask, wire=self._last[ask.name]), waits=False)
            else:
                advice = "wait until it does, or write in boards.toml what asks for it (get)"
                self._events.append(Untold(ask.number, advice))
            return
        line = wording.line(capability, ask.wire) if ask.sets else wording.get or ""
        self._out += line.encode() + self._talk.ending
        self._asked = _Asked(ask, waits=not ask.sets or wording.answer is not None)

    def forget(self, number: int) -> None:
        """See `Dialect.forget`."""
        if self._asked is not None and self._asked.ask.number == number:
            self._asked.late, self._asked.until = True, None

    def farewell(self) -> bytes:
        """See `Dialect.farewell`."""
        lines = (
            self._talk.wordings[ask.name].line(self._capabilities[ask.name], ask.wire) for ask in self._safe()
        )
        return b"".join(line.encode() + self._talk.ending for line in lines)

    def _safe(self) -> Iterator[Ask]:
        for name, each in self._capabilities.items():
            if each.safe is not None:
                yield Ask(_OURS, name, each.safe, sets=True)

    def _settle(self, now: float) -> None:
        if self._settled or self._began is None or now < self._began + SETTLE_S:
            return
        self._settled = True
        if self._first is None:
            self._lines.drop_begun()
        if self._talk.ready is None:
            self._begin()

    def _begin(self) -> None:
        """Have the board be as it should be, and see how it is."""
        looks = (Ask(_OURS, name) for name, each in self._talk.wordings.items() if each.get is not None)
        self._settled, self._asked = True, None
        self._last.clear()
        self._again.clear()
        self._first = deque((*self._safe(), *looks))

    def _hear(self, now: float, line: str) -> None:
        ready = self._talk.ready
        if self._settled and line != ready:
            answered = self._answer(line)
            if self._told(line) or answered:
                return
        if ready is not None and line.endswith(ready):  # a start may cut short what was being said
            if self._up:
                self._up = False
                self._events.append(Gone("the board has started again"))
            self._begin()
        elif self._settled and line:
            self._other(now, line)

    def _told(self, line: str) -> bool:
        found = False
        for name, wording in self._talk.wordings.items():
            capability = self._capabilities[name]
            value = wording.value(capability, wording.tells, line)
            if value:
                found = True
                if capability.type is Type.EVENT:
                    self._events.append(Struck(name, value[0]))
                else:
                    self._tell(name, value[0])
        return found

    def _answer(self, line: str) -> bool:
        """Whether the line answers what is on the way."""
        asked = self._asked
        if asked is None or not asked.waits:
            return False
        wording, capability = self._talk.wordings[asked.ask.name], self._capabilities[asked.ask.name]
        value = wording.value(capability, wording.answer if asked.ask.sets else wording.tells, line)
        denied = wording.error.match(line) if wording.error else None
        if value is None and denied is None:
            return False
        self._asked = None
        if asked.late:
            return True
        if value is None:
            self._deny(asked.ask, denied or line)
            return True
        varies = not asked.ask.sets or (wording.answer is not None and wording.answer.varies)
        self._done(asked.ask, value[0] if varies else asked.ask.wire)
        return True

    def _done(self, ask: Ask, wire: Wire) -> None:
        if ask.number != _OURS:
            self._last[ask.name] = wire
            self._events.append(Answered(ask.number, wire))
        elif ask.sets and self._capabilities[ask.name].readable:
            self._tell(ask.name, wire)

    def _tell(self, name: str, wire: Wire) -> None:
        self._last[name] = wire
        self._events.append(Told(name, wire))

    def _deny(self, ask: Ask, text: str) -> None:
        if ask.number != _OURS:
            self._events.append(Denied(ask.number, text))
        elif self._first is not None and not self._up and ask.name not in self._again:
            self._again.add(ask.name)  # what was half sent on an older connection may have spoilt it
            self._first.appendleft(ask)
        else:
            self._events.append(Said(2, f"{ask.name}: the board refuses what it was told first ({text})"))

    def _other(self, now: float, line: str) -> None:
        """Shown to who sets the board up; a flood of it is not."""
        second, count = self._others
        self._others = (second, count + 1) if now < second + 1 else (now, 1)
        if self._others[1] <= _OTHERS_MOST:
            self._events.append(Said(0, line))

    def _pass(self, now: float) -> None:
        """What the time brings."""
        if self._first is None and self._settled and self._began is not None and now >= self._began + READY_S:
            self._begin()  # a board that did not start with the line does not say so
        asked = self._asked
        if asked is not None and not asked.waits and not self._out:
            self._asked = None  # it has been written
            self._done(asked.ask, asked.ask.wire)
        elif asked is not None and asked.until is None:
            self._limit(asked, now)
        elif asked is not None and asked.until is not None and now >= asked.until:
            self._overdue(asked)
        if self._asked is None:
            self._go_on(now)

    def _limit(self, asked: _Asked, now: float) -> None:
        if asked.late:
            asked.until = now + LATE_S
        elif asked.ask.number == _OURS and asked.waits:
            asked.until = now + STEP_S

    def _overdue(self, asked: _Asked) -> None:
        if asked.ask.number == _OURS and self._up and not asked.late:
            asked.late, asked.until = True, None
            return
        what = f"{'set' if asked.ask.sets else 'get'} of {asked.ask.name}"
        raise NoAnswerError(
            f"nothing the board says answers the {what}; look at its plug and its description, and stop any other "
            "program that may have the line, such as the appliance itself"
        )

    def _go_on(self, now: float) -> None:
        if self._first:
            self.ask(self._first.popleft())
        elif self._first is not None and not self._up:
            self._up = True
            self._events.append(Ready())
            self._next = {
                name: now + each.every_s for name, each in self._talk.wordings.items() if each.every_s
            }
        elif due := [name for name, at in self._next.items() if now >= at]:
            self._next[due[0]] = now + (self._talk.wordings[due[0]].every_s or 0)
            self.ask(Ask(_OURS, due[0]))
        if self._asked is not None:
            self._limit(self._asked, now)

    def _due(self, now: float) -> float | None:
        if self._asked is not None and not self._asked.waits:
            return now
        times = [self._asked.until if self._asked else min(self._next.values(), default=None)]
        if self._asked is not None and self._asked.late and self._asked.until is None:
            return now
        if not self._up and self._began is not None:
            times.append(
                self._began + (READY_S if self._settled else SETTLE_S) if self._first is None else None
            )
        return min((each for each in times if each is not None), default=None)
