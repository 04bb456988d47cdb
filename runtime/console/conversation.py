"""The turns of a conversation, and how the next one is answered."""

import sys

import click

from runtime.completion import Completer, CompletionRequest, Finished, Message, SamplingOptions
from runtime.console.speaking import speak, tokens_per_second
from runtime.console.terminal import StatusLine, harmless
from runtime.errors import IngleError, PromptTooLongError
from runtime.limits import Limits


class Conversation:
    """What was said. A turn counts once something was answered; a refused question leaves no trace."""

    def __init__(
        self,
        completer: Completer,
        limits: Limits,
        status: StatusLine,
        *,
        max_tokens: int | None = None,
        temperature: float | None = None,
        seed: int | None = None,
        system: str | None = None,
    ) -> None:
        self._completer = completer
        self._limits = limits
        self._status = status
        self._max_tokens = max_tokens
        self._sampling = SamplingOptions(temperature=temperature, seed=seed)
        self._beginning = () if system is None else (Message("system", system),)
        self._turns: tuple[Message, ...] = self._beginning
        self._last: Finished | None = None

    def reset(self) -> None:
        """Forget everything but the system's words."""
        self._turns = self._beginning

    def stats(self) -> str:
        """One line about the last answer, one about all of them."""
        if self._last is None:
            return "nothing was answered yet"
        total = self._completer.engine.stats
        return (
            f"{tokens_per_second(self._last)}\n"
            f"in all: {total.requests} answer{'s' * (total.requests != 1)}, {total.prompt_tokens} tokens read "
            f"({total.cached_tokens} remembered), {total.completion_tokens} written"
        )

    async def ask(self, question: str) -> None:
        """Print the answer as it comes. One that is stopped half-way is part of the conversation, too."""
        asked = (*self._turns, Message("user", question))
        words: list[str] = []

        def say(text: str) -> None:
            words.append(text)
            click.echo(harmless(text), nl=False)
            sys.stdout.flush()

        request = CompletionRequest(
            messages=asked,
            max_tokens=self._max_tokens,
            sampling=self._sampling,
            deadline_s=self._limits.request_seconds,
        )
        try:
            self._last = await speak(self._completer, request, say, self._status)
            click.echo()
        except PromptTooLongError as exc:
            click.echo(f"error: {exc} (/reset begins anew)", err=True)
        except IngleError as exc:
            click.echo(f"error: {exc}", err=True)
        finally:
            if words:
                self._turns = (*asked, Message("assistant", "".join(words)))
