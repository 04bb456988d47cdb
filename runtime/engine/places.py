"""Where a cache can be taken back to by copies, behind one prompt, when there is memory for few of them.

Knows lengths and snapshots. Does not know which tokens they stand for, nor who comes back.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from runtime.engine.cache import Cache, Snapshot

PLACES: Final = 4
"""Most snapshots of one `Places`. They count in no limit, and a large model's takes tens of megabytes; options seldom
part at more places behind each other, and what lies between two is soon run again."""


class Places:
    """The way back to a prompt, and to some of the lengths that are run behind it. The prompt is length 0."""

    def __init__(self, cache: Cache) -> None:
        """Be able to come back to now."""
        self._cache, self._base = cache, cache.tokens
        self._kept = {0: cache.snapshot()}
        """By length, ascending."""
        self._spare: list[Snapshot] = []

    @property
    def held(self) -> int:
        """Snapshots whose memory is taken."""
        return len(self._kept) + len(self._spare)

    def worth(self, ahead: Sequence[int]) -> list[int]:
        """Those of the ascending lengths ahead that would be kept until the last is reached."""
        kept = list(self._kept)
        for length in ahead:
            if len(kept) == PLACES:
                kept.remove(_least(kept))
            kept.append(length)
        return [length for length in kept if length in ahead]

    def keep(self) -> None:
        """Be able to come back to now, which is ahead of all that is kept; let go of what saves least for it."""
        if len(self._kept) == PLACES:
            self._spare.append(self._kept.pop(_least(list(self._kept))))
        over = self._spare.pop() if self._spare else None
        self._kept[self._cache.tokens - self._base] = self._cache.snapshot(over)

    def go_back(self, length: int) -> int:
        """Go to the last place at or before a length; return which that is."""
        while (last := next(reversed(self._kept))) > length:
            self._spare.append(self._kept.pop(last))
        self._cache.restore(self._kept[last])
        return last


def _least(lengths: Sequence[int]) -> int:
    """The length that is soonest run again from the one before it; never the first."""
    return min(pairwise(lengths), key=lambda pair: pair[1] - pair[0])[1]
