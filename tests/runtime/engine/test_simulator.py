"""The scripted engine keeps the promises of the real one's interface."""

import asyncio
from contextlib import aclosing

import pytest

from runtime.engine.interface import Engine
from runtime.engine.request import Done, Event, Prefill, Priority, Request, Token
from runtime.errors import BusyError, CallerError, EngineError, PromptTooLongError
from tests.support.engine import EngineSimulator


async def play(engine: Engine, request: Request) -> list[Event]:
    return [event async for event in engine.generate(request)]


def reason(events: list[Event]) -> str:
    last = events[-1]
    assert isinstance(last, Done)
    return last.reason


async def test_prefill_then_tokens_then_one_done() -> None:
    engine = EngineSimulator(script=(5, 6, 7), prefill_chunk=2)
    events = await play(engine, Request((1, 2, 3), max_tokens=9))
    assert events[:5] == [Prefill(2, 3, 0), Prefill(3, 3, 0), Token(5), Token(6), Token(7)]
    assert reason(events) == "stop"
    again = await play(engine, Request((1, 2, 3, 5, 9), max_tokens=2))
    assert again[0] == Prefill(5, 5, 4)
    assert reason(again) == "length"
    assert engine.stats.completion_tokens == 5


async def test_a_stop_id_ends_the_answer_unseen() -> None:
    events = await play(EngineSimulator(script=(5, 2, 7)), Request((1,), 9, stop_ids=frozenset({2})))
    assert [event for event in events if isinstance(event, Token)] == [Token(5)]
    assert reason(events) == "stop"


async def test_the_urgent_go_first_and_the_queue_is_bounded() -> None:
    engine = EngineSimulator(script=(5,), token_s=0.02, queue_depth=2)
    order: list[Priority] = []

    async def ask(priority: Priority) -> None:
        await play(engine, Request((1,), 1, priority=priority))
        order.append(priority)

    async with asyncio.TaskGroup() as tasks:
        for priority in (Priority.CHAT, Priority.BACKGROUND, Priority.COMMAND):
            tasks.create_task(ask(priority))
        await asyncio.sleep(0.01)
        with pytest.raises(BusyError):
            await play(engine, Request((1,), 1))
    assert order == [Priority.CHAT, Priority.COMMAND, Priority.BACKGROUND]
    assert (engine.stats.running, engine.stats.waiting) == (0, 0)


async def test_closing_or_cancelling_frees_the_slot() -> None:
    engine = EngineSimulator(script=(5,) * 50, token_s=0.001)
    async with aclosing(engine.generate(Request((1,), 50))) as events:
        async for event in events:
            if isinstance(event, Token):
                break
    tasks = [asyncio.create_task(play(engine, Request((1,), 50))) for _ in range(3)]
    await asyncio.sleep(0.005)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert (engine.stats.running, engine.stats.waiting, engine.abandoned) == (0, 0, 4)


async def test_deadlines_end_the_waiting_and_the_running() -> None:
    engine = EngineSimulator(script=(5,) * 50, token_s=0.01)
    running = asyncio.create_task(play(engine, Request((1,), 50, deadline_s=0.1)))
    await asyncio.sleep(0)
    waiting = await play(engine, Request((1,), 50, deadline_s=0.02))
    assert [reason(waiting), reason(await running)] == ["deadline", "deadline"]
    assert len(waiting) == 1


async def test_failures_and_refusals() -> None:
    engine = EngineSimulator(script=(5, 6), fail_after=1, failure=EngineError("as asked"))
    with pytest.raises(EngineError, match="as asked"):
        await play(engine, Request((1,), 9))
    with pytest.raises(CallerError):
        await play(engine, Request((), 9))
    with pytest.raises(PromptTooLongError):
        await play(engine, Request((1,) * 512, 1))
    assert engine.stats.running == 0


async def test_draining_refuses_new_work_and_ends_what_lasts_too_long() -> None:
    engine = EngineSimulator(script=(5,) * 500, token_s=0.005)
    running = asyncio.create_task(play(engine, Request((1,), 500)))
    await asyncio.sleep(0.02)
    closing = asyncio.create_task(engine.close(drain_s=0.02))
    await asyncio.sleep(0)
    with pytest.raises(BusyError):
        await play(engine, Request((1,), 1))
    await closing
    assert reason(await running) == "cancelled"
