"""The command task: ten devices in the prompt, a schema around the answer, ten sentences.

Ours is asked as a house would ask it, over HTTP, and restarted for the first request; the peer is asked in its own
process, with its grammar made beforehand and the prompt's tokens given. Both get the same tokens and the same schema.
"""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from workers import environment

from models.bundle import Bundle
from models.manifest import TEMPLATE_NAME, TOKENIZER_NAME
from models.store import Store
from runtime.text.chat import ChatTemplate
from runtime.text.control import Marker
from runtime.text.tokenizer import Tokenizer

MOST_TOKENS: Final = 48
_START_S: Final = 60.0
_DEVICES: Final = {
    "kitchen light": "turn_on, turn_off, set_level",
    "living room lamp": "turn_on, turn_off, set_level",
    "bedroom light": "turn_on, turn_off, set_level",
    "hall light": "turn_on, turn_off",
    "garage door": "open, close",
    "front door lock": "lock, unlock",
    "living room blinds": "open, close, set_level",
    "bathroom fan": "turn_on, turn_off, set_level",
    "bedroom heater": "turn_on, turn_off, set_level",
    "garden sprinkler": "turn_on, turn_off",
}
"""What each can do."""
_ACTIONS: Final = ("turn_on", "turn_off", "open", "close", "lock", "unlock", "set_level")
_LEVELS: Final = (0, 25, 50, 75, 100)
SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "properties": {
        "device": {"type": "string", "enum": list(_DEVICES)},
        "action": {"type": "string", "enum": list(_ACTIONS)},
        "level": {"type": "integer", "enum": list(_LEVELS)},
    },
    "required": ["device", "action", "level"],
    "additionalProperties": False,
}
SENTENCES: Final = (
    ("Switch on the light in the kitchen, please.", "kitchen light"),
    ("It is too bright in the living room, lower the blinds.", "living room blinds"),
    ("Turn the bedroom light off.", "bedroom light"),
    ("Open the garage.", "garage door"),
    ("Lock the front door.", "front door lock"),
    ("Start the bathroom fan.", "bathroom fan"),
    ("Set the living room lamp to fifty percent.", "living room lamp"),
    ("The bedroom is cold, turn the heater on.", "bedroom heater"),
    ("Water the garden now.", "garden sprinkler"),
    ("Switch the hall light off.", "hall light"),
)
_SYSTEM: Final = (
    "You control the devices of a house. Answer each sentence with one JSON object that has the keys device, action "
    "and level, and with nothing else. The level is a number of percent: 0, 25, 50, 75 or 100; it is 100 where the "
    "sentence names none, and 0 for what is turned off or closed. Never invent a device: choose the one whose name is "
    "nearest to what was said, and one of the actions in its line.\nThe devices, and what they can do:\n"
    + "\n".join(f"- {name}: {actions}" for name, actions in _DEVICES.items())
)


def messages(sentence: str) -> list[dict[str, str]]:
    """The conversation that asks for one command."""
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": sentence}]


def prompts(bundle: Path) -> list[tuple[int, ...]]:
    """Each sentence's prompt, in the model's tokens."""
    tokenizer = Tokenizer.load(bundle / TOKENIZER_NAME)
    template = ChatTemplate((bundle / TEMPLATE_NAME).read_text(encoding="utf-8"))
    marker = Marker(tokenizer.control_tokens)
    return [
        tokenizer.encode_rendered(template.render(messages(sentence), marker)) for sentence, _ in SENTENCES
    ]


@dataclass(frozen=True)
class Answers:
    """One process's answers to all the sentences, in order; the first came right after it had started."""

    seconds: tuple[float, ...]
    texts: tuple[str, ...]

    @property
    def right(self) -> int:
        """How many name the device that was meant.

        Raises:
            ValueError: an answer is not what the schema asks for.
        """
        return sum(
            _read(text)["device"] == meant for text, (_, meant) in zip(self.texts, SENTENCES, strict=True)
        )


def _read(text: str) -> dict[str, Any]:
    found = json.loads(text)
    if not isinstance(found, dict) or set(found) != set(SCHEMA["required"]):
        raise ValueError(f"an answer is outside the schema: {text!r}")
    allowed = SCHEMA["properties"]
    if any(found[key] not in allowed[key]["enum"] for key in found):
        raise ValueError(f"an answer is outside the schema: {text!r}")
    return found


def ask_ours(bundle: Bundle, state: Path, threads: int) -> Answers:
    """Start the appliance on a state directory that it may have used before, and ask."""
    _furnish(bundle, state)
    with _serving(bundle.manifest.name, state, threads) as port:
        answers = [_post(port, sentence) for sentence, _ in SENTENCES]
    return Answers(tuple(seconds for seconds, _ in answers), tuple(text for _, text in answers))


def _furnish(bundle: Bundle, state: Path) -> None:
    store = Store.below(state)
    if bundle.digest in store.refs().values():
        return
    with store.staging() as room:
        shutil.copytree(bundle.path, room / "bundle")
        store.add(room / "bundle", bundle.manifest)


@contextmanager
def _serving(name: str, state: Path, threads: int) -> Iterator[int]:
    """The port of an appliance that is ready; stopped as systemd would stop it."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    settings = {
        "INGLENOOK_STATE": str(state),
        "INGLE_MODEL_NAME": name,
        "INGLE_SERVER_PORT": str(port),
        "INGLE_MQTT_EMBEDDED": "false",
        "INGLE_ENGINE_THREADS": str(threads),
        "INGLE_LOGGING_LEVEL": "warning",
    }
    command = [sys.executable, "-m", "runtime", "serve"]
    process = subprocess.Popen(command, env=environment() | settings, stdout=subprocess.DEVNULL)
    try:
        _wait(process, port)
        yield port
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.wait()


def _wait(process: subprocess.Popen[bytes], port: int) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            status, _ = _request(port, "GET", "/health")
        except OSError:
            status = 0
        if status == http.client.OK:
            return
        time.sleep(0.02)
    raise RuntimeError("`ingle serve` did not become ready; what it said is on standard error")


def _post(port: int, sentence: str) -> tuple[float, str]:
    """Seconds and text of one answer."""
    body = {
        "messages": messages(sentence),
        "temperature": 0,
        "max_tokens": MOST_TOKENS,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "command", "schema": SCHEMA, "strict": True},
        },
    }
    start = time.perf_counter()
    status, told = _request(port, "POST", "/v1/chat/completions", json.dumps(body))
    seconds = time.perf_counter() - start
    if status != http.client.OK:
        raise RuntimeError(f"the appliance answered {status}: {told}")
    return seconds, str(told["choices"][0]["message"]["content"])


def _request(port: int, method: str, path: str, body: str | None = None) -> tuple[int, Any]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_START_S)
    try:
        connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def lengths(found: Sequence[Sequence[int]]) -> tuple[int, int]:
    """Fewest and most tokens of a prompt."""
    return min(map(len, found)), max(map(len, found))
