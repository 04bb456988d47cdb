"""Chat completions over a real socket: whole, streamed, refused, abandoned, drained."""

import asyncio
import json
import logging
from typing import Any

import aiohttp
import openai
import pytest

from runtime.api.keys import RUNNING
from runtime.api.server import drain
from runtime.engine.request import Request
from runtime.errors import EngineError
from runtime.limits import Limits
from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest

ANSWER = "The capital of France is Paris. 巴黎 🇫🇷"
HELLO: Any = [{"role": "user", "content": "Hello"}]


async def stream(served: Appliance, **fields: Any) -> tuple[list[dict[str, Any]], bool]:
    """The chunks of a stream, and whether it was ended by [DONE]."""
    body = {"messages": HELLO, "stream": True, **fields}
    async with served.client.post("/v1/chat/completions", json=body) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "text/event-stream"
        text = (await response.read()).decode()
    events = text.split("\n\n")
    assert events.pop() == ""
    data = [event.removeprefix("data: ") for event in events]
    done = data[-1] == "[DONE]"
    return [json.loads(item) for item in data[: len(data) - done]], done


def text_of(chunks: list[dict[str, Any]]) -> str:
    return "".join(c["choices"][0]["delta"].get("content", "") for c in chunks if c.get("choices"))


async def test_a_whole_answer() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        status, answer = await served.ask(model="tiny")
        assert status == 200
        assert answer["object"] == "chat.completion"
        assert answer["model"] == "tiny"
        (choice,) = answer["choices"]
        assert choice["message"] == {"role": "assistant", "content": ANSWER, "refusal": None}
        assert choice["finish_reason"] == "stop"
        usage = answer["usage"]
        assert usage["completion_tokens"] == len(script(ANSWER)) == answer["timings"]["predicted_n"]
        assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]
        assert usage["prompt_tokens_details"] == {"cached_tokens": 0}


async def test_the_second_turn_says_how_much_was_remembered() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        await served.ask()
        _, answer = await served.ask()
        cached = answer["usage"]["prompt_tokens_details"]["cached_tokens"]
        assert cached > 0
        assert answer["timings"]["cache_n"] == cached
        assert answer["timings"]["prompt_n"] == answer["usage"]["prompt_tokens"] - cached


async def test_a_streamed_answer() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        chunks, done = await stream(served)
        assert done
        assert chunks[0]["choices"][0]["delta"] == {"role": "assistant", "content": ""}
        assert text_of(chunks) == ANSWER
        assert [c["choices"][0]["finish_reason"] for c in chunks] == [None] * (len(chunks) - 1) + ["stop"]
        assert len({c["id"] for c in chunks}) == 1
        assert not any("usage" in c or "prompt_progress" in c for c in chunks)
        assert chunks[-1]["timings"]["predicted_n"] == len(script(ANSWER))


async def test_usage_comes_in_a_chunk_of_its_own() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        chunks, _ = await stream(served, stream_options={"include_usage": True})
        assert chunks[-1]["choices"] == []
        assert chunks[-1]["usage"]["completion_tokens"] == len(script(ANSWER))
        assert chunks[-2]["choices"][0]["finish_reason"] == "stop"


async def test_progress_is_streamed_while_the_prompt_is_read() -> None:
    async with appliance(EngineSimulator(script(ANSWER), prefill_chunk=2)) as served:
        chunks, _ = await stream(served, return_progress=True)
        steps = [c["prompt_progress"] for c in chunks if "prompt_progress" in c]
        assert len(steps) > 2
        assert [step["processed"] for step in steps] == sorted(step["processed"] for step in steps)
        assert steps[-1]["processed"] == steps[-1]["total"] == len(served.engine.requests[0].prompt_ids)
        assert text_of(chunks) == ANSWER


async def test_the_length_limit_is_told() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        _, answer = await served.ask(max_completion_tokens=2)
        assert answer["choices"][0]["finish_reason"] == "length"
        assert answer["usage"]["completion_tokens"] == 2


