"""The engine over a tiny real bundle: events, order, cancellation, deadlines, prefix reuse, draining."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from pathlib import Path

import pytest

from models.manifest import Manifest
from runtime.engine.engine import OnnxEngine
from runtime.engine.request import Done, Event, Prefill, Priority, Request, Sampling, Token
from runtime.errors import BusyError, CallerError, PromptTooLongError
from runtime.limits import Limits
from tests.support.goldens import GOLDENS, Reference
from tests.support.tiny import tiny_bundle

LIMITS = Limits(prefill_chunk=8, cache_slots=2, queue_depth=3)
REFERENCE = Reference.of(next(path for path in GOLDENS if path.name == "llama-tied"))


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    path = tmp_path_factory.mktemp("bundle") / "b"
    return path, tiny_bundle(path)


@pytest.fixture
async def engine(bundle: tuple[Path, Manifest]) -> AsyncIterator[OnnxEngine]:
    engine = OnnxEngine.load(*bundle, limits=LIMITS, threads=1)
    yield engine
    await engine.close()


async def collect(engine: OnnxEngine, request: Request) -> list[Event]:
    return [event async for event in engine.generate(request)]


def ids(events: list[Event]) -> tuple[int, ...]:
    return tuple(event.id for event in events if isinstance(event, Token))


def done(events: list[Event]) -> Done:
    assert isinstance(events[-1], Done)
    assert sum(isinstance(event, Done) for event in events) == 1
    return events[-1]


def ask(n: int = 10, **fields: object) -> Request:
    return Request(REFERENCE.prompt, n, **fields)  # type: ignore[arg-type]  # keywords of the test's own


async def test_greedy_is_the_references(engine: OnnxEngine) -> None:
    events = await collect(engine, ask(len(REFERENCE.greedy)))
    assert ids(events) == REFERENCE.greedy
    progress = [event for event in events if isinstance(event, Prefill)]
    assert [event.done for event in progress] == [0, 8, 16, len(REFERENCE.prompt)]
    assert done(events).reason == "length"
    assert done(events).usage.completion == len(REFERENCE.greedy)


async def test_the_first_token_comes_with_the_prompt_and_says_nothing_of_speed(engine: OnnxEngine) -> None:
    assert done(await collect(engine, ask(1))).timings.early == 1
    assert done(await collect(engine, ask(5))).timings.early == 1
    assert (engine.stats.completion_tokens, engine.stats.early_tokens) == (6, 2)


async def test_the_same_prompt_again_is_cached_and_the_same(engine: OnnxEngine) -> None:
    first = await collect(engine, ask())
    second = await collect(engine, ask())
    assert ids(first) == ids(second)
    assert done(first).usage.cached == 0
    assert done(second).usage.cached == len(REFERENCE.prompt) - 2


async def test_a_branch_of_the_conversation_reuses_the_common_part(engine: OnnxEngine) -> None:
    await collect(engine, ask())
    branch = Request((*REFERENCE.prompt[:10], 3, 4, 5), 6)
    reused = await collect(engine, branch)
    assert done(reused).usage.cached == 10
    fresh = OnnxEngine(engine._session, LIMITS)
    assert ids(await collect(fresh, branch)) == ids(reused)
    await fresh.close()


async def test_a_stop_id_ends_and_is_not_told(engine: OnnxEngine) -> None:
    stop = next(i for i in REFERENCE.greedy if i != REFERENCE.greedy[0])
    before = REFERENCE.greedy.index(stop)
    events = await collect(engine, ask(stop_ids=frozenset({stop})))
    assert ids(events) == REFERENCE.greedy[:before]
    assert done(events).reason == "stop"


async def test_closing_frees_the_slot_within_a_token(engine: OnnxEngine) -> None:
    async with aclosing(engine.generate(ask(90))) as events:
        async for event in events:
            if isinstance(event, Token):
                break
    for _ in range(200):
        if not engine.stats.running:
            break
        await asyncio.sleep(0.01)
    assert engine.stats.running == 0
    assert engine.stats.requests == 1
    assert 0 < engine.stats.completion_tokens < 90
    assert ids(await collect(engine, ask())) == REFERENCE.greedy


async def test_a_command_overtakes_a_chat(engine: OnnxEngine) -> None:
    order: list[str] = []

    async def run(name: str, request: Request) -> None:
        await collect(engine, request)
        order.append(name)

    for _ in range(20):  # on a busy machine the chat may be over before the command is asked
        order.clear()
        before = engine.stats.requests
        chat = asyncio.create_task(run("chat", ask(100)))
        await asyncio.sleep(0)
        command = asyncio.create_task(run("command", Request((5, 6, 7), 2, priority=Priority.COMMAND)))
        await asyncio.sleep(0)
        asked_in_time = engine.stats.requests == before
        await asyncio.gather(chat, command)
        if asked_in_time:
            assert order == ["command", "chat"]
            return
    pytest.fail("no chat was still running when the command was asked")


async def test_a_full_queue_says_so_and_recovers(engine: OnnxEngine) -> None:
    async def run() -> str:
        try:
            return done(await collect(engine, ask(60))).reason
        except BusyError:
            return "busy"

    results = await asyncio.gather(*(run() for _ in range(12)))
    assert set(results) == {"length", "busy"}
    assert results.count("length") >= LIMITS.queue_depth
    assert ids(await collect(engine, ask())) == REFERENCE.greedy


async def test_deadline_running_and_waiting(engine: OnnxEngine) -> None:
    running = done(await collect(engine, ask(100, deadline_s=0.0)))
    assert running.reason == "deadline"
    busy = asyncio.create_task(collect(engine, ask(100)))
    await asyncio.sleep(0)
    waiting = done(await collect(engine, ask(100, deadline_s=0.001)))
    assert waiting.reason == "deadline"
    assert done(await busy).reason == "length"


async def test_what_does_not_fit_is_refused_with_numbers(engine: OnnxEngine) -> None:
    context = engine.manifest.context_length
    with pytest.raises(PromptTooLongError, match=str(context)) as caught:
        await collect(engine, ask(context))
    assert (caught.value.prompt, caught.value.context) == (len(REFERENCE.prompt), context)


@pytest.mark.parametrize("prompt", [(), (-1,), (10**6,)])
async def test_impossible_prompts_are_refused(engine: OnnxEngine, prompt: tuple[int, ...]) -> None:
    with pytest.raises(CallerError):
        await collect(engine, Request(prompt, 1))


async def test_a_seed_repeats_and_another_differs(engine: OnnxEngine) -> None:
    def hot(seed: int) -> Request:
        return ask(20, sampling=Sampling(temperature=1.5, seed=seed))

    first, again, other = [ids(await collect(engine, hot(seed))) for seed in (1, 1, 2)]
    assert first == again
    assert first != other


async def test_close_drains_then_refuses(bundle: tuple[Path, Manifest]) -> None:
    engine = OnnxEngine.load(*bundle, limits=LIMITS, threads=1)
    answer = asyncio.create_task(collect(engine, ask(50)))
    await asyncio.sleep(0)
    await engine.close(drain_s=30)
    assert done(await answer).reason == "length"
    with pytest.raises(BusyError):
        await collect(engine, ask())
    await engine.close()


async def test_close_without_draining_tells_those_who_wait(bundle: tuple[Path, Manifest]) -> None:
    engine = OnnxEngine.load(*bundle, limits=LIMITS, threads=1)
    answers = [asyncio.create_task(collect(engine, ask(100))) for _ in range(3)]
    await asyncio.sleep(0)
    await engine.close()
    reasons = [done(await answer).reason for answer in answers]
    assert set(reasons) <= {"cancelled", "length"}
    assert "cancelled" in reasons
