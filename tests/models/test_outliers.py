"""Activations that eight bits would flatten are found, and kept out of int8: what the model says comes through."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from models.assemble import Reference
from models.build import build
from models.checkpoint import Checkpoint
from models.fidelity import measure
from models.manifest import Manifest
from models.outliers import share_lost, too_uneven
from models.quantize import RECIPES, Recipe
from tests.support.tiny import IDENTITY, tiny_checkpoint
from tests.support.wrapped import Wrapped

Array = NDArray[np.float32]
LAYER = "model.layers.1"
PRODUCT = f"{LAYER}.mlp.down_proj"


class Massive(Wrapped):
    """A checkpoint in one channel of whose feed-forward there is a huge value, which `down` hardly looks at."""

    def __getitem__(self, name: str) -> Array:
        tensor = self.weights[name].copy()
        if name == f"{LAYER}.mlp.up_proj.weight":
            tensor[::32] *= 3e4
        if name == f"{PRODUCT}.weight":
            tensor[:, ::32] /= 3e4
        return tensor


def massive() -> Checkpoint:
    plain = tiny_checkpoint()
    return replace(plain, weights=Massive(plain.weights))


def divergence(reference: Reference, bundle: Path, manifest: Manifest) -> float:
    return measure(bundle, manifest, reference.path).kl_mean


@pytest.mark.parametrize(("recipe", "times"), [("int8-asymmetric", 50), ("int4", 2)])
def test_what_comes_through_with_detection_and_what_without(recipe: str, times: int, tmp_path: Path) -> None:
    """In four bits the weights' own rounding is what is left."""
    checkpoint, chosen = massive(), RECIPES[recipe]
    reference = Reference.build(checkpoint, IDENTITY, tmp_path / "reference")
    for name in ("with", "without"):
        (tmp_path / name).mkdir()
    careful = reference.quantize(chosen, tmp_path / "with")
    careless = build(checkpoint, IDENTITY, chosen, tmp_path / "without")
    assert [row.float_inputs for row in careful.quantization if row.float_inputs] == [
        ("layers.1.mlp.down.weight",)
    ]
    assert not any(row.float_inputs for row in careless.quantization)
    flattened = divergence(reference, tmp_path / "without", careless)
    assert divergence(reference, tmp_path / "with", careful) < flattened / times


def test_four_bits_stay_four_and_what_cannot_becomes_float(tmp_path: Path) -> None:
    reference = Reference.build(massive(), IDENTITY, tmp_path / "reference")
    stored = {}
    for recipe in ("int4", "int4-affine", "int8-asymmetric"):
        (tmp_path / recipe).mkdir()
        manifest = reference.quantize(RECIPES[recipe], tmp_path / recipe)
        (stored[recipe],) = (row.scheme for row in manifest.quantization if row.float_inputs)
    assert stored == {"int4": "int4", "int4-affine": "fp32", "int8-asymmetric": "fp32"}


def test_smoothing_comes_first_and_leaves_nothing_to_spare(tmp_path: Path) -> None:
    reference = Reference.build(massive(), IDENTITY, tmp_path / "reference")
    (tmp_path / "even").mkdir()
    manifest = reference.quantize(RECIPES["int8"], tmp_path / "even")
    assert not any(row.float_inputs for row in manifest.quantization)


@pytest.mark.parametrize("recipe", [RECIPES["int8"], RECIPES["int4"]], ids=lambda recipe: recipe.name)
def test_an_ordinary_model_spares_nothing(recipe: Recipe, tmp_path: Path) -> None:
    reference = Reference.build(tiny_checkpoint(), IDENTITY, tmp_path / "reference")
    assert too_uneven(reference.calibration.samples, {}, recipe.block) == frozenset()


def test_a_few_massive_tokens_do_no_harm() -> None:
    sample = np.random.default_rng(1).standard_normal((128, 64)).astype(np.float32)
    sample[0, 5] = 1e5
    assert not too_uneven({"x": sample}, {}, 32)
    sample[:, 5] = 1e5
    assert too_uneven({"x": sample}, {}, 32) == {"x"}


@given(st.integers(0, 2**32 - 1), st.sampled_from([0.5, 8.0, 1000.0]))
def test_the_share_is_what_rounding_takes(seed: int, peak: float) -> None:
    """Against the rounding itself, on the smaller activations of each block."""
    sample = np.random.default_rng(seed).standard_normal((64, 96)).astype(np.float32)
    sample[:, ::32] = peak
    blocks = sample.reshape(64, 3, 32)
    scales = np.abs(blocks).max(axis=2, keepdims=True) / 127
    wrong = np.square(np.rint(blocks / scales) * scales - blocks).sum(axis=(1, 2))
    largest = np.square(np.abs(blocks).max(axis=2)).sum(axis=1)
    shares = np.sqrt(wrong / (np.square(blocks).sum(axis=(1, 2)) - largest))
    assert share_lost(sample, 32) == pytest.approx(np.minimum(shares, 1).mean(), rel=0.5)
