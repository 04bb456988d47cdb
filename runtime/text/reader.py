"""Reads one answer: words, thoughts and calls, told apart. Text and marks in, parts out.

What comes out does not depend on how the text was cut into pieces. Inside a thought nothing is a call: a model that
considers one has not asked for it. Knows no tokens.
"""

from collections.abc import Collection, Iterator

from runtime.text.marks import Mark, MarkFinder, Piece
from runtime.text.parts import Part, Thoughts, Words
from runtime.text.thinking import ThoughtSplitter
from runtime.text.tools.reader import CallReader


class Reader:
    """One answer of a model that may think, or call tools."""

    def __init__(
        self,
        marks: Collection[str],
        tokens: Collection[str] = (),
        *,
        thoughts: ThoughtSplitter | None = None,
        calls: CallReader | None = None,
    ) -> None:
        """Listen for marks; those that are `tokens` of the vocabulary count only when `mark` says so."""
        self._finder = MarkFinder(frozenset(marks) - frozenset(tokens))
        self._thoughts = thoughts
        self._calls = calls

    @property
    def thinks(self) -> bool:
        """Whether what comes now is a thought."""
        return self._thoughts is not None and self._thoughts.thinks

    @property
    def called(self) -> bool:
        """Whether there was a call."""
        return self._calls is not None and self._calls.called

    @property
    def done(self) -> bool:
        """Whether nothing more is wanted of this answer."""
        return self._calls is not None and self._calls.done

    def feed(self, text: str) -> Iterator[Part]:
        """What more text makes certain."""
        for piece in self._finder.feed(text):
            yield from self._piece(piece)

    def mark(self, letters: str) -> Iterator[Part]:
        """What a mark makes certain that the model wrote as one token."""
        yield from self._text(self._finder.flush())
        yield from self._piece(Mark(letters, token=True))

    def flush(self) -> Iterator[Part]:
        """The rest, now that the answer is over."""
        yield from self._text(self._finder.flush())
        if self._thoughts and (blank := self._thoughts.flush()):
            yield from self._answer(blank)
        if self._calls:
            yield from self._calls.flush()

    def _text(self, text: str) -> Iterator[Part]:
        if text:
            yield from self._piece(text)

    def _piece(self, piece: Piece) -> Iterator[Part]:
        for part in self._thoughts.feed(piece) if self._thoughts else (piece,):
            if isinstance(part, Thoughts):
                yield part
            else:
                yield from self._answer(part)

    def _answer(self, piece: Piece) -> Iterator[Part]:
        if self._calls:
            yield from self._calls.feed(piece)
        elif isinstance(piece, str):
            yield Words(piece)
