"""Requests and their answers, over links that come and go: what is sent when, and what may be sent again.

docs/firmware-protocol.md, section 3, "A set acts once". No I/O: gives messages to be sent, takes those that came.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from firmware_bridge.description import Capability, Type
from firmware_bridge.errors import (
    BridgeError,
    NoAnswerError,
    NotConnectedError,
    OutcomeUnknownError,
    RefusedError,
)
from firmware_bridge.introduction import Since
from firmware_bridge.messages import Done, Error, Message

_SETS: Final = 4
"""So many sets a board remembers; so many are unanswered at a time."""
_NUMBERS: Final = 0xFFFF
_WAITING_MOST: Final = 256


class Purpose(Enum):
    """What a request is for, which decides whether it may be sent again."""

    LOOK = auto()
    """Asks, and changes nothing."""
    SET = auto()
    REBOOT = auto()


@dataclass(slots=True, eq=False)
class Request:
    """One, from when it is made until it is answered or given up."""

    message: Callable[[int], Message]
    """Makes the message of a number."""
    answer: asyncio.Future[Message]
    purpose: Purpose = Purpose.LOOK
    capability: Capability | None = None
    """Which it is about; it is not sent to a board on which that is something else."""
    number: int = 0
    """0 until it was sent."""
    introduces: bool = False
    """It is sent before the board is known, and means nothing on another link."""

    @property
    def sent(self) -> bool:
        """Whether a board may have heard it."""
        return self.number != 0


class Requests:
    """All requests to one board."""

    def __init__(self) -> None:
        self._last = 0
        self._waiting: deque[Request] = deque()
        self._asked: dict[int, Request] = {}

    def add(self, request: Request) -> None:
        """Have it sent when its turn comes.

        Raises:
            BridgeError: too many are waiting.
        """
        if len(self._waiting) >= _WAITING_MOST:
            raise BridgeError(
                f"{_WAITING_MOST} requests are waiting for this board; wait for some answers first"
            )
        (self._waiting.appendleft if request.introduces else self._waiting.append)(request)

    def forget(self, request: Request) -> None:
        """It is answered or given up: it will not be sent (again)."""
        if self._asked.get(request.number) is request:
            del self._asked[request.number]
        if request in self._waiting:
            self._waiting.remove(request)

    def ready(self, *, introduced: bool) -> Iterator[Message]:
        """What can be sent now, in order; before the board is known only what gets to know it."""
        while self._waiting:
            request = self._waiting[0]
            if not introduced and not request.introduces:
                return
            if request.purpose is Purpose.SET and self._sets() >= _SETS:
                return
            self._waiting.popleft()
            request.number = request.number or self._number()
            self._asked[request.number] = request
            yield request.message(request.number)

    def answered(self, message: Message, number: int) -> bool:
        """Give an answer to whoever waits for it; False if nobody does."""
        request = self._asked.pop(number, None)
        if request is None or request.answer.done():
            return False
        if isinstance(message, Error):
            request.answer.set_exception(RefusedError(message.code, message.text))
        else:
            request.answer.set_result(message)
        return True

    def again(self, since: Since, now_has: Mapping[str, Capability]) -> None:
        """A board is known on a new link: have sent, before all else, what was not answered and may be sent (again)."""
        unanswered = [each for each in (*self._asked.values(), *self._waiting) if not each.introduces]
        self._asked.clear()
        self._waiting.clear()
        for request in unanswered:
            outcome = _outcome(request, since, now_has)
            if outcome is not None:
                _settle(request, outcome)
            else:
                self._waiting.append(request)

    def _sets(self) -> int:
        return sum(each.purpose is Purpose.SET for each in self._asked.values())

    def _number(self) -> int:
        while True:
            self._last = self._last % _NUMBERS + 1
            if self._last not in self._asked and all(each.number != self._last for each in self._waiting):
                return self._last


def _outcome(
    request: Request, since: Since, now_has: Mapping[str, Capability]
) -> Message | BridgeError | None:
    """What is known of a request at once, on a new link; None if it may be sent (again)."""
    wanted = request.capability
    if since is Since.OTHER_BOARD:
        return _lost(request, "another board is on this line now")
    if wanted and now_has.get(wanted.name) != wanted:
        return _lost(request, f"the board's {wanted.name} is another one now")
    if request.sent and request.purpose is not Purpose.LOOK and since is not Since.NOTHING:
        return _forgotten(request, since)
    return None


def _forgotten(request: Request, since: Since) -> Message | BridgeError | None:
    """The same of one that a board may have done, and does not remember."""
    if since is Since.OTHER_HOST:
        return OutcomeUnknownError(
            "another program had the board before it answered; see whether it was done"
        )
    if request.purpose is Purpose.REBOOT:
        return Done(request.number)
    if request.capability and request.capability.type is Type.PRESS:
        return OutcomeUnknownError("the board started again before it answered; see whether it happened")
    return None


def _lost(request: Request, why: str) -> BridgeError:
    if not request.sent:
        return NotConnectedError(f"{why}, and nothing was sent; ask again")
    if request.purpose is Purpose.LOOK:
        return NoAnswerError(f"{why}; ask again")
    return OutcomeUnknownError(f"{why}, and no answer came before; see whether it was done")


def _settle(request: Request, outcome: Message | Exception) -> None:
    if request.answer.done():
        return
    if isinstance(outcome, Exception):
        request.answer.set_exception(outcome)
    else:
        request.answer.set_result(outcome)
