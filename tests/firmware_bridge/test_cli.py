"""`ingle bridge` as a person types it, against a simulated board that is a program of its own."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from firmware_bridge.cli import commands

STARTS = [sys.executable, "-c", "from firmware_bridge.cli import commands; commands()", "bridge"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with subprocess.Popen([*STARTS, "simulate"], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        yield program.stdout.readline().strip()
        program.kill()


def bridge(*arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(commands, ["bridge", *arguments], input=said)


def test_a_value_is_set_and_read(address: str) -> None:
    assert bridge("send", address, "lamp", "30").output == "30\n"
    assert bridge("send", address, "lamp").output == "30\n"
    assert bridge("send", address, "mode", "boost").output == "boost\n"
    assert bridge("send", address, "chime").output == "done\n"
    assert bridge("send", address, "temperature").output == "21.5\n"


def test_a_number_that_is_rounded_is_said_to_be(address: str) -> None:
    assert bridge("send", address, "lamp", "30.5").output == "30 (30.5 was rounded to a step of 1)\n"
    assert bridge("send", address, "lamp", "31.0").output == "31\n"


def test_something_dangerous_is_asked_about(address: str) -> None:
    assert bridge("send", address, "relay", "on", said="n\n").exit_code == 1
    assert bridge("send", address, "relay").output == "off\n"
    assert bridge("send", address, "relay", "on", said="y\n").output.endswith("on\n")
    assert bridge("send", address, "relay", "off", "--yes").output == "off\n"


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("lamp", "101"), "it takes 0 to 100"),
        (("lamp", "bright"), "takes 0 to 100 %, not 'bright'"),
        (("relay", "perhaps"), "takes on or off"),
        (("mode", "turbo"), "takes eco, comfort, boost"),
        (("oven", "1"), "the board has no 'oven'; it has lamp"),
        (("temperature", "5"), "can only be read"),
        (("button",), "cannot be read"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(address: str, arguments: tuple[str, ...], why: str) -> None:
    result = bridge("send", address, *arguments)
    assert result.exit_code == 1
    assert why in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize("where", ["socket://127.0.0.1:1", "usb-no-such-board", "socket://nowhere"])
def test_a_board_that_is_not_there(where: str) -> None:
    result = bridge("send", where, "lamp", "1")
    assert result.exit_code in {1, 2}
    assert result.output.count("Error: ") == 1


def test_what_a_board_tells_is_printed_and_recorded(address: str, tmp_path: Path) -> None:
    recording = tmp_path / "line.jsonl"
    with subprocess.Popen(
        [*STARTS, "monitor", address, "--record", str(recording)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "connected to 'simulated'\n"
        assert program.stdout.readline().startswith("lamp is ")
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=20)
    ways = {json.loads(line)["way"] for line in recording.read_text().splitlines()}
    assert ways == {"in", "out"}


def test_listing_says_so_if_nothing_is_there_or_names_it() -> None:
    result = bridge("list")
    assert result.exit_code == 0
    assert result.output
