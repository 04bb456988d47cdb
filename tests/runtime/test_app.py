"""The appliance as a whole: how it comes up, and how it stops."""

import asyncio
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from models.errors import ModelError
from models.store import Bundle
from runtime import app
from runtime.completion import Completer
from runtime.config import load
from runtime.errors import IngleError
from runtime.limits import Limits
from runtime.mqtt.topics import Topics
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator
from tests.support.house import environment, furnish, ingle
from tests.support.mqtt import Mosquitto, Person, running_mosquitto, until

ROOT = Path(__file__).resolve().parents[2]
QUESTION = {"messages": [{"role": "user", "content": "hello"}]}


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    furnish(folder)
    return folder


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """Stopping an appliance in this process leaves the default handlers behind."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


class Running:
    """An appliance in this process, in front of a simulated engine."""

    def __init__(self, engine: EngineSimulator) -> None:
        self.engine = engine
        self.loading = asyncio.Event()
        """The model is loaded once it is set."""
        self.started: app.Started | None = None
        self.stopped = False
        self.limits = Limits()

    def load(self, _: Bundle) -> Completer:
        asyncio.run_coroutine_threadsafe(self.loading.wait(), self.loop).result(10)
        return scripted_completer(self.engine, self.limits)

    def announce(self, started: app.Started) -> None:
        self.started = started

    def stop(self) -> None:
        """A first SIGTERM; a second one would end the tests."""
        if not self.stopped:
            os.kill(os.getpid(), signal.SIGTERM)
        self.stopped = True

    @property
    def url(self) -> str:
        assert self.started is not None
        return f"http://127.0.0.1:{self.started.port}"

    @asynccontextmanager
    async def run(self, state: Path, **settings: str) -> AsyncIterator[asyncio.Task[None]]:
        self.loop = asyncio.get_running_loop()
        environ = environment(state, INGLE_LIMITS_DRAIN_SECONDS="5", **settings)
        config = load(environ=environ).config
        self.limits = config.limits
        serving = app.serve(config, state=state, environ=environ, announce=self.announce, load=self.load)
        task = asyncio.create_task(serving)
        yield task
        self.stop()
        await asyncio.wait_for(task, 20)


def _rights(folder: Path, wanted: int | None = None) -> int:
    if wanted is not None:
        folder.chmod(wanted)
    return stat.S_IMODE(folder.stat().st_mode)


async def test_it_listens_while_loading_answers_then_drains(state: Path, tmp_path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd,
        socket.create_server(("127.0.0.1", 0)) as free,
    ):
        systemd.bind(str(tmp_path / "notify"))
        systemd.settimeout(5)
        port = free.getsockname()[1]
        free.close()
        running = Running(EngineSimulator((10, 11, 12), token_s=0.1))
        _rights(state, 0o755)
        notify = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "INGLE_SERVER_PORT": str(port)}
        async with running.run(state, **notify) as task, aiohttp.ClientSession() as client:
            assert await _eventually(client, f"http://127.0.0.1:{port}/health") == 503
            assert _rights(state) == 0o700
            running.loading.set()
            await until(lambda: running.started is not None)
            assert await _eventually(client, f"{running.url}/health") == 200
            assert running.started is not None
            assert running.started == app.Started(
                *("tiny", "1", "", "127.0.0.1", port, None, running.started.broker),
                *(Topics(socket.gethostname()), True, app.Login()),
            )
            asking = asyncio.create_task(_ask(client, running.url))
            await until(lambda: bool(running.engine.requests))
            running.stop()
            async with asyncio.timeout(5):
                while await _eventually(client, f"{running.url}/health") != 503:
                    pass
            assert not task.done()
            assert (await asking)["choices"][0]["finish_reason"] == "stop"
            await asyncio.wait_for(task, 10)
        told = [systemd.recv(200) for _ in range(4)]
        assert told[0].startswith(b"STATUS=loading tiny")
        assert told[1] == b"READY=1"
        assert told[2].startswith(b"STATUS=answering as tiny")
        assert told[3] == b"STOPPING=1"
        assert running.engine.closed


async def test_mqtt_answers_beside_http_and_drains_with_it(state: Path) -> None:
    running = Running(EngineSimulator((10, 11, 12), token_s=0.1))
    running.loading.set()
    async with running.run(state, INGLE_MQTT_NODE="kitchen"):
        await until(lambda: running.started is not None)
        assert running.started is not None
        assert running.started.broker is not None
        topics = running.started.topics
        async with Person(running.started.broker, topics.result, topics.status) as person:
            await person.hear_state("online")
            person.say(topics.chat, {"id": "a", "prompt": "hello"})
            await until(lambda: bool(running.engine.requests))
            running.stop()
            assert (await person.hear_result("a"))["text"]
            await person.hear_state("offline")


async def test_a_taken_mqtt_port_costs_mqtt_and_nothing_else(
    state: Path, caplog: pytest.LogCaptureFixture
) -> None:
    running = Running(EngineSimulator((10,)))
    running.loading.set()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with running.run(state, INGLE_MQTT_EMBEDDED_PORT=str(taken.getsockname()[1])):
            await until(lambda: running.started is not None)
            assert running.started is not None
            assert running.started.broker is None
            async with aiohttp.ClientSession() as client:
                assert (await _ask(client, running.url))["choices"]
    assert "no MQTT: port" in caplog.text


async def test_a_broker_that_is_down_does_not_keep_http_from_answering(state: Path) -> None:
    running = Running(EngineSimulator((10,)))
    running.loading.set()
    async with running.run(state, INGLE_MQTT_BROKER="mqtt://127.0.0.1:1"), aiohttp.ClientSession() as client:
        await until(lambda: running.started is not None)
        assert (await _ask(client, running.url))["choices"]


async def _command(client: aiohttp.ClientSession, url: str) -> str:
    """Why a command is not taken."""
    async with client.post(f"{url}/v1/commands", json={"text": "turn on the lamp"}) as response:
        assert response.status == 503
        return str((await response.json())["error"]["message"])


async def test_without_a_journal_there_are_chats_and_no_commands(tmp_path: Path) -> None:
    furnish(tmp_path)
    (tmp_path / "journal.db").mkdir()
    running = Running(EngineSimulator((10, 11)))
    running.loading.set()
    async with running.run(tmp_path, INGLE_MQTT_EMBEDDED="false"), aiohttp.ClientSession() as client:
        await until(lambda: running.started is not None)
        assert (await _ask(client, running.url))["choices"]
        async with asyncio.timeout(10):
            while "the journal of commands" not in (said := await _command(client, running.url)):
                assert "still starting" in said


async def test_beyond_loopback_callers_need_the_key_that_was_made(state: Path) -> None:
    running = Running(EngineSimulator((10,)))
    running.loading.set()
    async with running.run(state, INGLE_SERVER_HOST="0.0.0.0"), aiohttp.ClientSession() as client:  # noqa: S104  the point
        await until(lambda: running.started is not None)
        assert running.started is not None
        assert running.started.key == state / "keys" / "api.key"
        async with client.get(f"{running.url}/v1/models") as refused:
            assert refused.status == 401
        key = {"Authorization": f"Bearer {running.started.key.read_text().strip()}"}
        async with client.get(f"{running.url}/v1/models", headers=key) as allowed:
            assert allowed.status == 200


async def _eventually(client: aiohttp.ClientSession, url: str) -> int:
    """Status of a GET, once somebody listens."""
    async with asyncio.timeout(10):
        while True:
            try:
                async with client.get(url) as response:
                    return response.status
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.02)


async def _ask(client: aiohttp.ClientSession, url: str) -> Any:
    async with client.post(f"{url}/v1/chat/completions", json=QUESTION) as response:
        return await response.json()


@contextmanager
def process(environ: dict[str, str], *program: str) -> Iterator[subprocess.Popen[str]]:
    """A Python program, by default `ingle serve` with the real engine."""
    with subprocess.Popen(
        [sys.executable, *(program or ("-m", "runtime", "serve"))],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as serving:
        try:
            yield serving
        finally:
            if serving.poll() is None:
                serving.kill()


def where(serving: subprocess.Popen[str]) -> str:
    """The address that the first line says."""
    assert serving.stdout is not None
    first = serving.stdout.readline()
    assert "answers as tiny" in first, serving.stderr.read() if serving.stderr else first
    return first.split("Look at ")[1].split("/ ")[0]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_program_answers_and_a_signal_ends_it_with_status_0(state: Path, number: signal.Signals) -> None:
    with process(environment(state)) as serving:
        url = where(serving)
        body = json.dumps(QUESTION | {"max_tokens": 8}).encode()
        ask = urllib.request.Request(  # noqa: S310  loopback
            f"{url}/v1/chat/completions", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(ask, timeout=20) as response:  # noqa: S310  loopback
            assert json.load(response)["usage"]["completion_tokens"] <= 8
        serving.send_signal(number)
        assert serving.wait(20) == 0
        assert serving.stderr is not None
        assert "Traceback" not in serving.stderr.read()


SLOW = """
import asyncio, os, pathlib
from runtime import app
from runtime.config import load
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator

