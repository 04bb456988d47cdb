"""Bundles that remember keys and values in eight bits: near the reference, the same bytes each time, told, refused."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from models.assemble import Order, Reference, assemble, fidelity_of
from models.bundle import Bundle
from models.checkpoint import Checkpoint
from models.describe import facts, summary
from models.errors import QuantizationError
from models.fidelity import measure
from models.manifest import Manifest
from models.plan import Plan, Wishes
from models.quantize import recipe_named
from models.recorded import foretold, measure_apart
from models.reference import Wheel
from runtime.engine.bank import new_slot
from runtime.engine.session import Session
from tests.support.goldens import GOLDEN_DIR, GOLDENS, tolerance
from tests.support.goldens import Reference as Golden
from tests.support.small_bundle import quiet
from tests.support.tiny import IDENTITY, tiny_bundle, tiny_checkpoint
from tests.support.wrapped import Wrapped

BUILT = {path.name for path in GOLDENS}
VARIANTS = sorted(BUILT & {"llama-tied", "gemma3", "falcon-h1", "lfm2", "phi", "qwen3", "smollm3"})
"""Plain, windowed, beside and between states, half rotated, normed keys, a layer without positions."""
_HARDER = {"gemma3": 10.0}
"""Random weights behind two norms a branch: their gains multiply what rounding does."""


def most(variant: str) -> float:
    """Mean KL in nats that the cache may cost a tiny random model by itself."""
    return 0.004 * _HARDER.get(variant, 1.0)


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_cache_alone_costs_little(variant: str, tmp_path: Path) -> None:
    golden = Golden.of(GOLDEN_DIR / variant)
    manifest = tiny_bundle(tmp_path / "b", variant=variant, kv="int8")
    slot = new_slot(Session(tmp_path / "b", manifest, threads=1))
    prompt = np.array(golden.prompt)
    prefill = golden.divergence(slot.prefill(prompt, asked=np.arange(len(prompt))))
    stepped = np.array([slot.step(token).copy() for token in golden.greedy])
    steps = replace(golden, prefill=golden.steps).divergence(stepped)
    assert 0 < prefill <= most(variant)
    assert 0 < steps <= most(variant)
    types = {(spec.kind, past.dtype) for spec in manifest.caches for past in spec.past}
    assert types - {("conv", "float32"), ("ssm", "float32")} == {("kv", "int8")}


@pytest.mark.parametrize(
    ("variant", "recipe"), [*((variant, "int8") for variant in VARIANTS), ("llama-tied", "int4-affine")]
)
def test_beside_quantised_weights_it_stays_near(variant: str, recipe: str, tmp_path: Path) -> None:
    golden = Golden.of(GOLDEN_DIR / variant)
    manifest = tiny_bundle(tmp_path / "b", variant=variant, recipe=recipe, kv="int8")
    slot = new_slot(Session(tmp_path / "b", manifest, threads=1))
    prompt = np.array(golden.prompt)
    prefill = slot.prefill(prompt, asked=np.arange(len(prompt)))
    assert golden.divergence(prefill) <= tolerance(variant, recipe) + most(variant)


def test_two_builds_give_the_same_bytes(tmp_path: Path) -> None:
    first, second = (tiny_bundle(tmp_path / name, recipe="int8", kv="int8") for name in ("a", "b"))
    assert first.digest == second.digest != tiny_bundle(tmp_path / "c", recipe="int8").digest


def _assembled(tmp_path: Path, recipe: str = "int8") -> tuple[Path, Manifest]:
    into = tmp_path / "bundle"
    into.mkdir()
    order = Order(GOLDEN_DIR / "llama-tied", IDENTITY, recipe, "int8")
    return into, assemble(order, into, tmp_path / "reference", quiet)


def test_the_recorded_fidelity_is_that_of_weights_and_cache(tmp_path: Path) -> None:
    into, manifest = _assembled(tmp_path, "fp32")
    (recorded,) = manifest.fidelity
    assert recorded.kl_mean > 0
    again = fidelity_of(into, manifest, tiny_checkpoint(), tmp_path / "again", quiet)
    assert again == recorded == measure(into, manifest, tmp_path / "reference")
    tokens = foretold(into, manifest)
    assert measure_apart(into, manifest, tmp_path / "reference", tokens=tokens) == recorded


def test_what_a_conversation_takes_is_told(tmp_path: Path) -> None:
    into, manifest = _assembled(tmp_path)
    bundle = Bundle(into, manifest, manifest.digest)
    assert summary(bundle)["kv"] == "int8"
    assert dict(facts(bundle))["cache"] == "192 B a token, keys and values in int8"
    windowed = tiny_bundle(tmp_path / "gemma3", variant="gemma3")
    told = dict(facts(Bundle(tmp_path / "gemma3", windowed, windowed.digest)))["cache"]
    assert "keys and values in float32; " in told
    assert told.endswith("of windows and states in float32")


def test_it_is_another_version_and_the_catalogues_figures_are_not_its() -> None:
    origin = Wheel("tiny-model", "1.0", "tiny_model/Tiny.gguf")
    plan = Plan.make(origin, None, Wishes(recipe="int4", kv="int8"))
    assert (plan.version, plan.kv) == ("1.0-int4-kv8", "int8")
    assert Plan.make(origin, None, Wishes(kv="int8")).version == "1.0-kv8"


class Without(Wrapped):
    """A checkpoint's weights, less the layers behind the first."""

    def __iter__(self) -> Iterator[str]:
        return (name for name in self.weights if ".layers." not in name or ".layers.0." in name)


def only_states() -> Checkpoint:
    """A model that remembers states and nothing else."""
    whole = tiny_checkpoint("granite-4-hybrid")
    config = {**whole.config, "num_hidden_layers": 1, "layer_types": ["mamba"]}
    return replace(whole, config=config, weights=Without(whole.weights))


@pytest.mark.skipif("granite-4-hybrid" not in BUILT, reason="its architecture was taken away")
def test_a_model_without_keys_and_values_is_refused(tmp_path: Path) -> None:
    with pytest.raises(QuantizationError, match=r"neither keys nor values, .* leave it out"):
        Reference.build(only_states(), IDENTITY, tmp_path / "reference", "int8")


def test_recipes_know_what_they_keep() -> None:
    recipe = recipe_named("int8").keeping("int8")
    assert (recipe.name, recipe.kv, recipe.keeping("int8").name) == ("int8-kv8", "int8", "int8-kv8")
    assert recipe_named("int8").keeping("float32") == recipe_named("int8")
