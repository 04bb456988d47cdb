"""Which language a text is in, as far as its letters tell, and what the tags of languages have in common."""

import re
from typing import Final

_HAN: Final = re.compile(r"[㐀-䶿一-鿿豈-﫿]")
_KANA: Final = re.compile(r"[぀-ヿ]")
_HANGUL: Final = re.compile(r"[가-힣]")
_WORD: Final = re.compile(r"[^\W\d_]+")


def primary(language: str) -> str:
    """The language itself of a BCP 47 tag: `zh` of `zh-TW`."""
    return re.split(r"[-_]", language, maxsplit=1)[0].lower()


def written_in(text: str) -> str:
    """`zh`, `ja` or `ko` where most words are of their letters, else `en`. A Chinese character counts as a word."""
    if _KANA.search(text):
        return "ja"
    if _HANGUL.search(text):
        return "ko"
    han = len(_HAN.findall(text))
    return "zh" if han > len(_WORD.findall(_HAN.sub(" ", text))) else "en"
