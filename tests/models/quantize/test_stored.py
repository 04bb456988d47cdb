"""Weights out of a quantised file are stored as they are in it: without loss where the format allows."""

from typing import Final

import numpy as np
import pytest
from gguf.constants import GGML_QUANT_SIZES
from gguf.constants import GGMLQuantizationType as Kind
from gguf.quants import dequantize as read_gguf
from gguf.quants import quantize as write_gguf
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.quantize import Quantized, dequantize, packing, quantize, recipe_named
from models.quantize.rtn import rtn

Matrix = NDArray[np.float32]
STORED: Final = recipe_named("as-stored").mlp
TABLE: Final = recipe_named("as-stored").embedding
EXACT: Final = {Kind.Q4_0: 4, Kind.Q5_0: 8, Kind.Q8_0: 8, Kind.IQ4_NL: 8, Kind.Q3_K: 8}
"""Formats MatMulNBits has an equal of, and the bits it takes."""
AFFINE: Final = (Kind.Q4_1, Kind.Q4_K)
ROUNDED: Final = (Kind.Q5_1, Kind.Q5_K, Kind.Q6_K, Kind.Q2_K)


def in_format(kind: Kind, seed: int, rows: int = 6, columns: int = 768) -> Matrix:
    """Weights as a file in this format gives them: any bytes, with the scales of a trained model."""
    random = np.random.default_rng(seed)
    if kind in {Kind.Q4_0, Kind.Q4_1, Kind.Q5_0, Kind.Q5_1, Kind.Q8_0}:
        plain = random.normal(0, 0.03, (rows, columns)).astype(np.float32)
        return read_gguf(write_gguf(plain, kind), kind)
    block, size = GGML_QUANT_SIZES[kind]
    data = random.integers(0, 256, (rows * columns // block, size), np.uint8)
    halves = random.uniform(1e-4, 1e-3, (len(data), 2)).astype(np.float16).view(np.uint8)
    match kind:  # where ggml-common.h has the half-precision scales
        case Kind.Q4_K | Kind.Q5_K:
            data[:, :4] = halves
        case Kind.Q2_K:
            data[:, -4:] = halves
        case Kind.IQ4_NL:
            data[:, :2] = halves[:, :2]
        case _:
            data[:, -2:] = halves[:, :2]
    return read_gguf(data.reshape(rows, -1), kind)


def off(quantized: Quantized, weight: Matrix) -> float:
    return float(np.abs(dequantize(quantized) - weight).max())


@pytest.mark.parametrize(("kind", "bits"), EXACT.items(), ids=lambda item: getattr(item, "name", item))
@given(seed=st.integers(0, 2**32 - 1))
def test_what_has_an_equal_is_equal_to_the_last_bit(kind: Kind, bits: int, seed: int) -> None:
    weight = in_format(kind, seed)
    quantized = quantize(weight, STORED)
    assert off(quantized, weight) == 0
    assert quantized.loss.relative == 0
    assert (quantized.scheme.bits, quantized.scheme.symmetric, quantized.means) == (bits, True, 0)


def test_four_bits_keep_their_levels_and_an_explicit_zero() -> None:
    weight = in_format(Kind.Q4_0, 1)
    quantized = quantize(weight, STORED)
    assert quantized.zero_points is not None
    assert (packing.unpack(quantized.zero_points, 4, 24) == 8).all()
    largest = np.abs(weight.reshape(6, 24, 32)).max(axis=2)
    np.testing.assert_array_equal(np.abs(quantized.scales) * 8, largest)


@pytest.mark.parametrize("kind", AFFINE, ids=lambda kind: kind.name)
@given(seed=st.integers(0, 2**32 - 1))
def test_a_minimum_of_its_own_leaves_a_share_of_a_step(kind: Kind, seed: int) -> None:
    weight = in_format(kind, seed)
    quantized = quantize(weight, STORED)
    assert quantized.scheme.bits == 4
    assert quantized.loss.relative <= 0.02
    wrong = (dequantize(quantized) - weight).reshape(6, 24, 32)
    np.testing.assert_allclose(
        np.ptp(wrong, axis=2), 0, atol=1e-6
    )  # all of a block alike: the levels are kept


@pytest.mark.parametrize("kind", ROUNDED, ids=lambda kind: kind.name)
def test_other_formats_lose_less_than_eight_bits_do_of_floats(kind: Kind) -> None:
    weight = in_format(kind, 3)
    quantized = quantize(weight, STORED)
    assert quantized.scheme.bits == 8
    assert 0 < quantized.loss.relative <= 0.006


def test_a_matrix_of_several_formats_loses_what_its_worst_rows_do() -> None:
    parts = [in_format(kind, 4) for kind in (Kind.Q5_0, Kind.Q6_K, Kind.Q8_0)]
    weight = np.concatenate(parts)
    quantized = quantize(weight, STORED)
    wrong = np.abs(dequantize(quantized) - weight).max(axis=1)
    assert quantized.scheme.bits == 8
    assert not wrong[:6].any()
    assert wrong[6:12].all()
    assert not wrong[12:].any()


def test_four_bits_beside_more_get_eight() -> None:
    weight = np.concatenate([in_format(Kind.Q4_K, 5), in_format(Kind.Q6_K, 6)])
    quantized = quantize(weight, STORED)
    assert quantized.scheme.bits == 8
    assert quantized.loss.relative <= 0.006


@pytest.mark.parametrize("kind", [*EXACT, *AFFINE], ids=lambda kind: kind.name)
def test_rows_in_another_order_and_measure_stay_on_their_grid(kind: Kind) -> None:
    weight = in_format(kind, 7)
    expected = quantize(weight, STORED)
    changed = weight[::-1] * np.float32(0.22)
    quantized = quantize(changed, STORED)
    assert quantized.scheme == expected.scheme
    np.testing.assert_allclose(
        dequantize(quantized), changed, atol=np.abs(dequantize(expected) - weight).max() + 1e-6
    )


@pytest.mark.parametrize("kind", [Kind.Q8_0, Kind.Q4_0], ids=lambda kind: kind.name)
def test_a_table_has_eight_bits_and_no_means(kind: Kind) -> None:
    weight = in_format(kind, 8)
    quantized = quantize(weight, TABLE)
    assert (quantized.scheme.bits, quantized.means, off(quantized, weight)) == (8, 0, 0)


def test_floats_are_rounded_to_nearest() -> None:
    weight = np.random.default_rng(9).normal(0, 0.05, (8, 96)).astype(np.float32)
    levels = rtn(weight.reshape(-1, 32), 8, symmetric=False)
    np.testing.assert_array_equal(dequantize(quantize(weight, STORED)).reshape(-1, 32), levels.weights())


def test_constant_blocks_and_zeros_cost_their_neighbours_nothing() -> None:
    weight = in_format(Kind.Q4_1, 10)
    weight[0, :32], weight[1] = 0.5, 0
    quantized = quantize(weight, STORED)
    assert quantized.scheme.bits == 4
    np.testing.assert_allclose(dequantize(quantized)[1], 0, atol=1e-12)
    assert (
        off(quantized, weight)
        <= off(quantize(in_format(Kind.Q4_1, 10), STORED), in_format(Kind.Q4_1, 10)) + 1e-7
    )
