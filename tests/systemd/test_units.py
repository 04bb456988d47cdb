"""What the unit names exists, systemd understands it, and it stays locked up."""

import re
import shutil
import subprocess
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import click
import pytest

from runtime.__main__ import GROUP, Gathered
from runtime.limits import Limits

ROOT = Path(__file__).resolve().parents[2]
UNIT = ROOT / "systemd" / "inglenook.service"
SCRIPTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed"
)


def setting(name: str) -> str:
    (value,) = re.findall(rf"^{name}=(.*)$", UNIT.read_text(), re.MULTILINE)
    return str(value)


def systemd_analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["systemd-analyze", *arguments], capture_output=True, text=True, check=False)


def test_the_program_and_its_command_exist() -> None:
    program, command, *options = setting("ExecStart").split()
    assert Path(program).name in SCRIPTS
    ingle = Gathered([EntryPoint("runtime", "runtime.cli:commands", GROUP)])
    found = ingle.get_command(click.Context(ingle), command)
    assert found is not None
    assert set(options) <= {name for parameter in found.params for name in parameter.opts}


def test_the_user_is_the_one_that_is_made() -> None:
    kind, name, *_ = (ROOT / "systemd" / "inglenook.sysusers.conf").read_text().splitlines()[1].split()
    assert (kind, name) == ("u", setting("User"))
    rules = (ROOT / "systemd" / "inglenook.tmpfiles.conf").read_text()
    for line in rules.splitlines():
        if not line.startswith("#"):
            _, path, mode, owner, group, _ = line.split()
            assert path.startswith(("/etc/inglenook", "/var/lib/inglenook"))
            assert mode in {"0750", "0700"}
            assert {owner, group} <= {"root", name}


def test_stopping_leaves_time_to_drain() -> None:
    assert float(setting("TimeoutStopSec")) > Limits().drain_seconds + 10


@needs_systemd
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / UNIT.name
    program = setting("ExecStart").split()[0]
    unit.write_text(UNIT.read_text().replace(program, "/bin/true"))  # it is not installed where the tests run
    done = systemd_analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_boards_are_let_in_by_what_the_guide_says_and_nothing_else(tmp_path: Path) -> None:
    page = (ROOT / "docs" / "service.md").read_text()
    settings = page.partition("## Boards")[2].partition("```ini\n")[2].partition("```")[0]
    unit = tmp_path / UNIT.name
    program = setting("ExecStart").split()[0]
    unit.write_text(
        UNIT.read_text().replace(program, "/bin/true").replace("[Install]", f"{settings}[Install]")
    )
    assert setting("DevicePolicy") == "closed"
    assert "char-ttyACM rw" in unit.read_text()
    done = systemd_analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    done = systemd_analyze("security", "--offline=true", "--threshold=20", unit)
    assert done.returncode == 0, done.stdout[-2000:]


@needs_systemd
def test_the_unit_is_locked_up() -> None:
    done = systemd_analyze("security", "--offline=true", "--threshold=15", UNIT)
    assert done.returncode == 0, done.stdout[-2000:]
