"""Text to words, and how much a word that was heard is like one that was meant. Knows letters, not the house.

A recogniser writes another word that sounds alike (`lite`, `frond door`); so words are compared by letters and by a
skeleton of their consonants. Characters of Chinese and its neighbours have no words between spaces and are compared as
they stand.
"""

import re
import unicodedata
from difflib import SequenceMatcher
from functools import lru_cache
from typing import Final

_WORD: Final = re.compile(r"[a-z0-9]+(?:'[a-z]+)?", re.IGNORECASE)
_HAN: Final = re.compile(r"[぀-ヿ㐀-䶿一-鿿가-힯]+")
_NEAR: Final = 0.74
"""Less alike by letters (difflib's ratio) is another word."""
_SOUNDS_LIKE: Final = 0.86
_SOUNDS_LITTLE_LIKE: Final = 0.7
"""Of words with two consonants, of which many sound alike."""
_FEW: Final = 2
_SHORT: Final = 3
"""Letters: shorter words are themselves or another."""
_MOST: Final = 1 << 15

_SOUNDS: Final = tuple(
    (re.compile(pattern), sound)
    for pattern, sound in (
        (r"^kn", "n"),
        (r"^wr", "r"),
        (r"ph", "f"),
        (r"igh", "i"),
        (r"gh", ""),
        (r"tch|ch|sh", "x"),
        (r"ck|qu|q", "k"),
        (r"c(?=[eiy])", "s"),
        (r"c", "k"),
        (r"x$", "ks"),
        (r"th", "t"),
        (r"mb$", "mp"),
        (r"d", "t"),
        (r"b", "p"),
        (r"g", "k"),
        (r"v", "f"),
        (r"z", "s"),
        (r"[aeiouyhw]", ""),
        (r"(.)\1+", r"\1"),
    )
)


def plain(text: str) -> str:
    """In small letters of one width, with plain spaces and apostrophes."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("\u2019", "'")
    return " ".join(folded.split())


def words(text: str) -> tuple[str, ...]:
    """Words of letters, without the endings that say how many or whose."""
    return tuple(stem(word) for word in _WORD.findall(plain(text)))


def stem(word: str) -> str:
    """The word without a plural or genitive."""
    word = word.partition("'s")[0].rstrip("'")
    if len(word) > _SHORT and word.endswith("s") and not word.endswith(("ss", "us", "is")):
        return word[:-1]
    return word


def characters(text: str) -> str:
    """The characters that are written without spaces, together."""
    return "".join(_HAN.findall(plain(text)))


@lru_cache(_MOST)
def skeleton(word: str) -> str:
    """Its consonants, those as one that are said alike."""
    for pattern, sound in _SOUNDS:
        word = pattern.sub(sound, word)
    return word


@lru_cache(_MOST)
def alike(heard: str, meant: str) -> float:
    """From 0 to 1: whether a word that was heard may be the one that is meant."""
    if heard == meant:
        return 1.0
    if min(len(heard), len(meant)) < _SHORT or heard.isdigit() or meant.isdigit():
        return 0.0
    ratio = SequenceMatcher(None, heard, meant, autojunk=False).ratio()
    bones = skeleton(heard)
    if bones == skeleton(meant) and len(bones) >= _FEW:
        near = _SOUNDS_LIKE if len(bones) > _FEW else _SOUNDS_LITTLE_LIKE
        return max(near, ratio if ratio >= _NEAR else 0.0)
    return ratio if ratio >= _NEAR else 0.0


def found(name: str, text: str) -> float:
    """From 0 to 1: how much of a name in characters stands somewhere in a text of characters."""
    if not name or not text:
        return 0.0
    if name in text:
        return 1.0
    size = len(name)
    best = 0
    for start in range(max(1, len(text) - size + 1)):
        window = text[start : start + size]
        best = max(best, sum(a == b for a, b in zip(name, window, strict=False)))
    return best / size
