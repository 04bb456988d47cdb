"""Which models have to leave so that another one fits. Values in, names out: no clock, no memory, no models."""

from collections.abc import Iterable
from dataclasses import dataclass

from models.preflight import show
from runtime.errors import CallerError


@dataclass(frozen=True, slots=True)
class Place:
    """What a model in memory takes, and what it is there for."""

    name: str
    bytes: int
    last_used: float
    """Seconds of any clock; the least of those not in use goes first."""
    in_use: bool = False
    pinned: bool = False


def to_leave(places: Iterable[Place], wanted: int, budget: int) -> tuple[str, ...] | None:
    """Who leaves for `wanted` bytes to fit into `budget`, the least recently used first; None: wait for who is in use.

    Raises:
        CallerError: it would not fit if everybody left who may.
    """
    there = tuple(places)
    staying = sum(place.bytes for place in there if place.pinned)
    if staying + wanted > budget:
        pinned = f", of which {show(staying)} are pinned" if staying else ""
        raise CallerError(
            f"the model takes some {show(wanted)} of memory, and models may have {show(budget)}{pinned}; "
            "choose a smaller one, or raise limits.model_bytes",
            param="model",
        )
    over = sum(place.bytes for place in there) + wanted - budget
    leaving: list[str] = []
    for place in sorted(there, key=lambda each: each.last_used):
        if over <= 0:
            break
        if not place.pinned and not place.in_use:
            leaving.append(place.name)
            over -= place.bytes
    return tuple(leaving) if over <= 0 else None
