"""onnxruntime's own operators read our bytes as `dequantize` says they do."""

import numpy as np
import onnx_ir as ir
import onnxruntime as ort
import pytest
from numpy.typing import NDArray

from models.quantize import Quantized, Scheme, dequantize, quantize
from tests.support.schemes import SCHEMES, describe

Matrix = NDArray[np.float32]
CONTRIB = "com.microsoft"


def initializer(name: str, array: NDArray[np.generic]) -> ir.Value:
    tensor = ir.Tensor(array, name=name)
    return ir.Value(name=name, shape=tensor.shape, type=ir.TensorType(tensor.dtype), const_value=tensor)


def run(node: ir.Node, feed: NDArray[np.generic]) -> Matrix:
    """The only output of a graph of one node, whose input called `x` is fed."""
    (x,) = (value for value in node.inputs if value is not None and value.name == "x")
    initializers = [value for value in node.inputs if value is not None and value.const_value is not None]
    graph = ir.Graph(
        [x],
        node.outputs,
        nodes=[node],
        initializers=initializers,
        opset_imports={"": 21, CONTRIB: 1},
        name="g",
    )
    model = ir.to_proto(ir.Model(graph, ir_version=10)).SerializeToString()
    options = ort.SessionOptions()
    options.log_severity_level = 3
    session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    (out,) = session.run(None, {"x": feed})
    return np.asarray(out, np.float32)


def parts(quantized: Quantized) -> tuple[ir.Value, ir.Value | None]:
    zeros = quantized.zero_points
    return initializer("scales", quantized.scales), None if zeros is None else initializer("zeros", zeros)


def multiply(x: Matrix, quantized: Quantized, accuracy_level: int) -> Matrix:
    rows, columns = quantized.shape
    value = ir.Value(name="x", shape=ir.Shape(x.shape), type=ir.TensorType(ir.DataType.FLOAT))
    scales, zeros = parts(quantized)
    out = ir.Value(name="y", shape=ir.Shape((len(x), rows)), type=ir.TensorType(ir.DataType.FLOAT))
    node = ir.node(
        "MatMulNBits",
        [value, initializer("weight", quantized.data), scales, zeros],
        domain=CONTRIB,
        outputs=[out],
        attributes={
            "N": rows,
            "K": columns,
            "bits": quantized.scheme.bits,
            "block_size": quantized.scheme.block,
            "accuracy_level": accuracy_level,
        },
    )
    return run(node, x)


def look_up(ids: NDArray[np.int64], quantized: Quantized) -> Matrix:
    rows, columns = quantized.shape
    value = ir.Value(name="x", shape=ir.Shape(ids.shape), type=ir.TensorType(ir.DataType.INT64))
    scales, zeros = parts(quantized)
    out = ir.Value(name="y", shape=ir.Shape((len(ids), columns)), type=ir.TensorType(ir.DataType.FLOAT))
    node = ir.node(
        "GatherBlockQuantized",
        [initializer("weight", quantized.data.reshape(rows, -1)), value, scales, zeros],
        domain=CONTRIB,
        outputs=[out],
        attributes={
            "bits": quantized.scheme.bits,
            "block_size": quantized.scheme.block,
            "gather_axis": 0,
            "quantize_axis": 1,
        },
    )
    return run(node, ids)


@pytest.mark.parametrize("batch", [1, 5])
@pytest.mark.parametrize("columns", [384, 640])  # an even and an odd number of blocks of 128
@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_multiplies_by_what_we_dequantise(scheme: Scheme, columns: int, batch: int) -> None:
    rng = np.random.default_rng(1)
    weight, x = (
        rng.standard_normal((48, columns), np.float32),
        rng.standard_normal((batch, columns), np.float32),
    )
    quantized = quantize(weight, scheme)
    expected = x @ dequantize(quantized).T
    np.testing.assert_allclose(multiply(x, quantized, 0), expected, atol=2e-4)
    # Level 4 rounds activations to 8 bits a block: an error of their range / 254 each, as often up as down.
    rounded = multiply(x, quantized, scheme.accuracy_level)
    spread = np.abs(x).max() / 254 * np.linalg.norm(dequantize(quantized), axis=1).max()
    np.testing.assert_allclose(rounded, expected, atol=4 * spread)


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_looks_up_what_we_dequantise(scheme: Scheme) -> None:
    weight = np.random.default_rng(2).standard_normal((50, 640), np.float32)
    quantized, ids = quantize(weight, scheme), np.array([49, 0, 7], np.int64)
    np.testing.assert_allclose(look_up(ids, quantized), dequantize(quantized)[ids], rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_rows_of_zeros_multiply_to_zero(scheme: Scheme) -> None:
    weight = np.zeros((16, 128), np.float32)
    x = np.random.default_rng(3).standard_normal((2, 128), np.float32)
    assert not multiply(x, quantize(weight, scheme), 4).any()
