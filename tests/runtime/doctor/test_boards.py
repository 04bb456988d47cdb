"""Boards that are named: their ports, who may open them, and the file that describes them. None is opened."""

from pathlib import Path

from firmware_bridge.ports import Places
from runtime.config import load
from runtime.doctor.boards import examine, line
from tests.support.described import TEXT


def system(root: Path) -> Places:
    places = Places(root / "by-id", root / "dev", root / "tty")
    for each in (places.by_id, places.dev, places.tty):
        each.mkdir()
    (places.dev / "ttyUSB0").touch()
    (places.by_id / "usb-1a86_USB2.0-Serial-if00-port0").symlink_to(places.dev / "ttyUSB0")
    return places


def test_a_port_that_is_not_there_is_named_with_the_nearest_that_is(tmp_path: Path) -> None:
    found = line("usb-1a86_USB2.0-Serial-if00-port1", "bridge.boards", system(tmp_path))
    assert (found.state, found.subject) == ("fail", "board")
    assert "there is no port" in found.fact
    assert "bridge.boards; did you mean usb-1a86_USB2.0-Serial-if00-port0?" in found.advice
    assert "ingle bridge list" in line("usb-x", "bridge.boards", Places(tmp_path, tmp_path)).advice


def test_a_port_that_may_be_opened_or_not(tmp_path: Path) -> None:
    places = system(tmp_path)
    name = "usb-1a86_USB2.0-Serial-if00-port0"
    assert line(name, "bridge.boards", places).state == "ok"
    found = line(name, "bridge.boards", places, lambda _path, _mode: False)
    group = (places.dev / "ttyUSB0").group()
    assert found.state == "fail"
    assert f"group {group} may" in found.fact
    assert f"sudo usermod -aG {group}" in found.advice


def test_what_is_configured_is_looked_at(tmp_path: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    (house / "boards.toml").write_text(TEXT.replace("socket://127.0.0.1:7777", "usb-no-such-board"))
    file = tmp_path / "inglenook.toml"
    file.write_text('[bridge]\nboards = ["socket://127.0.0.1:27699", "/dev/no-such-port"]\n')
    config = load(file, environ={}).config
    there, missing, described = examine(config, tmp_path)
    assert (there.state, "not tried" in there.fact) == ("ok", True)
    assert (missing.state, missing.fact) == ("fail", "there is no port /dev/no-such-port")
    assert (described.state, "boards.toml (greenhouse)" in described.advice) == ("fail", True)


def test_a_file_that_does_not_read_is_said_with_its_place(tmp_path: Path) -> None:
    house = tmp_path / "house"
    house.mkdir()
    (house / "boards.toml").write_text(TEXT.replace("baud", "buad"))
    (found,) = examine(load(environ={}).config, tmp_path)
    assert (found.state, found.subject) == ("fail", "house")
    assert "boards.toml: board 1, greenhouse: buad is not known here; did you mean baud?" in found.fact


def test_boards_that_nobody_could_command_are_said_to_be(tmp_path: Path) -> None:
    file = tmp_path / "inglenook.toml"
    file.write_text('[commands]\nenabled = false\n[bridge]\nboards = ["socket://h:1"]\n')
    (found,) = examine(load(file, environ={}).config, tmp_path)
    assert (found.state, "commands.enabled" in found.advice) == ("warn", True)
