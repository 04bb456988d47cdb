"""Which of several values that a sentence has is meant: the 40 of "the lamp with 3 bulbs to 40 percent", by the model.

It can only pick what was said, and what it picks counts only if the sentence leads up to it and to no other ("to 40",
"at 40"): otherwise a person is asked. The static part of the prompt comes first, then the device, then the sentence, so
that most of it is in the prefix cache; names and sentences stand in it as quoted data. Knows a completer; does not know
what is done about it.
"""

import json
import re
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from runtime.commands.shortlist.words import plain
from runtime.completion import (
    Completer,
    CompletionRequest,
    Delta,
    Lark,
    Message,
    Priority,
    SamplingOptions,
)
from runtime.errors import BusyError

_TOLD: Final = (
    "You read settings out of what people say to their house. You are given what was said and the values in it, "
    "as JSON. Answer with the one value that the device is to be set to, as JSON.\n"
    'Values: ["10", "25"]. Said: "in the room with 10 windows set the lamp to 25". { "value" : "25" }\n'
    'Values: ["low", "high"]. Said: "from low up to high". { "value" : "high" }'
)
_MOST_TOKENS: Final = 24
_SECONDS: Final = 3.0
_LEADS: Final = (
    r"(?:\b(?:to|at|on|onto|into|in|be|but|is|it|=)(?: (?:be|about|around|exactly|a|an|the))?\s*"
    r"|[到成為至在是：:]\s*)"
)
"""What stands before a value that is meant."""


class Slots:
    """Picks values."""

    def __init__(self, completer: Completer) -> None:
        self._completer = completer

    async def pick(self, text: str, device: str, values: Sequence[str]) -> str | None:
        """The value that is meant, of those that were said; None where the model or the sentence leaves that open.

        Args:
            text: the sentence in small letters, its numbers in digits.
            device: the device's name.
            values: as they stand in the sentence.
        """
        picked = await self._asked(text, device, values)
        return picked if [value for value in values if leads_to(text, value)] == [picked] else None

    async def _asked(self, text: str, device: str, values: Sequence[str]) -> str | None:
        asked = f"Device: {_quoted(device)}. Values: {_quoted(list(values))}. Said: {_quoted(text)}."
        chats = self._completer.chats
        request = CompletionRequest(
            messages=(Message("system", _TOLD), Message("user", asked)) if chats else (),
            prompt=None if chats else f"{_TOLD}\n{asked}",
            max_tokens=_MOST_TOKENS,
            sampling=SamplingOptions(temperature=0.0, repetition_penalty=1.0),
            priority=Priority.COMMAND,
            deadline_s=_SECONDS,
            constraint=_one_of(values),
        )
        try:
            async with aclosing(self._completer.complete(request)) as events:
                said = "".join([event.text async for event in events if isinstance(event, Delta)])
        except BusyError:
            return None  # a question back is sooner than an answer
        return _value(said, values)


def leads_to(text: str, value: str) -> bool:
    """Whether the sentence leads up to a value, and not past it: "to 40", not "with 3"."""
    spoken = re.escape(plain(value.replace("_", " ")))
    return re.search(rf"{_LEADS}{spoken}(?![a-z0-9.])", plain(text)) is not None


def _quoted(data: object) -> str:
    return json.dumps(data, ensure_ascii=False)


def _one_of(values: Sequence[str]) -> Lark:
    """JSON with spaces, as the model is surest to write it."""
    whole = (f' {{ "value" : {_quoted(value)} }}' for value in values)
    return Lark("start: " + " | ".join(map(_quoted, whole)))


def _value(said: str, values: Sequence[str]) -> str | None:
    """What was picked; None where time or tokens ended in the middle."""
    try:
        found = json.loads(said)
    except ValueError:
        return None
    value = found.get("value") if isinstance(found, dict) else None
    return value if value in values else None