async def test_a_stop_string_ends_the_answer_and_is_not_in_it() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        _, answer = await served.ask(stop=["Paris"])
        assert answer["choices"][0]["message"]["content"] == "The capital of France is "
        assert answer["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("streamed", [False, True])
async def test_an_unknown_model_is_not_found(streamed: bool) -> None:  # noqa: FBT001  pytest gives it
    async with appliance(EngineSimulator()) as served:
        status, answer = await served.ask(model="gpt-x" * 100, stream=streamed)
        assert (status, answer["error"]["code"], answer["error"]["param"]) == (
            404,
            "model_not_found",
            "model",
        )
        assert "tiny" in answer["error"]["message"]
        assert len(answer["error"]["message"]) < 200


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_prompt_too_long_is_told_both_numbers(streamed: bool) -> None:  # noqa: FBT001  pytest gives it
    async with appliance(EngineSimulator()) as served:
        long = [{"role": "user", "content": "word " * 2000}]
        status, answer = await served.ask(messages=long, stream=streamed)
        assert (status, answer["error"]["code"]) == (400, "context_length_exceeded")
        assert "512" in answer["error"]["message"]


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_full_queue_says_when_to_come_back(streamed: bool) -> None:  # noqa: FBT001  pytest gives it
    async with appliance(EngineSimulator(script(ANSWER), token_s=0.01, queue_depth=1)) as served:
        body = {"messages": HELLO, "stream": streamed}
        async with asyncio.TaskGroup() as tasks:
            first = [tasks.create_task(served.ask()) for _ in range(2)]
            await served.until(running=1, waiting=1)
            async with served.client.post("/v1/chat/completions", json=body) as response:
                assert response.status == 503
                assert int(response.headers["Retry-After"]) > 0
                assert (await response.json())["error"]["type"] == "unavailable_error"
        assert [task.result()[0] for task in first] == [200, 200]


async def test_a_failure_before_the_first_token_has_a_status() -> None:
    engine = EngineSimulator(script(ANSWER), fail_after=0, failure=EngineError("at 0xdeadbeef"))
    async with appliance(engine) as served:
        status, answer = await served.ask()
        assert (status, answer["error"]["type"]) == (500, "server_error")
        assert "beef" not in answer["error"]["message"]


async def test_a_failure_in_mid_stream_is_an_event_and_there_is_no_done() -> None:
    engine = EngineSimulator(script(ANSWER), fail_after=3, failure=EngineError("at 0xdeadbeef"))
    async with appliance(engine) as served:
        chunks, done = await stream(served)
        assert not done
        assert chunks[-1]["error"]["type"] == "server_error"
        assert "beef" not in chunks[-1]["error"]["message"]


async def hang_up(served: Appliance, *, streamed: bool) -> None:
    """Ask, wait until the engine is at work, and go without a word."""
    body = json.dumps({"messages": HELLO, "stream": streamed}).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    if streamed:
        await reader.readuntil(b"content")
    await served.until(running=1)
    writer.transport.abort()


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_caller_that_hangs_up_frees_the_slot_within_a_token(streamed: bool) -> None:  # noqa: FBT001  pytest gives it
    async with appliance(EngineSimulator(script(ANSWER * 100), token_s=0.05)) as served:
        await hang_up(served, streamed=streamed)
        await served.until(running=0)
        assert served.engine.abandoned == 1
        assert served.engine.stats.completion_tokens < len(script(ANSWER))
        served.engine.script, served.engine.token_s = script("Next"), 0.0
        status, answer = await served.ask()
        assert (status, answer["choices"][0]["message"]["content"]) == (200, "Next")
        async with served.client.get("/metrics") as response:
            assert 'status="499"} 1' in await response.text()


async def test_a_caller_that_is_gone_is_no_fault_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    async with appliance(EngineSimulator(script(ANSWER * 20), token_s=0.001)) as served:
        for _ in range(20):
            await hang_up(served, streamed=True)
            await served.until(running=0)
        async with served.client.get("/metrics") as response:
            assert 'status="499"} 20' in await response.text()
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_fifty_callers_that_hang_up_leave_nothing_behind() -> None:
    async with appliance(EngineSimulator(script(ANSWER * 100), token_s=0.002, queue_depth=64)) as served:
        await asyncio.gather(*(hang_up(served, streamed=False) for _ in range(50)))
        await served.until(running=0)
        assert served.engine.stats.waiting == 0
        assert not served.runner.app[RUNNING]


async def test_a_caller_that_hangs_up_in_the_queue_leaves_it() -> None:
    async with appliance(EngineSimulator(script(ANSWER * 100), token_s=0.05)) as served:
        first = asyncio.create_task(served.ask())
        await served.until(running=1)
        second = asyncio.create_task(served.ask())
        await served.until(running=1, waiting=1)
        second.cancel()
        async with asyncio.timeout(5):
            while served.engine.stats.waiting:  # noqa: ASYNC110  the engine tells nobody
                await asyncio.sleep(0.002)
        assert served.engine.stats.running == 1
        first.cancel()
        await served.until(running=0)


async def test_a_stream_that_nobody_reads_is_given_up() -> None:
    long = script("word " * 20_000)
    limits = Limits(stall_seconds=0.2, completion_tokens=len(long), drain_seconds=0.1)
    engine = EngineSimulator(long, loaded=tiny_manifest(context_length=len(long) * 2))
    async with appliance(engine, limits=limits) as served:
        body = json.dumps({"messages": HELLO, "stream": True}).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1024)
        head = "POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await reader.readuntil(b"content")
        await served.until(running=0)
        assert engine.abandoned == 1
        writer.close()


