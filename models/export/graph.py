"""A traced encoder made ours: it ends in one answer a text, and its matrices are stored in blocks of 8 bits.

Knows ONNX graphs; does not know where they come from nor how good they are. Matrices become MatMulNBits and the
embedding table GatherBlockQuantized, as in a decoder (`models.graph.vocabulary`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from models.errors import ExportError
from models.export.reading import Reading
from models.graph.builder import CONTRIB
from models.manifest import TensorSpec
from models.quantize import Scheme, quantize
from models.quantize.tensor import Quantized

Array = NDArray[np.float32]

ANSWER: Final = "answer"
DATA_NAME: Final = "encoder.onnx.data"
_INPUTS: Final = ("input_ids", "attention_mask", "token_type_ids")
_INLINE_BYTES: Final = 1024
_TABLE_ROWS: Final = 1000
"""Smaller tables (positions, kinds of token) stay in float32: they weigh nothing."""


def load(path: Path) -> ir.Model:
    """Read a traced graph and see that it takes what an encoder takes.

    Raises:
        ExportError: it takes something else.
    """
    model = ir.load(path)
    for value in model.graph.inputs:
        if value.name not in _INPUTS:
            raise ExportError(f"the graph wants {value.name!r}, which no text gives; choose another model")
        value.shape = ir.Shape(["batch", "sequence"])
    if len(model.graph.outputs) != 1:
        raise ExportError(f"the graph has {len(model.graph.outputs)} outputs, not one; choose another model")
    return model


def finish(model: ir.Model, reading: Reading) -> None:
    """Make the graph end in `answer` [batch, width]: a vector, or the labels' scores.

    Raises:
        ExportError: there are not as many scores as labels.
    """
    end = _End(model)
    (last,) = model.graph.outputs
    width = _width(last)
    if reading.labels and width != len(reading.labels):
        raise ExportError(
            f"the graph answers with {width} numbers, config.json names {len(reading.labels)} labels"
        )
    match reading.pooling:
        case "cls":
            answer = end.op("Gather", last, end.constant(0), axis=1)
        case "mean":
            answer = end.mean_over_tokens(last)
        case "none":
            answer = end.op("Softmax", last, axis=-1) if reading.exclusive else end.op("Sigmoid", last)
    if reading.normalized:
        answer = end.op("LpNormalization", answer, axis=-1, p=2)
    answer.name = ANSWER
    answer.dtype = ir.DataType.FLOAT
    answer.shape = ir.Shape(["batch", width])
    model.graph.outputs[:] = [answer]


class _End:
    """Nodes added behind the last."""

    def __init__(self, model: ir.Model) -> None:
        self._graph = model.graph

    def constant(self, number: int | list[int]) -> ir.Value:
        tensor = ir.tensor(np.array(number, np.int64), name=f"end.constant.{len(self._graph)}")
        return self.op("Constant", value=tensor)

    def op(self, op_type: str, *inputs: ir.Value, **attributes: int | ir.TensorProtocol) -> ir.Value:
        name = f"end.{op_type}.{len(self._graph)}"
        node = ir.node(op_type, list(inputs), dict(attributes), name=name)
        node.outputs[0].name = name
        self._graph.append(node)
        return node.outputs[0]

    def mean_over_tokens(self, tokens: ir.Value) -> ir.Value:
        """[B, S, H] to [B, H], without those the mask leaves out."""
        (mask,) = (value for value in self._graph.inputs if value.name == "attention_mask")
        column = self.op("Unsqueeze", self.op("Cast", mask, to=int(ir.DataType.FLOAT)), self.constant([-1]))
        total = self.op("ReduceSum", self.op("Mul", tokens, column), self.constant([1]), keepdims=0)
        count = self.op("ReduceSum", column, self.constant([1]), keepdims=0)
        return self.op("Div", total, count)


def shrink(model: ir.Model, scheme: Scheme) -> tuple[str, ...]:
    """Store matrices and the embedding table by `scheme`; return the names of those that its blocks do not fit."""
    unfit = []
    model.opset_imports[CONTRIB] = 1
    for node in tuple(model.graph):
        matrix = _table(node) if node.op_type == "Gather" else _layer(node)
        if matrix is None:
            continue
        if matrix.shape[1] % scheme.block:
            unfit.append(str(node.name))
            continue
        packed = quantize(matrix, scheme, name=str(node.name))
        stored = _looked_up if node.op_type == "Gather" else _multiplied
        new = stored(model.graph, node, packed)
        ir.convenience.replace_nodes_and_values(model.graph, node, [node], [new], node.outputs, new.outputs)
    for name, value in tuple(model.graph.initializers.items()):
        if not value.uses():
            del model.graph.initializers[name]
    return tuple(unfit)


def _table(node: ir.Node) -> Array | None:
    """[V, H], if the node looks up rows of a table worth storing in fewer bytes."""
    table = _constant(node.inputs[0])
    worth = table is not None and table.shape[0] >= _TABLE_ROWS and not node.attributes.get_int("axis", 0)
    return table if worth else None


def _layer(node: ir.Node) -> Array | None:
    """[out, in], if the node multiplies by a constant matrix and does nothing besides but add a bias."""
    if node.op_type not in {"MatMul", "Gemm"} or (matrix := _constant(node.inputs[1])) is None:
        return None
    if node.op_type == "MatMul":
        return matrix.T
    attributes = node.attributes
    if attributes.get_int("transA", 0) or {attributes.get_float(name, 1.0) for name in ("alpha", "beta")} != {
        1.0
    }:
        return None
    return matrix if attributes.get_int("transB", 0) else matrix.T


def _constant(value: ir.Value | None) -> Array | None:
    """The matrix behind a constant operand; None for anything else."""
    tensor = value.const_value if value is not None else None
    if tensor is None or len(tensor.shape) != 2 or tensor.dtype != ir.DataType.FLOAT:  # noqa: PLR2004  a matrix
        return None
    return tensor.numpy()


def _multiplied(graph: ir.Graph, node: ir.Node, packed: Quantized) -> ir.Node:
    scheme = packed.scheme
    attributes = {
        "N": packed.shape[0],
        "K": packed.shape[1],
        "bits": scheme.bits,
        "block_size": scheme.block,
        "accuracy_level": scheme.accuracy_level,
    }
    bias = node.inputs[2:]  # of Gemm; zero points and order, which come before it here, are not used
    inputs = [
        node.inputs[0],
        *_stored(graph, node, packed, packed.data),
        *([None, None, *bias] if bias else []),
    ]
    return ir.node("MatMulNBits", inputs, attributes, domain=CONTRIB, name=node.name)


def _looked_up(graph: ir.Graph, node: ir.Node, packed: Quantized) -> ir.Node:
    scheme = packed.scheme
    attributes = {"bits": scheme.bits, "block_size": scheme.block, "gather_axis": 0, "quantize_axis": 1}
    data, scales = _stored(graph, node, packed, packed.data.reshape(packed.shape[0], -1))
    return ir.node(
        "GatherBlockQuantized", [data, node.inputs[1], scales], attributes, domain=CONTRIB, name=node.name
    )


def _stored(
    graph: ir.Graph, node: ir.Node, packed: Quantized, data: NDArray[np.uint8]
) -> tuple[ir.Value, ir.Value]:
    """Levels and scales; a symmetric scheme has no zero points."""
    if packed.zero_points is not None:
        raise RuntimeError("encoders are stored by symmetric schemes")
    return _initializer(graph, f"{node.name}.weight", data), _initializer(
        graph, f"{node.name}.scales", packed.scales
    )


def _initializer(graph: ir.Graph, name: str, array: NDArray[np.generic]) -> ir.Value:
    tensor = ir.tensor(np.ascontiguousarray(array), name=name)
    shape = ir.Shape(array.shape)
    value = ir.Value(name=name, shape=shape, type=ir.TensorType(tensor.dtype), const_value=tensor)
    graph.register_initializer(value)
    return value


@dataclass(frozen=True, slots=True)
class Specs:
    """What a finished graph takes and gives, as a manifest names it."""

    inputs: tuple[TensorSpec, ...]
    answer: TensorSpec
    width: int


def specs(model: ir.Model) -> Specs:
    """Read them off a finished graph."""
    (answer,) = model.graph.outputs
    width = _width(answer)
    inputs = (TensorSpec(str(value.name), "int64", ("batch", "sequence")) for value in model.graph.inputs)
    return Specs(tuple(inputs), TensorSpec(ANSWER, "float32", ("batch", width)), width)


def save(model: ir.Model, path: Path) -> None:
    """Write the graph and, beside it, its weights; equal graphs give equal bytes."""
    model.producer_name, model.producer_version = "inglenook", None
    ir.save(model, path, external_data=DATA_NAME, size_threshold_bytes=_INLINE_BYTES)


def _width(value: ir.Value) -> int:
    width = value.shape[-1] if value.shape is not None else None
    if not isinstance(width, int):
        raise ExportError("the graph does not say how many numbers it answers with; choose another model")
    return width
