"""`ingle` as a person runs it, with a real, tiny model."""

import contextlib
import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Self

import pytest
from tokenizers import Tokenizer

from models.build import build
from models.quantize import recipe_named
from models.store import Store
from tests.support.house import environment, furnish, ingle
from tests.support.oracle import greedy_oracle
from tests.support.tiny import IDENTITY, tiny_checkpoint


@pytest.fixture(scope="module")
def state(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("state")
    furnish(folder)
    return folder


def test_run_answers_the_same_for_the_same_seed(state: Path) -> None:
    asked = ("run", "--max-tokens", "8", "--temperature", "1", "--seed", "5", "hello")
    one, other = (ingle(*asked, environ=environment(state)) for _ in range(2))
    assert one.returncode == 0, one.stderr
    assert one.stdout == other.stdout
    assert one.stdout.endswith(b"\n")


def test_state_names_the_directory_for_every_command_that_needs_one(state: Path, tmp_path: Path) -> None:
    elsewhere, there = environment(tmp_path / "elsewhere"), ("--state", str(state))
    for arguments in (("run", "--max-tokens", "4", "x"), ("chat", "--max-tokens", "4")):
        done = ingle(*arguments, *there, environ=elsewhere, stdin=b"hello\n")
        assert done.returncode == 0, done.stderr
        assert b"no model 'tiny'" in ingle(*arguments, environ=elsewhere).stderr
    timed = ingle("bench", "--rounds", "1", "--decode", "2", "--json", *there, environ=elsewhere)
    assert timed.returncode == 0, timed.stderr
    findings = json.loads(ingle("doctor", "--json", *there, environ=elsewhere).stdout)
    assert {finding["state"] for finding in findings if finding["subject"] == "model"} == {"ok"}
    served = ingle("serve", "--model", "absent", *there, environ=elsewhere)
    assert b"(there is: tiny)" in served.stderr


def test_run_as_json_puts_prompt_and_pipe_together(state: Path) -> None:
    told = [
        json.loads(
            ingle(
                "run",
                "--json",
                "--max-tokens",
                "4",
                "--temperature",
                "0",
                *prompt,
                environ=environment(state),
                stdin=piped,
            ).stdout
        )
        for prompt, piped in ((("one", "two"), b""), ((), b"one two"), (("one",), b"two"))
    ]
    assert {answer["model"] for answer in told} == {"tiny"}
    assert told[0]["usage"] == told[1]["usage"]
    assert told[0]["text"] == told[1]["text"]
    assert told[2]["usage"]["prompt"] > told[1]["usage"]["prompt"]
    assert set(told[0]) == {"model", "text", "finish_reason", "usage", "timings"}


def test_run_continues_a_text_where_the_model_has_no_chat_template(tmp_path: Path) -> None:
    base = replace(tiny_checkpoint(), chat_template="")
    store = Store(tmp_path / "models")
    with store.staging() as room:
        store.add(room, build(base, IDENTITY, recipe_named("fp32"), room))
    text = "The lamp in the hall"
    ids = Tokenizer.from_buffer(base.tokenizer).encode(text).ids
    done = ingle(
        *("run", "--json", "--temperature", "0", "--max-tokens", "6", text), environ=environment(tmp_path)
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["usage"]["prompt"] == len(ids)
    expected = Tokenizer.from_buffer(base.tokenizer).decode(list(greedy_oracle(base, ids, 6)))
    assert told["text"] == expected
    refused = ingle("run", "--system", "Be brief.", text, environ=environment(tmp_path))
    assert b"this is a base model, which continues a text; leave --system out" in refused.stderr
    talked = ingle("chat", environ=environment(tmp_path), stdin=b"hello\n")
    assert b"does not converse; use `ingle run`" in talked.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "status", "part"),
    [
        (("run",), b"", 2, "ask something"),
        (("run", " "), b"", 2, "ask something"),
        (("run", "--model", "absent", "x"), b"", 1, "ingle list --available"),
        (("run", "--model", "../../etc", "x"), b"", 1, "not a model's name"),
        (("run", "--temperature", "9", "x"), b"", 2, "temperature"),
        (("run", "--max-tokens", "100000", "x"), b"", 1, "256"),
        (("run", "word " * 500), b"", 1, "256"),
        (("run",), b"\xff\xfe", 1, "not UTF-8"),
        (("run",), b"x" * 2_000_000, 1, "limits.request_bytes"),
        (("run", "--config", "/nonexistent.toml", "x"), b"", 1, "/nonexistent.toml"),
        (("chat", "--model", "absent"), b"", 1, "ingle list --available"),
    ],
)
def test_a_mistake_is_a_sentence_and_a_status(
    state: Path, arguments: tuple[str, ...], stdin: bytes, status: int, part: str
) -> None:
    done = ingle(*arguments, environ=environment(state), stdin=stdin)
    said = done.stderr.decode()
    assert done.returncode == status, said
    assert part in said
    assert "Traceback" not in said
    assert done.stdout == b""


