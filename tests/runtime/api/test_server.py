"""The application as a whole: every route, its gates, its errors, and how it comes and goes."""

import asyncio
import json
import logging
import re
from pathlib import Path

import pytest

from runtime.api import health, page
from runtime.api.access import Access
from runtime.api.openapi import document
from runtime.api.scopes import NAMED, Scope
from runtime.engine.request import Request
from runtime.keyring import Keyring, add, file_of
from runtime.limits import Limits
from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator
from tests.support.keys import locked

KEY = "sesame-7"
CHAT = "/v1/chat/completions"


def routes(served: Appliance) -> list[tuple[str, str]]:
    """Method and path of every route there is."""
    found = []
    for route in served.runner.app.router.routes():
        assert route.resource is not None
        found.append((route.method, route.resource.canonical.replace("{id}", "tiny")))
    return found


async def raw(served: Appliance, request: bytes) -> bytes:
    """What comes back for these bytes, until the connection ends."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 10)
    finally:
        writer.close()


async def test_every_route_but_the_open_ones_asks_for_the_key() -> None:
    async with appliance(EngineSimulator(), access=locked(KEY)) as served:
        seen = set()
        for method, path in routes(served):
            for headers in ({}, {"Authorization": "Bearer wrong"}):
                async with served.client.request(method, path, headers=headers) as response:
                    if response.status != 401:
                        seen.add(path)
        assert seen == health.PATHS | page.PATHS | document.PATHS
        async with served.client.get("/v1/models", headers={"Authorization": f"Bearer {KEY}"}) as response:
            assert response.status == 200


async def test_somebody_decided_of_every_route_who_may_have_it() -> None:
    async with appliance(EngineSimulator()) as served:
        resources = {resource.canonical for resource in served.runner.app.router.resources()}
    undecided = resources - NAMED - health.PATHS - page.PATHS - document.PATHS
    assert not undecided, "only the owner's key opens these; say whose else in runtime/api/scopes.py"


async def test_the_queue_knows_who_has_a_key_by_its_name(tmp_path: Path) -> None:
    secret = add(file_of(tmp_path), "tablet", [Scope.CHAT])
    access = Access(keys=Keyring(KEY, file_of(tmp_path)), asked=True)
    async with appliance(engine := EngineSimulator(script("Hi.")), access=access) as served:
        for key in (secret, KEY):
            body = {"messages": [{"role": "user", "content": "Hello"}]}
            headers = {"Authorization": f"Bearer {key}"}
            async with served.client.post(CHAT, json=body, headers=headers) as response:
                assert response.status == 200
        assert [request.client for request in engine.requests] == ["tablet", "127.0.0.1"]


async def test_no_route_answers_to_a_strange_name_or_a_strange_page() -> None:
    async with appliance(EngineSimulator()) as served:
        for method, path in routes(served):
            for headers in ({"Host": "evil.example"}, {"Origin": "https://evil.example"}):
                async with served.client.request(method, path, headers=headers) as response:
                    assert response.status == 403, (method, path, headers)
                    assert "Access-Control-Allow-Origin" not in response.headers


async def test_a_browsers_question_before_a_foreign_request_is_not_granted() -> None:
    async with appliance(EngineSimulator()) as served:
        headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
        async with served.client.options(CHAT, headers=headers) as response:
            assert response.status == 403
            assert not [name for name in response.headers if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nope", 404, "not_found"),
        ("GET", "/v1/models/nope", 404, "model_not_found"),
        ("GET", "/../../etc/passwd", 404, "not_found"),
        ("GET", "/page/index.html", 404, "not_found"),
        ("GET", CHAT, 405, "method_not_allowed"),
        ("DELETE", "/v1/models", 405, "method_not_allowed"),
        ("PROPFIND", "/health", 405, "method_not_allowed"),
        ("POST", CHAT, 415, "unsupported_media_type"),
    ],
)
async def test_a_failure_has_openais_shape(method: str, path: str, status: int, code: str) -> None:
    async with appliance(EngineSimulator()) as served, served.client.request(method, path) as response:
        assert response.status == status
        assert response.content_type == "application/json"
        error = (await response.json())["error"]
        assert set(error) == {"message", "type", "param", "code"}
        assert (error["code"], error["type"]) == (code, "invalid_request_error")
        assert ("Allow" in response.headers) is (status == 405)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]
)
async def test_what_a_form_of_another_site_could_send_is_refused(content_type: str) -> None:
    async with appliance(EngineSimulator()) as served:
        headers = {"Content-Type": content_type}
        async with served.client.post(CHAT, data=b'{"messages":[]}', headers=headers) as response:
            assert response.status == 415


async def test_a_compressed_body_is_refused_unread() -> None:
    async with appliance(EngineSimulator()) as served:
        headers = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
        async with served.client.post(CHAT, data=b"\x1f\x8b", headers=headers) as response:
            assert response.status == 415


async def test_a_body_too_large_is_told_both_numbers() -> None:
    async with appliance(EngineSimulator(), limits=Limits(request_bytes=1000, drain_seconds=0.1)) as served:
        status, answer = await served.ask(messages=[{"role": "user", "content": "x" * 2000}])
        assert (status, answer["error"]["code"]) == (413, "request_too_large")
        declared = int(re.findall(r"\d+", answer["error"]["message"])[0])
        assert declared > 2000
        assert "1000" in answer["error"]["message"]


async def test_a_chunked_body_too_large_is_cut_off() -> None:
    async with appliance(EngineSimulator(), limits=Limits(request_bytes=1000, drain_seconds=0.1)) as served:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n"
        chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
        answer = await raw(
            served, head.encode() + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 3 + b"0\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.1 413")
        assert b"more than 1000 bytes" in answer


async def test_a_body_that_does_not_come_is_not_waited_for() -> None:
    async with appliance(EngineSimulator(), limits=Limits(body_seconds=0.05, drain_seconds=0.1)) as served:
        head = f"POST {CHAT} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        writer.write(head.encode() + b"Content-Length: 100\r\n\r\n{")
        assert b"408" in await asyncio.wait_for(reader.readline(), 5)
        writer.close()


async def test_a_head_that_does_not_come_is_not_waited_for() -> None:
    async with appliance(EngineSimulator(), limits=Limits(idle_seconds=0.05, drain_seconds=0.1)) as served:
        assert await raw(served, b"GET /health HTTP/1.1\r\nHost:") == b""


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"null", b"[]", b"[" * 100_000, b'{"messages":[],"messages":[]}', b'{"temperature":NaN}',
     b'{"max_tokens":1e400}', b'{"max_tokens":' + b"9" * 5000 + b"}", b'"\xff"', b'{"messages":"\\ud800"}'],
)  # fmt: skip
async def test_a_malformed_body_is_the_callers_mistake(body: bytes) -> None:
    async with appliance(EngineSimulator()) as served:
        headers = {"Content-Type": "application/json"}
        async with served.client.post(CHAT, data=body, headers=headers) as response:
            assert response.status == 400
            assert (await response.json())["error"]["type"] == "invalid_request_error"
        assert served.engine.requests == []


async def test_the_listener_is_up_before_the_model_and_says_so() -> None:
    async with appliance(EngineSimulator(), loaded=False) as served:
        for path in sorted(health.PATHS):
            async with served.client.get(path) as response:
                assert response.status == 503
                error = {
                    "message": "Loading model",
                    "type": "unavailable_error",
                    "param": None,
                    "code": "unavailable",
                }
                assert await response.json() == {"error": error}
                assert int(response.headers["Retry-After"]) > 0
        status, answer = await served.ask()
        assert (status, answer["error"]["type"]) == (503, "unavailable_error")
        async with served.client.get("/v1/models") as response:
            assert response.status == 503
            assert int(response.headers["Retry-After"]) > 0
        async with served.client.get("/") as response:
            assert response.status == 200


async def test_health_is_ok_once_the_model_is_there_and_not_while_draining() -> None:
    async with appliance(EngineSimulator()) as served:
        async with served.client.get("/health") as response:
            assert (response.status, await response.json()) == (200, {"status": "ok", "commands": "off"})
        served.serving.drain()
        async with served.client.get("/health") as response:
            error = {
                "message": "Shutting down",
                "type": "unavailable_error",
                "param": None,
                "code": "unavailable",
            }
            assert (response.status, await response.json()) == (503, {"error": error})
        assert (await served.ask())[0] == 503


async def test_a_model_that_is_loaded_too_late_does_not_end_the_drain() -> None:
    async with appliance(EngineSimulator()) as served:
        models = served.serving.models
        served.serving.drain()
        served.serving.ready(models)
        assert (await served.ask())[0] == 503


async def test_models_are_listed_and_described() -> None:
    async with appliance(EngineSimulator()) as served:
        async with served.client.get("/v1/models") as response:
            listed = await response.json()
        async with served.client.get("/v1/models/tiny") as response:
            one = await response.json()
        assert listed == {"object": "list", "data": [one]}
        assert (one["id"], one["object"], one["owned_by"]) == ("tiny", "model", "inglenook")
        assert one["meta"]["n_ctx_train"] == 512
        assert (one["version"], one["meta"]["kv"]) == ("1", None)
        assert (one["licence"]["id"], one["licence"]["display"]) == ("Apache-2.0", "")


async def test_the_request_id_is_kept_if_it_is_plain_and_made_if_not() -> None:
    async with appliance(EngineSimulator()) as served:
        for given, kept in (("abc-1.2_3", True), ("a b", False), ("x" * 65, False), ("", False)):
            async with served.client.get("/nope", headers={"X-Request-Id": given}) as response:
                assert (response.headers["X-Request-Id"] == given) is kept
                assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", response.headers["X-Request-Id"])


async def test_the_log_has_the_request_but_not_what_was_asked(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with appliance(EngineSimulator(script("Treasure"))) as served:
        await served.ask(messages=[{"role": "user", "content": "Sesame"}])
        async with served.client.get("/v1/models?key=sesame", headers={"X-Request-Id": "mine"}) as response:
            await response.read()
    lines = [record.getMessage() for record in caplog.records if record.name.startswith("runtime")]
    assert [re.sub(r"\d+ ms.*", "", line) for line in lines] == [f"POST {CHAT} 200 ", "GET /v1/models 200 "]
    assert lines[1].endswith("mine")
    assert "esame" not in caplog.text
    assert "Treasure" not in caplog.text


@pytest.mark.parametrize("streamed", [False, True])
async def test_a_template_that_fails_is_one_line_in_the_log(
    caplog: pytest.LogCaptureFixture, *, streamed: bool
) -> None:
    async with appliance(EngineSimulator(()), template="{{ messages[0].nothing.here }}") as served:
        status, answer = await served.ask(stream=streamed)
    assert (status, answer["error"]["code"]) == (500, "chat_template_failed")
    assert "use another model" in answer["error"]["message"]
    (line,) = [record for record in caplog.records if record.levelname == "ERROR"]
    assert "chat template fails" in line.getMessage()
    assert line.exc_info is None


async def test_a_fault_of_our_own_is_logged_and_told_without_details(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: Request) -> tuple[int, ...]:
        raise ZeroDivisionError("secret")

    async with appliance(EngineSimulator(broken)) as served:
        body = {"messages": [{"role": "user", "content": "Hello"}]}
        async with served.client.post(CHAT, json=body, headers={"X-Request-Id": "mine"}) as response:
            text = await response.text()
            assert (response.status, "secret" in text, "mine" in text) == (500, False, True)
        await served.until(running=0)
    assert "secret" in caplog.text
    assert "request mine failed" in caplog.text


async def test_metrics_count_requests_tokens_and_the_queue() -> None:
    async with appliance(EngineSimulator(script("Hello there"))) as served:
        await served.ask()
        await served.ask(temperature="hot")
        async with served.client.get("/made/up/path") as response:
            await response.read()
        async with served.client.get("/metrics") as response:
            assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            text = await response.text()
    samples = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    assert samples[f'ingle_http_requests_total{{route="{CHAT}",status="200"}}'] == "1"
    assert samples[f'ingle_http_requests_total{{route="{CHAT}",status="400"}}'] == "1"
    assert samples['ingle_http_requests_total{route="unknown",status="404"}'] == "1"
    assert samples['ingle_completion_tokens_total{model="tiny"}'] == str(len(script("Hello there")))
    assert samples['ingle_requests_waiting{model="tiny"}'] == "0"
    assert samples["ingle_ready"] == "1"
    assert int(samples["ingle_resident_memory_bytes"]) > 1 << 20
    assert int(samples["ingle_tasks"]) > 0
    assert "made" not in text


async def test_metrics_answer_while_the_model_is_loading() -> None:
    async with (
        appliance(EngineSimulator(), loaded=False) as served,
        served.client.get("/metrics") as response,
    ):
        assert "\ningle_ready 0\n" in await response.text()


async def test_the_page_is_whole_and_lets_nothing_else_in() -> None:
    browser = {"Accept": "text/html,*/*"}
    async with appliance(EngineSimulator()) as served:
        for path in sorted(page.PATHS):
            async with served.client.get(path, headers=browser) as response:
                assert response.status == 200
                assert "default-src 'self'" in response.headers["Content-Security-Policy"]
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                text = await response.text()
                etag = response.headers["ETag"]
            addresses = re.findall(r"https?://[^\s\"']+", text)
            assert set(addresses) <= {"http://www.w3.org/2000/svg"}
            assert not re.search(r"<script>|<style|style=|innerHTML|\son\w+=", text)
            async with served.client.get(path, headers=browser | {"If-None-Match": etag}) as response:
                assert response.status == 304
        async with served.client.get("/") as response:
            linked = re.findall(r'(?:src|href)="([^"#]+)"', await response.text())
        assert {f"/{name}" for name in linked} <= page.PATHS


async def test_many_slow_callers_do_not_keep_others_waiting() -> None:
    async with appliance(EngineSimulator(script("Hello"))) as served:
        slow = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(100)]
        for _, writer in slow:
            writer.write(b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\n")
        status, _ = await asyncio.wait_for(served.ask(), 5)
        assert status == 200
        for _, writer in slow:
            writer.close()


async def test_pipelined_requests_get_their_answers_in_order() -> None:
    async with appliance(EngineSimulator()) as served:
        one = b"GET /v1/models/%d HTTP/1.1\r\nHost: localhost\r\n%s\r\n"
        answer = await raw(served, one % (1, b"") + one % (2, b"Connection: close\r\n"))
        bodies = re.findall(rb'\{"error".*?\}\}', answer)
        assert [re.findall(r"'(\d)'", json.loads(body)["error"]["message"]) for body in bodies] == [
            ["1"],
            ["2"],
        ]


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /health HTTP/1.0\r\n", 200),
        (b"GET /health HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\n", 400),
        (b"GET /v1/models/a%2F..%2Fb%00%ff HTTP/1.1\r\nHost: localhost\r\n", 404),
        (b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\n", 404),
        (b"CONNECT evil.example:80 HTTP/1.1\r\nHost: localhost\r\n", 404),
        (b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nExpect: miracles\r\n", 417),
        (b'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nIf-None-Match: W/,,"\r\n', 200),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
    ],
)
async def test_an_odd_request_gets_a_status(
    head: bytes, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with appliance(EngineSimulator()) as served:
        answer = await raw(served, head + b"Connection: close\r\n\r\n")
        assert re.match(rb"HTTP/1\.[01] %d " % status, answer), answer[:100]
        assert b"Traceback" not in answer
    assert "Traceback" not in caplog.text


async def test_a_header_beyond_all_bounds_is_one_line_in_the_log_without_its_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO)
    async with appliance(EngineSimulator()) as served:
        secret = b"sesame" * 5000
        answer = await raw(
            served, b"GET /health HTTP/1.1\r\nHost: localhost\r\nAuthorization: " + secret + b"\r\n\r\n"
        )
        assert answer.startswith(b"HTTP/1.0 400 ")
    said = [record.getMessage() for record in caplog.records if record.name == "aiohttp.server"]
    assert said == ["refused what is not a sound HTTP request (LineTooLong)"]
    assert "sesame" not in caplog.text


@pytest.mark.parametrize(
    ("charset", "status"), [("utf-8", 200), ("UTF-8", 200), ("latin-1", 415), ("utf-16", 415)]
)
async def test_json_is_read_in_utf_8_alone(charset: str, status: int) -> None:
    body = b'{"messages": [{"role": "user", "content": "Hello"}]}'
    headers = {"Content-Type": f"application/json; charset={charset}"}
    async with (
        appliance(EngineSimulator(script("Hi."))) as served,
        served.client.post(CHAT, data=body, headers=headers) as response,
    ):
        assert response.status == status


async def test_what_is_missing_is_called_missing() -> None:
    async with appliance(EngineSimulator()) as served, served.client.post(CHAT, json={}) as response:
        assert "messages is missing" in (await response.json())["error"]["message"]
