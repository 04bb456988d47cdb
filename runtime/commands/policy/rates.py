"""How often something may be done: token buckets. Knows names and seconds, no devices."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

_MOST: Final = 4096
"""Names that are kept apart; of more, the one that was silent longest begins anew."""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """One bucket a name, that holds a minute's worth and is filled evenly."""

    def __init__(self, per_minute: int) -> None:
        """`per_minute` 0 is without a limit."""
        self._size = float(per_minute)
        self._buckets: dict[str, _Bucket] = {}

    def take(self, names: Iterable[str], now: float) -> str | None:
        """One token for each mention of a name, or, if one has too few, none at all and its name.

        A full bucket is enough for any number of mentions; what they take beyond it has to come in before the next.

        `now`: seconds that never go back.
        """
        if not self._size:
            return None
        wanted: dict[str, int] = {}
        for name in names:
            wanted[name] = wanted.get(name, 0) + 1
        for name, count in wanted.items():
            if self._filled(name, now).tokens < min(count, self._size):
                return name
        for name, count in wanted.items():
            self._buckets[name].tokens -= count
        return None

    def _filled(self, name: str, now: float) -> _Bucket:
        bucket = self._buckets.pop(name, None) or _Bucket(self._size, now)
        bucket.tokens = min(self._size, bucket.tokens + (now - bucket.at) * self._size / 60)
        bucket.at = now
        self._buckets[name] = bucket  # the last is the one that was used last
        while len(self._buckets) > _MOST:
            del self._buckets[next(iter(self._buckets))]
        return bucket
