"""The library in C on this machine: against the Python side, noise, and a fuzzer."""

import json
import random
import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from firmware_bridge.framing import Frame, Kind, Unframer, encode
from firmware_bridge.messages import Error, ErrorCode, Event, Get, Is, Reboot, Set
from tests.support.firmware import Program, make, need, need_sanitizers
from tests.support.talk import Talk

LAMP, RELAY, FAN, BELL, BUTTON = range(5)
VECTORS: dict[str, Any] = json.loads((files("firmware_bridge") / "vectors.json").read_text("utf-8"))
FUZZ_RUNS = 20_000
MESSAGES = 2_000


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need_sanitizers()
    room = tmp_path_factory.mktemp("library")
    make(room, "posix")
    return room


@pytest.fixture(scope="module")
def reader(room: Path) -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [room / "frames"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        assert process.stdin
        process.stdin.close()


def read_in_c(reader: "subprocess.Popen[str]", line: bytes) -> tuple[list[Frame], int]:
    assert reader.stdin
    assert reader.stdout
    reader.stdin.write(line.hex() + "\n")
    reader.stdin.flush()
    said = json.loads(reader.stdout.readline())
    frames = []
    for kind, seq, ack, payload, written in said["frames"]:
        frames.append(Frame(Kind(kind), seq, ack, bytes.fromhex(payload)))
        assert bytes.fromhex(written) == encode(frames[-1])
    return frames, said["dropped"]


def read_in_python(line: bytes) -> tuple[list[Frame], int]:
    unframer = Unframer()
    return unframer.feed(line), unframer.dropped.total


frames = st.builds(
    Frame, st.sampled_from(Kind), st.integers(0, 255), st.integers(0, 255), st.binary(max_size=240)
)


@given(st.lists(st.one_of(frames.map(encode), st.binary(max_size=300)), max_size=8).map(b"".join), st.data())
@settings(max_examples=300)
def test_reads_what_python_reads(reader: "subprocess.Popen[str]", line: bytes, data: st.DataObject) -> None:
    spoiled = bytearray(line)
    for _ in range(data.draw(st.integers(0, 3)) if line else 0):
        spoiled[data.draw(st.integers(0, len(line) - 1))] = data.draw(st.integers(0, 255))
    assert read_in_c(reader, bytes(spoiled)) == read_in_python(bytes(spoiled))


@pytest.mark.parametrize("length", [0, 1, 239, 240, 241, 246, 250])
def test_agrees_about_the_longest_frame(reader: "subprocess.Popen[str]", length: int) -> None:
    line = b"\0" + bytes([length + 1]) + b"\x21" * length + b"\0"
    assert read_in_c(reader, line) == read_in_python(line)


@pytest.mark.parametrize("said", VECTORS["frames"] + VECTORS["garbage"])
def test_reads_the_vectors_as_python_does(reader: "subprocess.Popen[str]", said: dict[str, Any]) -> None:
    line = bytes.fromhex(said["bytes"])
    frames, dropped = read_in_c(reader, line)
    assert (frames, dropped) == read_in_python(line)
    assert len(frames) == len(said.get("frames", [said]))
    assert dropped == said.get("dropped", 0)


def test_refuses_what_is_no_message_and_says_so(room: Path) -> None:
    with Program(room) as program:
        talk = Talk(program.ends).begin()
        for count, said in enumerate(VECTORS["no_messages"]):
            talk.send_payload(bytes.fromhex(said["payload"]))
            talk.until_answered(count + 1)
            answer = talk.answers[-1]
            assert isinstance(answer, Error), said["what"]
            assert answer.code == ErrorCode.UNKNOWN_MESSAGE, said["what"]


def a_bad_line(seed: int) -> Callable[[bytes], bytes]:
    """Of a thousand bytes one is another one, is lost, comes twice, or is followed by the one before again."""
    chance = random.Random(seed)

    def spoil(data: bytes) -> bytes:
        spoiled = bytearray()
        for each in data:
            ways = (bytes([chance.randrange(256)]), b"", bytes([each, each]), bytes([each]) + spoiled[-1:])
            piece = chance.choice(ways) if chance.random() < 0.001 else bytes([each])
            spoiled += piece
        return bytes(spoiled)

    return spoil


def test_all_arrives_once_and_in_order_over_a_bad_line(room: Path) -> None:
    with Program(room) as program:
        talk = Talk(program.ends, spoil=a_bad_line(6)).begin()
        sent = 0
        while sent < MESSAGES:
            batch = range(sent + 1, sent + 9)
            for number in batch:
                talk.send(Set(number, LAMP, number % 21 * 5))
            sent = batch[-1]
            talk.until_answered(sent)
        assert talk.answers == [Is(each, LAMP, each % 21 * 5) for each in range(1, sent + 1)]
        assert not talk.downs


def test_every_type_of_capability(room: Path) -> None:
    with Program(room) as program:
        talk = Talk(program.ends).begin()
        assert talk.ask(Set(1, FAN, 2)) == Is(1, FAN, 2)
        assert talk.ask(Set(2, BELL, None)) == Is(2, BELL, None)
        assert talk.ask(Set(3, RELAY, True)) == Is(3, RELAY, True)
        assert talk.ask(Set(4, LAMP, 35)) == Is(4, LAMP, 35)
        program.press()
        talk.turn(lambda: talk.told == [Event(0, BUTTON, None)])


def test_a_reboot_forgets_all_but_how_many_there_were(room: Path) -> None:
    with Program(room) as program:
        talk = Talk(program.ends).begin()
        talk.ask(Set(1, LAMP, 35))
        talk.ask(Reboot(2))
        talk.until_boot(2)
        assert talk.boots == [7, 8]
        assert talk.ask(Get(3, LAMP)) == Is(3, LAMP, 0)


def test_tells_how_many_hosts_it_had_and_forgets_what_the_one_before_was_told(room: Path) -> None:
    with Program(room) as program:
        for host, hosts in ((0, 1), (0, 1), (5, 2), (0, 3)):
            talk = Talk(program.ends, host=host).begin()
            assert talk.hosts == [hosts]
            assert talk.ask(Set(1, LAMP, 5 * hosts)) == Is(1, LAMP, 5 * hosts)
        assert talk.ask(Set(1, LAMP, 50)) == Is(1, LAMP, 15)
        talk.ask(Reboot(2))
        talk.until_boot(2)
        assert talk.hosts == [3, 1]


def test_a_fuzzer_finds_nothing(tmp_path: Path) -> None:
    need_sanitizers()
    make(tmp_path, "fuzz")
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    limits = [f"-runs={FUZZ_RUNS}", "-max_total_time=60", "-max_len=600", f"-artifact_prefix={tmp_path}/"]
    result = subprocess.run(
        [tmp_path / "fuzz", *limits, corpus], capture_output=True, text=True, check=False, timeout=120
    )
    assert result.returncode == 0, result.stderr[-4000:]


def test_is_formatted() -> None:
    need("clang-format", "make")
    make(Path("/nowhere"), "check")
