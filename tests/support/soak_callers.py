"""Those who use the appliance in a soak, each in its own way: one visit each, over real sockets.

A visit knows what it should be answered. What is otherwise it raises as an AssertionError; being told to come back
(429, 503) is an answer, too.
"""

import asyncio
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final

import aiohttp

Visit = Callable[[aiohttp.ClientSession, random.Random], Awaitable[None]]

_SUBJECTS: Final = ("rain", "bread", "the moon", "a bicycle", "tea", "an old clock", "snow", "a river")
_OURS: Final = 1_000_000
"""From here on lamps are set over HTTP, and below over MQTT, so that each can be counted."""
_COME_BACK: Final = {429, 503}
PADDING: Final = " ".join(f"Fact {number}: the house has {number} windows." for number in range(25))


class OverfullError(Exception):
    """The appliance said to come back later."""


def _messages(chance: random.Random) -> list[dict[str, str]]:
    """A conversation of one to five turns, now and then with a long system prompt."""
    subject = chance.choice(_SUBJECTS)
    system = PADDING[: chance.choice((200, 200, len(PADDING)))]
    turns: list[dict[str, str]] = [{"role": "system", "content": system}]
    for _ in range(chance.randrange(3)):
        turns += [
            {"role": "user", "content": f"Say something of {chance.choice(_SUBJECTS)}."},
            {"role": "assistant", "content": "It is what it is."},
        ]
    return [*turns, {"role": "user", "content": f"Tell me three things about {subject}, in short."}]


async def _answer(response: aiohttp.ClientResponse, status: int = 200) -> Any:
    if response.status in _COME_BACK and status == 200:
        assert "Retry-After" in response.headers, await response.text()
        raise OverfullError
    text = await response.text()
    assert response.status == status, f"{response.status} instead of {status}: {text[:200]}"
    return json.loads(text) if text else None


async def _events(response: aiohttp.ClientResponse) -> AsyncIterator[str]:
    if response.status != 200:
        await _answer(response)
    async for line in response.content:
        if text := line.decode().strip():
            yield text


async def chat(session: aiohttp.ClientSession, chance: random.Random) -> None:
    """A chat that is read to its end: free, held to a schema, or several answers at once."""
    form = {"type": "json_schema", "json_schema": {"name": "x", "schema": {"enum": [1, 2, 3]}}}
    kind: dict[str, Any] = chance.choice(({}, {}, {"response_format": form}, {"n": 2}))
    body = {"messages": _messages(chance), "stream": True, "max_tokens": 24, **kind}
    async with session.post("/v1/chat/completions", json=body) as response:
        last = ""
        async for last in _events(response):
            assert '"error"' not in last, last
        assert last == "data: [DONE]", last


async def chat_cut(session: aiohttp.ClientSession, chance: random.Random) -> None:
    """A chat whose caller hangs up somewhere in the middle, or before the first token."""
    body = {"messages": _messages(chance), "stream": True, "max_tokens": 200}
    async with session.post("/v1/chat/completions", json=body) as response:
        wanted = chance.randrange(12)
        async for _ in _events(response):
            wanted -= 1
            if wanted < 0:
                break
        response.close()


async def text(session: aiohttp.ClientSession, chance: random.Random) -> None:
    """A text that goes on, with what each token's likelihood was."""
    body = {"prompt": f"Once upon a time {chance.choice(_SUBJECTS)}", "max_tokens": 12, "logprobs": 2}
    async with session.post("/v1/completions", json=body) as response:
        assert (await _answer(response))["choices"]


async def vectors(session: aiohttp.ClientSession, chance: random.Random) -> None:
    """Vectors of one to eight texts."""
    body = {"input": [PADDING[: chance.randrange(10, 400)] for _ in range(chance.randrange(1, 9))]}
    async with session.post("/v1/embeddings", json=body) as response:
        assert len((await _answer(response))["data"]) == len(body["input"])


