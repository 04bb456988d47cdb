"""From a sentence to what it means: the stages in turn, and the clauses of one sentence together.

Knows the order of the stages and that a sentence is done whole or not at all. Does not know how any stage understands,
nor whether what is meant may be done: that is the policy's.
"""

import unicodedata
from collections.abc import Awaitable, Sequence
from dataclasses import replace
from time import perf_counter
from typing import Final, Protocol, TypeVar

from runtime.commands.choice.cues import orders
from runtime.commands.combine import combined, is_not_wanted
from runtime.commands.guard import guarded
from runtime.commands.language.corrected import corrected, taken_back
from runtime.commands.language.negation import negated
from runtime.commands.language.normalise import is_chinese, language_of, plain
from runtime.commands.language.pronoun import resolved
from runtime.commands.language.quantities import digits
from runtime.commands.language.split import clauses
from runtime.commands.language.when import loosely
from runtime.commands.meaning import (
    CancelPlanned,
    Cannot,
    Do,
    Interpretation,
    Reason,
    Route,
    Tell,
    TellPlanned,
    Which,
)
from runtime.commands.registry.devices import Options, Range
from runtime.commands.registry.house import House
from runtime.commands.rules.bare import bare
from runtime.commands.rules.stage import later
from runtime.commands.sentence import Memory, Reading, Sentence, Stage
from runtime.commands.wording.speak import say
from runtime.limits import COMMAND_LETTERS

_T = TypeVar("_T")
_AS_SAID: Final = frozenset({Route.DIRECT, Route.SESSION, Route.OWNER})
"""Routes on which a "don't" is part of what is meant: the owner's own "don't disturb", a "no, don't" as an answer."""
_TIMES: Final = frozenset({"s", "min", "h", "d"})
_IN_HAN: Final = ("zh", "ja")
_MOST_CLAUSES: Final = 8


class Answering(Protocol):
    """A model that may say something in its own words."""

    async def answer(self, text: str, language: str) -> str:
        """A short answer; never one that moves anything."""
        ...


class Interpreter:
    """Understands, and does nothing."""

    def __init__(
        self,
        exact: Sequence[Stage],
        likely: Sequence[Stage] = (),
        answering: Answering | None = None,
        *,
        languages: Sequence[str] = ("en",),
    ) -> None:
        """`exact` stages know or are silent, and see a sentence whole first; `likely` ones choose, clause by clause."""
        self._exact = tuple(exact)
        self._likely = tuple(likely)
        self._answering = answering
        self._languages = tuple(languages)

    async def interpret(
        self, sentence: Sentence, house: House, memory: Memory, *, answer: bool = False
    ) -> tuple[Interpretation, Memory]:
        """What the sentence means in this house, and what to remember of it.

        With `answer` a model may say something to what is no command.

        Raises:
            BusyError, EngineError: a stage needs a model that cannot be had now.
        """
        clock = _Clock()
        text = _plain(sentence.text)
        language = language_of(text, sentence.language, self._languages)
        sentence = replace(sentence, text=corrected(text, language), language=language)
        if len(text) <= COMMAND_LETTERS and taken_back(text, language):
            reading = _not_wanted(language)
        else:
            reading = await self._read(sentence, house, memory, clock)
        again = _asked_again(reading, memory, language)
        reading = again or reading
        if answer and self._answering is not None and _is_no_command(reading):
            words = await clock.timed("answer", self._answering.answer(sentence.text, sentence.language))
            reading = Reading(Tell(words), Route.ANSWER, 0.0, reading.candidates)
        found = Interpretation(
            reading.meaning,
            reading.route,
            reading.confidence,
            reading.candidates,
            clock.ms,
            sentence.language,
        )
        kept = replace(memory, again=True)
        return found, _remembered(sentence, reading, memory) if again is None else kept

    async def _read(self, sentence: Sentence, house: House, memory: Memory, clock: "_Clock") -> Reading:
        language = sentence.language
        if not sentence.text:
            return _cannot(Reason.NOT_UNDERSTOOD, say("heard.nothing", language))
        if len(sentence.text) > COMMAND_LETTERS:
            return _cannot(Reason.NOT_UNDERSTOOD, say("heard.too_long", language, most=str(COMMAND_LETTERS)))
        parts = clauses(sentence.text, language, house)
        reading = await self._ask(self._exact, sentence, house, memory, clock)
        if reading is not None and not (len(parts) > 1 and is_not_wanted(reading)):
            return reading
        if len(parts) > _MOST_CLAUSES:
            return _cannot(Reason.NOT_UNDERSTOOD, say("heard.one_at_a_time", language))
        if len(parts) < 2:  # noqa: PLR2004  one clause is the sentence
            return bare(sentence, house) or await self._ask_likely(sentence, house, memory, clock)
        return await self._read_parts(sentence, parts, house, memory, clock)

    async def _read_parts(
        self, sentence: Sentence, parts: Sequence[str], house: House, memory: Memory, clock: "_Clock"
    ) -> Reading:
        """Clause by clause; but what no template knows is one command where only one clause wants something."""
        one_command = max(orders(sentence.text), _wanting(parts, house)) < 2  # noqa: PLR2004  else it says why, or greets
        readings = []
        said = memory
        for part in parts:
            clause = replace(sentence, text=part)
            reading = await self._ask(self._exact, clause, house, said, clock)
            if reading is None and one_command:
                return await self._ask_likely(sentence, house, memory, clock)
            if reading is None:
                reading = await self._ask_likely(clause, house, said, clock)
            readings.append(reading)
            said = _remembered(clause, reading, said)
        return combined(parts, readings, sentence.language)

    async def _ask_likely(self, sentence: Sentence, house: House, memory: Memory, clock: "_Clock") -> Reading:
        language = sentence.language
        if negated(sentence.text, language, house):
            return _not_wanted(language)
        if is_chinese(sentence.text) and not language.startswith(_IN_HAN):
            return _cannot(Reason.NOT_UNDERSTOOD, say("heard.other_language", language))
        time = loosely(digits(plain(sentence.text, language), language), language)
        timed = time.after_s > 0 or time.clock or (time.lasting and not _takes_times(house))
        text = time.text if time.after_s > 0 or time.clock else sentence.text
        asked = replace(sentence, text=resolved(text, language, house, memory.devices))
        reading = await self._ask(self._likely, asked, house, memory, clock)
        if reading is not None and timed and isinstance(reading.meaning, Tell):
            reading = None  # how it is now was not asked
        if reading is not None and timed and isinstance(reading.meaning, Do | Which):
            reading = replace(reading, meaning=later(reading.meaning, time, language) or reading.meaning)
        if reading is None:
            return _cannot(Reason.NOT_UNDERSTOOD, say("refused.not_understood", language))
        return guarded(reading, asked, house)

    async def _ask(
        self, stages: Sequence[Stage], sentence: Sentence, house: House, memory: Memory, clock: "_Clock"
    ) -> Reading | None:
        for stage in stages:
            reading = await clock.timed(stage.name, stage.read(sentence, house, memory))
            if reading is None:
                continue
            doing = isinstance(reading.meaning, Do) and reading.route not in _AS_SAID
            if doing and negated(sentence.text, sentence.language, house):
                return _not_wanted(sentence.language)
            return reading
        return None


