"""What strangers do to a listener: on real sockets, with what they leave behind counted."""

import asyncio
import contextlib
import json
import re
import socket
import time

import pytest

from runtime.api.keys import DOOR, RUNNING
from runtime.limits import Limits
from runtime.vitals import resident
from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator

PLACES = 64
CONNECTIONS = 2000
"""`script/bench-http` makes ten thousand."""
BODY = b'{"stream":true,"messages":[{"role":"user","content":"Hello"}]}'
HEAD = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
CHAT = HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
LIMITS = Limits(connections=PLACES, drain_seconds=0.1)


async def healthy(served: Appliance) -> None:
    """Somebody who comes now is answered."""
    answer = await raw(served, b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200 "), answer[:200]


async def raw(served: Appliance, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request)
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""
    finally:
        writer.close()


async def quiet(served: Appliance, *, connections: int = 0) -> None:
    """Nothing is left of those who are gone."""
    app = served.runner.app
    async with asyncio.timeout(20):
        while len(app[RUNNING]) or served.engine.stats.running or len(app[DOOR].crowd) > connections:  # noqa: ASYNC110  they tell nobody
            await asyncio.sleep(0.005)


async def test_silent_connections_without_number_keep_nobody_out() -> None:
    async with appliance(EngineSimulator(script("Hi.")), limits=LIMITS) as served:
        before, silent = resident(), []
        for number in range(CONNECTIONS):
            stranger = socket.create_connection(("127.0.0.1", served.port))
            silent.append(stranger)
            if len(silent) > 4 * PLACES:
                silent.pop(0).close()
            if number % 250 == 249:
                await healthy(served)
                assert (await served.ask())[0] == 200
            await asyncio.sleep(0)
        crowd = served.runner.app[DOOR].crowd
        await healthy(served)
        print(f"{CONNECTIONS} connections: {crowd.displaced} gave way, {crowd.refused} refused")
        assert len(crowd) <= PLACES
        assert crowd.displaced > CONNECTIONS // 2
        for stranger in silent:
            stranger.close()
        grown = ((resident() or 0) - (before or 0)) / 2**20
        print(f"resident memory grew by {grown:.1f} MiB")
        assert grown < 100


@pytest.mark.parametrize("sent", [HEAD[:40], HEAD + b"Content-Length: 90\r\n\r\n{"], ids=["heads", "bodies"])
async def test_who_sends_a_byte_at_a_time_keeps_nobody_out(sent: bytes) -> None:
    async with appliance(EngineSimulator(script("Hi.")), limits=LIMITS) as served:
        slow = [await asyncio.open_connection("127.0.0.1", served.port) for _ in range(2 * PLACES)]
        for _, writer in slow:
            writer.write(sent)
        for byte in (b"X", b"-", b"A"):
            for _, writer in slow:
                with contextlib.suppress(ConnectionError):
                    writer.write(byte)
            await asyncio.sleep(0.01)
            await healthy(served)
        assert (await served.ask())[0] == 200
        assert len(served.runner.app[DOOR].crowd) <= PLACES
        for _, writer in slow:
            writer.close()
        await quiet(served, connections=1)


async def test_who_is_being_answered_is_not_put_out() -> None:
    limits = Limits(connections=2, drain_seconds=0.1)
    async with appliance(EngineSimulator(script("word " * 40), token_s=0.02), limits=limits) as served:
        asking = asyncio.create_task(raw(served, CHAT))
        await served.until(running=1)
        for _ in range(20):
            await healthy(served)
            socket.create_connection(("127.0.0.1", served.port)).close()
        other = asyncio.create_task(raw(served, CHAT))
        await served.until(running=1, waiting=1)
        answer = await raw(served, b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert not answer or b"too_many_connections" in answer
        for told in (asking, other):
            told.cancel()
        await quiet(served)


async def test_a_connection_can_be_cut_at_any_byte_of_a_request() -> None:
    async with appliance(EngineSimulator(script("Hi."))) as served:
        for cut in range(len(CHAT) + 1):
            _, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(CHAT[:cut])
            if cut % 2:
                writer.transport.abort()
            else:
                writer.close()
        await quiet(served, connections=0)
        await healthy(served)
        assert (await served.ask())[0] == 200


async def test_a_connection_can_be_cut_at_any_byte_of_an_answer() -> None:
    async with appliance(EngineSimulator(script("One two three four."))) as served:
        whole = await raw(served, CHAT.replace(b"Host", b"Connection: close\r\nHost"))
        assert b"[DONE]" in whole
        for cut in range(1, len(whole) - 200, 29):
            reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
            writer.write(CHAT)
            await reader.readexactly(cut)
            writer.transport.abort()
        await quiet(served)
        await healthy(served)


async def test_a_flood_of_headers_is_refused_at_its_bounds() -> None:
    floods = {
        "many": b"".join(b"X-%d: a\r\n" % number for number in range(100_000)),
        "long": b"X-Long: " + b"a" * (4 << 20) + b"\r\n",
        "folded": b"X-Folded: a\r\n" + b" a\r\n" * 100_000,
        "endless": b"a" * (4 << 20),
        "path": b"",
    }
    async with appliance(EngineSimulator(script("Hi."))) as served:
        for name, headers in floods.items():
            start = b"GET /" + b"a" * (4 << 20) if name == "path" else b"GET /health"
            began = time.monotonic()
            answer = await raw(served, start + b" HTTP/1.1\r\nHost: localhost\r\n" + headers + b"\r\n")
            print(f"{name}: {answer[:16]!r} after {time.monotonic() - began:.3f} s")
            assert not answer or re.match(rb"HTTP/1\.[01] 4", answer), (name, answer[:100])
            head, _, body = answer.partition(b"\r\n\r\n")
            assert not answer or json.loads(body)["error"].keys() == {"message", "type", "param", "code"}
            assert b"aiohttp" not in head
            await healthy(served)


HIDDEN = b"GET /v1/models/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
SMUGGLED = [
    b"Content-Length: 0\r\nContent-Length: 60\r\n",
    b"Content-Length: 0, 60\r\n",
    b"Content-Length: +0\r\n",
    b"Content-Length: -1\r\n",
    b"Content-Length: 0x0\r\n",
    b"Content-Length: 0_0\r\n",
    b"Content-Length : 0\r\n",
    b"Content-Length: 18446744073709551616\r\n",
    b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: identity, chunked, chunked\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding:\x0bchunked\r\n",
    b"Transfer-Encoding:\tchunked\x00\r\n",
    b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    b"X: a\nContent-Length: 0\r\n",
    b"X: a\rContent-Length: 0\r\n",
    b" Content-Length: 0\r\n",
    b"Host: localhost\r\n",
    b"X\x00: a\r\n",
    b"X Y: a\r\n",
    b": a\r\n",
]


@pytest.mark.parametrize("header", SMUGGLED, ids=repr)
async def test_a_request_of_two_meanings_has_none(header: bytes) -> None:
    async with appliance(EngineSimulator(script("Hi."))) as served:
        start = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        answer = await raw(served, start + header + b"\r\n" + HIDDEN)
        statuses = re.findall(rb"HTTP/1\.[01] (\d+) ", answer)
        assert b"no model" not in answer, "what was hidden in it was answered"
        assert all(status.startswith(b"4") for status in statuses), answer[:300]
        assert len(statuses) <= 1
        await healthy(served)


async def test_a_page_of_another_site_gets_no_websocket() -> None:
    async with appliance(EngineSimulator()) as served:
        for path in (b"/", b"/v1/chat/completions", b"/kiosk/live", b"/nope"):
            answer = await _first(served, path)
            assert answer.startswith(b"HTTP/1.1 403 "), answer[:100]


async def _first(served: Appliance, path: bytes) -> bytes:
    """The head of the answer to a page's question for a websocket."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(
        b"GET " + path + b" HTTP/1.1\r\nHost: localhost\r\nOrigin: https://evil.example\r\n"
        b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    try:
        return await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
    finally:
        writer.close()
