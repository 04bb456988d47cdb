"""The real SmolLM2: our fp32 graph goes where the oracle goes, and the int8 bundle is as far from it as it says."""

from pathlib import Path

import numpy as np
import pytest
import tokenizers

from models.assemble import Reference, agrees, fidelity_of
from models.build import Identity, build
from models.bundle import Bundle
from models.checkpoint import Checkpoint
from models.cpu import cpu_class
from models.fidelity import TEXT_NAME, measure
from models.manifest import TOKENIZER_NAME
from models.quantize import recipe_named
from models.runner import pieces, text_ids
from models.store import Store
from models.weights import open_checkpoint
from runtime.engine.bank import new_slot
from runtime.engine.session import Session
from tests.support.goldens import log_softmax
from tests.support.oracle import Oracle
from tests.support.prompts import PROMPTS

pytestmark = pytest.mark.real
TOKENS = 24
FAR = 128
"""Last tokens of a long text."""


@pytest.fixture(scope="module")
def checkpoint(smollm2: Bundle, real_state: Path) -> Checkpoint:
    """The weights the bundle was made from, which the store keeps."""
    name = smollm2.manifest.source.uri.rpartition("/")[2]
    (path,) = (real_state / "models" / "sources").rglob(name)
    return open_checkpoint(path)


def test_ten_greedy_continuations_are_the_oracles(
    smollm2: Bundle, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    manifest = smollm2.manifest
    identity = Identity("smollm2", "fp32", manifest.licence, manifest.source, manifest.languages)
    fp32 = build(checkpoint, identity, recipe_named("fp32"), tmp_path)
    slot = new_slot(Session(tmp_path, fp32))
    oracle = Oracle(checkpoint, np.float32)
    tokenizer = tokenizers.Tokenizer.from_file(str(smollm2.path / TOKENIZER_NAME))
    for prompt in PROMPTS:
        ids = tokenizer.encode(prompt, add_special_tokens=False).ids
        slot.cache.trim(0)
        logits = slot.prefill(np.array(ids), asked=np.array([len(ids) - 1]))[0]
        answer: list[int] = []
        while len(answer) < TOKENS:
            answer.append(int(logits.argmax()))
            logits = slot.step(answer[-1])
        assert tuple(answer) == oracle.greedy(ids, TOKENS), prompt


def test_the_recorded_fidelity_is_found_again(
    smollm2: Bundle, checkpoint: Checkpoint, tmp_path: Path
) -> None:
    recorded = smollm2.manifest.fidelity_on(cpu_class())
    assert recorded is not None
    assert recorded.kl_mean <= 0.01
    measured = fidelity_of(smollm2.path, smollm2.manifest, checkpoint, tmp_path / "fp32", lambda _: None)
    assert agrees(recorded, measured)


@pytest.fixture(scope="module")
def reference(smollm2: Bundle, checkpoint: Checkpoint, tmp_path_factory: pytest.TempPathFactory) -> Reference:
    """The fp32 graph, and how large its keys and values become."""
    manifest = smollm2.manifest
    identity = Identity("smollm2", "fp32", manifest.licence, manifest.source, manifest.languages)
    return Reference.build(checkpoint, identity, tmp_path_factory.mktemp("reference") / "fp32", "int8")


@pytest.mark.parametrize(("recipe", "most"), [("int8", 0.01), ("int4-affine", 0.015)])
def test_keys_and_values_in_eight_bits_stay_near(
    reference: Reference, recipe: str, most: float, tmp_path: Path
) -> None:
    manifest = reference.quantize(recipe_named(recipe).keeping("int8"), tmp_path)
    found = measure(tmp_path, manifest, reference.path, tokens=1022)
    print(f"{recipe}, int8 cache: KL {found.kl_mean} mean, {found.kl_max} max; top-1 {found.top1:.1%}")
    assert found.kl_mean <= most


def test_keys_far_from_where_they_were_measured_stay_near(reference: Reference, tmp_path: Path) -> None:
    """Scales were measured over windows of 512 tokens; a thousand on, positions have turned keys elsewhere."""
    for name in ("float", "eight"):
        (tmp_path / name).mkdir()
    floats = build(reference.checkpoint, reference.identity, recipe_named("fp32"), tmp_path / "float")
    eights = reference.quantize(recipe_named("fp32").keeping("int8"), tmp_path / "eight")
    slots = [new_slot(Session(tmp_path / name, of)) for name, of in (("float", floats), ("eight", eights))]
    ids = text_ids(tmp_path / "eight", eights, TEXT_NAME)[:1536]
    for part in pieces(ids[:-FAR], 256):
        for slot in slots:
            slot.prefill(part, asked=np.empty(0, dtype=np.int64))
    near, far = (log_softmax(slot.prefill(ids[-FAR:], asked=np.arange(FAR))) for slot in slots)
    found = float((np.exp(near) * (near - far)).sum(axis=-1).mean())
    print(f"KL {found:.4f} over the last {FAR} of {len(ids)} tokens")
    assert found <= 0.01


def test_the_stored_bundle_is_sound(smollm2: Bundle, real_state: Path) -> None:
    assert Store(real_state / "models").verify(smollm2) == ()
