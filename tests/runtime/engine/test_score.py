"""Options scored by prefill alone: what the model says token by token, in the order asked, at the cost of a tree."""

import asyncio
import contextlib
import itertools
import math
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.manifest import Manifest
from runtime.engine.bank import new_slot
from runtime.engine.engine import OnnxEngine
from runtime.engine.places import PLACES
from runtime.engine.prefix import PrefixIndex
from runtime.engine.request import Done, Priority, Request, Score, ScoreRequest, Token
from runtime.engine.score import _Options, _Walk
from runtime.engine.session import Session
from runtime.engine.work import Lease, Work
from runtime.errors import BusyError, CallerError, PromptTooLongError
from runtime.limits import Limits
from tests.support.tiny import tiny_bundle

LIMITS = Limits(prefill_chunk=8, cache_slots=2)
PROMPT = tuple(range(20, 41))
OPTIONS = (
    (7, 8, 9),
    (7, 8, 10, 11),
    (7,),
    (7, 8),
    (3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 3),
    (7, 8, 9),
    (3, 3, 4),
    (5, 6),
)


@pytest.fixture(params=["llama-tied", "lfm2", "granite-4-hybrid", "falcon-h1", "gemma3"], scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    path = tmp_path_factory.mktemp(str(request.param)) / "b"
    return path, tiny_bundle(path, variant=str(request.param))


@pytest.fixture
async def engine(built: tuple[Path, Manifest]) -> AsyncIterator[OnnxEngine]:
    engine = OnnxEngine.load(*built, limits=LIMITS, threads=1)
    yield engine
    await engine.close()


def naive(session: Session, prompt: Sequence[int], option: Sequence[int]) -> float:
    """Everything from the beginning, one token after the other."""
    slot, logprob = new_slot(session), 0.0
    row = np.zeros(1)
    for place, token in enumerate((*prompt, *option)):
        if place >= len(prompt):
            logprob += row[token] - row.max() - math.log(np.exp(row - row.max()).sum())
        row = slot.step(token).astype(np.float64)
    return logprob


def close(scores: Sequence[Score], session: Session, options: Sequence[Sequence[int]]) -> None:
    assert [score.tokens for score in scores] == [len(option) for option in options]
    expected = [naive(session, PROMPT, option) for option in options]
    assert [score.logprob for score in scores] == pytest.approx(expected, abs=1e-3)


async def test_scores_are_what_the_model_says_token_by_token(engine: OnnxEngine) -> None:
    close(await engine.score(ScoreRequest(PROMPT, OPTIONS)), engine._session, OPTIONS)


async def test_afterwards_the_cache_holds_the_prompt(engine: OnnxEngine) -> None:
    first = await engine.score(ScoreRequest(PROMPT, OPTIONS))
    asked = Request((*PROMPT, 50, 51), 8)
    events = [event async for event in engine.generate(asked)]
    assert isinstance(events[-1], Done)
    assert events[-1].usage.cached == len(PROMPT)
    fresh = OnnxEngine(engine._session, LIMITS)
    assert [event async for event in fresh.generate(asked) if isinstance(event, Token)] == [
        event for event in events if isinstance(event, Token)
    ]
    await fresh.close()
    again = await engine.score(ScoreRequest(PROMPT, OPTIONS))
    assert [score.logprob for score in again] == pytest.approx([score.logprob for score in first], abs=1e-3)


MANY = tuple(
    (*(3,) * lead, *room, *device, 9)  # branches at up to eight places behind each other
    for lead in (0, 1, 2, 11)
    for room in ((4,), (4, 5), (5, 6), (5, 6, 7))
    for device in ((10,), (10, 11), (10, 11, 12), (13, 14), (13, 15))
)


async def test_many_branches_are_what_the_model_says(engine: OnnxEngine) -> None:
    close(await engine.score(ScoreRequest(PROMPT, MANY)), engine._session, MANY)


def test_many_branches_take_few_snapshots(hybrid: Session) -> None:
    slot = new_slot(hybrid)
    claim = PrefixIndex([slot.cache.reaches]).claim(PROMPT)
    (row,) = slot.prefill(np.array(PROMPT), asked=np.array([len(PROMPT) - 1]))
    walk = _Walk(_Options(MANY), Lease(slot, claim), len(PROMPT), 8)
    walk.options.note((), row)
    steps, held, scored = walk.steps(), 0, 0
    told = next(steps)
    with contextlib.suppress(StopIteration):
        while True:
            if isinstance(told, Work):
                rows = slot.prefill(np.array(told.tokens), asked=np.array(told.asked, dtype=np.int64))
                told = steps.send(rows)
            else:
                scored += 1
                told = next(steps)
            held = max(held, 0 if walk._places is None else walk._places.held)
    assert scored == len(MANY)
    assert held == PLACES
    assert slot.cache.tokens == len(PROMPT)
    begun = {option[:length] for option in MANY for length in range(1, len(option))}
    assert walk.computed <= 1.25 * len(begun), "little is run again"


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Session:
    path = tmp_path_factory.mktemp("any") / "b"
    return Session(path, tiny_bundle(path, variant="lfm2"), threads=1)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@example([(1,) * length + (2,) for length in range(12)])  # a branch at every length
@example([(2,) * length + (1,) for length in range(12)])
@example([(1, 1), (1, 1, 1), (1, 2)])  # the first ends where the second and the third part
@given(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=5).map(tuple), min_size=1, max_size=8))
def test_any_tree_of_options(hybrid: Session, options: list[tuple[int, ...]]) -> None:
    async def play() -> tuple[Score, ...]:
        engine = OnnxEngine(hybrid, LIMITS)
        scores = await engine.score(ScoreRequest(PROMPT, tuple(options)))
        await engine.close()
        return scores

    close(asyncio.run(play()), hybrid, options)


