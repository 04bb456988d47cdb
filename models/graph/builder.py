"""Values, nodes, scopes and external data: everything an ONNX graph is made of, and nothing of what it computes.

Weights are written to the external-data file the moment they are added, so that building needs memory for one tensor,
not for the model. Names and offsets depend only on the order of calls: the same calls give the same bytes.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Final, Self

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from models.manifest import TensorSpec
from models.quantize.ledger import Ledger

CONTRIB: Final = "com.microsoft"
_OPSET: Final = 21
_IR_VERSION: Final = 10
_INLINE_BYTES: Final = 1024
"""Smaller tensors stay in the graph file: onnxruntime folds shapes and scalars from there."""
_ALIGNMENT: Final = 4096
"""Page size: a mapped tensor starts on a page of its own, and so is aligned for every kernel."""

INPUT: Final = "input "
"""Before the name of an activation: the output that is the activation itself."""

Attribute = int | float | str | Sequence[int]
Value = ir.Value


class ExternalData:
    """The file behind a graph's large initializers; append-only."""

    def __init__(self, path: Path, stream: BinaryIO) -> None:
        self._path = path
        self._stream = stream

    def append(self, array: NDArray[np.generic]) -> tuple[int, int]:
        """Write one array at the next page boundary; return its offset and length in bytes."""
        position = self._stream.tell()
        self._stream.write(b"\0" * (-position % _ALIGNMENT))
        offset = self._stream.tell()
        self._stream.write(np.ascontiguousarray(array).data.cast("B"))
        return offset, self._stream.tell() - offset

    def tensor(
        self, name: str, dtype: np.dtype[np.generic], shape: Sequence[int], at: tuple[int, int]
    ) -> ir.TensorProtocol:
        """A view of bytes already written; two views of the same bytes share them in the file and in memory."""
        return ir.ExternalTensor(
            self._path.name,
            offset=at[0],
            length=at[1],
            dtype=ir.DataType.from_numpy(dtype),
            shape=ir.Shape(shape),
            name=name,
            base_dir=str(self._path.parent),
        )


