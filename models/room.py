"""What measuring against the fp32 graph takes of a machine. Values in, values out.

The graph has four bytes a parameter. It is mapped, not loaded: where other things need the memory, its pages are
given up and read again.
"""

from typing import Final

from models.machine import Machine
from models.preflight import show

GRAPH: Final = 4
"""Bytes a parameter of the fp32 graph."""
BUNDLE: Final = 2
"""Bytes a parameter that no quantised bundle reaches: eight bits with scales, and what is spared from rounding."""
_LOGIT: Final = 4
LEAST: Final = 512
"""Tokens below which a mean says little."""


def lacking(parameters: int, machine: Machine) -> str:
    """Why there is no room for the fp32 graph and the bundle beside it; empty where there is."""
    graph, both = GRAPH * parameters, (GRAPH + BUNDLE) * parameters
    if both > machine.disk_free:
        return f"the fp32 graph and the bundle take {show(both)} of disk, here are {show(machine.disk_free)}"
    if graph > machine.memory_available:
        return f"the fp32 graph takes {show(graph)} of memory, here are {show(machine.memory_available)}"
    return ""


def tight(parameters: int, machine: Machine) -> bool:
    """Whether memory holds the fp32 graph but not much beside it."""
    return 2 * GRAPH * parameters > machine.memory_available


def logits(tokens: int, vocabulary: int) -> int:
    """Bytes of what a graph says of so many tokens."""
    return tokens * vocabulary * _LOGIT


def recordable(tokens: int, vocabulary: int, disk: int) -> int:
    """How many of `tokens` have room for their logits on a disk that is not to be filled; 0 if too few."""
    held = min(tokens, disk * 9 // 10 // logits(1, vocabulary))
    return held if held >= min(tokens, LEAST) else 0
