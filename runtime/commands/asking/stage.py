"""The asking route: questions about the house in people's own words. It tells, and can do nothing else."""

import asyncio
from typing import Final

from runtime.commands.asking.answer import answer
from runtime.commands.asking.asked import Reader
from runtime.commands.asking.words import words
from runtime.commands.language.normalise import clean, plain
from runtime.commands.language.quantities import digits
from runtime.commands.meaning import Route
from runtime.commands.registry.house import House
from runtime.commands.rules.situation import Situation
from runtime.commands.sentence import Memory, Reading, Sentence

_LONGEST: Final = 200
"""Characters: what is longer asks more than how things are."""


class Asking:
    """Answers what is asked of this house, as it is now; leaves everything else to the next stage."""

    name = "asking"

    def __init__(self) -> None:
        self._readers: dict[str, Reader] = {}

    async def read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        """The answer, or that there is no such thing; None if it is no question of this house, or not surely."""
        if not sentence.text.strip() or len(sentence.text) > _LONGEST:
            return None
        return await asyncio.to_thread(self._read, sentence, house, memory)

    def _read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        language = sentence.language
        reader = self._reader(house, language)
        if reader is None:
            return None
        chinese = language.startswith("zh")
        text = "".join(clean(sentence.text).casefold().split()) if chinese else plain(sentence.text, language)
        text = digits(text, language)
        asked = reader.read(text, sentence.area, memory.devices)
        if asked is None:
            return None
        meaning = answer(asked, Situation(house, language, sentence.area, text))
        return None if meaning is None else Reading(meaning, Route.ASKING)

    def _reader(self, house: House, language: str) -> Reader | None:
        known = self._readers.get(language)
        if known is not None and known.names.fits(house):
            return known
        spoken = words(language)
        if spoken is None:
            return None
        self._readers[language] = reader = Reader(house, spoken, language)
        return reader