class Graph:
    """A graph under construction. Names are scoped: `with graph.scope("layers.0"): ...`."""

    def __init__(self, data: ExternalData, *, taps: bool = False) -> None:
        """With `taps` the graph also tells the energy of the activations an architecture points out."""
        self._data = data
        self._taps = taps
        self._scopes: list[str] = []
        self._graph = ir.Graph([], [], nodes=[], opset_imports={"": _OPSET, CONTRIB: 1}, name="decoder")
        self._constants: dict[tuple[int, ...], Value] = {}
        self._activations: dict[Value, str] = {}
        self._tapped: set[str] = set()
        self.ledger = Ledger()
        """How the weights were stored; kept by whoever stores them."""

    @contextmanager
    def scope(self, name: str) -> Iterator[Self]:
        """Prefix the names of everything added inside."""
        self._scopes.append(name)
        try:
            yield self
        finally:
            self._scopes.pop()

    def name(self, leaf: str) -> str:
        """`leaf` within the present scope."""
        return ".".join([*self._scopes, leaf])

    def input(self, name: str, dtype: str, shape: Sequence[int | str]) -> Value:
        """Declare a graph input; strings in `shape` are dynamic axes."""
        value = _value(name, dtype, shape)
        self._graph.inputs.append(value)
        return value

    def output(self, value: Value, name: str, dtype: str, shape: Sequence[int | str]) -> None:
        """Make `value` a graph output called `name`."""
        value.name = name
        value.dtype = _dtype(dtype)
        value.shape = ir.Shape(shape)
        self._graph.outputs.append(value)

    def weight(self, name: str, array: NDArray[np.generic]) -> Value:
        """Add an initializer; large ones go straight to the external-data file."""
        return self.weight_views(name, array, (array.shape,))[0]

    def weight_views(
        self, name: str, array: NDArray[np.generic], shapes: Sequence[Sequence[int]]
    ) -> tuple[Value, ...]:
        """Add one array seen under several shapes, its bytes stored once; a smaller shape is its beginning."""
        at = self._data.append(array) if array.nbytes > _INLINE_BYTES else None
        values = []
        for index, shape in enumerate(shapes):
            full, size = self.name(name if index == 0 else f"{name}.view{index}"), math.prod(shape)
            tensor = (
                ir.Tensor(np.ascontiguousarray(array).reshape(-1)[:size].reshape(shape), name=full)
                if at is None
                else self._data.tensor(full, array.dtype, shape, (at[0], size * array.itemsize))
            )
            value = ir.Value(
                name=full, shape=ir.Shape(shape), type=ir.TensorType(tensor.dtype), const_value=tensor
            )
            self._graph.register_initializer(value)
            values.append(value)
        return tuple(values)

    def constant(self, *numbers: int) -> Value:
        """An int64 vector, made once for equal numbers."""
        if numbers not in self._constants:
            label = "constant." + "_".join(map(str, numbers))
            array = np.array(numbers, dtype=np.int64)
            value = ir.Value(name=label, shape=ir.Shape(array.shape), type=ir.TensorType(ir.DataType.INT64))
            value.const_value = ir.Tensor(array, name=label)
            self._graph.register_initializer(value)
            self._constants[numbers] = value
        return self._constants[numbers]

    def op(
        self,
        op_type: str,
        *inputs: Value | None,
        outputs: Sequence[str] = ("out",),
        domain: str = "",
        **attributes: Attribute,
    ) -> tuple[Value, ...]:
        """Add a node; an empty string in `outputs` is an output not asked for."""
        results = [ir.Value(name=self.name(f"{op_type}.{leaf}") if leaf else "") for leaf in outputs]
        node = ir.node(
            op_type, list(inputs), dict(attributes), domain=domain, outputs=results, name=self.name(op_type)
        )
        self._graph.append(node)
        return tuple(results)

    def tap(self, name: str, value: Value) -> None:
        """Call `value` [B, S, K] `name`; if taps are wanted, its squares, summed over tokens, are an output [K]."""
        self._activations[value] = name
        if self._taps:
            (energy,) = self.op("ReduceSumSquare", value, self.constant(0, 1), keepdims=0)
            self.output(energy, name, "float32", ("channels",))

    def tap_input(self, value: Value, matrix: str) -> str:
        """What the activation `value` [B, S, K] is called: by its tap, else by the first `matrix` that multiplies it.

        If taps are wanted, `INPUT` + that name is an output, the activation itself.
        """
        name = self._activations.setdefault(value, matrix)
        if self._taps and name not in self._tapped:
            self._tapped.add(name)
            (same,) = self.op("Identity", value)
            self.output(same, INPUT + name, "float32", ("batch", "sequence", "channels"))
        return name

    def save(self, path: Path, metadata: Mapping[str, str]) -> None:
        """Write the graph file; equal graphs give equal bytes."""
        model = ir.Model(self._graph, ir_version=_IR_VERSION, producer_name="inglenook")
        model.metadata_props.update(sorted(metadata.items()))
        path.write_bytes(ir.to_proto(model).SerializeToString(deterministic=True))

    @property
    def inputs(self) -> tuple[TensorSpec, ...]:
        """Declared inputs, in order."""
        return tuple(_spec(value) for value in self._graph.inputs)

    @property
    def outputs(self) -> tuple[TensorSpec, ...]:
        """Declared outputs, in order."""
        return tuple(_spec(value) for value in self._graph.outputs)


def _dtype(name: str) -> ir.DataType:
    return ir.DataType.from_numpy(np.dtype(name))


def _value(name: str, dtype: str, shape: Sequence[int | str]) -> Value:
    return ir.Value(name=name, shape=ir.Shape(shape), type=ir.TensorType(_dtype(dtype)))


def _spec(value: Value) -> TensorSpec:
    if value.name is None or value.dtype is None or value.shape is None:
        raise RuntimeError("a graph input or output was declared without a type")
    axes = tuple(axis if isinstance(axis, int) else str(axis.value) for axis in value.shape)
    return TensorSpec(value.name, value.dtype.numpy().name, axes)
