"""A model's own words to what is no command. It is shown nothing of the house, and nothing it says moves anything."""

from contextlib import aclosing
from typing import Final

from runtime.completion import Completer, CompletionRequest, Delta, Message, Priority

_MOST_TOKENS: Final = 96
_TOLD: Final = {
    "en": "You are the voice of a house. Answer in one or two short sentences. You cannot switch anything yourself.",
    "zh-TW": "你是這個家的語音助理。請用繁體中文以一兩句話簡短回答。你自己不能開關任何裝置。",
}


class ModelAnswers:
    """Implements `runtime.commands.interpret.Answering`."""

    def __init__(self, completer: Completer) -> None:
        self._completer = completer

    async def answer(self, text: str, language: str) -> str:
        """One or two sentences.

        Raises:
            BusyError, EngineError: as the completer.
        """
        told = _TOLD.get(language, _TOLD["en"])
        request = CompletionRequest(
            messages=(Message("system", told), Message("user", text)),
            max_tokens=_MOST_TOKENS,
            priority=Priority.CHAT,
        )
        async with aclosing(self._completer.complete(request)) as events:
            return "".join([event.text async for event in events if isinstance(event, Delta)]).strip()
