"""From text as it is written to words as a voice reads them: no markup, no digits where the language is known.

Whatever comes in, what goes out is letters, numbers, single spaces and the punctuation that voices breathe at, on one
line: nothing of it can be an option, a mark or an instruction to what speaks it. One file for what is markup, and one
for each language whose numbers and units become words.
"""

from typing import Final

from runtime.voice.spoken.english import english
from runtime.voice.spoken.kept import kept
from runtime.voice.spoken.mandarin import mandarin
from runtime.voice.spoken.plain import plain
from runtime.voice.spoken.scripts import primary, written_in

_READERS: Final = {"en": english, "zh": mandarin, "cmn": mandarin}
_PASSES: Final = 8
"""What is taken out may leave behind what looks like markup: bounded, for texts that are made to do so."""


def spoken(text: str, language: str | None = None) -> str:
    """The words of `text`, on one line; empty where there is nothing to be said. Said again, they are the same.

    `language` is BCP 47; None: what it is written in. Of any but English and Chinese, numbers stay as they are.
    """
    reader = _READERS.get(primary(language or written_in(text)))
    for _ in range(_PASSES):
        words = plain(text)
        words = kept(words if reader is None else reader(words))
        if words == text:
            break
        text = words
    return text
