"""The rule route: a sentence to its meaning by templates, and the refusals that can be told for certain."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from runtime.commands.language.negation import negated
from runtime.commands.language.normalise import clean, language_of, plain
from runtime.commands.language.quantities import digits
from runtime.commands.language.when import When, when
from runtime.commands.meaning import Cannot, Do, Meaning, Option, Reason, Route, Which
from runtime.commands.registry.house import House
from runtime.commands.rules import adjust, levels, planned, power, reading, state
from runtime.commands.rules.choosing import best
from runtime.commands.rules.lexicon import Lexicon
from runtime.commands.rules.owner import Owned, Sentences
from runtime.commands.rules.recogniser import Recogniser
from runtime.commands.rules.recogniser import languages as known_languages
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.sentence import Memory, Reading, Sentence
from runtime.commands.wording.speak import say

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
    "IngleOption": levels.option,
    "IngleStop": power.stop,
    "IngleAdjust": adjust.adjust,
    "IngleReading": reading.reading,
    "IngleWhatIsOn": state.what_is_on,
    "IngleCancel": planned.cancel,
}
_MOST_CHARACTERS: Final = 400
"""Longer sentences follow no template."""


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
        self._lexicons: dict[str, Lexicon] = {}

    async def read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        """What the sentence means, or that it says not to."""
        if not self._recognisers or len(sentence.text) > _MOST_CHARACTERS:
            return None
        return await asyncio.to_thread(self._read, sentence, house, memory)

    def _read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        language = language_of(sentence.text, sentence.language, tuple(self._recognisers))
        text = plain(sentence.text, language)
        if (owned := self._owners(sentence, text, house, language)) is not None:
            return Reading(owned, Route.OWNER)
        if negated(text, language, house):
            return Reading(Cannot(Reason.NOT_WANTED, say("refused.not_wanted", language)), Route.RULES)
        counted = digits(text, language)
        time = when(counted, language)
        meaning = None
        if time.text == counted or not time.after_s:
            meaning = self._meaning(Situation(house, language, sentence.area, counted), memory)
        if meaning is None and time.text != counted:
            meaning = self._meaning(Situation(house, language, sentence.area, time.text), memory)
            meaning = meaning and later(meaning, time, language)
        return None if meaning is None else Reading(meaning, Route.RULES)

    def _owners(self, sentence: Sentence, text: str, house: House, language: str) -> Meaning | None:
        """What the owner wrote for it; politeness may be part of their sentence, or not."""
        owned, situation = self._owned[language], Situation(house, language, sentence.area, text)
        meaning = owned.meaning((clean(sentence.text).casefold(), text), situation)
        if meaning is not None:
            return meaning
        time = when(digits(text, language), language)
        if not time.after_s:
            return None
        meaning = owned.meaning((time.text,), situation)
        return meaning and later(meaning, time, language)

    def _meaning(self, situation: Situation, memory: Memory) -> Meaning | None:
        values = self._lexicon(situation.house, situation.language).values(situation.text, memory.devices)
        found = best(self._recognisers[situation.language].matches(situation.text, values), memory.devices)
        family = None if found is None else _FAMILIES.get(found.intent)
        return None if found is None or family is None else family(found, situation)

    def _lexicon(self, house: House, language: str) -> Lexicon:
        known = self._lexicons.get(language)
        if known is None or not known.fits(house):
            known = self._lexicons[language] = Lexicon.of(house, language)
        return known


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
