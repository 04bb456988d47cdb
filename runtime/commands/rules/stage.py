"""The rule route: a sentence to its meaning by templates, and the refusals that can be told for certain."""

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from runtime.commands.language.negation import negated
from runtime.commands.language.normalise import clean, language_of, plain
from runtime.commands.language.quantities import digits
from runtime.commands.language.question import asks
from runtime.commands.language.verbs import orders
from runtime.commands.language.when import When, when
from runtime.commands.meaning import Cannot, Do, Meaning, Option, Reason, Route, Which
from runtime.commands.registry.house import House
from runtime.commands.rules import adjust, everything, levels, planned, power, reading, state, toggle
from runtime.commands.rules.hearing import Hearing
from runtime.commands.rules.owner import Owned, Sentences
from runtime.commands.rules.recogniser import Recogniser
from runtime.commands.rules.recogniser import languages as known_languages
from runtime.commands.rules.situation import Found, Situation, known
from runtime.commands.sentence import Memory, Reading, Sentence
from runtime.commands.wording.speak import say
from runtime.limits import COMMAND_LETTERS

Family = Callable[[Found, Situation], Meaning | None]
"""Reads what was recognised; None where it is not what it seemed."""

_FAMILIES: Final[Mapping[str, Family]] = {
    "HassTurnOn": power.turn_on,
    "HassTurnOff": power.turn_off,
    "HassLightSet": levels.light,
    "HassClimateSetTemperature": levels.climate,
    "HassFanSetSpeed": levels.fan,
    "HassSetPosition": levels.position,
    "HassSetVolume": levels.volume,
    "HassGetState": state.get_state,
    "HassClimateGetTemperature": reading.temperature,
    "HassNevermind": planned.nevermind,
    "IngleHumidity": levels.humidity,
    "IngleLevel": levels.level,
    "IngleAt": levels.at,
    "IngleOption": levels.option,
    "IngleStop": power.stop,
    "IngleToggle": toggle.toggle,
    "IngleEverythingOff": everything.everything_off,
    "IngleAdjust": adjust.adjust,
    "IngleReading": reading.reading,
    "IngleWhatIsOn": state.what_is_on,
    "IngleCancel": planned.cancel,
    "IngleWhatIsPlanned": planned.planned,
}
_NO_MORE: Final = re.compile(r"no more lights?\b")
"""Not to be left to stages that weigh words: they would hear the light."""
_STATE_ASKED: Final = re.compile(r"\w (?:on|off|open|closed|shut|locked|unlocked|up|down)\?$")


@dataclass(frozen=True, slots=True)
class _Heard:
    """A sentence on its way to a meaning."""

    sentence: Sentence
    house: House
    memory: Memory
    language: str
    text: str
    """Made plain."""
    counted: str
    """In digits."""
    time: When

    def situation(self, text: str) -> Situation:
        later = self.time.after_s > 0 and text != self.counted
        return Situation(self.house, self.language, known(self.sentence.area, self.house), text, later)

    def said(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        """What to look for, in this order: the sentence as it is, or without its time."""
        texts = (self.time.text,) if self.time.after_s else dict.fromkeys((self.counted, self.time.text))
        return tuple((text, self.memory.devices) for text in texts)


class Rules:
    """Understands what follows a template, in a few milliseconds; leaves everything else to the next stage."""

    name = "rules"

    def __init__(self, languages: Sequence[str], owner: Sentences | None = None) -> None:
        """Load the templates of the languages; takes some hundred milliseconds for each.

        Args:
            languages: BCP 47, the house's own first; the nearest that there are templates for.
            owner: the owner's own sentences.

        Raises:
            ConfigError: a sentence of the owner's cannot be read.
        """
        known = known_languages()
        wanted = dict.fromkeys(language_of("", each, known) for each in languages)
        self._recognisers = {each: Recogniser(each) for each in wanted}
        self._owned = {each: Owned(owner or Sentences(), each) for each in wanted}
        self._hearings: dict[str, Hearing] = {}

    async def read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        """What the sentence means, or that it says not to."""
        if not self._recognisers or len(sentence.text) > COMMAND_LETTERS:
            return None
        heard = self._heard(sentence, house, memory)
        hearing = self._hearings.get(heard.language)
        if hearing is not None and hearing.fits(house) and all(map(hearing.knows, heard.said())):
            return self._read(heard)
        return await asyncio.to_thread(self._read, heard)

    def _heard(self, sentence: Sentence, house: House, memory: Memory) -> _Heard:
        language = language_of(sentence.text, sentence.language, tuple(self._recognisers))
        text = plain(sentence.text, language)
        counted = digits(text, language)
        return _Heard(sentence, house, memory, language, text, counted, when(counted, language))

    def _read(self, heard: _Heard) -> Reading | None:
        if (owned := self._owners(heard)) is not None:
            return Reading(owned, Route.OWNER)
        if _is_state_asked(heard.text, heard.language):
            return None
        if negated(heard.text, heard.language, heard.house):
            return Reading(Cannot(Reason.NOT_WANTED, say("refused.not_wanted", heard.language)), Route.RULES)
        hearing = self._hearing(heard.house, heard.language)
        for said in heard.said():
            found = hearing.found(said)
            family = None if found is None else _FAMILIES.get(found.intent)
            if found is None or family is None:
                continue
            meaning = family(found, heard.situation(said[0]))
            if meaning is not None and said[0] != heard.counted:
                meaning = later(meaning, heard.time, heard.language)
            if meaning is not None:
                return Reading(meaning, Route.RULES)
        if _NO_MORE.match(heard.text):
            text = say("refused.not_understood", heard.language)
            return Reading(Cannot(Reason.NOT_UNDERSTOOD, text), Route.RULES)
        return None

    def _owners(self, heard: _Heard) -> Meaning | None:
        """What the owner wrote for it; politeness may be part of their sentence, or not."""
        owned = self._owned[heard.language]
        whole = (clean(heard.sentence.text).casefold(), heard.text)
        meaning = owned.meaning(whole, heard.situation(heard.text))
        if meaning is not None or not heard.time.after_s:
            return meaning
        meaning = owned.meaning((heard.time.text,), heard.situation(heard.time.text))
        return meaning and later(meaning, heard.time, heard.language)

    def _hearing(self, house: House, language: str) -> Hearing:
        known = self._hearings.get(language)
        if known is None or not known.fits(house):
            known = self._hearings[language] = Hearing(self._recognisers[language], house)
        return known


def _is_state_asked(text: str, language: str) -> bool:
    """Whether no verb but a question mark says what it is: "printer on?" is no "printer on"."""
    return (
        language.startswith("en")
        and _STATE_ASKED.search(text) is not None
        and not asks(text, language)
        and not orders(text.removesuffix("?"), language)
    )


def later(meaning: Meaning, time: When, language: str) -> Meaning | None:
    """The same, but then; only what is done can be done later."""
    if not isinstance(meaning, Do | Which):
        return None if time.after_s == 0 else meaning
    if time.clock or time.lasting:
        key = "refused.clock_time" if time.clock else "refused.not_for_a_time"
        return Cannot(Reason.NOT_UNDERSTOOD, say(key, language))
    if isinstance(meaning, Do):
        return replace(meaning, after_s=time.after_s)
    if meaning.waiting:
        return Cannot(Reason.NOT_UNDERSTOOD, say("refused.not_understood", language))
    options = tuple(
        Option(each.label, replace(each.meaning, after_s=time.after_s)) for each in meaning.options
    )
    return replace(meaning, options=options)
