"""Text without its markup: Markdown, HTML, links and what else only eyes read. Knows no language.

Sources: CommonMark 0.31 and GitHub's tables, as far as models write them; damaged markup is taken out as well.
"""

import html
import re
import unicodedata
from typing import Final

from runtime.voice.unspoken import Unspoken

_RAISED: Final = str.maketrans(
    {"²": "^2", "³": "^3", "’": "'", "‘": "'", "ʼ": "'", "…": "...", "⁄": "/", "−": "-"}
)
_END_OF_THOUGHT: Final = re.compile(r"\A.*</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
_TAG: Final = re.compile(r"</?[A-Za-z!|][^<>]{0,300}>")
_IMAGE: Final = re.compile(r"!\[[^\[\]]{0,300}\](?:\([^()\n]{0,600}\))?")
_LINK: Final = re.compile(r"\[([^\[\]]{0,300})\](?:\([^()\n]{0,600}\)|\[[^\[\]\n]{0,100}\])")
_CUT_LINK: Final = re.compile(r"\]\([^()\n]{0,600}\)")
"""Its text is in the clause before."""
_FOOTNOTE: Final = re.compile(r"\[\^?\d{1,3}\]|\[\^[^\[\]\s]{1,30}\]")
_ADDRESS: Final = re.compile(
    r"<?(?:[A-Za-z][A-Za-z0-9+.-]{0,20}://|www\.|mailto:|data:[a-z]+/)[^\s<>\"'）」]*>?|[\w.+-]{1,64}@[\w-]{1,64}\.[\w.-]{1,64}",
    re.IGNORECASE,
)
_SMILE: Final = re.compile(r"(?<![\w])[:;=8]['^o-]?[()\[\]DPpOo/\\|3*]{1,3}(?!\w)|<3|\^_?\^")
_TABLE: Final = re.compile(r"\s*\|.*|.*\|.*\|.*|[\s:|+-]*-{3,}[\s:|+-]*")
_RULE: Final = re.compile(r"\s*(?:[-*_=~]\s*){3,}")
_PREFIX: Final = re.compile(r"^\s*(?:(?:#{1,6}|>+|[-*+•‣◦–](?:\s+\[[ xX]\])?)\s+)+")
_TIMES: Final = re.compile(r"(?<=\d)\s?[*x×]\s?(?=\d)")
_JOINED: Final = re.compile(r"(?<=\w)_+(?=\w)")
_EMPHASIS: Final = re.compile(r"[*_`]+|~~+")
_ASIDE: Final = re.compile(r"\s*[()\[\]{}（）［］「」『』【】《》〈〉]+\s*")
_DASH: Final = re.compile(r"\s+[-–—―]+\s+|\s*[—―]+\s*|--+")
_AGAIN: Final = re.compile(r"([^\w\s.])(?:\s?\1)+")
"""One is enough to be read."""
_ENDS: Final = re.compile(r"[.,!?;:。，、！？；：]\s*$")


def plain(text: str) -> str:
    """The text that is there to be read, one line."""
    unspoken = Unspoken()
    text = html.unescape(text)
    text = _END_OF_THOUGHT.sub("\n", unspoken.feed(text) + unspoken.flush())
    text = unicodedata.normalize("NFKC", text.translate(_RAISED))
    lines = (
        " ".join(each.split()) for each in text.splitlines()
    )  # runs of white space would cost their square
    read = (_line(each) for each in lines if not (_TABLE.fullmatch(each) or _RULE.fullmatch(each)))
    said = [line for line in read if line]
    return " ".join([*(line if _ENDS.search(line) else f"{line}." for line in said[:-1]), *said[-1:]])


def _line(line: str) -> str:
    line = _ADDRESS.sub(" ", _CUT_LINK.sub(" ", _LINK.sub(r"\1", _IMAGE.sub(" ", line))))
    line = _TAG.sub(" ", _FOOTNOTE.sub("", _PREFIX.sub("", line, count=1)))
    line = _JOINED.sub(" ", _TIMES.sub(" × ", _SMILE.sub(" ", line)))
    line = _DASH.sub(", ", _ASIDE.sub(_pause, _EMPHASIS.sub("", line)))
    return _AGAIN.sub(r"\1", line).strip()


def _pause(aside: re.Match[str]) -> str:
    """A bracket within a word is none."""
    return ", " if aside.group()[0].isspace() or aside.group()[-1].isspace() else " "
