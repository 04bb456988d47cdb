"""What an engine finds again after a restart: the answer is the one computed cold, and only what is stable was kept."""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from runtime.engine.engine import OnnxEngine
from runtime.engine.request import Done, Request, Token
from runtime.engine.session import Session
from runtime.limits import Limits
from tests.support.hybrid import hybrid_bundle
from tests.support.tiny import tiny_bundle

LIMITS = Limits(prefill_chunk=32, cache_slots=2)
SYSTEM = 45
"""Tokens, of which the windows of the tiny Gemma 3 have let go some."""
KINDS = ["llama-tied", "gemma3", "lfm2", "granite-4-hybrid", "falcon-h1", "hybrid"]
INT8 = "-kv8"
"""Behind a kind: keys and values in eight bits."""


@pytest.fixture(
    scope="module", params=[*KINDS, *(f"{kind}{INT8}" for kind in ("llama-tied", "gemma3", "falcon-h1"))]
)
def session(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Session:
    return load(request.param, tmp_path_factory.mktemp(request.param) / "b")


@pytest.fixture(scope="module")
def hybrid(tmp_path_factory: pytest.TempPathFactory) -> Session:
    return load("hybrid", tmp_path_factory.mktemp("hybrid") / "b")


def load(kind: str, path: Path, threads: int = 1) -> Session:
    if kind == "hybrid":
        return Session(path, hybrid_bundle(path), threads=threads)
    variant = kind.removesuffix(INT8)
    manifest = tiny_bundle(path, variant=variant, kv="float32" if variant == kind else "int8")
    return Session(path, manifest, threads=threads)


def files_in(directory: Path) -> list[Path]:
    return list(directory.glob("*.prefix"))


@asynccontextmanager
async def engine_of(
    session: Session, prefixes: Path | None, limits: Limits = LIMITS
) -> AsyncIterator[OnnxEngine]:
    engine = OnnxEngine(session, limits, prefixes=prefixes)
    try:
        yield engine
    finally:
        await engine.close()


def words(count: int, seed: int) -> tuple[int, ...]:
    return tuple(random.Random(seed).choices(range(60), k=count))


def conversation(seed: int, system: int = SYSTEM) -> Request:
    """The same system prompt, and something else after it."""
    return Request((*words(system, 0), seed, *words(20, seed)), 10, stable=system)


@dataclass(frozen=True)
class Answer:
    ids: tuple[int, ...]
    cached: int


async def ask(engine: OnnxEngine, request: Request) -> Answer:
    events = [event async for event in engine.generate(request)]
    done = events[-1]
    assert isinstance(done, Done)
    return Answer(tuple(event.id for event in events if isinstance(event, Token)), done.usage.cached)


async def keep(session: Session, prefixes: Path, seeds: tuple[int, ...] = (1, 2)) -> None:
    """A process that keeps the prefix of the conversations it has."""
    async with engine_of(session, prefixes) as engine:
        for seed in seeds:
            await ask(engine, conversation(seed))


async def test_the_first_answer_after_a_restart_is_the_cold_one(session: Session, tmp_path: Path) -> None:
    await keep(session, tmp_path)
    async with engine_of(session, tmp_path) as engine, engine_of(session, None) as cold:
        found, expected = await ask(engine, conversation(3)), await ask(cold, conversation(3))
        assert (found.ids, found.cached, expected.cached) == (expected.ids, SYSTEM, 0)
        assert engine.stats.restored == 1
        assert (await ask(engine, conversation(4))).cached == SYSTEM, "from memory, like any other"
        assert engine.stats.restored == 1


async def test_every_bit_of_the_cache_is_the_cold_one(session: Session, tmp_path: Path) -> None:
    await keep(session, tmp_path)
    async with engine_of(session, tmp_path) as engine, engine_of(session, None) as cold:
        for running in (engine, cold):
            await ask(running, conversation(3))
        total = len(conversation(3).prompt_ids)
        for warm, fresh in zip(
            engine._worker._bank.slots[0].cache.pieces(total),
            cold._worker._bank.slots[0].cache.pieces(total),
            strict=True,
        ):
            np.testing.assert_array_equal(warm, fresh)


async def test_a_prefix_comes_back_when_others_took_its_slots(session: Session, tmp_path: Path) -> None:
    await keep(session, tmp_path)
    async with engine_of(session, tmp_path) as engine:
        assert (await ask(engine, conversation(3))).cached == SYSTEM
        for seed in (50, 51, 52):
            await ask(engine, Request(words(60, seed), 3))
        assert (await ask(engine, conversation(4))).cached == SYSTEM
        assert engine.stats.restored == 2


async def test_the_file_tells_nothing_of_who_spoke(session: Session, tmp_path: Path) -> None:
    for name, seeds in (("ours", (1, 2)), ("theirs", (11, 12))):
        async with engine_of(session, tmp_path / name) as engine:
            for slot in range(2):  # what was there before leaves no trace either
                await ask(engine, Request(words(60, 70 + 10 * slot + seeds[0]), 3))
            for seed in seeds:
                await ask(engine, conversation(seed))
    ours, theirs = (files_in(tmp_path / name) for name in ("ours", "theirs"))
    assert [path.name for path in ours] == [path.name for path in theirs]
    assert [path.read_bytes() for path in ours] == [path.read_bytes() for path in theirs]
    assert len(ours) == 1


async def test_the_first_conversation_after_a_start_leaves_the_place_for_the_second(session: Session) -> None:
    async with engine_of(session, None) as engine:
        assert [(await ask(engine, conversation(seed))).cached for seed in (1, 2)] == [0, SYSTEM]


async def test_what_came_once_is_not_written(hybrid: Session, tmp_path: Path) -> None:
    await keep(hybrid, tmp_path, seeds=(1,))
    assert not files_in(tmp_path)


async def test_what_is_short_or_nobody_called_stable_is_not_written(hybrid: Session, tmp_path: Path) -> None:
    async with engine_of(hybrid, tmp_path) as engine:
        for seed in (1, 2, 3):
            await ask(engine, conversation(seed, system=20))
            await ask(engine, replace(conversation(seed), stable=0))
    assert not files_in(tmp_path)


@pytest.mark.parametrize("other", ["threads", "bundle", "chunk"])
async def test_another_computation_does_not_use_it(hybrid: Session, tmp_path: Path, other: str) -> None:
    await keep(hybrid, tmp_path / "shelf")
    limits = replace(LIMITS, prefill_chunk=16) if other == "chunk" else LIMITS
    session = hybrid
    if other == "threads":
        session = load("hybrid", tmp_path / "b", threads=2)
    elif other == "bundle":
        manifest = hybrid_bundle(tmp_path / "b")
        session = Session(tmp_path / "b", replace(manifest, version="2"), threads=1)
    async with engine_of(session, tmp_path / "shelf", limits) as engine:
        assert (await ask(engine, conversation(3))).cached == 0
    async with engine_of(hybrid, tmp_path / "shelf") as engine:
        assert (await ask(engine, conversation(3))).cached == SYSTEM, "the file is still there for its own"


def test_a_computation_is_known_by_all_that_rounds(hybrid: Session) -> None:
    assert hybrid.rounding.keys() == {"bundle", "inglenook", "onnxruntime", "processor", "threads"}


async def test_a_damaged_file_costs_a_computation(session: Session, tmp_path: Path) -> None:
    await keep(session, tmp_path)
    (path,) = files_in(tmp_path)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)
    async with engine_of(session, tmp_path) as engine, engine_of(session, None) as cold:
        assert await ask(engine, conversation(3)) == await ask(cold, conversation(3))
        assert not path.exists()
        await ask(engine, conversation(4))
    assert path.exists(), "it came back twice"
