"""A quantised matrix in the layout of onnxruntime's MatMulNBits, made and undone.

Knows the layout and works through a matrix in slabs of rows; how levels are chosen is each method's own file.
Layout: the operator's document in onnxruntime's contrib schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import QuantizationError
from models.quantize import packing
from models.quantize.affine import affine, rest_columns
from models.quantize.kquant import kquant
from models.quantize.levels import Method
from models.quantize.rtn import rtn
from models.quantize.scheme import Scheme

_METHODS: Final[Mapping[str, Method]] = {"rtn": rtn, "kquant": kquant}
"""Those whose answer is levels, scales and zero points, and no more."""
_SLAB: Final = 1 << 17
"""Weights worked on at a time: a method's temporaries stay within a core's cache."""

_LARGEST: Final = 1e30
"""No trained weight comes near; beyond, a product in float32 overflows."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """A matrix `[N, K]` as integers: `weight = (level - zero point) * scale`.

    By the affine method, more blocks stand behind those of the K columns: `means` columns that multiply the means of
    the input's blocks.
    """

    data: NDArray[np.uint8]
    """`[N, K / block, block * bits / 8]`."""
    scales: NDArray[np.float32]
    """`[N, K / block]`."""
    zero_points: NDArray[np.uint8] | None
    """`[N, ceil(K / block * bits / 8)]`, packed as the data; None for the middle of the range everywhere."""
    scheme: Scheme
    shape: tuple[int, int]
    """N (out), K (in)."""
    means: int = 0
    """Extra columns; 0 but for the affine method."""


def quantize(weight: NDArray[np.float32], scheme: Scheme, *, name: str = "a matrix") -> Quantized:
    """Quantise `weight`, `[N, K]`; `name` is for the message when that fails. Equal input gives equal bytes.

    Four bits symmetric carry zero points all the same, 8 everywhere: without them KleidiAI (ARM) quantises
    activations a row at a time instead of a block at a time, at a cost in fidelity; x86 does not care.

    Raises:
        QuantizationError: the scheme does not exist or does not fit the shape, or a weight is not finite.
    """
    if weight.ndim != 2 or 0 in weight.shape:  # noqa: PLR2004  a matrix
        raise QuantizationError(f"{name} has shape {list(weight.shape)}; only matrices are quantised")
    rows, columns = weight.shape
    if not scheme.quantized:
        raise QuantizationError(f"{name} stays in fp32 by its scheme; store it as it is")
    scheme.check(columns)
    if scheme.method == "affine":
        return _affine(weight, scheme, name)
    blocks = columns // scheme.block
    data = np.empty((rows, blocks, scheme.block * scheme.bits // 8), np.uint8)
    scales = np.empty((rows, blocks), np.float32)
    zeros = np.empty((rows, blocks), np.uint8)
    method, step = _METHODS[scheme.method], max(1, _SLAB // columns)
    for start in range(0, rows, step):
        slab = slice(start, start + step)
        part = _blocks(weight[slab], scheme, name)
        chosen = method(part, scheme.bits, symmetric=scheme.symmetric)
        data[slab] = packing.pack(chosen.levels, scheme.bits).reshape(-1, *data.shape[1:])
        scales[slab] = chosen.scales.reshape(-1, blocks)
        zeros[slab] = chosen.zeros.reshape(-1, blocks)
    implied = scheme.symmetric and scheme.bits == 8  # noqa: PLR2004  see above for four bits
    zero_points = None if implied else packing.pack(zeros, scheme.bits)
    return Quantized(data, scales, zero_points, scheme, (rows, columns))


def _affine(weight: NDArray[np.float32], scheme: Scheme, name: str) -> Quantized:
    """The affine method: the K columns on a grid of their own, then the columns of what an integer zero leaves."""
    rows, columns = weight.shape
    blocks = columns // scheme.block
    groups = -(-blocks // scheme.block)
    data = np.empty((rows, blocks + groups, scheme.block * scheme.bits // 8), np.uint8)
    scales = np.empty((rows, blocks + groups), np.float32)
    zeros = np.empty((rows, blocks + groups), np.uint8)
    step = max(1, _SLAB // columns)
    for start in range(0, rows, step):
        slab = slice(start, start + step)
        chosen, rests = affine(_blocks(weight[slab], scheme, name))
        data[slab, :blocks] = packing.pack(chosen.levels, scheme.bits).reshape(-1, blocks, data.shape[2])
        scales[slab, :blocks] = chosen.scales.reshape(-1, blocks)
        zeros[slab, :blocks] = chosen.zeros.reshape(-1, blocks)
        extra = rest_columns(rests.reshape(-1, blocks), scheme.block)
        data[slab, blocks:], scales[slab, blocks:], zeros[slab, blocks:] = extra
    return Quantized(data, scales, packing.pack(zeros, scheme.bits), scheme, (rows, columns), means=blocks)


def _blocks(weight: NDArray[np.float32], scheme: Scheme, name: str) -> NDArray[np.float32]:
    part = np.ascontiguousarray(weight, np.float32).reshape(-1, scheme.block)
    if not np.abs(part).max() <= _LARGEST:  # so put, it holds for nan too
        raise QuantizationError(f"{name} holds weights that are not finite or absurd; fetch the model again")
    return part


def dequantize(quantized: Quantized) -> NDArray[np.float32]:
    """The matrix that onnxruntime multiplies by, `[N, K]`."""
    scheme, columns = quantized.scheme, quantized.shape[1]
    stored = _levels_times_scales(quantized)
    if not quantized.means:
        return stored
    rests = stored[:, columns : columns + quantized.means] / np.float32(scheme.block)
    whole: NDArray[np.float32] = stored[:, :columns] + np.repeat(rests, scheme.block, axis=1)
    return whole


def _levels_times_scales(quantized: Quantized) -> NDArray[np.float32]:
    scheme = quantized.scheme
    rows, blocks = quantized.scales.shape
    columns = blocks * scheme.block
    out = np.empty((rows, blocks, scheme.block), np.float32)
    step = max(1, _SLAB // columns)
    for start in range(0, rows, step):
        slab = slice(start, start + step)
        zeros: NDArray[np.uint8] | int = 2 ** (scheme.bits - 1)
        if quantized.zero_points is not None:
            zeros = packing.unpack(quantized.zero_points[slab], scheme.bits, blocks)[..., None]
        levels = packing.unpack(quantized.data[slab], scheme.bits, scheme.block)
        np.subtract(levels, zeros, out=out[slab], dtype=np.float32)
        out[slab] *= quantized.scales[slab][..., None]
    return out.reshape(rows, columns)
