"""The affine method: a Q4_1 grid comes through without loss, anything else as near as Q4_1 would be."""

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.errors import QuantizationError
from models.graph.builder import ExternalData, Graph
from models.graph.linear import linear
from models.quantize import Scheme, dequantize, quantize

AFFINE = Scheme(bits=4, block=32, symmetric=False, method="affine")
Floats = NDArray[np.float32]


def q4_1(seed: int, rows: int = 8, blocks: int = 3) -> tuple[Floats, Floats]:
    """Weights that lie on a Q4_1 grid (half-precision step and minimum a block), and the steps."""
    random = np.random.default_rng(seed)
    steps = random.uniform(0.001, 0.1, (rows, blocks, 1)).astype(np.float16).astype(np.float32)
    minima = random.uniform(-1.5, 0.3, (rows, blocks, 1)).astype(np.float16).astype(np.float32)
    levels = random.integers(0, 16, (rows, blocks, 32))
    levels[..., :2] = 0, 15  # Q4_1 is made from a block's extremes
    return (levels * steps + minima).reshape(rows, -1).astype(np.float32), steps[..., 0]


@given(st.integers(0, 2**32 - 1))
def test_a_q4_1_grid_errs_by_the_rest_only(seed: int) -> None:
    weight, steps = q4_1(seed)
    quantized = quantize(weight, AFFINE)
    error = np.abs(dequantize(quantized) - weight).reshape(*steps.shape, 32)
    spread = np.ptp(error, axis=2)
    assert (spread <= 1e-5).all(), "within a block all weights err alike: their levels are those of the file"


def test_the_rest_is_small_where_an_integer_zero_reaches() -> None:
    random = np.random.default_rng(5)
    weight = random.normal(0, 0.05, (64, 576)).astype(np.float32)
    quantized = quantize(weight, AFFINE)
    steps = quantized.scales[:, :18]
    error = np.abs(dequantize(quantized) - weight).reshape(64, 18, 32).max(axis=2)
    widest = steps.max(axis=1, keepdims=True)
    assert (error <= steps / 2 + widest / 16 + 1e-6).all()


@pytest.mark.parametrize("rows", [1, 2, 33])
@pytest.mark.parametrize("columns", [32, 96, 576, 1536])
def test_onnxruntime_computes_the_same(rows: int, columns: int, tmp_path: Path) -> None:
    random = np.random.default_rng(columns + rows)
    weight = random.normal(0, 0.05, (64, columns)).astype(np.float32)
    x = random.normal(0, 1, (1, rows, columns)).astype(np.float32)
    with (tmp_path / "g.data").open("wb") as stream:
        graph = Graph(ExternalData(tmp_path / "g.data", stream))
        out = linear(graph, graph.input("x", "float32", (1, "rows", columns)), weight, AFFINE)
        graph.output(out, "y", "float32", (1, "rows", 64))
    graph.save(tmp_path / "g.onnx", {})
    y = np.asarray(ort.InferenceSession(tmp_path / "g.onnx").run(None, {"x": x})[0])
    expected = x @ dequantize(quantize(weight, AFFINE)).T
    # what is left is onnxruntime's rounding of x to int8, a block at a time
    assert np.abs(y - expected).max() <= 0.08 * expected.std()


def test_only_four_bits_asymmetric() -> None:
    for scheme in (
        Scheme(bits=8, block=32, symmetric=False, method="affine"),
        Scheme(bits=4, block=32, symmetric=True, method="affine"),
    ):
        with pytest.raises(QuantizationError, match="affine"):
            quantize(np.ones((4, 32), np.float32), scheme)


def test_a_constant_block_and_zeros() -> None:
    weight = np.zeros((2, 64), np.float32)
    weight[0, :32] = 0.5
    np.testing.assert_allclose(dequantize(quantize(weight, AFFINE)), weight, atol=1e-6)


def test_equal_input_gives_equal_bytes() -> None:
    weight, _ = q4_1(1)
    first, second = quantize(weight, AFFINE), quantize(weight.copy(), AFFINE)
    assert np.array_equal(first.data, second.data)
    assert np.array_equal(first.scales, second.scales)
