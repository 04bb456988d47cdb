"""How long to wait for an acknowledgement: RFC 6298, with the bounds of docs/firmware-protocol.md. Seconds."""

from typing import Final

FIRST_S: Final = 0.3
SHORTEST_S: Final = 0.03
LONGEST_S: Final = 1.0
_GRANULARITY_S: Final = 0.001
_ALPHA: Final = 1 / 8
_BETA: Final = 1 / 4


class RoundTrip:
    """The estimate. What was sent twice is no sample (Karn's rule): that is the caller's to know."""

    def __init__(self) -> None:
        self._smoothed: float | None = None
        self._variation = 0.0
        self.timeout_s = FIRST_S
        """How long to wait now."""

    def sample(self, seconds: float) -> None:
        """Something sent once was acknowledged after that time."""
        if self._smoothed is None:
            self._smoothed, self._variation = seconds, seconds / 2
        else:
            self._variation += _BETA * (abs(self._smoothed - seconds) - self._variation)
            self._smoothed += _ALPHA * (seconds - self._smoothed)
        wait = self._smoothed + max(_GRANULARITY_S, 4 * self._variation)
        self.timeout_s = min(max(wait, SHORTEST_S), LONGEST_S)

    def timed_out(self) -> None:
        """Nothing came in time: wait twice as long, until there is a sample again."""
        self.timeout_s = min(2 * self.timeout_s, LONGEST_S)