def test_a_reader_that_leaves_is_no_traceback(state: Path) -> None:
    program = [sys.executable, "-m", "runtime", "run", "--max-tokens", "200", "hello"]
    with subprocess.Popen(
        program,
        env=environment(state),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as running:
        assert running.stdout is not None
        assert running.stderr is not None
        running.stdout.close()
        assert running.stderr.read() == b""
        assert running.wait(30) in {0, 1}  # 0: the answer was written before anyone noticed


def test_config_tells_values_and_origins(state: Path, tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text("[server]\nport = 1234\n")
    environ = {
        **environment(state),
        "INGLE_MQTT_NODE": "kitchen",
        "INGLENOOK_CONFIG": str(tmp_path / "own.toml"),
    }
    environ.pop("INGLE_SERVER_PORT")
    lines = ingle("config", environ=environ).stdout.decode().splitlines()
    assert any(line.split() == ["server.port", "1234", f"{tmp_path}/own.toml:2"] for line in lines)
    assert any(line.split() == ["mqtt.node", '"kitchen"', "environment", "INGLE_MQTT_NODE"] for line in lines)
    told = json.loads(ingle("config", "--json", environ=environ).stdout)
    assert told["server.port"] == {"value": 1234, "origin": f"{tmp_path}/own.toml:2"}


def test_doctor_fails_for_what_will_not_work(state: Path, tmp_path: Path) -> None:
    well = ingle("doctor", "--json", environ=environment(state))
    findings = {finding["subject"]: finding for finding in json.loads(well.stdout)}
    assert findings["model"]["state"] == "ok"
    assert well.returncode == int(any(finding["state"] == "fail" for finding in findings.values()))
    ill = ingle("doctor", environ=environment(tmp_path, INGLE_MODEL_NAME="absent"))
    assert ill.returncode == 1
    assert "-> ingle pull absent" in ill.stdout.decode()
    broken = ingle("doctor", environ=environment(state, INGLE_SERVER_PORT="many"))
    assert broken.returncode == 1
    assert "INGLE_SERVER_PORT" in broken.stdout.decode()


def test_chat_reads_lines_from_a_pipe(state: Path) -> None:
    done = ingle("chat", "--max-tokens", "4", environ=environment(state), stdin=b"hello\n/stats\n")
    assert done.returncode == 0, done.stderr
    assert b"answer" in done.stdout
    assert b"> " not in done.stdout


class Screen:
    """A terminal with `ingle chat` in it."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self.seen = ""

    def __enter__(self) -> Self:
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            environ = environment(self._state, TERM="dumb")
            program = [sys.executable, "-m", "runtime", "chat", "--max-tokens", "8"]
            os.execve(sys.executable, program, environ)  # noqa: S606  no shell is wanted
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._terminal)
        if self._pid:
            os.kill(self._pid, signal.SIGKILL)
            os.waitpid(self._pid, 0)

    def type(self, keys: str) -> None:
        self.seen = ""
        os.write(self._terminal, keys.encode())

    def wait_for(self, text: str) -> None:
        """Until the text has been seen, and the prompt behind it."""
        until = time.monotonic() + 30
        while text not in self.seen or not self.seen.endswith("> "):
            assert time.monotonic() < until, self.seen
            if select.select([self._terminal], [], [], 0.1)[0]:
                self.seen += os.read(self._terminal, 4096).decode(errors="replace")

    def press(self, key: str, text: str) -> None:
        """Press a key until it is heard: readline may miss one between its prompt and its wait."""
        until = time.monotonic() + 30
        while text not in self.seen:
            assert time.monotonic() < until, self.seen
            os.write(self._terminal, key.encode())
            while select.select([self._terminal], [], [], 0.5)[0]:
                self.seen += os.read(self._terminal, 4096).decode(errors="replace")
        self.wait_for(text)

    def ended(self) -> int:
        """The exit status. Until then the terminal is read, or the program could not write its last."""
        until = time.monotonic() + 30
        while (ended := os.waitpid(self._pid, os.WNOHANG)) == (0, 0):
            assert time.monotonic() < until, self.seen
            if select.select([self._terminal], [], [], 0.05)[0]:
                with contextlib.suppress(OSError):  # the other end is closed
                    self.seen += os.read(self._terminal, 4096).decode(errors="replace")
        _, status = ended
        self._pid = 0
        return os.waitstatus_to_exitcode(status)


@pytest.mark.parametrize("leave", ["\x04", "/exit\n"])
def test_chat_in_a_terminal(state: Path, leave: str) -> None:
    with Screen(state) as screen:
        screen.wait_for("tiny listens")
        screen.press("\x03", "(Ctrl-D or /exit leaves)")
        screen.type("hello\n")
        screen.wait_for("hello")
        screen.type('"""one\ntwo"""\n')
        screen.wait_for("... two")
        screen.type("/stats\n")
        screen.wait_for("in all: 2 answers")
        screen.type(leave)
        assert screen.ended() == 0
