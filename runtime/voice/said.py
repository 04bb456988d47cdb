"""What written-down speech tells of itself: whether there are words, whether anybody said them, whether more will come.

Whisper was taught on subtitles, and writes what stands there where nobody speaks. Only such texts are listed that
command nothing, and they count only where the model itself doubts that there was speech.
"""

import re
from typing import Final

from runtime.voice.border import Transcription

_NOTE: Final = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?")
_DOUBTFUL: Final = 0.6
"""Likelihood that nobody spoke; its makers' own bound, with the next."""
_UNSURE: Final = -1.0
_PHANTOM_DOUBT: Final = 0.2
_PHANTOMS: Final = frozenset(
    (
        "you",
        "bye",
        "bye bye",
        "thank you",
        "thank you very much",
        "thank you for watching",
        "thanks for watching",
        "please subscribe",
        "so",
        "the end",
        "i'm sorry",
        "謝謝觀看",
        "谢谢观看",
        "字幕由 amara org 社區提供",
    )
)
_LEAST_ECHO: Final = 3
_OPEN_WORDS: Final = re.compile(
    r"\b(a|an|and|at|because|but|by|for|from|if|into|is|make|my|of|or|set|than|the|to|turn|when|with|your)$"
    "|[的把在和跟請将將讓给給]$"
)
"""What nobody ends with. Not on, in, please or that, with which commands do end."""
_OPEN_SIGNS: Final = (",", "，", "、", "…", "...", "-", ":", ";")


def words_of(transcription: Transcription) -> str:
    """The likeliest reading without notes such as [music]; empty where no word is left."""
    text = _NOTE.sub("", transcription.text).strip()
    return text if any(letter.isalnum() for letter in text) else ""


def phantom(transcription: Transcription) -> bool:
    """Whether it is likelier that nobody said it."""
    if transcription.no_speech >= _DOUBTFUL and transcription.readings[0].score < _UNSURE:
        return True
    plain = _plain(transcription.text)
    return plain in _PHANTOMS and transcription.no_speech >= _PHANTOM_DOUBT


def echoes(text: str, spoken: str) -> bool:
    """Whether the loudspeaker has said just that; of a word or two, anybody may have."""
    plain = _plain(text)
    return len(plain.split()) >= _LEAST_ECHO and f" {plain} " in f" {_plain(spoken)} "


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[^\w']", " ", text.casefold()).split())


def unfinished(text: str) -> bool:
    """Whether more is to come: it stops where no sentence stops."""
    text = text.strip().casefold()
    return text.endswith(_OPEN_SIGNS) or _OPEN_WORDS.search(text.rstrip(".。")) is not None