async def ollama(session: aiohttp.ClientSession, chance: random.Random) -> None:
    """A chat as Ollama's clients ask for it."""
    body = {"model": "smollm2-135m", "messages": _messages(chance), "options": {"num_predict": 16}}
    async with session.post("/api/chat", json=body) as response:
        last = ""
        async for last in _events(response):
            assert '"error"' not in last, last
        assert json.loads(last)["done"], last


async def command(session: aiohttp.ClientSession, chance: random.Random) -> None:
    """A command by a template, one in free words, and a question."""
    said = chance.choice(("set lamp {} to {}", "make lamp {} a bit more like {}", "what is lamp {}"))
    number, value = chance.randrange(8), _OURS + chance.randrange(100)
    body = {"text": said.format(number, value), "session": f"s{chance.randrange(2000)}"}
    async with session.post("/v1/commands", json=body) as response:
        assert "status" in await _answer(response)


async def look_on(session: aiohttp.ClientSession, chance: random.Random) -> None:
    """A page that is open for some seconds."""
    async with session.get("/kiosk/live") as response:
        with_end = asyncio.get_running_loop().time() + chance.uniform(0, 6)
        async for _ in _events(response):
            if asyncio.get_running_loop().time() > with_end:
                break
        response.close()
    for path in ("/", "/openapi.json", "/metrics", "/v1/models", "/health"):
        async with session.get(path) as response:
            assert response.status == 200, path
            await response.read()


_USER: Final = [{"role": "user", "content": "Hello"}]
_BAD: Final[tuple[tuple[str, int, bytes], ...]] = (
    ("/v1/chat/completions", 400, b"{"),
    ("/v1/chat/completions", 400, b"[" * 500),
    ("/v1/chat/completions", 400, b'{"messages": []}'),
    ("/v1/chat/completions", 404, json.dumps({"model": "../../etc", "messages": _USER}).encode()),
    ("/v1/chat/completions", 400, json.dumps({"messages": _USER, "temperature": 9}).encode()),
    ("/v1/chat/completions", 400, json.dumps({"messages": _USER, "max_tokens": 10**9}).encode()),
    ("/v1/completions", 400, json.dumps({"prompt": "word " * 20_000}).encode()),
    ("/v1/embeddings", 400, b'{"input": 7}'),
    ("/v1/commands", 400, b'{"text": 7}'),
    ("/api/chat", 404, b'{"model": "nobody", "messages": []}'),
    ("/nowhere", 404, b"{}"),
    ("/v1/chat/completions", 413, b" " * (1 << 21)),
)


async def nonsense(session: aiohttp.ClientSession, chance: random.Random) -> None:
    """A request that is wrong in one way or another."""
    path, status, body = chance.choice(_BAD)
    async with session.post(path, data=body, headers={"Content-Type": "application/json"}) as response:
        await _answer(response, status)


async def noise(session: aiohttp.ClientSession, chance: random.Random) -> None:
    """What is not HTTP, or stops in the middle of it."""
    url = session._base_url
    assert url is not None
    reader, writer = await asyncio.open_connection(url.host, url.port)
    said = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    said += b'Content-Length: 90\r\n\r\n{"messages": [{"role": "user", "content": "Hello"}]}'
    writer.write(chance.choice((chance.randbytes(200), said[: chance.randrange(len(said))])))
    await writer.drain()
    await asyncio.sleep(chance.random() / 4)
    writer.close()
    await asyncio.gather(reader.read(), writer.wait_closed(), return_exceptions=True)


VISITS: Final[tuple[tuple[Visit, float], ...]] = (
    (chat, 0.5),
    (chat, 0.5),
    (chat_cut, 0.5),
    (text, 1.0),
    (vectors, 1.0),
    (ollama, 1.0),
    (command, 0.5),
    (look_on, 0.5),
    (look_on, 0.5),
    (nonsense, 0.3),
    (noise, 0.5),
)
"""Who comes at the same time, and how many seconds each rests between two visits."""
