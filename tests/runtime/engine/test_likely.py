"""How likely each token was: the numbers of a plain oracle, whatever runs beside or ahead, and nothing else changes."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from models.manifest import TOKENIZER_NAME, Manifest
from runtime.engine.bank import new_slot
from runtime.engine.engine import OnnxEngine
from runtime.engine.likely import MOST, Outlook
from runtime.engine.request import Request, Sampling, Token
from runtime.engine.session import Session
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.text.constraint import JsonSchema
from runtime.text.grammar import Compiler
from runtime.text.tokenizer import Tokenizer
from tests.support.tiny import tiny_bundle

LIMITS = Limits(prefill_chunk=8, cache_slots=4)
PROMPT = tuple(range(20, 41))
REPEATING = (5, 6, 7, 8, 9) * 6
TOLERANCE = 1e-3
"""Nats, between a step alone and one among others, or ahead of itself; logits are of about 3."""
LAMP = JsonSchema.of(
    {
        "type": "object",
        "properties": {
            "device": {"enum": ["lamp", "light", "fan"]},
            "level": {"type": "integer", "maximum": 99},
        },
        "required": ["device", "level"],
    }
)


@pytest.fixture(params=["llama-tied", "lfm2", "falcon-h1", "gemma3"], scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    path = tmp_path_factory.mktemp(str(request.param)) / "b"
    return path, tiny_bundle(path, variant=str(request.param))


@pytest.fixture
async def engine(built: tuple[Path, Manifest]) -> AsyncIterator[OnnxEngine]:
    engine = OnnxEngine.load(*built, limits=LIMITS, threads=1)
    yield engine
    await engine.close()


async def told(engine: OnnxEngine, request: Request) -> list[Token]:
    return [event async for event in engine.generate(request) if isinstance(event, Token)]


def ids(tokens: Sequence[Token]) -> list[int]:
    return [token.id for token in tokens]


def check(built: tuple[Path, Manifest], prompt: Sequence[int], tokens: Sequence[Token], top: int) -> None:
    """Against a session fed one token after the other, and softmax as it is in books."""
    slot = new_slot(Session(*built, threads=1))
    row = np.zeros(1, np.float32)
    for fed in prompt:
        row = slot.step(fed)
    for token in tokens:
        exact = row.astype(np.float64)
        logs = exact - exact.max() - np.log(np.exp(exact - exact.max()).sum())
        assert token.likely is not None
        assert token.likely.logprob == pytest.approx(logs[token.id], abs=TOLERANCE)
        assert len(token.likely.top) == top
        best = np.sort(logs)[::-1][:top]
        np.testing.assert_allclose([logprob for _, logprob in token.likely.top], best, atol=TOLERANCE)
        for each, logprob in token.likely.top:
            assert logprob == pytest.approx(logs[each], abs=TOLERANCE)
        row = slot.step(token.id)


@pytest.mark.parametrize("prompt", [PROMPT, REPEATING])
async def test_the_numbers_are_the_models_own_and_the_answer_is_the_same(
    built: tuple[Path, Manifest], engine: OnnxEngine, prompt: tuple[int, ...]
) -> None:
    bent = Sampling(1.3, top_k=40, repetition_penalty=1.3, logit_bias={7: 4.0}, seed=3)
    for sampling in (Sampling(), bent):
        asked = Request(prompt, 24, sampling)
        plain = await told(engine, asked)
        assert all(token.likely is None for token in plain)
        for top in (0, 5):
            tokens = await told(engine, replace(asked, logprobs=top))
            assert ids(tokens) == ids(plain)
            check(built, prompt, tokens, top)


async def test_they_are_each_answers_own_where_several_are_computed_at_once(
    built: tuple[Path, Manifest], engine: OnnxEngine
) -> None:
    prompts = [PROMPT[start:] for start in range(4)]
    answers = await asyncio.gather(
        *(
            told(engine, Request(prompt, 12, logprobs=3 if place else None))
            for place, prompt in enumerate(prompts)
        )
    )
    assert all(token.likely is None for token in answers[0])
    for prompt, tokens in itertools.islice(zip(prompts, answers, strict=True), 1, None):
        check(built, prompt, tokens, 3)


async def test_under_a_grammar_they_are_still_the_models_own(
    built: tuple[Path, Manifest], engine: OnnxEngine
) -> None:
    path, manifest = built
    tokenizer = Tokenizer.load(path / TOKENIZER_NAME)
    compiler = Compiler(tokenizer, manifest.vocabulary_size, manifest.eos_ids, LIMITS)
    for seed in (None, 1, 2, 3):
        asked = Request(
            PROMPT,
            60,
            Sampling(0.0 if seed is None else 1.0, seed=seed),
            stop_ids=frozenset(manifest.eos_ids),
            grammar=compiler.compile(LAMP),
        )
        plain, tokens = await told(engine, asked), await told(engine, replace(asked, logprobs=2))
        assert ids(tokens) == ids(plain)
        assert tokenizer.decode(ids(tokens)).startswith('{"device": "')
        check(built, PROMPT, tokens, 2)


async def test_a_length_ends_what_has_to_follow(built: tuple[Path, Manifest], engine: OnnxEngine) -> None:
    path, manifest = built
    compiler = Compiler(
        Tokenizer.load(path / TOKENIZER_NAME), manifest.vocabulary_size, manifest.eos_ids, LIMITS
    )
    for most in (1, 2, 3, 7):
        asked = Request(PROMPT, most, grammar=compiler.compile(LAMP), logprobs=0)
        assert len(await told(engine, asked)) == most


@pytest.mark.parametrize("top", [-1, MOST + 1])
async def test_more_than_that_is_refused(engine: OnnxEngine, top: int) -> None:
    with pytest.raises(CallerError, match="0 to 20"):
        await told(engine, Request(PROMPT, 1, logprobs=top))


@given(
    arrays.arrays(np.float32, st.integers(1, 40), elements=st.floats(-1e4, 1e4, width=32)),
    st.integers(0, MOST),
    st.data(),
)
def test_any_row_gives_probabilities_in_order(
    row: NDArray[np.float32], top: int, data: st.DataObject
) -> None:
    before = row.copy()
    token = data.draw(st.integers(0, row.size - 1))
    likely = Outlook(row, top).of(token)
    np.testing.assert_array_equal(row, before)
    assert likely.logprob <= 0
    assert len(likely.top) == min(top, row.size)
    assert list(likely.top) == sorted(likely.top, key=lambda each: (-each[1], each[0]))
    everything = Outlook(row, row.size).of(token) if row.size <= MOST else None
    if everything is not None:
        assert sum(np.exp(logprob) for _, logprob in everything.top) == pytest.approx(1)
