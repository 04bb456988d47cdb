"""Evening out activations changes nothing in fp32 and brings int8 nearer."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from models.arch import plan
from models.build import build
from models.calibrate import calibrate
from models.checkpoint import Checkpoint, Weights
from models.quantize import RECIPES
from models.runner import Runner
from models.smooth import Smoothed, channel_scales
from tests.support.goldens import GOLDEN_DIR, GOLDENS, Reference, tolerance
from tests.support.oracle import Oracle
from tests.support.tiny import IDENTITY, tiny_checkpoint
from tests.support.wrapped import Wrapped

Array = NDArray[np.float32]
VARIANTS = [path.name for path in GOLDENS]
SIZES = arrays(np.float32, 8, elements=st.floats(0, 1e6, width=32))


class Lopsided(Wrapped):
    """A checkpoint whose activations have loud channels: a norm weight is large in one, its matrices small there."""

    def __init__(self, weights: Weights, norm: str, matrices: tuple[str, ...], *, factor: float) -> None:
        super().__init__(weights)
        self.norm, self.matrices, self.factor = norm, matrices, factor

    def __getitem__(self, name: str) -> Array:
        tensor = self.weights[name].copy()
        if name == self.norm:
            tensor[3] *= self.factor
        if name in self.matrices:
            tensor[:, 3] /= self.factor
        return tensor


def smoothed(checkpoint: Checkpoint, scratch: Path) -> Checkpoint:
    scratch.mkdir()
    manifest = build(checkpoint, IDENTITY, RECIPES["fp32"], scratch, taps=True)
    folds = plan(checkpoint.config).folds
    return replace(
        checkpoint,
        weights=Smoothed(checkpoint.weights, folds, calibrate(scratch, manifest, folds).energies),
    )


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_model_computes_to_the_last_bit_what_it_did(variant: str, tmp_path: Path) -> None:
    checkpoint = tiny_checkpoint(variant)
    even = smoothed(checkpoint, tmp_path / "reference")
    assert any(
        not np.array_equal(even.weights[name], checkpoint.weights[name]) for name in checkpoint.weights
    )
    (tmp_path / "even").mkdir()
    manifest = build(even, IDENTITY, RECIPES["fp32"], tmp_path / "even")
    ids = np.arange(20)
    (before,) = Runner(tmp_path / "reference", manifest).run(ids, 0, ["logits"], asked=20)
    (after,) = Runner(tmp_path / "even", manifest).run(ids, 0, ["logits"], asked=20)
    np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("variant", VARIANTS)
def test_quantised_it_stays_near_the_reference(variant: str, tmp_path: Path) -> None:
    reference = Reference.of(GOLDEN_DIR / variant)
    even = smoothed(tiny_checkpoint(variant), tmp_path / "reference")
    (tmp_path / "even").mkdir()
    manifest = build(even, IDENTITY, RECIPES["int8"], tmp_path / "even")
    prompt = np.array(reference.prompt)
    (logits,) = Runner(tmp_path / "even", manifest).run(prompt, 0, ["logits"], asked=len(prompt))
    assert reference.divergence(logits[0]) <= tolerance(variant, "int8")


def test_a_loud_channel_costs_int8_less(tmp_path: Path) -> None:
    plain = tiny_checkpoint()
    layer = "model.layers.0"
    gates = (f"{layer}.mlp.gate_proj.weight", f"{layer}.mlp.up_proj.weight")
    loud = replace(
        plain,
        weights=Lopsided(plain.weights, f"{layer}.post_attention_layernorm.weight", gates, factor=64.0),
    )
    even = smoothed(loud, tmp_path / "reference")
    exact = Oracle(loud).logits(list(range(20)))
    before = _distance(loud, exact, tmp_path / "before")
    after = _distance(even, exact, tmp_path / "after")
    assert after < before / 2


@given(SIZES, SIZES)
def test_scales_are_powers_of_two_and_leave_silence_alone(energy: Array, column: Array) -> None:
    scales = channel_scales(energy, [column[None, :]])
    assert np.array_equal(np.frexp(scales)[0], np.full(8, 0.5, np.float32))
    silent = (energy == 0) | (np.square(column, dtype=np.float64) == 0)
    assert (scales[silent] == 1).all()


@given(arrays(np.float32, 8, elements=st.floats(2.0**-20, 2.0**20, width=32)))
def test_what_is_even_already_stays(sizes: Array) -> None:
    assert (channel_scales(np.square(sizes), [sizes[None, :]]) == 1).all()


def _distance(checkpoint: Checkpoint, exact: Array, into: Path) -> float:
    into.mkdir()
    manifest = build(checkpoint, IDENTITY, RECIPES["int8"], into)
    (logits,) = Runner(into, manifest).run(np.arange(20), 0, ["logits"], asked=20)
    return float(np.abs(logits[0] - exact).mean())