async def test_a_drain_lets_a_running_answer_finish() -> None:
    engine = EngineSimulator(script(ANSWER), token_s=0.01)
    async with appliance(engine, limits=Limits(drain_seconds=10)) as served:
        running = asyncio.create_task(stream(served))
        await served.until(running=1)
        await served.runner.cleanup()
        chunks, done = await running
        assert (text_of(chunks), done) == (ANSWER, True)
        with pytest.raises(aiohttp.ClientConnectionError):
            await served.ask()


async def test_a_drain_with_the_listener_open_tells_whoever_comes() -> None:
    engine = EngineSimulator(script(ANSWER), token_s=0.01)
    async with appliance(engine, limits=Limits(drain_seconds=10)) as served:
        running = asyncio.create_task(served.ask())
        await served.until(running=1)
        draining = asyncio.create_task(drain(served.runner.app))
        await asyncio.sleep(0)
        async with served.client.get("/health") as response:
            assert response.status == 503
        async with served.client.post("/v1/chat/completions", json={"messages": HELLO}) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "2")
        assert not draining.done()
        assert (await running)[0] == 200
        await asyncio.wait_for(draining, 5)


async def test_a_drain_ends_a_stream_that_takes_too_long_with_an_event() -> None:
    engine = EngineSimulator(script(ANSWER * 1000), token_s=0.05)
    async with appliance(engine, limits=Limits(drain_seconds=0.1)) as served:
        running = asyncio.create_task(stream(served))
        await served.until(running=1)
        await asyncio.wait_for(served.runner.cleanup(), 5)
        chunks, done = await running
        assert not done
        assert text_of(chunks)
        assert chunks[-1]["error"]["type"] == "unavailable_error"
        await served.until(running=0)


async def test_a_drain_ends_a_whole_answer_that_takes_too_long_with_503(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    engine = EngineSimulator(script(ANSWER * 1000), token_s=0.05)
    async with appliance(engine, limits=Limits(drain_seconds=0.1)) as served:
        running = [asyncio.create_task(served.ask()) for _ in range(2)]
        await served.until(running=1, waiting=1)
        await asyncio.wait_for(served.runner.cleanup(), 5)
        for status, answer in await asyncio.gather(*running):
            assert (status, answer["error"]["type"]) == (503, "unavailable_error")
            assert "shutting down" in answer["error"]["message"]
        await served.until(running=0)
    assert caplog.text.count("/v1/chat/completions 503 ") == 2
    assert " 499 " not in caplog.text


async def test_a_caller_that_hangs_up_during_a_drain_is_not_waited_for() -> None:
    engine = EngineSimulator(script(ANSWER * 1000), token_s=0.05)
    async with appliance(engine, limits=Limits(drain_seconds=60)) as served:
        await hang_up(served, streamed=False)
        await asyncio.wait_for(drain(served.runner.app), 5)
        async with served.client.get("/metrics") as response:
            assert 'status="499"} 1' in await response.text()


async def test_an_engine_that_stops_in_mid_stream_is_told_as_such() -> None:
    engine = EngineSimulator(script(ANSWER * 1000), token_s=0.01)
    async with appliance(engine) as served:
        running = asyncio.create_task(stream(served))
        await served.until(running=1)
        await engine.close()
        chunks, done = await running
        assert not done
        assert chunks[-1]["error"]["type"] == "unavailable_error"


def client(served: Appliance, **options: Any) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0, **options)


