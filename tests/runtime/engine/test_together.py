"""Many answers at once: each is the one it would be alone, whoever runs beside it, and memory stays in its bounds."""

import asyncio
import random
from contextlib import aclosing
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from models.manifest import Manifest
from models.quantize import CacheType
from runtime.engine.bank import Bank, new_slot
from runtime.engine.budget import Budget
from runtime.engine.cache import bytes_per_token
from runtime.engine.engine import OnnxEngine
from runtime.engine.request import Done, Priority, Request, ScoreRequest, Token
from runtime.engine.session import Session
from runtime.errors import BundleError, EngineError, PromptTooLongError
from runtime.limits import Limits
from tests.support.failing import FailingSession
from tests.support.goldens import GOLDENS
from tests.support.tiny import tiny_bundle

LIMITS = Limits(prefill_chunk=8, cache_slots=4, queue_depth=64)
SEED = 20261123
STEP_TOLERANCE = 1e-4
"""Between a row alone and the same row among others; logits are of about 3."""
ROUNDED = 0.05
"""The same where keys and values are rounded to eight bits: a last digit may tip one to the next level."""


@pytest.fixture(params=["llama-tied", "lfm2", "granite-4-hybrid", "falcon-h1", "gemma3"], scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    path = tmp_path_factory.mktemp(str(request.param)) / "b"
    return path, tiny_bundle(path, variant=str(request.param))


async def answer(engine: OnnxEngine, request: Request) -> tuple[tuple[int, ...], Done]:
    told, done = [], None
    async for event in engine.generate(request):
        if isinstance(event, Token):
            told.append(event.id)
        elif isinstance(event, Done):
            done = event
    assert done is not None
    return tuple(told), done


def requests(rng: random.Random, vocabulary: int, count: int) -> list[Request]:
    """Of all lengths and classes; some begin alike."""
    shared = [rng.randrange(vocabulary) for _ in range(20)]
    return [
        Request(
            (
                *shared[: rng.choice([0, 0, 12, 20])],
                *(rng.randrange(vocabulary) for _ in range(rng.randint(1, 25))),
            ),
            rng.randint(1, 30),
            priority=rng.choice(list(Priority)),
        )
        for _ in range(count)
    ]


@pytest.mark.parametrize(
    ("variant", "kv"),
    [
        *((path.name, "float32") for path in GOLDENS),
        ("llama-tied", "int8"),
        ("gemma3", "int8"),
        ("lfm2", "int8"),
    ],
)
def test_a_step_of_several_is_each_ones_step(variant: str, kv: CacheType, tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b", variant=variant, kv=kv)
    tolerance = STEP_TOLERANCE if kv == "float32" else ROUNDED
    session = Session(tmp_path / "b", manifest, threads=1)
    rng = np.random.default_rng(SEED)
    bank, lengths = Bank(session, 4), [3, 11, 7, 20]
    alone = [new_slot(session) for _ in lengths]
    for slot, single, length in zip(bank.slots, alone, lengths, strict=True):
        ids = rng.integers(0, manifest.vocabulary_size, length)
        for each in (slot, single):
            each.prefill(ids, asked=np.empty(0, dtype=np.int64))
    for _ in range(6):
        tokens = {row: int(rng.integers(manifest.vocabulary_size)) for row in range(4)}
        together = bank.step(range(4), tokens)
        for row, token in tokens.items():
            np.testing.assert_allclose(together[row], alone[row].step(token), atol=tolerance)


def test_an_idle_slot_taken_along_is_left_as_it_was(tmp_path: Path) -> None:
    session = Session(tmp_path / "b", tiny_bundle(tmp_path / "b"), threads=1)
    bank, fresh = Bank(session, 3), new_slot(session)
    for slot in (bank.slots[1], fresh):
        slot.prefill(np.arange(9), asked=np.empty(0, dtype=np.int64))
    assert bank.neighbours([2, 0]) == [range(3)]
    bank.step(range(3), {0: 1, 2: 2})
    assert bank.slots[1].cache.tokens == 9
    np.testing.assert_array_equal(bank.slots[1].step(5), fresh.step(5))


@pytest.mark.parametrize("variant", ["lfm2", "gemma3"])
def test_what_a_step_would_change_is_not_taken_along(variant: str, tmp_path: Path) -> None:
    session = Session(tmp_path / "b", tiny_bundle(tmp_path / "b", variant=variant), threads=1)
    assert Bank(session, 3).neighbours([0, 2]) == [range(1), range(2, 3)]


@given(rows=st.sets(st.integers(0, 8)))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100, deadline=None)
def test_neighbours_hold_all_who_step_and_little_else(
    rows: set[int], tmp_path_factory: pytest.TempPathFactory
) -> None:
    bank = _bank_of_nine(tmp_path_factory)
    groups = bank.neighbours(rows)
    covered = [row for group in groups for row in group]
    assert len(set(covered)) == len(covered)
    assert rows <= set(covered)
    for group in groups:
        assert {group[0], group[-1]} <= rows
        idle = [row for row in group if row not in rows]
        assert all(row + 1 not in idle for row in idle)


_NINE: list[Bank] = []


def _bank_of_nine(factory: pytest.TempPathFactory) -> Bank:
    if not _NINE:
        path = factory.mktemp("nine") / "b"
        _NINE.append(Bank(Session(path, tiny_bundle(path), threads=1), 9))
    return _NINE[0]


async def test_each_answer_is_the_one_it_would_be_alone(built: tuple[Path, Manifest]) -> None:
    rng = random.Random(SEED)
    asked = requests(rng, built[1].vocabulary_size, 40)
    alone = OnnxEngine.load(*built, limits=Limits(prefill_chunk=8, cache_slots=1), threads=1)
    expected = [(await answer(alone, request))[0] for request in asked]
    await alone.close()
    crowd = OnnxEngine.load(*built, limits=LIMITS, threads=1)
    found = await asyncio.gather(*(answer(crowd, request) for request in asked))
    again = await asyncio.gather(*(answer(crowd, request) for request in reversed(asked)))
    await crowd.close()
    assert [ids for ids, _ in found] == expected, f"seed {SEED}"
    assert [ids for ids, _ in reversed(again)] == expected, f"seed {SEED}, with caches"


async def test_those_who_leave_midway_disturb_nobody(built: tuple[Path, Manifest]) -> None:
    rng = random.Random(SEED + 1)
    asked = requests(rng, built[1].vocabulary_size, 30)
    engine = OnnxEngine.load(*built, limits=LIMITS, threads=1)
    expected = {request.prompt_ids: (await answer(engine, request))[0] for request in asked}

    async def stay(request: Request) -> bool:
        return (await answer(engine, request))[0] == expected[request.prompt_ids]

    async def leave(request: Request) -> bool:
        told, after = [], rng.randint(0, 5)
        async with aclosing(engine.generate(request)) as events:
            async for event in events:
                if isinstance(event, Token):
                    told.append(event.id)
                if len(told) >= after:
                    break
        return tuple(told) == expected[request.prompt_ids][: len(told)]

    async def score(request: Request) -> bool:
        scores = await engine.score(ScoreRequest(request.prompt_ids, ((1, 2), (1, 3), (4,))))
        return len(scores) == 3

    told = await asyncio.gather(*(rng.choice([stay, leave, score])(request) for request in asked))
    assert all(told), f"seed {SEED + 1}"
    await engine.close()


def bound_to(manifest: Manifest, tokens: int) -> Limits:
    return Limits(prefill_chunk=8, cache_slots=4, queue_depth=64, kv_bytes=tokens * bytes_per_token(manifest))


async def test_memory_bounds_what_runs_at_once(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b")
    engine = OnnxEngine.load(tmp_path / "b", manifest, limits=bound_to(manifest, 60), threads=1)
    assert engine.context == 53, "an eighth is for commands"
    with pytest.raises(PromptTooLongError, match=r"53; .*limits\.kv_bytes"):
        await answer(engine, Request((1, 2, 3), 58))
    rng = random.Random(SEED)
    asked = [Request(tuple(rng.randrange(90) for _ in range(20)), 20) for _ in range(12)]

    async def watch() -> int:
        most = 0
        while True:
            most = max(most, sum(slot.cache.resident for slot in engine._worker._bank.slots))
            try:
                await asyncio.sleep(0)
            except asyncio.CancelledError:
                return most

    watching = asyncio.create_task(watch())
    found = await asyncio.gather(*(answer(engine, request) for request in asked))
    watching.cancel()
    assert await watching <= 60
    assert [done.reason for _, done in found] == ["length"] * 12
    assert [ids for ids, _ in found] == [(await answer(engine, request))[0] for request in asked]
    await engine.close()


def test_a_budget_lets_begin_what_fits() -> None:
    budget = Budget(100)
    assert budget.most == 88
    assert budget.fits(88, {}, Priority.CHAT)
    assert budget.fits(28, {0: 60}, Priority.CHAT)
    assert not budget.fits(29, {0: 60}, Priority.CHAT)
    assert budget.fits(40, {0: 60}, Priority.COMMAND), "room that chats leave"
    assert not budget.fits(41, {0: 60}, Priority.COMMAND)
    assert budget.fits(88, {}, Priority.BACKGROUND)
    assert budget.fits(3, {0: 60}, Priority.BACKGROUND)
    assert not budget.fits(4, {0: 60}, Priority.BACKGROUND), "a quarter is left to chats"


async def test_a_command_has_memory_of_its_own(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b")
    engine = OnnxEngine.load(tmp_path / "b", manifest, limits=bound_to(manifest, 120), threads=1)
    chat = asyncio.create_task(answer(engine, Request(tuple(range(5)), engine.context - 5)))
    await asyncio.sleep(0)
    command = asyncio.create_task(answer(engine, Request((1, 2, 3), 3, priority=Priority.COMMAND)))
    first, _ = await asyncio.wait([chat, command], return_when=asyncio.FIRST_COMPLETED)
    assert command in first
    await asyncio.gather(chat, command)
    await engine.close()


def test_memory_that_holds_nothing_is_refused_with_what_to_set(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b")
    with pytest.raises(BundleError, match=r"limits\.kv_bytes to \d+ or more"):
        OnnxEngine.load(tmp_path / "b", manifest, limits=bound_to(manifest, 3), threads=1)


@pytest.mark.parametrize("variant", ["llama-tied", "lfm2", "gemma3"])
async def test_runs_that_fail_take_nobody_elses_answer(variant: str, tmp_path: Path) -> None:
    """Whatever fails in the middle of whatever, each answer is the right one or an error, and the next one works."""
    manifest = tiny_bundle(tmp_path / "b", variant=variant)
    rng = random.Random(SEED)
    asked = requests(rng, manifest.vocabulary_size, 60)
    sound = OnnxEngine.load(tmp_path / "b", manifest, limits=LIMITS, threads=1)
    expected = [(await answer(sound, request))[0] for request in asked]
    await sound.close()
    session = FailingSession(tmp_path / "b", manifest, share=0.02, seed=SEED)
    engine = OnnxEngine(session, LIMITS)
    failed = 0
    for _ in range(3):
        found = await asyncio.gather(*(answer(engine, request) for request in asked), return_exceptions=True)
        for told, right in zip(found, expected, strict=True):
            if isinstance(told, EngineError):
                failed += 1
            else:
                assert not isinstance(told, BaseException), told
                assert told[0] == right, f"seed {SEED}"
    assert failed >= session.failed > 0
    session.share = 0.0
    assert [(await answer(engine, request))[0] for request in asked] == expected, f"seed {SEED}"
    assert engine.stats.running == 0
    await engine.close()
