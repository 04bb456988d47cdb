"""Which cached tokens of which slot a new prompt can start from. Pure bookkeeping over ids; no buffers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from runtime.engine.snapshots import TURN_TOKENS

_LEFT: Final = 2
"""Tokens of every prompt that are computed."""
_FEW: Final = 64
"""Tokens that are soon computed again, should their conversation ever go on."""
_COPY: Final = 4
"""Of what is shared, one part in so many may go. A token takes as long to compute as some forty to copy, page faults
included; but few of the conversations that end so soon are ever gone on with."""


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
    reaches: Callable[[int], int]
    """The most tokens, up to so many, that the cache can be taken back to."""
    ids: list[int] = field(default_factory=list)
    """Tokens whose state is in the cache, in order."""
    prompt: int = 0
    """How many of them, and of those still to come, are a prompt's; the rest are an answer."""
    busy: bool = False
    used: int = 0
    """When it was last claimed, as a count of claims."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Where a prompt is computed, and what of it need not be."""

    held: Held
    cached: int
    """Tokens of the prompt that are computed already."""
    source: Held
    """Whose cache holds them: the same slot's, or one's to copy from."""
    shared: int
    """Tokens of the prompt that were computed once, whether or not they are reached: where it leaves another prompt."""


class PrefixIndex:
    """All slots' contents; finds each prompt its slot."""

    def __init__(self, reaches: Sequence[Callable[[int], int]]) -> None:
        """One slot for each of `reaches`, which tells how far back its cache can go."""
        self._held = [Held(index, reach) for index, reach in enumerate(reaches)]
        self._claims = 0

    @property
    def idle(self) -> list[Held]:
        """Slots that nobody uses now, the least recently used first."""
        return sorted((held for held in self._held if not held.busy), key=lambda held: held.used)

    def empty(self, index: int) -> None:
        """Know that a slot's cache holds nothing any more."""
        self._held[index].ids.clear()

    def claim(self, prompt: Sequence[int]) -> Claim:
        """A free slot for a prompt, and the slot that saves it most; nothing is copied or taken back yet.

        Two tokens are left to compute where the prompt has them: the logits behind the last are wanted, and one alone
        goes through other kernels, which round otherwise, so that the same question could be answered otherwise.

        The next turn of a conversation goes on where the last one is. A prompt that only begins like another's takes a
        copy of that to the slot that was used least recently, unless more would be lost there, so that the other
        conversation's cache lives on. Where that went on for few tokens only, as one command behind the same devices as
        the next, they are not worth a copy.
        """
        free = [held for held in self._held if not held.busy]
        if not free:
            raise RuntimeError("claim() with no free slot")
        most = max(0, len(prompt) - _LEFT)
        common = [min(common_prefix(held.ids, prompt), most) for held in self._held]
        cached = [held.reaches(n) for held, n in zip(self._held, common, strict=True)]
        lost = [max(0, held.prompt - TURN_TOKENS - n) for held, n in zip(self._held, common, strict=True)]
        source = max(self._held, key=lambda h: (cached[h.index], not h.busy, -lost[h.index], -h.used))
        held = min(free, key=lambda held: held.used)
        gone = len(source.ids) - common[source.index]
        cheap = gone <= _FEW and _COPY * gone <= cached[source.index]
        less = lost[source.index] <= min(held.prompt, len(held.ids))
        if not source.busy and cached[source.index] and (cheap or less):
            held = source
        best = cached[source.index]
        return self._take(Claim(held, best, source if best else held, max(common)), prompt)

    def moved(self, claim: Claim, prompt: Sequence[int], cached: int) -> Claim:
        """The claim, once so many tokens of the prompt have come to its slot from elsewhere."""
        claim.held.ids[:] = prompt[:cached]
        return replace(claim, cached=cached, source=claim.held, shared=max(claim.shared, cached))

    def _take(self, claim: Claim, prompt: Sequence[int]) -> Claim:
        self._claims += 1
        held = claim.held
        held.ids[:] = prompt[: claim.cached]
        held.prompt, held.busy, held.used = len(prompt), True, self._claims
        return claim

    def release(self, held: Held, *, sound: bool) -> None:
        """Give a slot back; a cache that may be half-written is forgotten."""
        if not sound:
            held.ids.clear()
        held.busy = False
