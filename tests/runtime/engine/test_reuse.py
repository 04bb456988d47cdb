"""What the engine need not compute again on a model with recurrent layers, and that nobody can tell by the answer."""

import random
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from pathlib import Path

import pytest

from models.manifest import Manifest
from models.quantize import CacheType
from runtime.engine.engine import OnnxEngine
from runtime.engine.request import Done, Prefill, Request, Token
from runtime.engine.snapshots import TURN_TOKENS
from runtime.limits import Limits
from tests.support.goldens import GOLDENS
from tests.support.hybrid import VOCABULARY, hybrid_bundle
from tests.support.tiny import tiny_bundle

BUILT = {path.name for path in GOLDENS}
LIMITS = Limits(prefill_chunk=32, cache_slots=2)
COLD = replace(LIMITS, cache_slots=1)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    path = tmp_path_factory.mktemp("hybrid") / "b"
    return path, hybrid_bundle(path)


@pytest.fixture
async def engine(bundle: tuple[Path, Manifest]) -> AsyncIterator[OnnxEngine]:
    engine = OnnxEngine.load(*bundle, limits=LIMITS, threads=1)
    yield engine
    await engine.close()


def ids(count: int, seed: int) -> tuple[int, ...]:
    return tuple(random.Random(seed).choices(range(VOCABULARY), k=count))


async def ask(engine: OnnxEngine, prompt: tuple[int, ...], tokens: int = 12) -> tuple[tuple[int, ...], int]:
    """The answer, and how many of the prompt's tokens were not computed."""
    answer: list[int] = []
    async for event in engine.generate(Request(prompt, tokens)):
        match event:
            case Token(token):
                answer.append(token)
            case Done():
                return tuple(answer), event.usage.cached
            case Prefill():
                pass
    raise AssertionError("no Done")


async def cold(engine: OnnxEngine, prompt: tuple[int, ...], tokens: int = 12) -> tuple[int, ...]:
    """The answer of an engine that remembers nothing."""
    fresh = OnnxEngine(engine._session, COLD)
    answer, cached = await ask(fresh, prompt, tokens)
    await fresh.close()
    assert cached == 0
    return answer


async def test_the_second_turn_goes_on_from_the_end_of_the_first_answer(engine: OnnxEngine) -> None:
    first = ids(70, 1)
    answer, cached = await ask(engine, first)
    assert cached == 0
    second = (*first, *answer, *ids(20, 2))
    again, cached = await ask(engine, second)
    assert cached == len(first) + len(answer) - 1, "the last token of an answer is told, not run"
    assert again == await cold(engine, second)


@pytest.mark.parametrize("kv", ["float32", "int8"])
@pytest.mark.parametrize("variant", sorted({"lfm2", "granite-4-hybrid", "falcon-h1", "gemma3"} & BUILT))
async def test_every_forgetful_architecture_goes_on_and_goes_back(
    variant: str, kv: CacheType, tmp_path: Path
) -> None:
    manifest = tiny_bundle(tmp_path / "b", variant=variant, kv=kv)
    engine = OnnxEngine.load(tmp_path / "b", manifest, limits=LIMITS, threads=1)
    first = ids(70, 1)
    answer, _ = await ask(engine, first)
    on, back = (*first, *answer, *ids(20, 2)), (*first, *ids(20, 3))
    for prompt, expected in ((on, len(first) + len(answer) - 1), (back, len(first) - TURN_TOKENS)):
        again, cached = await ask(engine, prompt)
        assert cached == expected
        assert again == await cold(engine, prompt)
    await engine.close()


async def test_a_history_that_tells_the_answer_otherwise_goes_on_from_the_prompt(engine: OnnxEngine) -> None:
    first = ids(70, 1)
    await ask(engine, first)
    second = (*first[:-3], *ids(40, 3))
    answer, cached = await ask(engine, second)
    assert cached == len(first) - TURN_TOKENS
    assert answer == await cold(engine, second)


async def test_the_same_prompt_again_costs_its_end(engine: OnnxEngine) -> None:
    prompt = ids(70, 1)
    first, _ = await ask(engine, prompt)
    second, cached = await ask(engine, prompt)
    assert cached == len(prompt) - TURN_TOKENS
    assert first == second


async def test_conversations_that_begin_alike_learn_where_they_part(engine: OnnxEngine) -> None:
    system = ids(75, 4)
    found = []
    for seed in (5, 6, 7, 8):
        prompt = (*system, seed, *ids(30, seed))
        answer, cached = await ask(engine, prompt)
        assert answer == await cold(engine, prompt)
        found.append(cached)
    assert found == [0, 64, 75, 75], "nothing, the end of a chunk, then the place itself"


async def test_the_other_conversation_lives_on(engine: OnnxEngine) -> None:
    system = ids(75, 4)
    first, second = (*system, 1, *ids(100, 9)), (*system, 2, *ids(30, 10))
    answer, _ = await ask(engine, first)
    await ask(engine, second)
    _, cached = await ask(engine, (*first, *answer, 3, 4, 5))
    assert cached == len(first) + len(answer) - 1


async def test_many_conversations_in_two_slots_answer_as_if_each_were_alone(engine: OnnxEngine) -> None:
    choose = random.Random(11)
    system = ids(60, 12)
    histories = {name: (*system, name, *ids(20, name)) for name in range(4)}
    computed = total = 0
    for turn in range(24):
        name = choose.randrange(4)
        prompt = histories[name]
        answer, cached = await ask(engine, prompt, 6)
        assert answer == await cold(engine, prompt, 6), f"turn {turn} of conversation {name}"
        kept = answer if choose.random() < 0.7 else answer[:2]
        histories[name] = (*prompt, *kept, *ids(10, 100 + turn))
        total += len(prompt)
        computed += len(prompt) - cached
    print(f"{computed} of {total} prompt tokens computed")
    assert computed < total / 2


async def test_cancelling_in_mid_prompt_leaves_a_sound_cache(engine: OnnxEngine) -> None:
    prompt = ids(300, 13)
    async with aclosing(engine.generate(Request(prompt, 5))) as events:
        async for event in events:
            if isinstance(event, Prefill) and event.done:
                break
    answer, cached = await ask(engine, prompt)
    assert 0 < cached < len(prompt)
    assert answer == await cold(engine, prompt)


async def test_without_room_for_snapshots_only_going_on_is_warm(bundle: tuple[Path, Manifest]) -> None:
    engine = OnnxEngine.load(*bundle, limits=replace(LIMITS, snapshot_bytes=0), threads=1)
    first = ids(70, 1)
    answer, _ = await ask(engine, first)
    second = (*first, *answer, *ids(20, 2))
    again, cached = await ask(engine, second)
    assert cached == len(first) + len(answer) - 1
    assert again == await cold(engine, second)
    assert (await ask(engine, first))[1] == 0
    await engine.close()
