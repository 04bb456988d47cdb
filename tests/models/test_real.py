"""The real SmolLM2: our fp32 graph goes where the oracle goes, and the int8 bundle is as far from it as it says."""

from pathlib import Path

import numpy as np
import pytest
import tokenizers

from models.assemble import agrees, fidelity_of
from models.build import Identity, build
from models.bundle import Bundle
from models.checkpoint import Checkpoint
from models.cpu import cpu_class
from models.manifest import TOKENIZER_NAME
from models.quantize import recipe_named
from models.store import Store
from models.weights import open_checkpoint
from runtime.engine.bank import new_slot
from runtime.engine.session import Session
from tests.support.oracle import Oracle
from tests.support.prompts import PROMPTS

pytestmark = pytest.mark.real
TOKENS = 24


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


def test_the_stored_bundle_is_sound(smollm2: Bundle, real_state: Path) -> None:
    assert Store(real_state / "models").verify(smollm2) == ()
