"""How much memory caches may take together, in tokens. Pure arithmetic; who empties a cache is the worker's matter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runtime.engine.request import Priority

_COMMANDS: Final = 1024
"""Tokens that are kept for commands: devices, a sentence and a form take some hundreds."""
_SHARE: Final = 8
"""But no more than one part in so many."""
_LEFT_TO_CHATS: Final = 4
"""One part in so many is not for what has time, unless it is alone."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Room for so many tokens, over all slots; some of it for commands alone."""

    tokens: int

    @property
    def most(self) -> int:
        """The largest request there can be that is no command."""
        return self.tokens - min(_COMMANDS, self.tokens // _SHARE)

    def fits(self, most: int, promised: Mapping[int, int], priority: Priority) -> bool:
        """Whether a request of at most so many tokens may begin beside those that were promised theirs, by slot."""
        room = self.tokens if priority is Priority.COMMAND else self.most
        if priority is Priority.BACKGROUND and promised:
            room -= self.tokens // _LEFT_TO_CHATS
        return most + sum(promised.values()) <= room

    def too_much(
        self, promised: Mapping[int, int], resident: Mapping[int, int], idle: Sequence[int]
    ) -> list[int]:
        """Which idle slots are to be emptied so that all promises can be kept.

        `idle` are those that nobody uses, the first to go first; `resident` is what each holds.
        """
        over = sum(promised.values()) + sum(resident[slot] for slot in idle) - self.tokens
        emptied: list[int] = []
        for slot in idle:
            if over <= 0:
                break
            if resident[slot]:
                emptied.append(slot)
                over -= resident[slot]
        return emptied
