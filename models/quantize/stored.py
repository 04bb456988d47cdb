"""Weights stored as the file they come from has them: on their own grid where MatMulNBits knows one like it.

A matrix may be packed from several of the file's tensors, in different types. The fewest bits win that lose nothing for
all of it; else eight bits, in which a row on a grid keeps it and any other is rounded to nearest. Splitting such a
matrix would save bytes and cost a node, which rounds the activations once more: measured, the whole is no slower.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.quantize import grid
from models.quantize.levels import Chosen
from models.quantize.rtn import rtn

Floats = NDArray[np.float32]
_PROBES: Final = 3
"""Blocks of a row that are tried first: a row on no grid is found out by these."""


def four_symmetric(blocks: Floats, per_row: int) -> Chosen | None:
    """As Q4_0 has them; None unless every block is so."""
    del per_row
    if not grid.multiples(_probes(blocks), 4)[1].all():
        return None
    levels, found = grid.multiples(blocks, 4)
    return Chosen(levels) if found.all() else None


def four_affine(blocks: Floats, per_row: int) -> Chosen | None:
    """As Q4_1 and Q4_K have them; None unless every block is so."""
    del per_row
    if not grid.stretches(_probes(blocks), 4)[2].all():
        return None
    levels, rests, found = grid.stretches(blocks, 4)
    return Chosen(levels, rests) if found.all() else None


def eight(blocks: Floats, per_row: int) -> Chosen:
    """As Q8_0, Q5_0 and IQ4_NL have them, row by row; the rest to the nearest of 256 levels."""
    rows = blocks.reshape(-1, per_row, blocks.shape[1])
    probes = np.linspace(0, per_row - 1, _PROBES).astype(int)
    _, found = grid.multiples(rows[:, probes].reshape(-1, blocks.shape[1]), 8)
    kept = np.repeat(found.reshape(-1, _PROBES).all(axis=1), per_row)
    chosen = rtn(blocks, 8, symmetric=False)
    if kept.any():
        exact, found = grid.multiples(blocks[kept], 8)
        at = np.flatnonzero(kept)[found]
        chosen.levels[at], chosen.scales[at] = exact.levels[found], exact.scales[found]
        chosen.zeros[at] = exact.zeros[found]
    return Chosen(chosen)


def _probes(blocks: Floats) -> Floats:
    """Some blocks from all over a slab: where it is on no grid, these tell at once."""
    some: Floats = blocks[np.linspace(0, len(blocks) - 1, min(len(blocks), 64)).astype(int)]
    return some
