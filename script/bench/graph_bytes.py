"""Bytes that one step of decoding has to read, told from the graph: what the memory's speed is held against."""

import math
from pathlib import Path
from typing import Final

import numpy as np
import onnx_ir as ir

from models.manifest import DECODER_NAME, Manifest

_ROWS_ONLY: Final = {"Gather", "GatherBlockQuantized", "GroupQueryAttention", "RotaryEmbedding"}
"""These read a row of their tables, of words or of angles."""


def weight_bytes(bundle: Path) -> int:
    """Of every weight that a step reads whole. A table of words that is also the head counts once."""
    read: dict[str, int] = {}
    for node in ir.load(bundle / DECODER_NAME).graph:
        if node.op_type in _ROWS_ONLY:
            continue
        for value in node.inputs:
            if value is not None and value.const_value is not None:
                read[value.name or ""] = value.const_value.nbytes
    return sum(read.values())


def cache_bytes(manifest: Manifest, past: int) -> int:
    """Of what the layers remember: rows grow with the tokens, states are read whole."""
    sizes = {"batch": 1, "capacity": past}
    return sum(
        np.dtype(spec.dtype).itemsize
        * math.prod(axis if isinstance(axis, int) else sizes[axis] for axis in spec.shape)
        for cache in manifest.caches
        for spec in cache.past
    )
