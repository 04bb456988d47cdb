"""Every architecture by way of GGUF: what llama.cpp's converter makes of a checkpoint is read as the checkpoint."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gguf import GGMLQuantizationType
from gguf.quants import dequantize, quantize

from models.arch import ARCHITECTURES
from models.build import build
from models.checkpoint import Checkpoint
from models.errors import ArchitectureError, WeightsError
from models.quantize import recipe_named
from models.weights import open_checkpoint
from models.weights.naming import NAMINGS
from runtime.engine.bank import new_slot
from runtime.engine.session import Session
from tests.support.converters import converted, gguf_architecture, gguf_names, multiplied
from tests.support.ggufs import write_gguf
from tests.support.goldens import GOLDENS, Reference
from tests.support.tiny import IDENTITY, tiny_checkpoint

UNSAID: dict[str, dict[str, Any]] = {
    "gemma3": {"query_pre_attn_scalar": 32},
    "smollm3": {"no_rope_layers": [1, 1, 1]},
    "falcon-h1-norm": {"mamba_norm_before_gate": False},
}
"""What GGUF leaves to the architecture and the golden model has otherwise."""
SAID: dict[str, dict[str, Any]] = {"gemma3": {"attention.sliding_window_pattern": 2}}
"""What the converter leaves out as it is the same for all models, the golden one excepted; llama.cpp reads it."""
MATRIX = 2
BY_ANOTHER_WORD = {
    *("rope_scaling", "layer_types", "sliding_window_pattern", "no_rope_layer_interval"),
    *("intermediate_size", "block_auto_adjust_ff_dim", "position_embedding_type", "mamba_norm_before_gate"),
}
"""Held by the logits, not word by word."""
VARIANTS = [
    path.name
    for path in GOLDENS
    if json.loads((path / "config.json").read_text())["model_type"]
    in {n.model_type for n in NAMINGS.values()}
]


@dataclass(frozen=True)
class Held:
    """Weights in memory."""

    tensors: Mapping[str, np.ndarray]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self.tensors))

    def __contains__(self, name: object) -> bool:
        return name in self.tensors

    def shape(self, name: str) -> tuple[int, ...]:
        return self.tensors[name].shape

    def stored(self, name: str) -> str:
        return "F32" if name in self.tensors else ""

    def __getitem__(self, name: str) -> np.ndarray:
        return self.tensors[name]


def source(variant: str) -> Checkpoint:
    """A golden checkpoint, with a head of its own where GGUF cannot say it otherwise."""
    own = tiny_checkpoint(variant)
    if not variant.startswith("falcon-h1"):
        return own
    tensors = {name: own.weights[name] for name in own.weights}
    tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"]
    return replace(own, config={**own.config, "tie_word_embeddings": False}, weights=Held(tensors))


def golden(variant: str) -> Checkpoint:
    """A golden checkpoint as far as GGUF can say it."""
    own = source(variant)
    config, tensors = {**own.config}, {name: own.weights[name] for name in own.weights}
    if variant.startswith("falcon-h1"):
        tensors = {name: multiplied(name, tensors[name], config) for name in tensors}
        config = {key: value for key, value in config.items() if "multiplier" not in key}
    if variant == "granite-4-hybrid":
        config["max_position_embeddings"] = 1 << 20
    if variant == "granite-4-dense":
        tensors, config["model_type"] = taken_apart(tensors), "granite"
        config["intermediate_size"] = config["shared_intermediate_size"]
    return replace(own, config={**config, **UNSAID.get(variant, {})}, weights=Held(tensors))


def taken_apart(tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Granite 4.0's tensors as Granite 3 has them."""
    found: dict[str, np.ndarray] = {}
    for name, values in tensors.items():
        if name.endswith("input_linear.weight"):
            for part, half in zip(("gate", "up"), np.split(values, 2), strict=True):
                found[name.replace("shared_mlp.input_linear", f"mlp.{part}_proj")] = half
        else:
            found[name.replace("shared_mlp.output_linear", "mlp.down_proj")] = values
    return found


