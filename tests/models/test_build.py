"""Bundles: the same bytes each time, the reference's logits in fp32, a stated distance when quantised."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest
from numpy.typing import NDArray

from models.build import build
from models.checkpoint import Weights
from models.errors import ArchitectureError, QuantizationError, WeightsError
from models.manifest import Manifest
from models.quantize import FP32, Scheme, recipe_named
from runtime.engine.bank import new_slot
from runtime.engine.session import Session
from tests.support.goldens import GOLDENS, TOLERANCES, Reference, tolerance
from tests.support.tiny import IDENTITY, tiny_bundle, tiny_checkpoint
from tests.support.wrapped import Wrapped

Array = NDArray[np.float32]
VARIANTS = [path.name for path in GOLDENS]


def run(bundle: Path, manifest: Manifest, reference: Reference) -> tuple[Array, Array]:
    """Logits of the whole prompt at once, and of the greedy tokens one at a time behind it."""
    slot = new_slot(Session(bundle, manifest, threads=1))
    prompt = np.array(reference.prompt)
    prefill = slot.prefill(prompt, asked=np.arange(len(prompt)))
    steps = [slot.step(token).copy() for token in reference.greedy]
    return prefill, np.array(steps)


@pytest.mark.parametrize("variant", VARIANTS)
def test_fp32_matches_the_reference(variant: str, tmp_path: Path) -> None:
    reference = _reference(variant)
    manifest = tiny_bundle(tmp_path / "b", variant=variant)
    prefill, steps = run(tmp_path / "b", manifest, reference)
    np.testing.assert_allclose(prefill, reference.prefill, atol=1e-4)
    np.testing.assert_allclose(steps, reference.steps, atol=1e-4)


@pytest.mark.parametrize("variant", VARIANTS)
def test_a_prefix_is_gone_back_to(variant: str, tmp_path: Path) -> None:
    """After prompt and steps the cache can still be taken back into the prompt, whatever its kinds."""
    reference = _reference(variant)
    manifest = tiny_bundle(tmp_path / "b", variant=variant)
    slot = new_slot(Session(tmp_path / "b", manifest, threads=1), snapshots=1, snapshot_bytes=1 << 20)
    prompt, instead = np.array(reference.prompt), np.array(reference.instead)
    nothing = np.array([], dtype=np.int64)
    slot.prefill(prompt[: reference.kept], asked=nothing)
    slot.cache.keep()
    slot.prefill(prompt[reference.kept :], asked=nothing)
    for token in reference.greedy:
        slot.step(token)
    assert slot.cache.trim(reference.kept) == reference.kept
    logits = slot.prefill(instead, asked=np.arange(len(instead)))
    np.testing.assert_allclose(logits, reference.restored, atol=1e-4)


@pytest.mark.parametrize("recipe", TOLERANCES)
@pytest.mark.parametrize("variant", VARIANTS)
def test_quantised_stays_near(variant: str, recipe: str, tmp_path: Path) -> None:
    reference = _reference(variant)
    manifest = tiny_bundle(tmp_path / "b", variant=variant, recipe=recipe)
    prefill, _ = run(tmp_path / "b", manifest, reference)
    assert reference.divergence(prefill) <= tolerance(variant, recipe)


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    first = tiny_bundle(tmp_path / "a", recipe="int8")
    second = tiny_bundle(tmp_path / "b", recipe="int8")
    assert first.digest == second.digest
    for file in first.files:
        assert (tmp_path / "a" / file.path).read_bytes() == (tmp_path / "b" / file.path).read_bytes()


def test_a_tied_quantised_table_is_stored_once(tmp_path: Path) -> None:
    tiny_bundle(tmp_path / "b", recipe="int8", variant="llama-tied")
    weights = ir.load(tmp_path / "b" / "decoder.onnx").graph.initializers
    places = {
        (tensor.offset, tensor.length)
        for name in ("embedding.weight", "embedding.weight.view1")
        if isinstance(tensor := weights[name].const_value, ir.ExternalTensor)
    }
    assert len(places) == 1
    assert weights["embedding.weight"].shape != weights["embedding.weight.view1"].shape
    assert not any(name.startswith("head.") for name in weights)


def test_chunks_give_what_one_prefill_gives(tmp_path: Path) -> None:
    reference = _reference("llama-tied")
    manifest = tiny_bundle(tmp_path / "b")
    slot = new_slot(Session(tmp_path / "b", manifest, threads=1))
    prompt = np.array(reference.prompt)
    parts = [
        slot.prefill(prompt[a : a + 7], asked=np.arange(len(prompt[a : a + 7])))
        for a in range(0, len(prompt), 7)
    ]
    np.testing.assert_allclose(np.concatenate(parts), reference.prefill, atol=1e-4)
    slot.cache.trim(5)
    again = slot.prefill(prompt[5:], asked=np.array([len(prompt) - 6]))
    np.testing.assert_allclose(again[0], reference.prefill[-1], atol=1e-4)


def test_nothing_asked_computes_no_head(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b", recipe="int8")
    slot = new_slot(Session(tmp_path / "b", manifest, threads=1))
    assert slot.prefill(np.arange(5), asked=np.array([], dtype=np.int64)).shape == (
        0,
        manifest.vocabulary_size,
    )


def test_an_unknown_architecture_is_named(tmp_path: Path) -> None:
    checkpoint = replace(tiny_checkpoint(), config={"model_type": "mammoth"})
    with pytest.raises(ArchitectureError, match="'mammoth'"):
        build(checkpoint, IDENTITY, recipe_named("fp32"), tmp_path)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"hidden_act": "relu"}, "relu"),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4}}, "yarn"),
        ({"num_key_value_heads": 3}, "do not fit"),
        ({"hidden_size": None}, "lacks the key 'hidden_size'"),
        ({"hidden_size": "64"}, "hidden_size is '64', which is of the wrong type"),
        ({"rope_scaling": [1]}, "rope_scaling is"),
        ({"num_hidden_layers": 10**9}, "impossible num_hidden_layers"),
        ({"num_attention_heads": 0}, "impossible num_attention_heads"),
        ({"max_position_embeddings": 0}, "impossible max_position_embeddings"),
        ({"rope_theta": -1}, "impossible rope_theta"),
        ({"hidden_size": 2, "head_dim": 0}, "do not fit"),
        ({"rope_scaling": {"rope_type": "linear"}}, "factor 'None'"),
        ({"rope_scaling": {"rope_type": "llama3", "factor": 0}}, "factor '0'"),
    ],
)
def test_what_cannot_be_or_is_not_built_is_named(
    change: dict[str, object], says: str, tmp_path: Path
) -> None:
    checkpoint = tiny_checkpoint()
    config = {key: value for key, value in (dict(checkpoint.config) | change).items() if value is not None}
    with pytest.raises(ArchitectureError, match=says):
        build(replace(checkpoint, config=config), IDENTITY, recipe_named("fp32"), tmp_path)


REFUSED: list[tuple[str, dict[str, object], str]] = [
    ("internlm2", {"hidden_act": "gelu"}, "internlm2 with activation 'gelu'"),
    (
        "phi",
        {"hidden_act": "silu"},
        "phi with activation 'silu' .rather than 'gelu_new'. is not built; choose another model",
    ),
    ("phi", {"qk_layernorm": True}, "phi with qk_layernorm True"),
    ("phi", {"layer_norm_eps": 0}, "impossible layer_norm_eps 0"),
    ("phi", {"partial_rotary_factor": 1.5}, "impossible partial_rotary_factor 1.5"),
    ("phi", {"partial_rotary_factor": -0.5}, "impossible partial_rotary_factor -0.5"),
    ("phi", {"partial_rotary_factor": 0.25}, "rotary positions over 8 numbers of a head are not built"),
    ("phi", {"partial_rotary_factor": 0.01}, "rotary positions over 0 numbers of a head are not built"),
    ("stablelm", {"use_parallel_residual": True}, "stablelm with use_parallel_residual True"),
    ("stablelm", {"qk_layernorm": True}, "stablelm with qk_layernorm True"),
]
"""Variant, what its configuration asks for, and what the refusal says."""


@pytest.mark.parametrize(("variant", "change", "says"), [row for row in REFUSED if row[0] in VARIANTS])
def test_what_one_architecture_does_not_build_is_named(
    variant: str, change: dict[str, object], says: str, tmp_path: Path
) -> None:
    checkpoint = tiny_checkpoint(variant)
    with pytest.raises(ArchitectureError, match=says):
        build(
            replace(checkpoint, config={**checkpoint.config, **change}),
            IDENTITY,
            recipe_named("fp32"),
            tmp_path,
        )


class Altered(Wrapped):
    """The weights of a checkpoint with one tensor renamed away, added or of another shape."""

    def __init__(self, weights: Weights, *, without: str = "", extra: str = "", reshaped: str = "") -> None:
        super().__init__(weights)
        self.without, self.extra, self.reshaped = without, extra, reshaped

    def __iter__(self) -> Iterator[str]:
        names = [name for name in self.weights if name != self.without]
        return iter(sorted([*names, self.extra] if self.extra else names))

    def shape(self, name: str) -> tuple[int, ...]:
        if name == self.extra:
            return (1,)
        shape = self.weights.shape(name)
        return (shape[0] + 1, *shape[1:]) if name == self.reshaped else shape


@pytest.mark.parametrize("kind", ["without", "extra", "reshaped"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_wrong_tensor_is_named(variant: str, kind: str, tmp_path: Path) -> None:
    """The last tensor of a layer, or one that no architecture has."""
    checkpoint = tiny_checkpoint(variant)
    layered = [name for name in checkpoint.weights if ".layers." in name]
    name = "model.layers.1.mlp.router.weight" if kind == "extra" else layered[-1]
    altered = replace(checkpoint, weights=Altered(checkpoint.weights, **{kind: name}))
    with pytest.raises(WeightsError, match=re.escape(repr(name))):
        build(altered, IDENTITY, recipe_named("fp32"), tmp_path)


def test_gemma3_is_read_where_transformers_5_writes_its_rotary_keys(tmp_path: Path) -> None:
    checkpoint, reference = tiny_checkpoint("gemma3"), _reference("gemma3")
    old = dict(checkpoint.config)
    theta, local = old.pop("rope_theta"), old.pop("rope_local_base_freq")
    nested = {
        "full_attention": {"rope_type": "default", "rope_theta": theta},
        "sliding_attention": {"rope_type": "default", "rope_theta": local},
    }
    new = replace(checkpoint, config=old | {"rope_scaling": None, "rope_parameters": nested})
    manifest = build(new, IDENTITY, recipe_named("fp32"), tmp_path)
    prefill, _ = run(tmp_path, manifest, reference)
    np.testing.assert_allclose(prefill, reference.prefill, atol=1e-4)


@pytest.mark.parametrize(
    ("variant", "change", "says"),
    [
        ("llama-tied", {"rope_parameters": {"full_attention": {"rope_theta": 1e6}}}, "each type of layer"),
        ("gemma3", {"rope_parameters": {"full_attention": {"rope_theta": 1e6}}}, "each type of layer"),
        ("gemma3", {"layer_types": ["chunked_attention"] * 3}, "a layer of type 'chunked_attention'"),
        ("gemma3", {"layer_types": ["full_attention"]}, "a number of layer_types of 1"),
        ("lfm2", {"block_ffn_dim_multiplier": float("nan")}, "impossible block_ffn_dim_multiplier"),
        ("lfm2", {"block_ffn_dim_multiplier": float("inf")}, "impossible block_ffn_dim_multiplier"),
        ("falcon-h1", {"key_multiplier": float("inf")}, "impossible key_multiplier"),
        ("falcon-h1", {"ssm_multipliers": [float("nan")] * 5}, "impossible ssm_multipliers"),
        ("llama-tied", {"rope_scaling": {"rope_type": ["x"]}}, "rotary scaling"),
        ("llama-tied", {"model_type": ""}, "no model_type"),
    ],
)
def test_what_a_stranger_wrote_is_refused_in_a_sentence(
    variant: str, change: dict[str, object], says: str, tmp_path: Path
) -> None:
    checkpoint = tiny_checkpoint(variant)
    config = {key: value for key, value in (dict(checkpoint.config) | change).items() if value is not None}
    if "rope_parameters" in change:
        config.pop("rope_scaling", None)
    with pytest.raises(ArchitectureError, match=says):
        build(replace(checkpoint, config=config), IDENTITY, recipe_named("fp32"), tmp_path)


def test_how_much_is_rotated_is_read_where_transformers_5_writes_it(tmp_path: Path) -> None:
    """A quarter of these heads is too little for the kernel, so that reading it shows."""
    checkpoint = tiny_checkpoint("phi")
    old = dict(checkpoint.config)
    nested = {"rope_type": "default"} | {key: old.pop(key) for key in ("rope_theta", "partial_rotary_factor")}
    new = replace(checkpoint, config=old | {"rope_parameters": nested | {"partial_rotary_factor": 0.25}})
    with pytest.raises(ArchitectureError, match="over 8 numbers"):
        build(new, IDENTITY, recipe_named("fp32"), tmp_path)


def test_a_tied_table_cannot_have_two_schemes(tmp_path: Path) -> None:
    scheme = Scheme(bits=8, block=32, symmetric=True, method="rtn")
    recipe = replace(recipe_named("fp32"), name="odd", head=scheme, embedding=FP32)
    with pytest.raises(QuantizationError, match="ties"):
        build(tiny_checkpoint(), IDENTITY, recipe, tmp_path)


def _reference(variant: str) -> Reference:
    return Reference.of(next(path for path in GOLDENS if path.name == variant))
