"""Names and ids that strangers give: what may stand in a sentence, an explanation or a log line, and what not."""

import hashlib
import re
import unicodedata
from typing import Final

from runtime.errors import DeviceError

LONGEST_NAME: Final = 100
"""Characters."""
LONGEST_ID: Final = 64
_ID: Final = re.compile(rf"[a-z0-9_.-]{{1,{LONGEST_ID}}}")
_NOT_IN_IDS: Final = re.compile(r"[^a-z0-9_.-]+")
_HIDDEN: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories: control characters, halves of characters, what has no meaning, ends of lines."""
_TURNS: Final = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Turn the direction of what follows, so that it reads as something else."""


def displayable(text: str) -> bool:
    """Whether all of a text is seen as it is: no line ends, nothing that hides or turns what stands beside it."""
    return not any(unicodedata.category(each) in _HIDDEN or each in _TURNS for each in text)


def plain_name(text: str, key: str) -> str:
    """`text`, which stands under `key`, without spaces around it.

    Raises:
        DeviceError: empty, too long, or with characters that cannot be shown.
    """
    name = " ".join(text.split(" ")).strip(" ")
    if not name or len(name) > LONGEST_NAME:
        raise DeviceError(f"{key} must have 1 to {LONGEST_NAME} characters")
    if not displayable(name):
        raise DeviceError(f"{key} holds a character that cannot be shown, such as a line end; take it out")
    return name


def plain_id(text: str, key: str) -> str:
    """`text` if it is an id.

    Raises:
        DeviceError: it is not.
    """
    if not _ID.fullmatch(text):
        shown = text if displayable(text) else ascii(text)
        raise DeviceError(
            f"{key} is {shown[:LONGEST_NAME]!r}, but must be 1 to {LONGEST_ID} of a-z, 0-9, '_', '-' and '.'"
        )
    return text


def made_id(*parts: str) -> str:
    """An id made of texts, which may be any; different texts have different ids."""
    text = ".".join(parts)
    made = _NOT_IN_IDS.sub("_", text.lower())
    if made == text and len(made) <= LONGEST_ID:
        return made
    mark = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:8]
    return f"{made.strip('_')[: LONGEST_ID - 9]}_{mark}"