async def test_what_options_share_is_computed_once(engine: OnnxEngine) -> None:
    shared = tuple(range(60, 70))
    options = tuple((*shared, a, b, 1) for a, b in itertools.product((2, 3), (4, 5)))
    before = engine.stats.prompt_tokens
    await engine.score(ScoreRequest(PROMPT, options))
    assert engine.stats.prompt_tokens - before == len(PROMPT) + len(shared) + 2 + 4


async def test_a_command_overtakes_between_options(engine: OnnxEngine) -> None:
    order: list[str] = []

    async def rank() -> None:
        await engine.score(ScoreRequest(PROMPT, tuple((a, b, 1) for a in range(30) for b in range(10))))
        order.append("ranked")

    async def command() -> None:
        async for _ in engine.generate(Request((1, 2, 3), 2, priority=Priority.COMMAND)):
            pass
        order.append("command")

    ranking = asyncio.create_task(rank())
    await asyncio.sleep(0)
    await asyncio.gather(ranking, asyncio.create_task(command()))
    assert order == ["command", "ranked"]


async def test_what_cannot_be_scored_is_refused(engine: OnnxEngine) -> None:
    context = engine.manifest.context_length
    for prompt, options in (
        ((), OPTIONS),
        (PROMPT, ()),
        (PROMPT, ((1,), ())),
        (PROMPT, ((1, 10**6),)),
        ((-1,), OPTIONS),
        (PROMPT, ((1,),) * 1001),
    ):
        with pytest.raises(CallerError):
            await engine.score(ScoreRequest(prompt, options))
    with pytest.raises(PromptTooLongError):
        await engine.score(ScoreRequest(PROMPT, ((1,) * context,)))
    with pytest.raises(BusyError):
        await engine.score(replace(ScoreRequest(PROMPT, OPTIONS), deadline_s=0.0))
    assert len(await engine.score(ScoreRequest(PROMPT, OPTIONS))) == len(OPTIONS), "the engine goes on"
