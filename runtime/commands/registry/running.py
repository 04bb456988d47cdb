"""In which mode something goes on that is on by its mode, as a climate is. Never in one that nobody chose."""

from collections.abc import Iterable
from typing import Final

from runtime.commands.registry.codec import Now

OFF: Final = "off"
LAST_MODE: Final = "last_mode"
"""Beside the states of its capabilities: the mode that it was last heard to run in."""
_EITHER_WAY: Final = ("auto", "heat_cool")


def ran(modes: Iterable[str], now: Now) -> str | None:
    """The mode it runs in, or ran in last; None if it was never heard to run."""
    active = tuple(each for each in modes if each != OFF)
    return next((str(each) for each in (now("mode"), now(LAST_MODE)) if each in active), None)


def resumed(modes: Iterable[str], now: Now) -> str | None:
    """As it ran last; else the mode that heats or cools as it needs, or the only one; else None."""
    active = tuple(each for each in modes if each != OFF)
    if (before := ran(active, now)) is not None:
        return before
    either = next((each for each in _EITHER_WAY if each in active), None)
    return either or (active[0] if len(active) == 1 else None)
