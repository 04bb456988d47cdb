"""Nobody can tell by an answer what made it fast: cached prompts, prefix files, jumps, drafts, others beside it.

The greedy answer is the plain one wherever the model's two best tokens are further apart than running several tokens
at once changes them; in float32, everywhere.
"""

from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from models.bundle import Bundle
from models.manifest import TOKENIZER_NAME, Manifest
from runtime.engine.bank import new_slot
from runtime.engine.request import Priority, Request
from runtime.engine.session import Session
from runtime.limits import Limits
from runtime.text.constraint import JsonSchema
from runtime.text.grammar import Compiler
from runtime.text.tokenizer import Tokenizer
from tests.support.agreement import FAST, Agreement, compare
from tests.support.hybrid import hybrid_bundle
from tests.support.plainly import END, greedy, lead, noise, rows
from tests.support.questions import in_tokens, questions, repeating
from tests.support.tiny import tiny_bundle

PROMPTS: Final = 200
HYBRIDS: Final = ("lfm2", "granite-4-hybrid", "falcon-h1", "gemma3")
LIMITS: Final = replace(FAST, prefill_chunk=64)
FORM: Final = JsonSchema.of(
    {
        "type": "object",
        "properties": {"device": {"enum": ["lamp", "light", "fan"]}, "on": {"type": "boolean"}},
        "required": ["device", "on"],
        "additionalProperties": False,
    }
)


def asked(path: Path, manifest: Manifest, count: int) -> list[Request]:
    """Prompts that begin alike and repeat themselves; some want an answer in a form, some were asked before."""
    prompts = list(repeating(count, manifest.vocabulary_size, 120, seed=11))
    plain = Request((), 24, stop_ids=frozenset(manifest.eos_ids), stable=36)
    requests = [replace(plain, prompt_ids=prompt) for prompt in prompts]
    if (path / TOKENIZER_NAME).exists():
        tokenizer = Tokenizer.load(path / TOKENIZER_NAME)
        compiler = Compiler(tokenizer, manifest.vocabulary_size, manifest.eos_ids, Limits())
        form = compiler.compile(FORM)
        for number in range(0, count, 5):
            requests[number] = replace(requests[number], grammar=form, priority=Priority.COMMAND)
    for number in range(7, count, 7):
        requests[number] = replace(requests[number % 2], priority=Priority.COMMAND)
    return requests


def tell(name: str, found: Agreement) -> None:
    print(
        f"{name}: {found.answers} answers, {found.tokens} tokens, {len(found.partings)} part, "
        f"{len(found.beyond)} beyond {found.noise.largest:.2g} (99.9 % {found.noise.most:.2g})"
    )
    first, second = found.stats
    assert first.cached_tokens > 0
    assert second.restored > 0, "what was stable came from disk after the restart"


@pytest.mark.parametrize("recipe", ["fp32", "int8", "int4-affine"])
async def test_two_hundred_answers_of_attention(recipe: str, tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b", recipe=recipe)
    session = Session(tmp_path / "b", manifest, threads=1)
    found = await compare(session, asked(tmp_path / "b", manifest, PROMPTS), tmp_path / "p", limits=LIMITS)
    tell(recipe, found)
    assert not found.beyond
    if recipe == "fp32":
        assert not found.partings


@pytest.mark.parametrize("recipe", ["fp32", "int8"])
@pytest.mark.parametrize("variant", HYBRIDS)
async def test_fifty_answers_of_each_hybrid(variant: str, recipe: str, tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b", recipe=recipe, variant=variant)
    session = Session(tmp_path / "b", manifest, threads=1)
    requests = asked(tmp_path / "b", manifest, PROMPTS // len(HYBRIDS))
    found = await compare(session, requests, tmp_path / "p", limits=LIMITS)
    tell(f"{variant} {recipe}", found)
    assert not found.beyond
    if recipe == "fp32":
        assert not found.partings


async def test_two_hundred_answers_of_every_kind_of_cache_at_once(tmp_path: Path) -> None:
    manifest = hybrid_bundle(tmp_path / "b")
    session = Session(tmp_path / "b", manifest, threads=1)
    found = await compare(session, asked(tmp_path / "b", manifest, PROMPTS), tmp_path / "p", limits=LIMITS)
    tell("hybrid", found)
    assert not found.partings


def test_the_comparison_finds_a_wrong_answer(tmp_path: Path) -> None:
    """A parting is judged by the lead of the plain token, whatever stands there instead."""
    manifest = hybrid_bundle(tmp_path / "b")
    session = Session(tmp_path / "b", manifest, threads=1)
    request = Request((1, 2, 3, 4), 6, stop_ids=frozenset({0}))
    answer = greedy(session, request)
    for place, token in enumerate(answer):
        telling = rows(session, request)
        row = next(telling)
        for said in answer[:place]:
            row = telling.send(said)
        worst = int(row.argmin())
        by = float(row[0 if token == END else token]) - float(row[worst])
        assert by > 0
        assert lead(session, request, answer[:place], (token, worst)) == by


def test_noise_is_what_the_rows_differ_by(tmp_path: Path) -> None:
    session = Session(tmp_path / "b", tiny_bundle(tmp_path / "b", recipe="int8"), threads=1)
    text = next(repeating(1, 200, 60, seed=3))
    measured = noise(session, [text], (2, 16))
    one, many = new_slot(session), new_slot(session)
    alone = np.array([one.step(token).copy() for token in text])
    chunks = [
        many.prefill(np.array(text[at : at + 2]), asked=np.arange(len(text[at : at + 2])))
        for at in range(0, len(text), 2)
    ]
    together = np.concatenate(chunks)
    first, second = np.argsort(-alone, axis=1)[:, :2].T
    places = np.arange(len(text))

    def leads(logits: NDArray[np.float32]) -> NDArray[np.float32]:
        found: NDArray[np.float32] = logits[places, first] - logits[places, second]
        return found

    assert measured.positions == 2 * len(text)
    assert measured.largest >= np.abs(leads(alone) - leads(together)).max()
    assert measured.most <= measured.largest


@pytest.mark.real
async def test_forty_real_answers(smollm2: Bundle, tmp_path: Path) -> None:
    """SmolLM2-135M; `script/agreement` asks all two hundred."""
    session = Session(smollm2.path, smollm2.manifest)
    requests = await in_tokens(smollm2, questions(40, tokens=24))
    found = await compare(session, requests, tmp_path / "p")
    tell(smollm2.manifest.name, found)
    assert not found.beyond