def assert_same(name: str, found: np.ndarray, wanted: np.ndarray) -> None:
    if name.endswith("A_log"):  # its exponential is what is stored
        np.testing.assert_allclose(found, wanted, rtol=1e-6, atol=1e-6)
    else:
        np.testing.assert_array_equal(found, wanted, strict=True)


def written(path: Path, variant: str, **changes: Any) -> Path:
    changes["overrides"] = {**SAID.get(variant, {}), **changes.get("overrides", {})}
    write_gguf(path / "m.gguf", source(variant), **changes)
    return path / "m.gguf"


def logits(checkpoint: Checkpoint, ids: tuple[int, ...], into: Path) -> np.ndarray:
    into.mkdir()
    manifest = build(checkpoint, IDENTITY, recipe_named("fp32"), into)
    slot = new_slot(Session(into, manifest, threads=1))
    return slot.prefill(np.array(ids), asked=np.arange(len(ids)))


@pytest.mark.parametrize(
    "kind", [GGMLQuantizationType.F32, GGMLQuantizationType.F16], ids=lambda kind: kind.name
)
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_converted_checkpoint_is_the_same_model(
    variant: str, kind: GGMLQuantizationType, tmp_path: Path
) -> None:
    own, found = golden(variant), open_checkpoint(written(tmp_path, variant, kind=kind))
    assert list(found.weights) == list(own.weights)
    for name in own.weights:
        assert found.weights.shape(name) == own.weights.shape(name) == found.weights[name].shape
        exact = kind == GGMLQuantizationType.F32 or own.weights[name].ndim != MATRIX
        near = own.weights[name] if exact else own.weights[name].astype(np.float16).astype(np.float32)
        assert_same(name, found.weights[name], near)
    different = {key for key, value in found.config.items() if own.config.get(key, value) != value}
    assert different <= BY_ANOTHER_WORD
    assert found.chat_template == own.chat_template
    assert (found.bos_id, found.eos_ids) == (own.bos_id, own.eos_ids)


@pytest.mark.parametrize("variant", VARIANTS)
def test_its_logits_are_those_of_the_safetensors(variant: str, tmp_path: Path) -> None:
    reference = Reference.of(GOLDENS[0].parent / variant)
    found = logits(open_checkpoint(written(tmp_path, variant)), reference.prompt, tmp_path / "gguf")
    own = logits(golden(variant), reference.prompt, tmp_path / "own")
    np.testing.assert_allclose(found, own, atol=2e-5)
    if variant not in UNSAID:
        np.testing.assert_allclose(found, reference.prefill, atol=1e-4)
    else:
        assert np.abs(own - reference.prefill).max() > 1e-2  # or the table above is out of date


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_0", "Q4_1", "Q5_0", "Q5_1"])
@pytest.mark.parametrize("variant", ["gemma3", "granite", "qwen3", "granite-4-hybrid", "falcon-h1-norm"])
def test_quantised_rows_come_back_in_order(variant: str, kind: str, tmp_path: Path) -> None:
    own, coded = golden(variant), GGMLQuantizationType[kind]
    found = open_checkpoint(written(tmp_path, variant, kind=coded)).weights
    for name in own.weights:
        values = own.weights[name]
        rounded = dequantize(quantize(values, coded), coded) if values.ndim == MATRIX else values
        assert_same(name, found[name], rounded)


def test_every_row_of_what_is_built_has_a_golden_model() -> None:
    built = {name for name, naming in NAMINGS.items() if naming.model_type in ARCHITECTURES}
    written_as = {gguf_architecture(tiny_checkpoint(variant).config) for variant in VARIANTS}
    assert written_as == built - {"internlm2"}


def test_internlm2_is_a_llama_there(tmp_path: Path) -> None:
    own = tiny_checkpoint("llama-untied")
    found = open_checkpoint(written(tmp_path, "llama-untied", architecture="internlm2"))
    assert found.config["model_type"] == "llama"
    for name in own.weights:
        np.testing.assert_array_equal(found.weights[name], own.weights[name])


