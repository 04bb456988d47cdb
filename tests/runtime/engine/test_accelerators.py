"""Nobody can tell by an answer what made it fast: cached prompts, prefix files, jumps, drafts, others beside it.

The greedy answer is the plain one wherever the model's two best tokens are further apart than running several tokens
at once changes them; in float32, everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from models.bundle import Bundle
from models.manifest import TOKENIZER_NAME, Manifest
from runtime.engine.bank import new_slot
from runtime.engine.constraint import Constraint, Grammar
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

pytestmark = pytest.mark.counted

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


@dataclass(frozen=True)
class Few:
    """Answers of so many tokens, out of a few: what random models say then repeats itself, and comes to an end.

    At every eleventh place there is only one of them, in turn, which `accepts` does not tell: guesses go wrong.
    """

    ids: tuple[int, ...]
    count: int

    def begin(self) -> Constraint:
        return _Few(self)


class _Few:
    def __init__(self, grammar: Few) -> None:
        self._grammar = grammar
        self._said = 0

    @property
    def complete(self) -> bool:
        return self._said == self._grammar.count

    def forced(self) -> Sequence[int]:
        return ()

    def _left(self) -> list[int]:
        turn, place = divmod(self._said, 11)
        ids = sorted(self._grammar.ids)
        return [ids[turn % len(ids)]] if place == 10 else ids

    def few(self, most: int) -> Sequence[int]:
        left = self._left()
        return left if len(left) <= most else ()

    def restrict(self, logits: NDArray[np.float32]) -> None:
        left = self._left()
        kept = logits[left]
        logits[:] = -np.inf
        logits[left] = kept

    def accepts(self, draft: Sequence[int]) -> int:
        fits = next(
            (place for place, token in enumerate(draft) if token not in self._grammar.ids), len(draft)
        )
        return min(fits, self._grammar.count - self._said)

    def accept(self, token: int) -> None:
        assert token in self._grammar.ids
        self._said += 1


def asked(path: Path, manifest: Manifest, count: int) -> list[Request]:
    """Prompts that begin alike and repeat themselves; some want an answer in a form, some were asked before."""
    free = Request((), 48, stop_ids=frozenset(manifest.eos_ids), stable=36)
    forms: list[Grammar | None] = [Few((3, 7, 20), 24), Few((5, 9), 32), None, None, None]
    if (path / TOKENIZER_NAME).exists():
        tokenizer = Tokenizer.load(path / TOKENIZER_NAME)
        forms[2] = Compiler(tokenizer, manifest.vocabulary_size, manifest.eos_ids, Limits()).compile(FORM)
    requests: list[Request] = []
    for number, prompt in enumerate(repeating(count, manifest.vocabulary_size, 120, seed=11)):
        form = forms[number % len(forms)]
        priority = Priority.CHAT if form is None else Priority.COMMAND
        fresh = replace(free, prompt_ids=prompt, grammar=form, priority=priority)
        requests.append(requests[number % 3] if number > 3 and number % 7 == 0 else fresh)
    return requests


def tell(name: str, found: Agreement) -> None:
    print(
        f"{name}: {found.answers} answers, {found.tokens} tokens, {len(found.partings)} part, "
        f"{len(found.beyond)} beyond {found.noise.largest:.2g} (99.9 % {found.noise.most:.2g}), "
        f"{found.stats[1].accepted_tokens} of {found.stats[1].drafted_tokens} guesses right"
    )
    first, second = found.stats
    assert first.cached_tokens > 0
    assert second.restored > 0, "what was stable came from disk after the restart"
    assert second.accepted_tokens > 0
    assert second.drafted_tokens > second.accepted_tokens, "wrong guesses leave no trace"


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
