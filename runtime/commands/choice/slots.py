"""The value of a range or of options, read out of the sentence by the model: held to what fits, and was said.

The model is shown words as quoted data and can only pick; what it picks has to be grounded in the sentence, or a person
is asked. The static part of the prompt comes first, then the device, then the sentence, so that most of it is in the
prefix cache. Knows a completer; does not know which device was meant, or whether anything is done.
"""

import json
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from runtime.commands.shortlist.likeness import Kept
from runtime.commands.shortlist.words import alike, characters, plain, words
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
    "You read settings out of what people say to their house. You are given what a device takes and what was said, "
    "as JSON. Answer with the one value that was asked for, as JSON.\n"
    'Takes: ["10", "25"]. Said: "in the room with 10 windows set the lamp to 25". { "value" : "25" }\n'
    'Takes: ["low", "high"]. Said: "let the fan blow with all its might". { "value" : "high" }'
)
_MOST_TOKENS: Final = 24
_SECONDS: Final = 3.0
_MOST_VALUES: Final = 40
_SAID: Final = 0.8
"""How alike by letters a word of the sentence has to be to an option."""
_MEANT: Final = 0.5
"""How alike in meaning (cosine)."""
_LEAD: Final = 0.08
"""And by how much more than any other option."""


class Slots:
    """Reads values."""

    def __init__(self, completer: Completer, kept: Kept | None) -> None:
        """With `kept`, an option may also be meant in other words: `turquoise` for teal."""
        self._completer = completer
        self._kept = kept

    async def number(self, text: str, device: str, candidates: Sequence[float]) -> float | None:
        """Which of the numbers that were said is meant; None where the model has none or cannot be had."""
        written = {f"{number:g}": number for number in candidates}
        picked = await self._pick(text, device, tuple(written))
        return None if picked is None else written.get(picked)

    async def option(self, text: str, grounds: str, device: str, values: Sequence[str]) -> str | None:
        """Which of the options is meant, if it was said in that word or one that is near in meaning; else None.

        Args:
            text: the sentence.
            grounds: the same without names of devices, which say nothing of values.
            device: its name.
            values: the options.
        """
        if len(values) > _MOST_VALUES or not any(self.grounded(grounds, value, values) for value in values):
            return None
        picked = await self._pick(text, device, values)
        return picked if picked is not None and self.grounded(grounds, picked, values) else None

    def grounded(self, text: str, value: str, values: Sequence[str]) -> bool:
        """Whether an option was said, or something nearer to it than to the others."""
        spoken = plain(value.replace("_", " "))
        if f" {spoken} " in f" {plain(text)} " or any(alike(word, spoken) >= _SAID for word in words(text)):
            return True
        if self._kept is None or characters(text):
            return False
        heard = list(dict.fromkeys(words(text)))
        if not heard:
            return False
        likeness = (
            self._kept.vectors([each.replace("_", " ") for each in values]) @ self._kept.vectors(heard).T
        )
        nearest = likeness.max(axis=1)
        own = float(nearest[list(values).index(value)])
        others = [float(like) for each, like in zip(values, nearest, strict=True) if each != value]
        return own >= _MEANT and own >= max(others, default=0.0) + _LEAD

    async def _pick(self, text: str, device: str, values: Sequence[str]) -> str | None:
        takes = json.dumps(list(values), ensure_ascii=False)
        asked = f"Device: {json.dumps(device, ensure_ascii=False)}. Takes: {takes}."
        asked = f"{asked} Said: {json.dumps(text, ensure_ascii=False)}."
        request = CompletionRequest(
            messages=(Message("system", _TOLD), Message("user", asked)) if self._completer.chats else (),
            prompt=None if self._completer.chats else f"{_TOLD}\n{asked}",
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


def _one_of(values: Sequence[str]) -> Lark:
    """JSON with spaces, as the model is surest to write it."""
    each = " | ".join(
        json.dumps(f' {{ "value" : {json.dumps(value, ensure_ascii=False)} }}', ensure_ascii=False)
        for value in values
    )
    return Lark(f"start: {each}")


def _value(said: str, values: Sequence[str]) -> str | None:
    """What was picked; None where time or tokens ended in the middle."""
    try:
        found = json.loads(said)
    except ValueError:
        return None
    value = found.get("value") if isinstance(found, dict) else None
    return value if value in values else None
