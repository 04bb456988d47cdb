"""Every architecture by way of GGUF: what llama.cpp's converter makes of a checkpoint is read as the checkpoint."""

import json
from dataclasses import replace
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
from runtime.engine.session import Session
from tests.support.ggufs import gguf_architecture, gguf_name, write_gguf
from tests.support.goldens import GOLDENS, Reference
from tests.support.tiny import IDENTITY, tiny_checkpoint

UNSAID: dict[str, dict[str, Any]] = {
    "gemma3": {"query_pre_attn_scalar": 32},
    "smollm3": {"no_rope_layers": [1, 1, 1]},
}
"""What GGUF leaves to the architecture and the golden model has otherwise."""
SAID: dict[str, dict[str, Any]] = {"gemma3": {"attention.sliding_window_pattern": 2}}
"""What the converter leaves out as it is the same for all models, the golden one excepted; llama.cpp reads it."""
BY_ANOTHER_WORD = {
    *("rope_scaling", "layer_types", "sliding_window_pattern", "no_rope_layer_interval"),
    *("intermediate_size", "block_auto_adjust_ff_dim"),
}
"""Held by the logits, not word by word."""
VARIANTS = [
    path.name
    for path in GOLDENS
    if json.loads((path / "config.json").read_text())["model_type"]
    in {n.model_type for n in NAMINGS.values()}
]


def golden(variant: str) -> Checkpoint:
    """A golden checkpoint as far as GGUF can say it."""
    own = tiny_checkpoint(variant)
    return replace(own, config={**own.config, **UNSAID.get(variant, {})})


def written(path: Path, variant: str, **changes: Any) -> Path:
    changes["overrides"] = {**SAID.get(variant, {}), **changes.get("overrides", {})}
    write_gguf(path / "m.gguf", tiny_checkpoint(variant), **changes)
    return path / "m.gguf"


def logits(checkpoint: Checkpoint, ids: tuple[int, ...], into: Path) -> np.ndarray:
    into.mkdir()
    manifest = build(checkpoint, IDENTITY, recipe_named("fp32"), into)
    slot = Session(into, manifest, threads=1).new_slot()
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
        exact = kind == GGMLQuantizationType.F32 or own.weights[name].ndim == 1
        near = own.weights[name] if exact else own.weights[name].astype(np.float16).astype(np.float32)
        np.testing.assert_array_equal(found.weights[name], near)
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
@pytest.mark.parametrize("variant", ["gemma3", "granite", "qwen3"])
def test_quantised_rows_come_back_in_order(variant: str, kind: str, tmp_path: Path) -> None:
    own, coded = tiny_checkpoint(variant), GGMLQuantizationType[kind]
    found = open_checkpoint(written(tmp_path, variant, kind=coded)).weights
    for name in own.weights:
        values = own.weights[name]
        rounded = dequantize(quantize(values, coded), coded) if values.ndim > 1 else values
        np.testing.assert_array_equal(found[name], rounded)


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
        assert gguf_name(name.format(7), architecture) == pattern.format(7)


@pytest.mark.parametrize(
    ("variant", "key", "value"),
    [
        ("llama-tied", "expert_count", 8),
        ("qwen2", "attention.causal", False),
        ("olmo2", "attention.sliding_window", 4096),
        ("granite", "rope.scaling.finetuned", False),
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


@pytest.mark.parametrize("heads", [[0, 2, 0], [0, 2, 0, 4], [0, 0, 0, 0]])
def test_heads_that_fit_no_lfm2_are_impossible(heads: list[int], tmp_path: Path) -> None:
    path = written(tmp_path, "lfm2", overrides={"attention.head_count_kv": heads})
    with pytest.raises(WeightsError, match=r"impossible value .* 'lfm2\.attention\.head_count_kv'"):
        open_checkpoint(path)
