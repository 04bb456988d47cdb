"""A quantised matrix in the layout of onnxruntime's MatMulNBits, made and undone.

Knows the layout and works through a matrix in slabs of rows; how levels are chosen is each method's own file.
Layout: the operator's document in onnxruntime's contrib schema.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import QuantizationError
from models.quantize import packing, stored
from models.quantize.affine import affine, rest_columns
from models.quantize.kquant import kquant
from models.quantize.levels import Chosen
from models.quantize.loss import Loss
from models.quantize.rtn import rtn
from models.quantize.scheme import Scheme

Floats = NDArray[np.float32]
Choice = Callable[[Floats, int], Chosen | None]
"""Chooses levels for `[n, block]` weights, so many blocks a row; None where it has none that fit."""

_SLAB: Final = 1 << 17
"""Weights worked on at a time: a method's temporaries stay within a core's cache."""

_LARGEST: Final = 1e30
"""No trained weight comes near; beyond, a product in float32 overflows."""
_NOTHING: Final = np.float32(1e-4)
"""Parts of a scale that a rest may be to count as none."""
_MIDDLE: Final = 128
"""The zero point of eight bits that is not stored."""


@dataclass(frozen=True, slots=True, eq=False)
class Quantized:
    """A matrix `[N, K]` as integers: `weight = (level - zero point) * scale`.

    In the affine form, more blocks stand behind those of the K columns: `means` columns that multiply the means of
    the input's blocks.
    """

    data: NDArray[np.uint8]
    """`[N, K / block, block * bits / 8]`."""
    scales: NDArray[np.float32]
    """`[N, K / block]`."""
    zero_points: NDArray[np.uint8] | None
    """`[N, ceil(K / block * bits / 8)]`, packed as the data; None for the middle of the range everywhere."""
    scheme: Scheme
    """As it was stored: of a matrix whose own grid was kept, with that grid's bits."""
    shape: tuple[int, int]
    """N (out), K (in)."""
    means: int = 0
    """Extra columns; 0 but for the affine form."""
    loss: Loss = field(default_factory=Loss)
    """What it cost."""


def quantize(weight: Floats, scheme: Scheme, *, name: str = "a matrix") -> Quantized:
    """Quantise `weight`, `[N, K]`; `name` is for the message when that fails. Equal input gives equal bytes.

    Four bits symmetric carry zero points all the same, 8 everywhere: without them KleidiAI (ARM) quantises
    activations a row at a time instead of a block at a time, at a cost in fidelity; x86 does not care.

    Raises:
        QuantizationError: the scheme does not exist or does not fit the shape, or a weight is not finite.
    """
    if weight.ndim != 2 or 0 in weight.shape:  # noqa: PLR2004  a matrix
        raise QuantizationError(f"{name} has shape {list(weight.shape)}; only matrices are quantised")
    if not scheme.quantized:
        raise QuantizationError(f"{name} stays in fp32 by its scheme; store it as it is")
    scheme.check(weight.shape[1])
    for tried, choice in _choices(scheme):
        if found := _fill(weight, tried, choice, name):
            return found
    raise RuntimeError(f"no method was left for {name}")


def _choices(scheme: Scheme) -> tuple[tuple[Scheme, Choice], ...]:
    """What to try in turn; the last always succeeds."""
    match scheme.method:
        case "rtn" | "kquant" as method:
            chooser = rtn if method == "rtn" else kquant
            return (
                (
                    scheme,
                    lambda blocks, _: Chosen(chooser(blocks, scheme.bits, symmetric=scheme.symmetric)),
                ),
            )
        case "affine":
            return ((scheme, lambda blocks, _: Chosen(*affine(blocks))),)
    wide = (replace(scheme, bits=8, symmetric=False), stored.eight)
    if scheme.bits == 8:  # noqa: PLR2004  the fewest bits allowed
        return (wide,)
    return (replace(scheme, symmetric=True), stored.four_symmetric), (scheme, stored.four_affine), wide


def _fill(weight: Floats, scheme: Scheme, choice: Choice, name: str) -> Quantized | None:
    """Every slab by `choice`; None as soon as one has none."""
    rows, columns = weight.shape
    blocks = columns // scheme.block
    data = np.empty((rows, blocks, scheme.block * scheme.bits // 8), np.uint8)
    scales = np.empty((rows, blocks), np.float32)
    zeros = np.empty((rows, blocks), np.uint8)
    rests = np.zeros((rows, blocks), np.float32)
    for slab in _slabs(rows, columns):
        chosen = choice(_blocks(weight[slab], scheme, name), blocks)
        if chosen is None:
            return None
        levels = chosen.levels
        data[slab] = packing.pack(levels.levels, scheme.bits).reshape(-1, *data.shape[1:])
        scales[slab] = levels.scales.reshape(-1, blocks)
        zeros[slab] = levels.zeros.reshape(-1, blocks)
        if chosen.rests is not None:
            rests[slab] = chosen.rests.reshape(-1, blocks)
    means = 0
    if (np.abs(rests) > _NOTHING * np.abs(scales)).any():
        extra = rest_columns(rests, scheme.block)
        data, scales = np.concatenate([data, extra[0]], axis=1), np.concatenate([scales, extra[1]], axis=1)
        zeros, means = np.concatenate([zeros, extra[2]], axis=1), blocks
    if scheme.bits == 8 and (zeros == _MIDDLE).all():  # noqa: PLR2004  four bits keep theirs, as said above
        scheme, zero_points = replace(scheme, symmetric=True), None
    else:
        zero_points = packing.pack(zeros, scheme.bits)
    found = Quantized(data, scales, zero_points, scheme, (rows, columns), means)
    return replace(found, loss=_loss(weight, found))


def _slabs(rows: int, columns: int) -> Iterator[slice]:
    step = max(1, _SLAB // columns)
    return (slice(start, start + step) for start in range(0, rows, step))


def _blocks(weight: Floats, scheme: Scheme, name: str) -> Floats:
    part = np.ascontiguousarray(weight, np.float32).reshape(-1, scheme.block)
    if not np.abs(part).max() <= _LARGEST:  # so put, it holds for nan too
        raise QuantizationError(f"{name} holds weights that are not finite or absurd; fetch the model again")
    return part


def _loss(weight: Floats, quantized: Quantized) -> Loss:
    parts = (Loss.between(weight[slab], _dequantize(quantized, slab)) for slab in _slabs(*quantized.shape))
    return sum(parts, Loss())


def dequantize(quantized: Quantized) -> Floats:
    """The matrix that onnxruntime multiplies by, `[N, K]`."""
    return np.concatenate([_dequantize(quantized, slab) for slab in _slabs(*quantized.shape)])


def _dequantize(quantized: Quantized, slab: slice) -> Floats:
    """Some rows of it."""
    scheme, columns, means = quantized.scheme, quantized.shape[1], quantized.means
    scales = quantized.scales[slab]
    zeros: NDArray[np.uint8] | int = 2 ** (scheme.bits - 1)
    if quantized.zero_points is not None:
        zeros = packing.unpack(quantized.zero_points[slab], scheme.bits, scales.shape[1])[..., None]
    levels = packing.unpack(quantized.data[slab], scheme.bits, scheme.block)
    weights = np.subtract(levels, zeros, dtype=np.float32)
    weights *= scales[..., None]
    if means:
        stored, extra = weights[:, : columns // scheme.block], weights[:, columns // scheme.block :]
        rests = extra.reshape(len(extra), -1)[:, :means] / np.float32(scheme.block)
        weights = stored + rests[..., None]
    return weights.reshape(len(weights), columns)
