import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.weights import open_checkpoint
from tests.support.goldens import GOLDEN_DIR, LLAMAS, Reference
from tests.support.oracle import Oracle, greedy_oracle, rotary_frequencies

FILES = {
    "config.json",
    "generation_config.json",
    "logits.npz",
    "meta.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
}
each_golden = pytest.mark.parametrize("golden", LLAMAS, ids=lambda path: path.name)


@each_golden
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_oracle_is_the_reference(golden: Path, dtype: type[np.floating]) -> None:
    oracle, reference = Oracle(open_checkpoint(golden), dtype), Reference.of(golden)
    whole = oracle.logits(reference.prompt + reference.greedy)
    np.testing.assert_allclose(whole, np.concatenate([reference.prefill, reference.steps]), atol=1e-4, rtol=0)


@each_golden
def test_greedy_is_the_reference_through_the_cache(golden: Path) -> None:
    reference = Reference.of(golden)
    n = len(reference.greedy)
    assert greedy_oracle(open_checkpoint(golden), reference.prompt, n) == reference.greedy


@each_golden
def test_pieces_through_the_cache_are_the_whole(golden: Path) -> None:
    oracle, ids = Oracle(open_checkpoint(golden)), Reference.of(golden).prompt
    cache: list[tuple[np.ndarray, np.ndarray]] = []
    pieces = [oracle.advance(piece, cache) for piece in (ids[:1], ids[1:9], ids[9:])]
    np.testing.assert_allclose(np.concatenate(pieces), oracle.logits(ids), atol=1e-6, rtol=0)


@each_golden
def test_a_golden_model_is_whole(golden: Path) -> None:
    assert {path.name for path in golden.iterdir()} == FILES
    assert json.loads((golden / "meta.json").read_text())["variant"] == golden.name
    reference = Reference.of(golden)
    assert reference.prefill[-1].argmax() == reference.greedy[0]
    assert tuple(reference.steps[:-1].argmax(axis=-1).tolist()) == reference.greedy[1:]


def test_the_golden_models_cover_what_llama_can_be() -> None:
    configs = [json.loads((golden / "config.json").read_text()) for golden in LLAMAS]
    assert {c["tie_word_embeddings"] for c in configs} == {True, False}
    assert {(c["rope_scaling"] or {}).get("rope_type") for c in configs} == {None, "linear", "llama3"}
    assert any(c["head_dim"] * c["num_attention_heads"] != c["hidden_size"] for c in configs)
    assert any(c["attention_bias"] and c["mlp_bias"] for c in configs)
    assert any(c["num_key_value_heads"] < c["num_attention_heads"] for c in configs)


@pytest.mark.parametrize("golden", [g for g in LLAMAS if "rope" in g.name], ids=lambda path: path.name)
def test_rotary_scaling_matters_within_the_reference(golden: Path) -> None:
    checkpoint, reference = open_checkpoint(golden), Reference.of(golden)
    unscaled = replace(checkpoint, config={**checkpoint.config, "rope_scaling": None})
    assert np.abs(Oracle(unscaled).logits(reference.prompt) - reference.prefill).max() > 0.1


def test_the_divisors_gguf_keeps_of_llama3_are_llama3() -> None:
    golden = GOLDEN_DIR / "llama-rope-llama3"
    checkpoint, reference = open_checkpoint(golden), Reference.of(golden)
    plain = rotary_frequencies({**checkpoint.config, "rope_scaling": None}, checkpoint.config["head_dim"])
    scaled = rotary_frequencies(checkpoint.config, checkpoint.config["head_dim"])
    scaling = {"rope_type": "factors", "factors": (plain / scaled).tolist()}
    factored = replace(checkpoint, config={**checkpoint.config, "rope_scaling": scaling})
    np.testing.assert_allclose(
        Oracle(factored).logits(reference.prompt), reference.prefill, atol=1e-4, rtol=0
    )
    assert len({*scaling["factors"]}) > 2  # kept, blended and divided all occur
