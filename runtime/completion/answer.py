"""One answer while it grows: its text, and what it cost.

Knows token ids, the decoder and the stop strings of one request. Does not know who generates the ids.
"""

import time

from runtime.engine.request import Prefill, Timings, Usage
from runtime.text.detokenize import StreamDecoder
from runtime.text.stop import StopMatcher


class Answer:
    """Turns ids into text that may be shown, and counts.

    The counts are for an answer that ends at a stop string: the engine is sent away before it can tell its own.
    """

    def __init__(self, decoder: StreamDecoder, stops: StopMatcher, prompt_tokens: int) -> None:
        self._decoder = decoder
        self._stops = stops
        self._usage = Usage(prompt_tokens, 0, 0)
        self._started = self._prefilled = time.monotonic()
        self.stopped = False
        """Whether a stop string was found; after that there is no more text."""

    def prefilled(self, event: Prefill) -> None:
        """Note how far the prompt is."""
        self._usage = Usage(self._usage.prompt, event.cached, 0)
        self._prefilled = time.monotonic()

    def feed(self, token: int) -> str:
        """The text that one more token makes safe to show."""
        self._usage = Usage(self._usage.prompt, self._usage.cached, self._usage.completion + 1)
        text, self.stopped = self._stops.feed(self._decoder.feed(token))
        return text

    def flush(self) -> str:
        """The text that was held back, now that no token will follow."""
        text, self.stopped = self._stops.feed(self._decoder.flush())
        return text if self.stopped else text + self._stops.flush()

    @property
    def usage(self) -> Usage:
        """Tokens so far."""
        return self._usage

    @property
    def timings(self) -> Timings:
        """Seconds so far, seen from outside: waiting counts as prefill, and overhead cannot be told apart."""
        prefill_s = self._prefilled - self._started
        return Timings(0.0, prefill_s, time.monotonic() - self._prefilled, 0.0)