@pytest.mark.parametrize("architecture", NAMINGS)
def test_names_are_those_of_the_package(architecture: str) -> None:
    naming = NAMINGS[architecture]
    for pattern, name in {**naming.tensors, **naming.optional}.items():
        assert pattern.format(7) in gguf_names(name.format(7), architecture)


@pytest.mark.parametrize(
    ("variant", "key", "value"),
    [
        ("llama-tied", "expert_count", 8),
        ("qwen2", "attention.causal", False),
        ("olmo2", "attention.sliding_window", 4096),
        ("granite", "rope.scaling.finetuned", False),
        ("granite-4-hybrid", "expert_count", 8),
        ("falcon-h1", "expert_count", 8),
        ("stablelm", "use_parallel_residual", True),
        ("gemma3", "final_logit_softcapping", 30.0),
        ("gemma3", "attn_logit_softcapping", 50.0),
    ],
)
def test_a_feature_that_is_not_built_is_named(variant: str, key: str, value: object, tmp_path: Path) -> None:
    path = written(tmp_path, variant, overrides={key: value})
    full = f"{gguf_architecture(tiny_checkpoint(variant).config)}.{key}"
    with pytest.raises(ArchitectureError, match=f"m.gguf has '{full}' {value}, which is not built"):
        open_checkpoint(path)


@pytest.mark.parametrize(
    ("overrides", "problem"),
    [
        ({"rope.dimension_count": 8}, "rotary over part of a head is not built"),
        ({"attention.value_length": 8}, "values of another size than keys is not built"),
        ({"rope.scaling.type": "yarn"}, "rotary scaling 'yarn' is not built"),
    ],
)
def test_a_layout_of_heads_that_is_not_built_is_named(
    overrides: dict[str, Any], problem: str, tmp_path: Path
) -> None:
    with pytest.raises(ArchitectureError, match=problem):
        open_checkpoint(written(tmp_path, "qwen3", overrides=overrides))


@pytest.mark.parametrize("variant", ["gemma3", "olmo2", "qwen2"])
def test_missing_tensors_are_named(variant: str, tmp_path: Path) -> None:
    lost = {"qwen2": "blk.1.attn_v.bias"}.get(variant, "blk.1.post_ffw_norm.weight")
    lost = lost if variant != "olmo2" else "output_norm.weight"
    with pytest.raises(WeightsError, match=f"lacks the tensor '{lost}'"):
        open_checkpoint(written(tmp_path, variant, without={lost}))


def test_a_factor_without_a_type_is_a_linear_one(tmp_path: Path) -> None:
    found = open_checkpoint(written(tmp_path, "qwen3", overrides={"rope.scaling.factor": 4.0}))
    assert found.config["rope_scaling"] == {"rope_type": "linear", "factor": 4.0}
    none = written(tmp_path, "qwen3", overrides={"rope.scaling.factor": 4.0, "rope.scaling.type": "none"})
    assert open_checkpoint(none).config["rope_scaling"] is None


