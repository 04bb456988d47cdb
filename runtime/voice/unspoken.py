"""What is never read aloud and is told by what stands around it: thoughts, code, calls of tools, JSON.

The models' own thoughts and calls are told from their answers long before (`runtime.text`); this is for what comes by
another way, or was written by a model that imitates one. Text in pieces of any size in, the rest of it out; holds back
only what may yet become a mark. Knows no clauses and no language.
"""

import re
from collections.abc import Mapping
from typing import Final, Protocol

_BLOCKS: Final[Mapping[str, str | None]] = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<tool_call>": "</tool_call>",
    "<tool_response>": "</tool_response>",
    "<function_call>": "</function_call>",
    "<|tool_call_start|>": "<|tool_call_end|>",
    "<|tool_call|>": None,
    "<|python_tag|>": None,
    "<script": "</script>",
    "<style": "</style>",
    "<!--": "-->",
    "```": "```",
    "~~~": "~~~",
}
"""Opening mark to closing mark; None: it goes on to the end."""
_JSON: Final = r"[\[{]\s{0,8}[\"{\[}\]]"
"""How an object or a list begins that is no bracket of a sentence."""
_OPENS: Final = re.compile("|".join([*map(re.escape, _BLOCKS), _JSON]), re.IGNORECASE | re.ASCII)
_BEGINS_JSON: Final = re.compile(r"[\[{]\s{0,8}$", re.ASCII)
_LONGEST: Final = max(map(len, _BLOCKS))
_INSTEAD: Final = "\n"
"""Where something is left out, what came before has ended."""


class _Block(Protocol):
    """What is left out, until it ends."""

    def end(self, text: str) -> int | None:
        """Where in the next text it ends; None: not in this."""
        ...


class _Marked:
    """Ends with a mark."""

    def __init__(self, mark: str | None) -> None:
        self._mark = mark
        self._tail = ""

    def end(self, text: str) -> int | None:
        if self._mark is None:
            return None
        seen = len(self._tail)
        whole = (self._tail + text).lower() if text.isascii() else _lower(self._tail + text)
        place = whole.find(self._mark)
        if place >= 0:
            return place + len(self._mark) - seen
        self._tail = (self._tail + text)[1 - len(self._mark) :]
        return None


def _lower(text: str) -> str:
    """In small letters, but of the same length."""
    return "".join(letter.lower() if letter.isascii() else letter for letter in text)


class _Balanced:
    """Ends where as many brackets are closed as were opened; those within strings don't count."""

    def __init__(self) -> None:
        self._depth = 0
        self._quoted = False
        self._escaped = False

    def end(self, text: str) -> int | None:
        for place, letter in enumerate(text):
            if self._escaped:
                self._escaped = False
            elif self._quoted:
                self._escaped = letter == "\\"
                self._quoted = letter != '"'
            elif letter == '"':
                self._quoted = True
            elif letter in "[{":
                self._depth += 1
            elif letter in "]}":
                self._depth -= 1
                if self._depth == 0:
                    return place + 1
        return None


class Unspoken:
    """Lets through what may be spoken."""

    def __init__(self) -> None:
        self._held = ""
        self._block: _Block | None = None

    def feed(self, piece: str) -> str:
        """What may be spoken of the text so far, and was not given yet."""
        self._held += piece
        given = []
        while True:
            if self._block is None:
                if not (found := _OPENS.search(self._held)):
                    break
                given += [self._held[: found.start()], _INSTEAD]
                self._block, skipped = _opened(found)
                self._held = self._held[skipped:]
            end = self._block.end(self._held)
            self._held = "" if end is None else self._held[end:]
            if end is None:
                break
            self._block = None
        if self._block is None:
            held = _may_open(self._held)
            given.append(self._held[: len(self._held) - held])
            self._held = self._held[len(self._held) - held :]
        return "".join(given)

    def flush(self) -> str:
        """What was held back and became no mark."""
        held, self._held = self._held, ""
        return held


def _opened(found: re.Match[str]) -> tuple[_Block, int]:
    """What begins there, and how much of the text is no part of what `end` looks at."""
    mark = found.group().lower()
    if mark in _BLOCKS:
        return _Marked(_BLOCKS[mark]), found.end()
    return _Balanced(), found.start()


def _may_open(text: str) -> int:
    """How many of the last letters may be the beginning of a mark."""
    if json := _BEGINS_JSON.search(text[-9:]):
        return len(json.group())
    tail = text[-_LONGEST + 1 :].lower()
    for count in range(len(tail), 0, -1):
        if any(mark.startswith(tail[-count:]) for mark in _BLOCKS):
            return count
    return 0
