"""Counts of HTTP requests by route and status.

Routes and statuses come from closed sets: nothing that a caller can make up becomes a label.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from runtime.api.exposition import Metric


class Traffic:
    """Requests answered since start."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._seconds: defaultdict[str, float] = defaultdict(float)

    def count(self, route: str, status: int, seconds: float) -> None:
        """One more answer."""
        self._requests[route, status] += 1
        self._seconds[route] += seconds

    def metrics(self) -> Iterator[Metric]:
        """What was counted."""
        yield Metric(
            "ingle_http_requests_total",
            "counter",
            "HTTP requests answered; status 499 is a caller that hung up.",
            tuple(
                ((("route", route), ("status", str(status))), count)
                for (route, status), count in sorted(self._requests.items())
            ),
        )
        yield Metric(
            "ingle_http_request_seconds_total",
            "counter",
            "Seconds from the head of a request to the end of its answer, summed.",
            tuple(((("route", route),), seconds) for route, seconds in sorted(self._seconds.items())),
        )