class _Clock:
    """Milliseconds by stage, summed over clauses."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    async def timed(self, name: str, work: Awaitable[_T]) -> _T:
        begun = perf_counter()
        try:
            return await work
        finally:
            self.ms[name] = round(self.ms.get(name, 0.0) + 1000 * (perf_counter() - begun), 3)


def _wanting(parts: Sequence[str], house: House) -> int:
    """How many clauses want something, by a verb, or by a number or an option of their own."""
    options = {
        str(value)
        for _, capability in house.settable()
        if isinstance(capability.domain, Options)
        for value in capability.domain.values
    }
    other = [part for part in parts if not orders(part)]
    said = {"".join(filter(str.isdigit, part)) for part in other} | {
        word for part in other for word in part.split() if word in options
    }
    return len(parts) - len(other) + len(said - {""})


def _takes_times(house: House) -> bool:
    """Whether a length of time may be a value here."""
    return any(
        isinstance(capability.domain, Range) and capability.domain.unit in _TIMES
        for _, capability in house.settable()
    )


def _plain(text: str) -> str:
    """Without control characters, surrogates and runs of spaces; composed as Unicode's NFC."""
    composed = unicodedata.normalize("NFC", text)
    kept = (
        " " if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else letter
        for letter in composed
    )
    return " ".join("".join(kept).split())


def _cannot(reason: Reason, text: str, *, confidence: float = 0.0) -> Reading:
    return Reading(Cannot(reason, text), Route.NONE, confidence)


def _not_wanted(language: str) -> Reading:
    return _cannot(Reason.NOT_WANTED, say("refused.not_wanted", language), confidence=1.0)


def _asked_again(reading: Reading, memory: Memory, language: str) -> Reading | None:
    """The question once more, where what was said is neither an answer to it nor a command."""
    if memory.asked is None or memory.again or not _is_no_command(reading):
        return None
    question = say("heard.again", language, question=memory.asked.question)
    return replace(reading, meaning=replace(memory.asked, question=question), route=Route.SESSION)


def _is_no_command(reading: Reading) -> bool:
    return isinstance(reading.meaning, Cannot) and reading.meaning.reason in {
        Reason.NOT_UNDERSTOOD,
        Reason.OUT_OF_SCOPE,
    }


def _remembered(sentence: Sentence, reading: Reading, memory: Memory) -> Memory:
    """What `it` is from now on, and what was asked back."""
    match reading.meaning:
        case Do(actions):
            return Memory(tuple(dict.fromkeys(action.device for action in actions)))
        case Tell(_, about):
            return Memory(about or memory.devices)
        case Which(_, options, waiting) as which:
            actions = (*waiting, *(action for each in options for action in each.meaning.actions))
            about = tuple(dict.fromkeys(each.device for each in actions))
            return Memory(about if len(about) == 1 else memory.devices, which, sentence.text)
        case CancelPlanned() | TellPlanned() | Cannot():
            return Memory(memory.devices)
