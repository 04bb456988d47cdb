"""Quantised matrices: how far they may be from the original, and what cannot be quantised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from models.errors import QuantizationError
from models.quantize import FP32, Quantized, Scheme, dequantize, packing, quantize
from tests.support.schemes import SCHEMES, describe

Matrix = NDArray[np.float32]

RTN = [scheme for scheme in SCHEMES if scheme.method == "rtn" and scheme.block == 32]
KQUANT = [scheme for scheme in SCHEMES if scheme.method == "kquant" and scheme.block == 32]
LARGEST = float(np.nextafter(np.float32(1e30), np.float32(0)))
DENORMAL = 1e-35
"""Weights this small may be stored as zero."""

finite = st.floats(-LARGEST, LARGEST, width=32)
matrices = hnp.arrays(
    np.float32, st.tuples(st.integers(1, 3), st.sampled_from([32, 64, 96])), elements=finite
)


def gaussian(rows: int, columns: int, seed: int = 0) -> Matrix:
    return np.random.default_rng(seed).standard_normal((rows, columns), np.float32)


def error(weight: Matrix, scheme: Scheme) -> float:
    return float(np.square(weight - dequantize(quantize(weight, scheme))).mean())


def scale_of_each(quantized: Quantized) -> Matrix:
    return np.abs(np.repeat(quantized.scales, quantized.scheme.block, axis=1))


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_layout(scheme: Scheme) -> None:
    quantized = quantize(gaussian(5, 384), scheme)
    blocks = 384 // scheme.block
    assert quantized.data.shape == (5, blocks, scheme.block * scheme.bits // 8)
    assert quantized.scales.shape == (5, blocks)
    assert quantized.scales.dtype == np.float32
    assert quantized.shape == (5, 384)
    if scheme.symmetric and scheme.bits == 8:
        assert quantized.zero_points is None
    else:
        assert quantized.zero_points is not None
        assert quantized.zero_points.shape == (5, -(-blocks * scheme.bits // 8))
        zeros = packing.unpack(quantized.zero_points, scheme.bits, blocks)
        assert not scheme.symmetric or (zeros == 8).all()


@pytest.mark.parametrize("scheme", RTN, ids=describe)
@given(weight=matrices)
@settings(max_examples=60, deadline=None)
def test_rounding_errs_by_half_a_scale(scheme: Scheme, weight: Matrix) -> None:
    quantized = quantize(weight, scheme)
    scale, distance = scale_of_each(quantized), np.abs(dequantize(quantized).astype(np.float64) - weight)
    bound = scale / 2
    if scheme.bits == 4 and scheme.symmetric:  # one extreme has no level of its own
        cut = np.abs(weight) > 7.5 * scale.astype(np.float64)
        bound = np.where(cut, scale, bound)
    assert (distance <= bound * (1 + 1e-4) + DENORMAL).all()


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_searching_is_never_worse_where_it_counts(scheme: Scheme) -> None:
    weight = gaussian(64, 256)
    plain = Scheme(scheme.bits, scheme.block, scheme.symmetric, "rtn")
    assert error(weight, scheme) <= error(weight, plain)


@pytest.mark.parametrize("scheme", KQUANT, ids=describe)
@given(weight=matrices)
@settings(max_examples=60, deadline=None)
def test_the_search_stays_within_the_range(scheme: Scheme, weight: Matrix) -> None:
    found = dequantize(quantize(weight, scheme))
    largest = np.abs(weight.reshape(-1, 32)).max(axis=1, keepdims=True).astype(np.float64)
    distance = np.abs(found.astype(np.float64) - weight).reshape(-1, 32)
    assert np.isfinite(found).all()
    assert (distance <= largest * (0.3 if scheme.bits == 4 else 0.02) + DENORMAL).all()


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_zeros_stay_zeros(scheme: Scheme) -> None:
    weight = gaussian(3, 256)
    weight[1] = 0
    weight[2, :128] = 0
    found = dequantize(quantize(weight, scheme))
    assert not found[1].any()
    assert not found[2, :128].any()


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
@pytest.mark.parametrize("value", [1.0, -0.25, 1e29, -1e29, 1e-30])
def test_constant_blocks_are_exact(scheme: Scheme, value: float) -> None:
    weight = np.full((2, 128), value, np.float32)
    np.testing.assert_allclose(dequantize(quantize(weight, scheme)), weight, rtol=1e-6 if value > 0 else 1e-5)


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_huge_weights_of_both_signs(scheme: Scheme) -> None:
    weight = gaussian(2, 128)
    weight *= np.float32(0.99e30) / np.abs(weight).max()
    found = dequantize(quantize(weight, scheme)).astype(np.float64)
    assert np.abs(found - weight).max() < 1e30 * (0.1 if scheme.bits == 4 else 0.01)


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_equal_input_gives_equal_bytes_whatever_the_memory_layout(scheme: Scheme) -> None:
    weight = gaussian(300, 1024)
    first, second = quantize(weight, scheme), quantize(np.asfortranarray(weight), scheme)
    assert first.data.tobytes() == second.data.tobytes()
    assert first.scales.tobytes() == second.scales.tobytes()
    assert (first.zero_points is None) == (second.zero_points is None)
    if first.zero_points is not None and second.zero_points is not None:
        assert first.zero_points.tobytes() == second.zero_points.tobytes()


@pytest.mark.parametrize("scheme", SCHEMES, ids=describe)
def test_rows_do_not_depend_on_their_neighbours(scheme: Scheme) -> None:
    weight = gaussian(300, 1024)  # more than a slab
    whole = dequantize(quantize(weight, scheme))
    np.testing.assert_array_equal(whole[250:260], dequantize(quantize(weight[250:260], scheme)))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf, 3e38])
@pytest.mark.parametrize("scheme", RTN, ids=describe)
def test_a_weight_that_is_not_finite_is_refused_by_name(bad: float, scheme: Scheme) -> None:
    weight = gaussian(4, 64)
    weight[3, 63] = bad
    with pytest.raises(QuantizationError, match="lm_head holds weights that are not finite"):
        quantize(weight, scheme, name="lm_head")


@pytest.mark.parametrize("shape", [(32,), (2, 2, 32), (0, 32), (32, 0)])
def test_only_matrices(shape: tuple[int, ...]) -> None:
    with pytest.raises(QuantizationError, match="only matrices are quantised"):
        quantize(np.zeros(shape, np.float32), RTN[0])


def test_columns_that_do_not_fill_blocks() -> None:
    with pytest.raises(QuantizationError, match="100 columns"):
        quantize(np.zeros((2, 100), np.float32), RTN[0])


def test_fp32_is_not_quantised() -> None:
    with pytest.raises(QuantizationError, match="stays in fp32"):
        quantize(gaussian(2, 32), FP32)


@given(count=st.integers(0, 9), data=st.data())
def test_packing_is_undone(count: int, data: st.DataObject) -> None:
    levels = data.draw(hnp.arrays(np.uint8, (2, count), elements=st.integers(0, 15)))
    packed = packing.pack(levels, 4)
    assert packed.shape == (2, -(-count // 2))
    np.testing.assert_array_equal(packing.unpack(packed, 4, count), levels)


def test_the_earlier_level_is_the_low_half() -> None:
    assert packing.pack(np.array([[1, 2, 3]], np.uint8), 4).tolist() == [[0x21, 0x03]]
