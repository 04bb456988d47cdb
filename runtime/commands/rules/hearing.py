"""What a sentence is recognised as, in one house and language; what was recognised lately is remembered.

People say the same few sentences, and machines even fewer, with other numbers. What they mean depends on how things are
and is found anew each time; which template they follow depends on the names in the house alone.
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
from runtime.commands.rules.shape import Shape, shape
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
        return (self._shape(said).text, said[1]) in self._known

    def found(self, said: Said) -> Found | None:
        """What a sentence is recognised as."""
        shape = self._shape(said)
        key = shape.text, said[1]
        with self._lock:
            known = key in self._known
            if known:
                self._known.move_to_end(key)
                result = self._known[key]
        if not known:
            result = self._recognised(key)
            with self._lock:
                self._known[key] = result
                while len(self._known) > _REMEMBERED:
                    self._known.popitem(last=False)
        return shape.filled(result)

    def _shape(self, said: Said) -> Shape:
        if not self._recogniser.in_digits:
            return Shape(said[0], {})
        return shape(said[0], self._lexicon.words(said[0]))

    def _recognised(self, said: Said) -> Found | None:
        text, spoken_of = said
        language = self._recogniser.language
        question = asks(text, language)
        text = unpunctuated(text)
        values = self._lexicon.values(text, spoken_of)
        matches = self._recogniser.matches(text, values, question=question)
        return best(matches, spoken_of, text=text, language=language, pressed=self._lexicon.pressed)
