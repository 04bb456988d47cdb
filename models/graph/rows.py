"""Linear layers for many rows at once: int8, with one scale a column of the matrix and one for all that goes in.

An encoder multiplies 1500 rows by each matrix, a decoder one. For so many onnxruntime's DynamicQuantizeMatMul is up to
six times as fast as MatMulNBits (measured: docs/voice-recognition.md), at the price of coarser scales.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.errors import QuantizationError
from models.graph.builder import CONTRIB, Graph, Value
from models.quantize import FP32, Scheme
from models.quantize.loss import Loss

Array = NDArray[np.float32]

GROUP: Final = "encoder"
PER_COLUMN: Final = Scheme(bits=8, block=0, symmetric=True, method="rtn", group=GROUP)
"""As the ledger knows it: a block is a whole row of the matrix as PyTorch has it."""
_TOP: Final = 127


def rows_linear(graph: Graph, x: Value, weight: Array, bias: Array | None, *, quantized: bool) -> Value:
    """`x @ weight.T + bias`; x is [..., K], weight [N, K] as PyTorch has it.

    Raises:
        QuantizationError: the weights are not finite.
    """
    name = graph.name("weight")
    if not np.isfinite(weight).all():
        raise QuantizationError(f"{name} holds weights that are not finite; fetch the model again")
    if not quantized:
        graph.ledger.add(name, replace(FP32, group=GROUP), FP32, Loss())
        (out,) = graph.op("MatMul", x, graph.weight("weight", np.ascontiguousarray(weight.T)))
        return out if bias is None else graph.op("Add", out, graph.weight("bias", bias))[0]
    levels, scales = per_column(weight)
    graph.ledger.add(name, PER_COLUMN, PER_COLUMN, Loss.between(weight, levels.T * scales[:, None]))
    inputs = [
        x,
        graph.weight("weight", levels),
        graph.weight("scales", scales),
        graph.weight("zeros", np.zeros(len(scales), np.int8)),
        None if bias is None else graph.weight("bias", bias),
    ]
    return graph.op("DynamicQuantizeMatMul", *inputs, domain=CONTRIB)[0]


def per_column(weight: Array) -> tuple[NDArray[np.int8], Array]:
    """Levels [K, N] and the scale of each column [N] of a matrix [N, K]."""
    peaks = np.abs(weight).max(axis=1)
    scales = np.where(peaks > np.finfo(np.float32).tiny, peaks / np.float32(_TOP), np.float32(1))
    levels = np.rint(weight / scales[:, None]).astype(np.int8)
    return np.ascontiguousarray(levels.T), scales.astype(np.float32)
