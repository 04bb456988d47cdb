"""How long to wait before something that failed is tried again. A sequence; whoever tries, waits and gives up."""

from collections.abc import Iterator


def pauses(first_s: float, longest_s: float) -> Iterator[float]:
    """Seconds before each further attempt, without end: twice as many each time, up to the longest."""
    pause = first_s
    while True:
        yield pause
        pause = min(2 * pause, longest_s)
