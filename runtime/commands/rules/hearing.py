"""What a sentence is recognised as, in one house and language; what was recognised lately is remembered.

People say the same few sentences, and machines even fewer. What they mean depends on how things are and is found anew
each time; which template they follow depends on the names in the house alone.
"""

from collections import OrderedDict
from threading import Lock
from typing import Final

from runtime.commands.language.names import unpunctuated
from runtime.commands.language.question import asks
from runtime.commands.registry.house import House
from runtime.commands.rules.choosing import best
from runtime.commands.rules.lexicon import Lexicon
from runtime.commands.rules.recogniser import Recogniser
from runtime.commands.rules.situation import Found

_REMEMBERED: Final = 512
Said = tuple[str, tuple[str, ...]]
"""A sentence made plain and in digits, and the ids of what was spoken of before it."""


class Hearing:
    """Recognises, and remembers. May be used from several threads."""

    def __init__(self, recogniser: Recogniser, house: House) -> None:
        """Gather the names of the house; some milliseconds."""
        self._recogniser = recogniser
        self._lexicon = Lexicon.of(house, recogniser.language)
        self._known: OrderedDict[Said, Found | None] = OrderedDict()
        self._lock = Lock()

    def fits(self, house: House) -> bool:
        """Whether it is of this house, as its devices and areas are now."""
        return self._lexicon.fits(house)

    def knows(self, said: Said) -> bool:
        """Whether `found` answers at once."""
        return said in self._known

    def found(self, said: Said) -> Found | None:
        """What a sentence is recognised as."""
        with self._lock:
            if said in self._known:
                self._known.move_to_end(said)
                return self._known[said]
        text, spoken_of = said
        language = self._recogniser.language
        question = asks(text, language)
        text = unpunctuated(text)
        values = self._lexicon.values(text, spoken_of)
        matches = self._recogniser.matches(text, values, question=question)
        result = best(matches, spoken_of, text=text, language=language, pressed=self._lexicon.pressed)
        with self._lock:
            self._known[said] = result
            while len(self._known) > _REMEMBERED:
                self._known.popitem(last=False)
        return result