def slow(bundle):
    return scripted_completer(EngineSimulator((10, 11), token_s=60), load().config.limits)

def announce(started):
    print(started.port, flush=True)

state = pathlib.Path(os.environ["INGLENOOK_STATE"])
asyncio.run(app.serve(load().config, state=state, announce=announce, load=slow))
"""


def test_a_second_signal_does_not_wait(state: Path) -> None:
    environ = environment(state, INGLE_LIMITS_DRAIN_SECONDS="60")
    with process(environ, "-c", SLOW) as serving:
        assert serving.stdout is not None
        port = int(serving.stdout.readline())
        with socket.create_connection(("127.0.0.1", port)) as asking:
            body = json.dumps(QUESTION | {"stream": True}).encode()
            head = f"Host: localhost\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            asking.sendall(f"POST /v1/chat/completions HTTP/1.1\r\n{head}".encode() + body)
            assert b"200 OK" in asking.recv(1000)
            serving.send_signal(signal.SIGTERM)
            with pytest.raises(subprocess.TimeoutExpired):
                serving.wait(1)
            serving.send_signal(signal.SIGTERM)
            assert serving.wait(5) == -signal.SIGTERM


@pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed")
async def test_a_program_that_is_killed_is_offline(state: Path, tmp_path: Path) -> None:
    topics = Topics("kitchen")
    async with running_mosquitto(tmp_path) as mosquitto, Person(mosquitto.address, topics.status) as person:
        environ = environment(state, INGLE_MQTT_BROKER=str(mosquitto.address), INGLE_MQTT_NODE="kitchen")
        with process(environ) as serving:
            await asyncio.to_thread(where, serving)
            await person.hear_state("online")
            serving.kill()
            await person.hear_state("offline")


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"INGLE_MODEL_NAME": "absent"}, "no model 'absent' .* `ingle pull` fetches one"),
        ({"INGLE_SERVER_HOST": "192.0.2.1"}, "cannot listen on 192.0.2.1 .* --host"),
        (
            {"INGLE_MQTT_BROKER": "mqtts://localhost", "INGLE_MQTT_CA_FILE": "/nonexistent.pem"},
            "mqtt.ca_file /nonexistent.pem",
        ),
        (
            {"INGLE_MQTT_BROKER": "mqtt://localhost", "INGLE_MQTT_PASSWORD_FILE": "/nonexistent"},
            "secret in /nonexistent",
        ),
    ],
)
async def test_what_keeps_it_from_serving_is_a_sentence(
    state: Path, settings: dict[str, str], part: str
) -> None:
    environ = environment(state, **settings)
    with pytest.raises((IngleError, ModelError), match=part):
        await app.serve(load(environ=environ).config, state=state, environ=environ)


@pytest.mark.parametrize("name", ["house", "sentences", "policy"])
def test_what_the_owner_wrote_is_read_before_anything_is_loaded(name: str, tmp_path: Path) -> None:
    folder = tmp_path / "house"
    folder.mkdir()
    (folder / f"{name}.toml").write_text("nonsense = 1\n")
    done = ingle("serve", environ=environment(tmp_path))  # there is no model either: that comes later
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert f"{name}.toml" in done.stderr.decode()
    assert "nonsense" in done.stderr.decode()


def test_a_taken_port_is_a_sentence(state: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = ingle("serve", "--port", str(port), environ=environment(state))
    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert f"error: port {port} on 127.0.0.1 is in use" in done.stderr.decode()