async def test_the_openai_package_gets_a_whole_answer() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served, client(served) as asking:
        answer = await asking.chat.completions.create(model="tiny", messages=HELLO, temperature=0, seed=1)
        assert answer.choices[0].message.content == ANSWER
        assert answer.choices[0].finish_reason == "stop"
        assert answer.usage is not None
        assert answer.usage.prompt_tokens_details is not None
        assert answer.usage.prompt_tokens_details.cached_tokens == 0


async def test_the_openai_package_gets_a_stream() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served, client(served) as asking:
        parts: list[str] = []
        usage = None
        async for chunk in await asking.chat.completions.create(
            model="tiny", messages=HELLO, stream=True, stream_options={"include_usage": True}
        ):
            parts.extend(choice.delta.content or "" for choice in chunk.choices)
            usage = chunk.usage or usage
        assert "".join(parts) == ANSWER
        assert usage is not None
        assert usage.completion_tokens == len(script(ANSWER))


async def test_the_openai_package_lists_models() -> None:
    async with appliance(EngineSimulator()) as served, client(served) as asking:
        assert [model.id async for model in asking.models.list()] == ["tiny"]
        assert (await asking.models.retrieve("tiny")).owned_by == "inglenook"


async def test_the_openai_package_understands_our_errors() -> None:
    engine = EngineSimulator(script(ANSWER), fail_after=3, failure=EngineError("broken"))
    async with appliance(engine) as served, client(served) as asking:
        with pytest.raises(openai.NotFoundError) as missing:
            await asking.chat.completions.create(model="nope", messages=HELLO)
        assert missing.value.code == "model_not_found"
        with pytest.raises(openai.BadRequestError) as wrong:
            await asking.chat.completions.create(model="tiny", messages=HELLO, temperature=3)
        assert wrong.value.param == "temperature"
        with pytest.raises(openai.APIError, match="its log has the cause"):
            async for _ in await asking.chat.completions.create(model="tiny", messages=HELLO, stream=True):
                pass


async def test_the_openai_package_is_told_when_to_come_back() -> None:
    async with appliance(EngineSimulator(script(ANSWER)), loaded=False) as served, client(served) as asking:
        with pytest.raises(openai.InternalServerError) as busy:
            await asking.chat.completions.create(model="tiny", messages=HELLO)
        # The package asks again on this status, after the seconds that the header says.
        assert (busy.value.status_code, busy.value.response.headers["Retry-After"]) == (503, "2")


async def test_several_answers_are_told_apart_and_counted_together() -> None:
    def seed(request: Request) -> tuple[int, ...]:
        return script(f"seed {request.sampling.seed}")

    async with appliance(EngineSimulator(seed)) as served:
        _, single = await served.ask(seed=7)
        status, answer = await served.ask(seed=7, n=3)
        assert status == 200
        texts = [choice["message"]["content"] for choice in answer["choices"]]
        assert [choice["index"] for choice in answer["choices"]] == [0, 1, 2]
        assert texts[0] == single["choices"][0]["message"]["content"]
        assert len(set(texts)) == 3
        usage = answer["usage"]
        assert usage["prompt_tokens"] == single["usage"]["prompt_tokens"]
        assert usage["completion_tokens"] == sum(len(script(text)) for text in texts)
        chunks, done = await stream(served, seed=7, n=3, stream_options={"include_usage": True})
        assert done
        said = dict.fromkeys(range(3), "")
        for chunk in chunks[:-1]:
            for choice in chunk["choices"]:
                said[choice["index"]] += choice["delta"].get("content", "")
        assert list(said.values()) == texts
        roles = [c["choices"][0]["index"] for c in chunks[:-1] if "role" in c["choices"][0]["delta"]]
        assert sorted(roles) == [0, 1, 2]
        assert chunks[-1]["usage"]["completion_tokens"] == usage["completion_tokens"]
        assert chunks[-1]["usage"]["prompt_tokens"] == usage["prompt_tokens"]


async def test_one_answer_of_several_that_fails_fails_all() -> None:
    engine = EngineSimulator(script(ANSWER), fail_after=2, failure=EngineError("out of order"))
    async with appliance(engine) as served:
        status, answer = await served.ask(n=2)
        assert status == 500
        assert "log" in answer["error"]["message"]
        await served.until(running=0)
