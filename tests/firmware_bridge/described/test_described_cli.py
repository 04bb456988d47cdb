"""`ingle bridge` with a file of boards, against simulated ones that are programs of their own."""

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from firmware_bridge.cli import commands
from tests.support.described import FIRMATA, TEXT

STARTS = [sys.executable, "-c", "from firmware_bridge.cli import commands; commands()", "bridge"]
AT = "socket://127.0.0.1:7777"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    path = tmp_path_factory.mktemp("house") / "boards.toml"
    programs = []
    texts = []
    for language, text in (("text", TEXT.replace('ready = "READY"', "")), ("firmata", FIRMATA)):
        program = subprocess.Popen([*STARTS, "simulate", "--as", language], stdout=subprocess.PIPE, text=True)
        assert program.stdout is not None
        texts.append(text.replace(AT, program.stdout.readline().strip()))
        programs.append(program)
    path.write_text("".join(texts))
    yield path
    for program in programs:
        program.kill()
        program.communicate()


def bridge(*arguments: str, said: str = "") -> Result:
    return CliRunner().invoke(commands, ["bridge", *arguments], input=said)


def test_boards_are_listed_and_asked_by_name(file: Path) -> None:
    output = bridge("list", "--ask", "--boards", str(file)).output
    assert "greenhouse\tsocket://127.0.0.1:" in output
    assert "  pump: can be set, on or off, dangerous" in output
    assert "  lamp: can be set, 0 to 100 %" in output


def test_they_are_told_by_name(file: Path) -> None:
    assert bridge("send", "greenhouse", "fan", "30", "--boards", str(file)).output == "30\n"
    assert bridge("send", "greenhouse", "fan", "--boards", str(file)).output == "30\n"
    assert bridge("send", "greenhouse", "bell", "--boards", str(file)).output == "done\n"
    assert bridge("send", "greenhouse", "pump", "on", "--boards", str(file), said="n\n").exit_code == 1
    assert bridge("send", "workshop", "lamp", "42", "--boards", str(file)).output == "42\n"
    assert bridge("send", "workshop", "lamp", "--boards", str(file)).output == "42\n"
    assert "it takes 0 to 100" in bridge("send", "workshop", "lamp", "101", "--boards", str(file)).output


def test_a_name_that_is_misspelt_is_answered_with_the_nearest(file: Path) -> None:
    result = bridge("send", "greenhuse", "fan", "3", "--boards", str(file))
    assert result.exit_code == 2
    assert "did you mean greenhouse?" in result.output
    assert "has greenhouse, workshop" in bridge("monitor", "attic", "--boards", str(file)).output


def test_the_example_has_a_temperature_from_the_start(file: Path) -> None:
    assert bridge("send", "workshop", "temperature", "--boards", str(file)).output == "20\n"


def test_what_they_tell_is_printed(file: Path) -> None:
    command = [*STARTS, "monitor", "workshop", "--boards", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "connected to 'workshop'\n"
        assert program.stdout.readline() == "relay is off\n"
        program.send_signal(signal.SIGINT)
        program.communicate(timeout=20)


def test_a_file_that_cannot_be_is_said_in_a_sentence(tmp_path: Path) -> None:
    path = tmp_path / "boards.toml"
    path.write_text(TEXT.replace("switch", "swich"))
    for arguments in (("list",), ("send", "greenhouse", "pump"), ("monitor", "greenhouse")):
        result = bridge(*arguments, "--boards", str(path))
        assert result.exit_code == 1
        assert "capability 1, pump: type is 'swich'; it is one of" in result.output
    assert bridge("send", "greenhouse", "pump", "--boards", str(tmp_path / "none.toml")).exit_code == 1
