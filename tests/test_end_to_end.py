"""The appliance as it is installed: `ingle serve` in a process of its own, with the real model, over real sockets."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import openai
import pytest

from models.bundle import Bundle

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionUserMessageParam

pytestmark = pytest.mark.real
QUESTION = "What is the capital of France?"


@dataclass(frozen=True)
class Served:
    """A running appliance."""

    process: subprocess.Popen[str]
    url: str


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(state: Path, scratch: Path) -> Served:
    """Start `ingle serve` on a free port, its broker on another, nothing of this machine's configuration."""
    port = free_port()
    config = scratch / "inglenook.toml"
    config.write_text(f"[server]\nport = {port}\n\n[mqtt]\nembedded_port = {free_port()}\n", encoding="utf-8")
    environment = {**os.environ, "INGLENOOK_STATE": str(state), "INGLENOOK_CONFIG": str(config)}
    log = (scratch / "log").open("w", encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, "-m", "runtime", "serve"], env=environment, stdout=log, stderr=log, text=True
    )
    return Served(process, f"http://127.0.0.1:{port}")


def until_ready(served: Served, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and served.process.poll() is None:
        try:
            with urllib.request.urlopen(f"{served.url}/health", timeout=5) as answer:  # noqa: S310  loopback
                assert json.load(answer)["status"] == "ok"
                return
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.05)
    pytest.fail("the appliance did not become ready")


@pytest.fixture(scope="module")
def served(smollm2: Bundle, real_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    assert smollm2.manifest.name == "smollm2-135m"
    served = start(real_state, tmp_path_factory.mktemp("serve"))
    until_ready(served)
    yield served
    served.process.send_signal(signal.SIGTERM)
    assert served.process.wait(30) == 0


def client(served: Served) -> openai.OpenAI:
    return openai.OpenAI(base_url=f"{served.url}/v1", api_key="not-needed-on-loopback", max_retries=0)


def test_it_knows_the_capital_of_france(served: Served) -> None:
    body = {"model": "smollm2-135m", "messages": [{"role": "user", "content": QUESTION}]}
    request = urllib.request.Request(  # noqa: S310  loopback
        f"{served.url}/v1/chat/completions",
        data=json.dumps(body).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  loopback
        choice = json.load(answer)["choices"][0]
    assert "Paris" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"


def test_the_openai_client_streams_what_it_gets_whole(served: Served) -> None:
    chat = client(served).chat.completions
    messages: list[ChatCompletionUserMessageParam] = [{"role": "user", "content": "Name three colours."}]
    whole = chat.create(model="smollm2-135m", messages=messages, max_tokens=40)
    stream = chat.create(
        model="smollm2-135m",
        messages=messages,
        max_tokens=40,
        stream=True,
        stream_options={"include_usage": True},
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    usage = chunks[-1].usage
    assert usage is not None
    assert whole.usage is not None
    assert usage.completion_tokens == whole.usage.completion_tokens
    assert usage.prompt_tokens_details is not None
    assert (usage.prompt_tokens_details.cached_tokens or 0) > 0


def test_a_prompt_beyond_the_context_is_refused_with_both_numbers(served: Served) -> None:
    with pytest.raises(openai.BadRequestError) as caught:
        client(served).chat.completions.create(
            model="smollm2-135m", messages=[{"role": "user", "content": "very " * 9000}]
        )
    assert caught.value.code == "context_length_exceeded"
    assert "8192" in str(caught.value)


async def test_two_at_once_are_both_answered(served: Served) -> None:
    async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="-", max_retries=0) as asynchronous:
        answers = await asyncio.gather(
            *(
                asynchronous.chat.completions.create(
                    model="smollm2-135m", messages=[{"role": "user", "content": QUESTION}], max_tokens=16
                )
                for _ in range(4)
            )
        )
    assert all("Paris" in (answer.choices[0].message.content or "") for answer in answers)


def test_sigterm_in_mid_answer_drains_then_exits_0(smollm2: Bundle, real_state: Path, tmp_path: Path) -> None:
    assert smollm2.manifest.name == "smollm2-135m"
    served = start(real_state, tmp_path)
    until_ready(served)
    stream = client(served).chat.completions.create(
        model="smollm2-135m",
        messages=[{"role": "user", "content": "Tell me a story about a lamp."}],
        max_tokens=150,
        stream=True,
    )
    chunks = iter(stream)
    next(chunks)
    served.process.send_signal(signal.SIGTERM)
    finish = [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1]
    assert finish in {"length", "stop"}
    assert served.process.wait(30) == 0
