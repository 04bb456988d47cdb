"""Which cached tokens of which slot a new prompt can start from. Pure bookkeeping over ids; no buffers."""

from collections.abc import Sequence
from dataclasses import dataclass, field


def common_prefix(left: Sequence[int], right: Sequence[int]) -> int:
    """Length of the longest common prefix."""
    limit = min(len(left), len(right))
    for index in range(limit):
        if left[index] != right[index]:
            return index
    return limit


@dataclass(slots=True)
class Held:
    """What one slot's cache holds."""

    index: int
    ids: list[int] = field(default_factory=list)
    """Tokens whose state is in the cache, in order."""
    busy: bool = False
    used: int = 0
    """When it was last claimed, as a count of claims."""


class PrefixIndex:
    """All slots' contents; hands the best free one to a prompt."""

    def __init__(self, slots: int) -> None:
        self._held = [Held(index) for index in range(slots)]
        self._claims = 0

    @property
    def free(self) -> int:
        """Slots that nobody uses now."""
        return sum(not held.busy for held in self._held)

    def claim(self, prompt: Sequence[int]) -> tuple[Held, int]:
        """The free slot that saves most, and how many of the prompt's tokens it already holds.

        At least one token is left to compute, since its logits are wanted. Among slots that save equally little, the
        least recently used goes, so that another conversation's cache lives on.
        """
        free = [held for held in self._held if not held.busy]
        if not free:
            raise RuntimeError("claim() with no free slot")
        usable = len(prompt) - 1
        best = max(free, key=lambda held: (min(common_prefix(held.ids, prompt), usable), -held.used))
        self._claims += 1
        cached = min(common_prefix(best.ids, prompt), usable)
        del best.ids[cached:]
        best.busy, best.used = True, self._claims
        return best, cached

    def release(self, held: Held, *, sound: bool) -> None:
        """Give a slot back; a cache that may be half-written is forgotten."""
        if not sound:
            held.ids.clear()
        held.busy = False
