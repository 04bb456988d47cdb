"""One answer while it grows: its parts, and what it cost.

Knows token ids, the decoder, the reader and the stop strings of one request. Does not know who generates the ids.
"""

import time
from collections.abc import Iterable, Iterator, Mapping

from runtime.completion.said import Unsaid
from runtime.completion.values import Said
from runtime.engine.request import Prefill, Timings, Usage
from runtime.text.detokenize import StreamDecoder
from runtime.text.parts import Part, Refused, Words
from runtime.text.reader import Reader
from runtime.text.stop import StopMatcher


class Answer:
    """Turns ids into what may be shown, and counts.

    The counts are for an answer that ends before the engine does: it is sent away before it can tell its own.
    """

    def __init__(
        self,
        decoder: StreamDecoder,
        reader: Reader,
        marks: Mapping[int, str],
        stops: StopMatcher,
        prompt_tokens: int,
    ) -> None:
        """Begin. `marks` are the tokens that mean something to the reader; stop strings end only the words."""
        self._decoder = decoder
        self._reader = reader
        self._marks = marks
        self._stops = stops
        self._unsaid = Unsaid()
        self._usage = Usage(prompt_tokens, 0, 0)
        self._started = self._prefilled = time.monotonic()
        self.stopped = False
        """Whether a stop string was found; after that there is nothing more."""
        self.computed: Usage | None = None
        """What was computed till now, of the prompt what is read; None: nothing is known to be."""
        self.thought_tokens = 0
        """Tokens so far that were thoughts."""

    def prefilled(self, event: Prefill) -> None:
        """Note how far the prompt is."""
        self._usage = Usage(self._usage.prompt, event.cached, 0)
        self.computed = Usage(event.done, event.cached, 0)
        self._prefilled = time.monotonic()

    def feed(self, token: int, said: Said | None = None) -> Iterator[Part]:
        """What one more token makes certain; with how likely it was, where that was asked for."""
        self._usage = Usage(self._usage.prompt, self._usage.cached, self._usage.completion + 1)
        self.computed = self._usage
        self.thought_tokens += self._reader.thinks
        if (mark := self._marks.get(token)) is None:
            letters = self._decoder.feed(token)
            if said is not None and not self._reader.thinks:
                self._unsaid.add(said, letters)
            yield from self._heard(self._reader.feed(letters))
        else:
            yield from self._heard(self._reader.feed(self._decoder.flush()))
            yield from self._heard(self._reader.mark(mark))

    def flush(self) -> Iterator[Part]:
        """What was held back, now that no token will follow."""
        yield from self._heard(self._reader.feed(self._decoder.flush()))
        yield from self._heard(self._reader.flush())
        if not self.stopped and (text := self._stops.flush()):
            yield Words(text)

    def tokens(self, part: Part) -> tuple[Said, ...]:
        """The tokens that a part shows, which was told last."""
        if isinstance(part, Words):
            return self._unsaid.take(part.text)
        if not isinstance(part, Refused):
            self._unsaid.clear()
        return ()

    def _heard(self, parts: Iterable[Part]) -> Iterator[Part]:
        for part in parts:
            if self.stopped:
                return
            if not isinstance(part, Words):
                yield part
                continue
            text, self.stopped = self._stops.feed(part.text)
            if text:
                yield Words(text)

    @property
    def done(self) -> bool:
        """Whether nothing more is wanted: one call was asked for, and made."""
        return self._reader.done

    @property
    def called(self) -> bool:
        """Whether there was a call."""
        return self._reader.called

    @property
    def usage(self) -> Usage:
        """Tokens so far."""
        return self._usage

    @property
    def timings(self) -> Timings:
        """Seconds so far, seen from outside: waiting counts as prefill, and overhead cannot be told apart."""
        prefill_s = self._prefilled - self._started
        return Timings(
            0.0, prefill_s, time.monotonic() - self._prefilled, 0.0, min(1, self._usage.completion)
        )
