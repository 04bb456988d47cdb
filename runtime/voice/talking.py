"""A model's own words to what is no command, a clause at a time. It is shown nothing of the house, and moves nothing.

Remembers a few turns of each conversation, in memory alone.
"""

import time
from collections import OrderedDict
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import Final

from runtime.completion import Completer, CompletionRequest, Delta, Finished, Message
from runtime.voice.clauses import Clauses

_MOST_TOKENS: Final = 96
_TURNS: Final = 3
_SESSIONS: Final = 100
_REMEMBERED_S: Final = 300.0
_TOLD: Final = {
    "en": "You are the voice of a house, and what you write is read aloud. Answer in one or two short sentences, "
    "without lists or markup. You cannot switch or change anything yourself, so never say that you did.",
    "zh": "你是這個家的語音助理，你寫的話會被唸出來。請用繁體中文以一兩句話簡短回答，不要用清單或標記。"
    "你自己不能開關或改變任何東西，也絕不要說你做了。",
}
_Turn = tuple[Message, Message]


class ModelTalk:
    """Implements `runtime.voice.answering.Talk`."""

    def __init__(self, completer: Completer, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._completer = completer
        self._clock = clock
        self._kept: OrderedDict[str, tuple[float, tuple[_Turn, ...]]] = OrderedDict()

    async def answer(self, text: str, *, language: str, session: str) -> AsyncGenerator[str, None]:
        """A clause as soon as it is whole; the last is left out where the model did not come to its end.

        Raises (at any iteration):
            BusyError, EngineError, CallerError: as the completer.
        """
        asked = Message("user", text)
        written, spoken, whole = Clauses(), list[str](), True
        async with aclosing(self._completer.complete(self._request(asked, language, session))) as events:
            async for event in events:
                if isinstance(event, Delta):
                    for clause in written.feed(event.text):
                        spoken.append(clause)
                        yield clause
                elif isinstance(event, Finished):
                    whole = event.reason == "stop"
        rest = list(written.flush())
        for clause in rest if whole or not spoken else rest[:-1]:
            spoken.append(clause)
            yield clause
        if spoken:
            self._remember(session, (asked, Message("assistant", " ".join(spoken))))

    def _request(self, asked: Message, language: str, session: str) -> CompletionRequest:
        turns = (message for turn in self._recalled(session) for message in turn)
        told = _TOLD.get(language.partition("-")[0], _TOLD["en"])
        return CompletionRequest(
            messages=(Message("system", told), *turns, asked),
            max_tokens=_MOST_TOKENS,
            or_fewer=True,
            client="voice",
            thinking=False if self._completer.thinks == "as asked" else None,
        )

    def _recalled(self, session: str) -> tuple[_Turn, ...]:
        since, turns = self._kept.get(session, (0.0, ()))
        return turns if self._clock() - since <= _REMEMBERED_S else ()

    def _remember(self, session: str, turn: _Turn) -> None:
        self._kept[session] = (self._clock(), (*self._recalled(session), turn)[-_TURNS:])
        self._kept.move_to_end(session)
        if len(self._kept) > _SESSIONS:
            self._kept.popitem(last=False)
