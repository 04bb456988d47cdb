"""How models think aloud: text between two marks before the answer, which is no part of the answer.

Qwen3, SmolLM3 and LFM2.5 write `<think>`; Granite 3.3 also puts `<response>` around what follows. A model thinks whose
chat template speaks of these marks; whether it does so in this answer is the template's switch. White space around a
thought is layout. Knows pieces of text and marks; does not know tokens.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self

from runtime.text.control import Rendered
from runtime.text.layout import Trailing
from runtime.text.marks import Mark, Piece
from runtime.text.parts import Thoughts

BEGIN: Final = "<think>"
END: Final = "</think>"
SWITCHES: Final = ("enable_thinking", "thinking")
"""What templates call their switch."""
_RESPONSE: Final = ("<response>", "</response>")


@dataclass(frozen=True, slots=True)
class Thinking:
    """The marks of a model that thinks."""

    frame: tuple[str, ...] = ()
    """Marks around the answer that follows a thought; not shown."""

    @classmethod
    def of(cls, template: str) -> Self | None:
        """What the source of a chat template says; None when its model does not think aloud."""
        if BEGIN not in template and END not in template:
            return None
        return cls(tuple(mark for mark in _RESPONSE if mark in template))

    @property
    def marks(self) -> frozenset[str]:
        """All the marks a model may set."""
        return frozenset({BEGIN, END, *self.frame})


def begun(prompt: Rendered) -> bool:
    """Whether the template itself opened the thought that the answer goes on with."""
    text = prompt.text.rstrip()
    return text.endswith(BEGIN) and not prompt.is_foreign(len(text) - len(BEGIN), len(text))


class ThoughtSplitter:
    """Takes the thoughts out of one answer."""

    def __init__(self, thinking: Thinking, *, begun: bool = False) -> None:
        self._frame = thinking.frame
        self._thought = Trailing()
        self.thinks = begun
        """Whether what comes now is a thought."""
        self._has_thought = begun
        self._said = False
        self._leading = ""
        """White space so far, before the answer's first word."""

    def feed(self, piece: Piece) -> Iterator[Thoughts | Piece]:
        """A thought, or what belongs to the answer."""
        if self.thinks and piece != Mark(END, token=True) and piece != Mark(END):
            yield from self._think(piece if isinstance(piece, str) else piece.letters)
        elif isinstance(piece, str):
            yield from self._say(piece)
        else:
            yield from self._mark(piece)

    def flush(self) -> str:
        """White space that turned out to be the answer's."""
        return "" if self._has_thought else self._leading

    def _think(self, text: str) -> Iterator[Thoughts]:
        begins = not self._thought.said
        if shown := self._thought.feed(text):
            yield Thoughts(shown.lstrip() if begins else shown)

    def _say(self, text: str) -> Iterator[str]:
        if not self._said:
            text = self._leading + text
            self._leading = ""
            if not text.strip():
                self._leading = text
                return
            self._said = True
            text = text.lstrip() if self._has_thought else text
        yield text

    def _mark(self, mark: Mark) -> Iterator[Piece]:
        if self.thinks:
            self.thinks, self._said = False, False
        elif mark.letters == BEGIN and (mark.token or not self._said):
            self.thinks = self._has_thought = True
            self._thought, self._leading = Trailing(), ""
        elif mark.letters in self._frame and self._has_thought:
            self._said = False
        elif mark.letters not in {BEGIN, END, *self._frame}:
            yield from filter(None, [self.flush()])
            self._said, self._leading = True, ""
            yield mark
        elif not mark.token:  # a token that nothing goes with is no text either
            yield from self._say(mark.letters)
