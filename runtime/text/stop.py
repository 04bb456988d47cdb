"""Stop strings in a stream of text. Text in, text out; knows nothing of tokens."""

from collections.abc import Collection


class StopMatcher:
    """Lets text through up to the first stop string.

    The string that is complete first wins, among those that end at the same place the longest; so the result does
    not depend on how the text was cut into pieces. What might become a stop string is held back until it cannot.
    """

    def __init__(self, stops: Collection[str]) -> None:
        """Take stop strings; none of them is empty."""
        self._stops = tuple(stops)
        self._beginnings = {stop[:size] for stop in stops for size in range(1, len(stop))}
        self._longest = max(map(len, stops), default=0)
        self._held = ""

    def feed(self, text: str) -> tuple[str, bool]:
        """The text that is safe to show, and whether a stop string was found; after that, feed no more."""
        text = self._held + text
        found = [(place + len(stop), place) for stop in self._stops if (place := text.find(stop)) >= 0]
        if found:
            self._held = ""
            return text[: min(found)[1]], True
        sizes = range(min(self._longest - 1, len(text)), 0, -1)
        held = next((size for size in sizes if text[-size:] in self._beginnings), 0)
        self._held = text[len(text) - held :]
        return text[: len(text) - held], False

    def flush(self) -> str:
        """What is still held back: the text ended and it became no stop string."""
        held, self._held = self._held, ""
        return held
