"""Tells calls of tools from words, in one answer. Pieces of text and marks in, words and calls out.

Nothing is lost: letters that only look like a call (its tool was not offered, its arguments don't fit, it was never
finished) are words, with the reason beside them. Calls between two marks hold together: where one is none, none of
them is. White space around calls is layout. Runs nothing.
"""

from collections.abc import Iterator

from runtime.text.layout import Trailing
from runtime.text.marks import Mark, Piece
from runtime.text.parts import Refused, Words
from runtime.text.tools.dialect import Dialect, Fence
from runtime.text.tools.offer import Offer
from runtime.text.tools.values import Call, NotACallError

Read = Words | Call | Refused


class CallReader:
    """Reads one answer of a model that was offered tools."""

    def __init__(self, dialect: Dialect, offer: Offer) -> None:
        self._dialect = dialect
        self._offer = offer
        self._fences = {fence.begin: fence for fence in dialect.fences}
        self._fence: Fence | None = None
        self._openings = dialect.openings
        """What the answer may still begin with to be nothing but a call."""
        self._begun = ""
        """Its first letters, as long as they may become one of these."""
        self._whole = False
        """Whether it has begun so."""
        self._held: list[str] = []
        """What stands behind the fence; or the answer, as long as it may be a call."""
        self._words = Trailing()
        self._calls = 0

    @property
    def done(self) -> bool:
        """Whether no more is wanted: one call was asked for, and made."""
        return self.called and not self._offer.parallel

    @property
    def called(self) -> bool:
        """Whether there was a call."""
        return self._calls > 0

    def feed(self, piece: Piece) -> Iterator[Read]:
        """What one more piece makes certain."""
        if self.done:
            return
        match piece:
            case str():
                yield from self._text(piece)
            case Mark(letters) if self._fence and letters == self._fence.end:
                fence, self._fence = self._fence, None
                body = self._taken()
                yield from self._decide(body, fence.begin + body + letters)
            case Mark(letters) if not self._fence and letters in self._fences:
                yield from self._release()
                self._fence = self._fences[letters]
            case Mark(letters, token):
                if self._fence or not token:  # else it ends what never began
                    yield from self._text(letters)

    def flush(self) -> Iterator[Read]:
        """The rest, now that the answer is over."""
        fence, text = self._fence, self._taken()
        if fence is None:
            is_call = self._whole and self._is_call(text.strip())  # an answer in JSON is no failed call
            yield from self._decide(text.strip(), text) if is_call else self._say(text)
        elif fence.end:
            yield from self._refuse(fence.begin + text, "a call was not finished")
        else:
            yield from self._decide(text, fence.begin + text)
        if self._words.held and not self.called:
            yield Words(self._words.held)

    def _text(self, text: str) -> Iterator[Read]:
        if not (self._fence or self._whole or self._openings):
            yield from self._say(text)
            return
        self._held.append(text)
        if self._openings and not self._fence:
            self._begun = (self._begun + text).lstrip()
            self._whole = self._begun.startswith(self._openings)
            if self._whole:
                self._openings = ()
            elif not any(opening.startswith(self._begun) for opening in self._openings):
                yield from self._release()

    def _is_call(self, text: str) -> bool:
        """Whether it is written as a call is, of whatever tool."""
        try:
            self._dialect.read(text)
        except NotACallError:
            return False
        return True

    def _release(self) -> Iterator[Words]:
        self._openings, self._whole = (), False
        yield from self._say(self._taken())

    def _decide(self, body: str, written: str) -> Iterator[Read]:
        """Calls, if that is what the body is; else words, as they were written."""
        try:
            calls = self._dialect.read(body)
            for call in calls:
                self._offer.check(call)
        except NotACallError as exc:
            yield from self._refuse(written, str(exc))
            return
        if not self._words.said:
            self._words.held = ""
        for call in calls:
            if self.done:
                yield Refused(f"one call was asked for, so another of {call.name} was left out")
            else:
                self._calls += 1
                yield call

    def _refuse(self, written: str, reason: str) -> Iterator[Read]:
        yield from self._say(written)
        yield Refused(reason)

    def _say(self, text: str) -> Iterator[Words]:
        if shown := self._words.feed(text):
            yield Words(shown)

    def _taken(self) -> str:
        text = "".join(self._held)
        self._held.clear()
        return text
