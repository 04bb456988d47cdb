"""What is said back to somebody: what came of a command, or else a model's own words. Text in, clauses out.

Hands every utterance to the desk once, under an id of its own, and believes what the desk says of it: only what is no
command, and does not sound like one, goes to a model. Knows no sound, and no front end.
"""

import asyncio
import logging
import re
import secrets
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final, Protocol

from runtime.commands.language.verbs import orders
from runtime.commands.meaning import Reason
from runtime.commands.order import Order, ReplyTo, Result, Status, Taker
from runtime.commands.wording.speak import say
from runtime.errors import BusyError, CallerError
from runtime.voice.border import Said
from runtime.voice.spoken.scripts import primary

_log = logging.getLogger(__name__)

_NOTE: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*")
_NO_COMMAND: Final = frozenset({Reason.NOT_UNDERSTOOD, Reason.OUT_OF_SCOPE})


class Talk(Protocol):
    """A model that says something in its own words: `runtime.voice.talking`."""

    def answer(self, text: str, *, language: str, session: str) -> AsyncGenerator[str, None]:
        """Clause by clause.

        Raises (at any iteration):
            BusyError, EngineError: it cannot be had now.
        """
        ...


@dataclass(frozen=True, slots=True)
class SpokenSettings:
    """What the owner wants of what is said, and how long it may take."""

    languages: tuple[str, ...] = ("en",)
    """Those that commands are understood in; the first is for who does not say."""
    expiry_s: float = 30.0
    """How old a command may be when it is begun."""
    within_s: float = 40.0
    """How long to wait for what comes of it."""
    letters: int = 400
    """What is longer is no command."""


class SpokenCommands:
    """Implements `runtime.voice.border.Answerer`, and for the desk an `Outbox`, under one name.

    The name is also the sender, by which the owner's policy knows who speaks.
    """

    def __init__(
        self, name: str, *, settings: SpokenSettings, talk: Talk | None = None, commands: bool = True
    ) -> None:
        """`talk`: None where no model answers, or not yet; `commands`: whether the owner wants commands to be taken."""
        self.name = name
        self._settings = settings
        self._talk = talk
        self._commands = commands
        self._taker: Taker | None = None
        self._why_closed = "The appliance is still starting; say it again in a few seconds."
        self._asked: dict[str, asyncio.Future[Result]] = {}

    def talk_with(self, talk: Talk) -> None:
        """Have a model answer what is no command, from now on."""
        self._talk = talk

    def open(self, taker: Taker) -> None:
        """Take orders from now on."""
        self._taker = taker

    def shut(self, why: str) -> None:
        """Take none, for good; `why` is a sentence."""
        self._taker, self._why_closed = None, why

    async def deliver(self, reply: ReplyTo, result: Result) -> None:
        """See `runtime.commands.order.Outbox.deliver`. Who left is not called back."""
        waiting = self._asked.get(reply.address)
        if waiting is not None and not waiting.done():
            waiting.set_result(result)

    async def answer(
        self, texts: Sequence[str], *, language: str | None, session: str
    ) -> AsyncGenerator[Said, None]:
        """See `runtime.voice.border.Answerer.answer`."""
        readings = [text for text in dict.fromkeys(each.strip() for each in texts) if _says_something(text)]
        if not readings:
            return
        tongue = self._understood(language) or language or self._settings.languages[0]
        if self._commands and len(readings[0]) <= self._settings.letters:
            said = await self._ordered(readings, tongue, session)
            if said is not None:
                yield said
                return
        if self._talk is None:
            yield Said(say("refused.not_understood", tongue), tongue, status=Status.REFUSED)
            return
        nothing = True
        async with aclosing(self._talk.answer(readings[0], language=tongue, session=session)) as clauses:
            async for clause in clauses:
                nothing = False
                yield Said(clause, tongue)
        if nothing:
            yield Said(say("refused.not_understood", tongue), tongue, status=Status.REFUSED)

    async def _ordered(self, readings: Sequence[str], language: str, session: str) -> Said | None:
        """What came of it; None where it was no command, and there is a model to say something to it."""
        if self._taker is None:
            return Said(self._why_closed, language, status=Status.FAILED)
        try:
            result = await self._result(self._taker, self._order(readings, language, session))
        except TimeoutError:
            return Said(say("result.pending", language), language, status=Status.UNKNOWN)
        except (BusyError, CallerError) as exc:
            _log.warning("what was said is not carried out: %s", exc)
            return Said(_sentence(str(exc)), language, status=Status.FAILED)
        no_command = result.status is Status.REFUSED and result.reason in _NO_COMMAND
        if no_command and self._talk is not None and not orders(readings[0].casefold(), language):
            return None
        return Said(result.text, result.language, asks=result.status is Status.ASKED, status=result.status)

    def _order(self, readings: Sequence[str], language: str, session: str) -> Order:
        now, name = time.time(), secrets.token_hex(12)
        return Order(
            id=f"{self.name}-{name}",
            sender=self.name,
            text=readings[0],
            action=None,
            reply=ReplyTo(self.name, name),
            received_at=now,
            expires_at=now + self._settings.expiry_s,
            language=self._understood(language),
            session=session,
            otherwise=tuple(each for each in readings[1:] if len(each) <= self._settings.letters),
        )

    async def _result(self, taker: Taker, order: Order) -> Result:
        assert order.reply is not None  # noqa: S101  `_order` gives every one of them an address
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._asked[order.reply.address] = answer
        try:
            async with asyncio.timeout(self._settings.within_s):
                await taker.take(order)
                return await answer
        finally:
            del self._asked[order.reply.address]

    def _understood(self, language: str | None) -> str | None:
        """The language of the house that this is: en for en-GB; None if it is none of them."""
        if language is None:
            return None
        of_house = self._settings.languages
        if language in of_house:
            return language
        return next((each for each in of_house if primary(each) == primary(language)), None)


def _says_something(text: str) -> bool:
    """Whether there is a word in it: where nobody spoke, a recogniser writes stops, or notes such as [music]."""
    return any(letter.isalnum() for letter in _NOTE.sub("", text))


def _sentence(words: str) -> str:
    """As a person says it."""
    return f"{words[:1].upper()}{words[1:]}".rstrip(".") + "."
