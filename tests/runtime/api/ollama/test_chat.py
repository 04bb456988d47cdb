"""/api/chat and /api/generate over a real socket: whole, streamed, refused, abandoned."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime.api.access import Access
from runtime.api.scopes import Scope
from runtime.completion import Completer
from runtime.errors import EngineError
from runtime.keyring import Keyring, add, file_of
from runtime.limits import Limits
from tests.support.appliance import Appliance, appliance, script
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator
from tests.support.keys import locked
from tests.support.manifest import tiny_manifest
from tests.support.shown_models import ShownModels

ANSWER = "The capital of France is Paris. 巴黎 🇫🇷"
HELLO: Any = [{"role": "user", "content": "Hello"}]


async def lines(served: Appliance, path: str = "/api/chat", **fields: Any) -> list[dict[str, Any]]:
    body = {
        "model": "tiny",
        **({"messages": HELLO} if path == "/api/chat" else {"prompt": "Hello"}),
        **fields,
    }
    async with served.client.post(path, json=body) as response:
        assert response.status == 200, await response.text()
        assert response.content_type == "application/x-ndjson"
        text = await response.text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


async def whole(served: Appliance, path: str = "/api/chat", **fields: Any) -> tuple[int, dict[str, Any]]:
    said = {"messages": HELLO} if path == "/api/chat" else {"prompt": "Hello"}
    body = {"model": "tiny", "stream": False, **said, **fields}
    async with served.client.post(path, json=body) as response:
        return response.status, await response.json()


async def test_a_stream_is_the_default() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        said = await lines(served)
        assert "".join(each["message"]["content"] for each in said) == ANSWER
        assert [each["done"] for each in said] == [False] * (len(said) - 1) + [True]
        last = said[-1]
        assert last["done_reason"] == "stop"
        assert last["eval_count"] == len(script(ANSWER))
        assert last["total_duration"] >= last["eval_duration"] > 0
        assert all(isinstance(value, int) for key, value in last.items() if key.endswith("_duration"))
        assert all(each["created_at"].endswith("Z") for each in said)


async def test_a_whole_answer_by_any_of_its_names() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        for name in ("tiny", "tiny:latest"):
            status, answer = await whole(served, model=name)
            assert status == 200
            assert answer["model"] == name
            assert answer["message"] == {"role": "assistant", "content": ANSWER}


async def test_generate() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        _, answer = await whole(served, "/api/generate", system="Be brief.", context=[])
        assert answer["response"] == ANSWER
        said = await lines(served, "/api/generate", raw=True)
        assert "".join(each["response"] for each in said) == ANSWER
        chat, raw = (request.prompt_ids for request in served.engine.requests)
        assert tuple(script("Hello")) == raw
        assert len(chat) > len(raw)


@pytest.mark.parametrize(
    ("path", "fields"),
    [("/api/chat", {"messages": []}), ("/api/generate", {"prompt": ""}), ("/api/generate", {"prompt": None})],
)
async def test_nothing_asked_loads(path: str, fields: dict[str, Any]) -> None:
    async with appliance(EngineSimulator()) as served:
        status, answer = await whole(served, path, **fields)
        assert (status, answer["done"], answer["done_reason"]) == (200, True, "load")
        (line,) = await lines(served, path, **fields)
        assert line["done_reason"] == "load"
        assert served.engine.requests == []


async def test_the_default_model_does_not_leave() -> None:
    async with appliance(EngineSimulator()) as served:
        _, answer = await whole(served, messages=[], keep_alive=0)
        assert answer["done_reason"] == "load"


class Leaving(ShownModels):
    """Models that leave when they are told to."""

    def __init__(self, *completers: Completer) -> None:
        super().__init__(*completers)
        self.kept: list[float | None] = []
        self.left: list[str] = []

    @asynccontextmanager
    async def completer(
        self, name: str | None, *, keep_alive_s: float | None = None
    ) -> AsyncIterator[Completer]:
        self.kept.append(keep_alive_s)
        async with super().completer(name) as found:
            yield found

    async def unload(self, name: str) -> bool:
        self.left.append(name)
        return True


async def test_how_long_a_model_stays_is_passed_on() -> None:
    async with appliance(EngineSimulator(script(ANSWER)), loaded=False) as served:
        models = Leaving(scripted_completer(served.engine, served.limits))
        served.serving.ready(models)
        for keep_alive in ("5m", -1, 0, None):
            assert (await whole(served, keep_alive=keep_alive))[0] == 200
        assert models.kept == [300, -1, 0, None]
        for path, fields in (("/api/chat", {"messages": []}), ("/api/generate", {"prompt": ""})):
            status, answer = await whole(served, path, model="tiny:latest", keep_alive="0s", **fields)
            assert (status, answer["done"], answer["done_reason"]) == (200, True, "unload")
        assert models.left == ["tiny", "tiny"]


async def test_a_key_for_chats_takes_no_model_from_others(tmp_path: Path) -> None:
    keys = file_of(tmp_path)
    access = Access(keys=Keyring(path=keys), asked=True)
    for name, scopes in (("tablet", [Scope.CHAT]), ("boss", [Scope.CHAT, Scope.ADMIN])):
        async with appliance(EngineSimulator(script(ANSWER)), loaded=False, access=access) as served:
            served.client.headers["Authorization"] = f"Bearer {add(keys, name, scopes)}"
            models = Leaving(scripted_completer(served.engine, served.limits))
            served.serving.ready(models)
            for keep_alive in (0, "1ms", "5m", -1):
                assert (await whole(served, keep_alive=keep_alive))[0] == 200
            _, answer = await whole(served, messages=[], keep_alive=0)
            for path in ("/v1/models", "/v1/models/tiny", "/api/tags", "/api/ps"):
                async with served.client.get(path) as response:
                    assert response.status == 200
        if name == "boss":
            assert models.kept == [0, 0.001, 300, -1]
            assert (models.left, answer["done_reason"]) == (["tiny"], "unload")
        else:
            assert models.kept == [None, None, 300, -1]
            assert (models.left, answer["done_reason"]) == ([], "load")


async def test_who_looks_after_models_has_one_leave_and_asks_it_nothing(tmp_path: Path) -> None:
    keys = file_of(tmp_path)
    access = Access(keys=Keyring(path=keys), asked=True)
    async with appliance(EngineSimulator(script(ANSWER)), loaded=False, access=access) as served:
        served.client.headers["Authorization"] = f"Bearer {add(keys, 'boss', [Scope.ADMIN])}"
        models = Leaving(scripted_completer(served.engine, served.limits))
        served.serving.ready(models)
        for path in ("/api/chat", "/api/generate"):
            async with served.client.post(
                path, json={"model": "tiny", "keep_alive": 0, "stream": False}
            ) as response:
                assert (response.status, (await response.json())["done_reason"]) == (200, "unload")
            for fields in ({}, {"keep_alive": "5m"}):
                async with served.client.post(path, json={"model": "tiny", **fields}) as response:
                    assert response.status == 403
        status, answer = await whole(served, keep_alive=0)
        assert (status, "this takes chat" in answer["error"]) == (403, True)
        assert (models.left, models.kept, served.engine.requests) == (["tiny", "tiny"], [], [])


async def test_who_brings_and_removes_models_may_see_which_there_are(tmp_path: Path) -> None:
    keys = file_of(tmp_path)
    async with appliance(EngineSimulator(), access=Access(keys=Keyring(path=keys), asked=True)) as served:
        served.client.headers["Authorization"] = f"Bearer {add(keys, 'boss', [Scope.ADMIN])}"
        for path in ("/v1/models", "/v1/models/tiny", "/api/tags", "/api/ps"):
            async with served.client.get(path) as response:
                assert response.status == 200
        async with served.client.post("/api/show", json={"model": "tiny"}) as response:
            assert response.status == 200
        assert (await whole(served))[0] == 403


async def test_a_limit_is_the_most_and_the_context_may_come_first() -> None:
    async with appliance(EngineSimulator(script("a" * 2000))) as served:
        _, answer = await whole(served, options={"num_predict": 2})
        assert (answer["done_reason"], answer["eval_count"]) == ("length", 2)
        for most in (100_000, -2):
            _, answer = await whole(served, options={"num_predict": most, "num_ctx": 8192})
            assert answer["done_reason"] == "length"
            assert answer["prompt_eval_count"] + answer["eval_count"] == 512


@pytest.mark.parametrize("streamed", [False, True])
async def test_what_does_not_fit_is_refused_with_both_numbers(streamed: bool) -> None:  # noqa: FBT001  pytest gives it
    async with appliance(EngineSimulator()) as served:
        long = [{"role": "user", "content": "word " * 2000}]
        status, answer = await whole(served, messages=long, stream=streamed)
        assert status == 400
        assert set(answer) == {"error"}
        assert "512" in answer["error"]


async def test_a_form_is_kept() -> None:
    schema = {"type": "object", "properties": {"on": {"type": "boolean"}}, "required": ["on"]}
    async with appliance(EngineSimulator(script('{"on": true}'))) as served:
        _, answer = await whole(served, format=schema)
        assert json.loads(answer["message"]["content"]) == {"on": True}
        _, answer = await whole(served, format="json")
        assert isinstance(json.loads(answer["message"]["content"]), dict)


async def test_how_likely_tokens_were() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        for path in ("/api/chat", "/api/generate"):
            _, answer = await whole(served, path, logprobs=True, top_logprobs=2)
            assert b"".join(bytes(each["bytes"]) for each in answer["logprobs"]).decode() == ANSWER
            assert all(len(each["top_logprobs"]) == 2 for each in answer["logprobs"])
            said = await lines(served, path, logprobs=True)
            assert sum(len(each.get("logprobs", ())) for each in said) == len(answer["logprobs"])


async def test_a_call_has_an_object_for_arguments() -> None:
    lamp = {
        "type": "function",
        "function": {"name": "lamp", "parameters": {"type": "object", "properties": {"on": {}}}},
    }
    engine = EngineSimulator(
        script('<tool_call>{"name": "lamp", "arguments": {"on": true}}</tool_call>'),
        loaded=tiny_manifest(tool_dialect="hermes"),
    )
    tools = "{% if tools %}{{ tools }}{% endif %}{% for m in messages %}{{ m.content }}{% endfor %}"
    async with appliance(engine, template=tools) as served:
        said = await lines(served, tools=[lamp])
        (called,) = [each for each in said if "tool_calls" in each["message"]]
        (call,) = called["message"]["tool_calls"]
        assert call["function"] == {"index": 0, "name": "lamp", "arguments": {"on": True}}
        assert said[-1]["done_reason"] == "stop"
        _, answer = await whole(served, tools=[lamp])
        assert answer["message"]["tool_calls"][0]["function"]["arguments"] == {"on": True}


@pytest.mark.parametrize("streamed", [False, True])
@pytest.mark.parametrize(
    ("path", "fields", "status", "words"),
    [
        ("/api/chat", {"model": "none"}, 404, "no model 'none' here"),
        ("/api/chat", {"model": "../../etc/passwd"}, 404, "no model"),
        ("/api/chat", {"model": ""}, 400, "model is missing"),
        ("/api/chat", {"model": 7}, 400, "model is 7"),
        ("/api/chat", {"messages": "hi"}, 400, "messages"),
        ("/api/chat", {"messages": [{"role": "robot"}]}, 400, "robot"),
        ("/api/chat", {"think": True}, 400, "does not think"),
        ("/api/chat", {"keep_alive": "soon"}, 400, "keep_alive"),
        ("/api/chat", {"option": {"seed": 1}}, 400, "did you mean options"),
        ("/api/chat", {"response_format": {"type": "json_object"}}, 400, "send format"),
        ("/api/chat", {"temperature": 0}, 400, "send it in options"),
        ("/api/generate", {"messages": HELLO}, 400, "/api/chat"),
        ("/api/chat", {"options": {"temperature": "hot"}}, 400, "options.temperature"),
        ("/api/chat", {"format": {"not": {}}}, 400, "format"),
        ("/api/generate", {"suffix": "b"}, 400, "suffix"),
        ("/api/generate", {"suffix": "b", "system": "x"}, 400, "system"),
        ("/api/generate", {"template": "{{ .Prompt }}"}, 400, "template"),
        ("/api/generate", {"context": [1, 2]}, 400, "/api/chat"),
        ("/api/generate", {"images": ["aGk="]}, 400, "images"),
        ("/api/generate", {"raw": True, "system": "x"}, 400, "system"),
    ],
)
async def test_what_is_refused(
    path: str,
    fields: dict[str, Any],
    status: int,
    words: str,
    streamed: bool,  # noqa: FBT001  pytest gives it
) -> None:
    async with appliance(EngineSimulator()) as served:
        found, answer = await whole(served, path, stream=streamed, **fields)
        assert (found, set(answer)) == (status, {"error"})
        assert words in answer["error"]


async def test_thinking_false_is_no_wish_too_many() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        assert (await whole(served, think=False))[0] == 200


async def test_curl_as_ollamas_pages_write_it() -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        body = json.dumps({"model": "tiny", "messages": HELLO, "stream": False})
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        async with served.client.post("/api/chat", data=body, headers=form) as response:
            assert response.status == 200
        browser = form | {"Origin": served.url}
        async with served.client.post("/api/chat", data=body, headers=browser) as response:
            assert response.status == 415
            assert set(await response.json()) == {"error"}


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/api/nothing", 404), ("PUT", "/api/chat", 405), ("POST", "/api/tags", 405)],
)
async def test_what_is_not_served(method: str, path: str, status: int) -> None:
    async with appliance(EngineSimulator()) as served, served.client.request(method, path) as response:
        assert response.status == status
        assert set(await response.json()) == {"error"}


async def test_without_the_key() -> None:
    async with appliance(EngineSimulator(), access=locked("secret")) as served:
        async with served.client.get("/api/tags") as response:
            assert response.status == 401
            assert set(await response.json()) == {"error"}
        known = {"Authorization": "Bearer secret"}
        async with served.client.get("/api/tags", headers=known) as response:
            assert response.status == 200
        async with served.client.get("/") as response:
            assert response.status == 200


async def test_another_sites_page() -> None:
    foreign = {"Origin": "https://evil.example"}
    async with (
        appliance(EngineSimulator()) as served,
        served.client.get("/api/tags", headers=foreign) as response,
    ):
        assert response.status == 403
        assert set(await response.json()) == {"error"}


@pytest.mark.parametrize("body", [b"{", b"[]", b"\xff", b'{"model": NaN}', b"[" * 100, b'{"a":1,"a":2}'])
async def test_broken_bodies(body: bytes) -> None:
    async with appliance(EngineSimulator()) as served:
        for path in ("/api/chat", "/api/generate", "/api/show", "/api/embed", "/api/embeddings"):
            headers = {"Content-Type": "application/json"}
            async with served.client.post(path, data=body, headers=headers) as response:
                assert response.status == 400
                assert set(await response.json()) == {"error"}


async def test_a_failure_on_the_way_is_a_line() -> None:
    engine = EngineSimulator(script(ANSWER), fail_after=3, failure=EngineError("at 0xdeadbeef"))
    async with appliance(engine) as served:
        said = await lines(served)
        assert "log has the cause" in said[-1]["error"]
        assert not any(each.get("done") for each in said)


async def test_a_loading_model_says_so() -> None:
    async with appliance(EngineSimulator(), loaded=False) as served:
        for path in ("/api/chat", "/api/generate"):
            status, answer = await whole(served, path)
            assert status == 503
            assert "loaded" in answer["error"]


async def test_hanging_up_frees_the_slot() -> None:
    async with appliance(EngineSimulator(script(ANSWER * 20), token_s=0.01)) as served:
        body = {"model": "tiny", "messages": HELLO}
        response = await served.client.post("/api/chat", json=body)
        await response.content.readline()
        response.close()
        await served.until(running=0)
        assert served.engine.abandoned == 1


async def test_who_does_not_read_is_gone_after_a_while() -> None:
    limits = Limits(stall_seconds=0.2, drain_seconds=0.1, completion_tokens=50_000)
    manifest = tiny_manifest(context_length=100_000)
    async with appliance(EngineSimulator(script("word " * 40_000), loaded=manifest), limits=limits) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port, limit=1)
        body = json.dumps({"model": "tiny", "messages": HELLO}).encode()
        head = "POST /api/chat HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        await reader.readexactly(1)
        async with asyncio.timeout(60):
            while served.engine.abandoned == 0:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.02)
        writer.close()


async def test_the_root_is_the_page_and_a_sentence() -> None:
    async with appliance(EngineSimulator()) as served:
        async with served.client.get("/") as response:
            assert (response.status, await response.text()) == (200, "Ollama is running")
            assert response.content_type == "text/plain"
            assert response.headers["Vary"] == "Accept"
        for path in ("/", "/api/version", "/api/tags"):
            async with served.client.head(path) as response:
                assert response.status == 200
        async with served.client.get("/", headers={"Accept": "text/html,*/*;q=0.8"}) as response:
            assert response.content_type == "text/html"
            assert response.headers["Vary"] == "Accept"