class TestGemma3:
    """What follows from the size of a model, as llama.cpp fills it in."""

    def config(self, tmp_path: Path, **overrides: Any) -> dict[str, Any]:
        return dict(open_checkpoint(written(tmp_path, "gemma3", overrides=overrides)).config)

    def test_every_sixth_layer_is_global_when_nothing_is_said(self, tmp_path: Path) -> None:
        found = self.config(tmp_path, **{"attention.sliding_window_pattern": None})
        assert found["layer_types"] == ["sliding_attention"] * 3
        assert found["sliding_window"] == 8

    def test_a_pattern_may_say_it_of_each_layer(self, tmp_path: Path) -> None:
        found = self.config(tmp_path, **{"attention.sliding_window_pattern": [False, True, True]})
        assert found["layer_types"] == ["full_attention", "sliding_attention", "sliding_attention"]

    def test_a_pattern_of_another_number_of_layers_is_impossible(self, tmp_path: Path) -> None:
        with pytest.raises(
            WeightsError, match=r"impossible value .* 'gemma3.attention.sliding_window_pattern'"
        ):
            self.config(tmp_path, **{"attention.sliding_window_pattern": [False]})

    def test_without_a_window_every_layer_is_global(self, tmp_path: Path) -> None:
        found = self.config(tmp_path, **{"attention.sliding_window": None})
        assert found["layer_types"] == ["full_attention"] * 3

    def test_the_local_base_has_a_default(self, tmp_path: Path) -> None:
        assert self.config(tmp_path, **{"rope.freq_base_swa": None})["rope_local_base_freq"] == 10000.0
        assert self.config(tmp_path, **{"rope.freq_base_swa": 5000.0})["rope_local_base_freq"] == 5000.0


@pytest.mark.parametrize("heads", [[0, 2, 0], [0, 2, 0, 4], [0, 0, 0, 0], [2, 2, 2]])
def test_heads_that_fit_no_lfm2_are_impossible(heads: list[int], tmp_path: Path) -> None:
    path = written(tmp_path, "lfm2", overrides={"attention.head_count_kv": heads})
    with pytest.raises(WeightsError, match=r"impossible value .* 'lfm2\.attention\.head_count_kv'"):
        open_checkpoint(path)


class TestGranite4:
    """Mamba-2 layers, and a matrix that the file has in two."""

    @pytest.mark.parametrize("heads", [[0, 2], [0, 0, 0], [0, 2, 4], [0, -2, 0]])
    def test_impossible_heads_are_refused(self, heads: list[int], tmp_path: Path) -> None:
        path = written(tmp_path, "granite-4-hybrid", overrides={"attention.head_count_kv": heads})
        with pytest.raises(
            WeightsError, match=r"impossible value .* 'granitehybrid\.attention\.head_count_kv'"
        ):
            open_checkpoint(path)

    def test_a_width_that_is_no_multiple_is_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path, "granite-4-hybrid", overrides={"ssm.inner_size": 100})
        with pytest.raises(WeightsError, match=r"impossible value 100 for 'granitehybrid\.ssm\.inner_size'"):
            open_checkpoint(path)

    @pytest.mark.parametrize("lost", ["ssm.state_size", "ssm.group_count", "attention.head_count_kv"])
    def test_a_missing_key_is_named(self, lost: str, tmp_path: Path) -> None:
        path = written(tmp_path, "granite-4-hybrid", overrides={lost: None})
        with pytest.raises(WeightsError, match=f"lacks the metadata 'granitehybrid.{lost}'"):
            open_checkpoint(path)

    @pytest.mark.parametrize("said", [None, True])
    def test_positions_are_rotary_unless_denied(self, said: object, tmp_path: Path) -> None:
        path = written(tmp_path, "granite-4-hybrid", overrides={"rope.scaling.finetuned": said})
        assert open_checkpoint(path).config["position_embedding_type"] == "rope"

    def test_half_of_a_matrix_is_not_enough(self, tmp_path: Path) -> None:
        path = written(tmp_path, "granite-4-hybrid", without={"blk.1.ffn_up.weight"})
        with pytest.raises(WeightsError, match=r"lacks the tensor 'blk\.1\.ffn_up\.weight'"):
            open_checkpoint(path)

    def test_halves_that_do_not_fit_are_refused(self, tmp_path: Path) -> None:
        name = "blk.1.ffn_up.weight"
        other = {name: np.zeros((96, 32), np.float32)}
        path = written(tmp_path, "granite-4-hybrid", without={name}, extra=other)
        with pytest.raises(
            WeightsError, match=r"parts of 'model\.layers\.1\.shared_mlp\.input_linear\.weight'"
        ):
            open_checkpoint(path)

    def test_halves_of_two_types_are_one_matrix(self, tmp_path: Path) -> None:
        name, own = "model.layers.1.shared_mlp.input_linear.weight", source("granite-4-hybrid")
        gate, up = converted(name, own.weights[name], own.config).values()
        coded = GGMLQuantizationType.Q8_0
        path = written(
            tmp_path,
            "granite-4-hybrid",
            kind=coded,
            without={"blk.1.ffn_up.weight"},
            extra={"blk.1.ffn_up.weight": up},
        )
        found = open_checkpoint(path).weights
        assert found.stored(name) == "Q8_0+F32"
        assert found.stored(name.replace("1", "0")) == "Q8_0"
        rounded = dequantize(quantize(gate, coded), coded)
        np.testing.assert_array_equal(found[name], np.concatenate([rounded, up]))

    def test_a_layer_without_its_mixer_is_refused_when_built(self, tmp_path: Path) -> None:
        path = written(tmp_path, "granite-4-hybrid", without={"blk.0.ssm_a"})
        with pytest.raises(WeightsError, match=r"no tensor 'model\.layers\.0\.mamba\.A_log'"):
            build(open_checkpoint(path), IDENTITY, recipe_named("fp32"), tmp_path)

    def test_experts_are_refused(self, tmp_path: Path) -> None:
        extra = {"blk.0.ffn_gate_inp.weight": np.zeros((8, 64), np.float32)}
        path = written(tmp_path, "granite-4-hybrid", extra=extra)
        with pytest.raises(ArchitectureError, match=r"'blk\.0\.ffn_gate_inp\.weight'.*plain \(dense\)"):
            open_checkpoint(path)


class TestFalconH1:
    """Whose multipliers are in the weights."""

    def test_a_head_that_is_the_embedding_is_refused(self, tmp_path: Path) -> None:
        path = written(tmp_path, "falcon-h1", without={"output.weight"})
        with pytest.raises(ArchitectureError, match=r"no tensor 'output\.weight'.*use its safetensors"):
            open_checkpoint(path)

    @pytest.mark.parametrize("lost", ["ssm_a", "ssm_dt.bias", "attn_q.weight", "ffn_norm"])
    def test_every_layer_has_both_mixers(self, lost: str, tmp_path: Path) -> None:
        path = written(tmp_path, "falcon-h1", without={f"blk.1.{lost}"})
        with pytest.raises(WeightsError, match=f"lacks the tensor 'blk.1.{lost}'"):
            open_checkpoint(path)

    def test_biases_are_refused(self, tmp_path: Path) -> None:
        extra = {"blk.0.attn_q.bias": np.zeros(64, np.float32)}
        with pytest.raises(ArchitectureError, match=r"'blk\.0\.attn_q\.bias'"):
            open_checkpoint(written(tmp_path, "falcon-h1", extra=extra))

    def test_rates_that_are_not_below_zero_are_refused(self, tmp_path: Path) -> None:
        wrong = {"blk.1.ssm_a": np.full((8, 1), 0.5, np.float32)}
        path = written(tmp_path, "falcon-h1", without=set(wrong), extra=wrong)
        with pytest.raises(WeightsError, match=r"ssm_a.*fetch the file again"):
            open_checkpoint(path).weights["model.layers.1.mamba.A_log"]


@pytest.mark.parametrize("variant", ["granite-4-hybrid", "granite-4-dense", "falcon-h1"])
def test_a_quantised_file_is_kept_on_its_own_grid(variant: str, tmp_path: Path) -> None:
    path, into = written(tmp_path, variant, kind=GGMLQuantizationType.Q8_0), tmp_path / "b"
    into.mkdir()
    checkpoint = open_checkpoint(path)
    assert checkpoint.quantized
    manifest = build(checkpoint, IDENTITY, recipe_named("as-stored"), into)
    kept = {row.group: row.error for row in manifest.quantization}
    assert kept.keys() >= {"attention", "mlp"}
    # The multipliers that are folded into some scales round them by a last bit.
    assert all(error is not None and error < 1e-7 for error in kept.values())
