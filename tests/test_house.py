"""The house around the code tells the truth: commands exist, links resolve, dependencies have reasons."""

import itertools
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Iterator
from importlib.metadata import EntryPoint
from pathlib import Path
from types import ModuleType
from typing import Any

import click
import pytest

import firmware_bridge
import models
import runtime
from runtime.config import load

ROOT = Path(__file__).resolve().parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
SCRIPTS = sorted(
    p for p in [*ROOT.glob("script/*"), ROOT / ".ci" / "run"] if p.is_file() and p.suffix != ".sh"
)
FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def shell_lines(page: Path) -> Iterator[str]:
    """Each command of a page's `sh` blocks, continuation lines joined."""
    for fence in FENCE.finditer(page.read_text()):
        if fence["language"] == "sh":
            yield from filter(None, fence["body"].replace("\\\n", " ").splitlines())


def inline_commands(page: Path) -> Iterator[str]:
    """`ingle ...` between backticks in running text."""
    prose = FENCE.sub("", page.read_text())
    yield from re.findall(r"`((?:ingle|script/)[^`]*)`", prose)


def commands(page: Path) -> list[str]:
    return [*shell_lines(page), *inline_commands(page)]


@pytest.fixture(scope="session")
def ingle() -> dict[str, click.Command]:
    """What `ingle` offers: the groups of all packages, merged as the entry points say."""
    found: dict[str, click.Command] = {}
    for package, target in PROJECT["entry-points"]["inglenook.commands"].items():
        found |= EntryPoint(package, target, "inglenook.commands").load().commands
    return found


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_commands_of_a_page_exist(page: Path, ingle: dict[str, click.Command]) -> None:
    for line in commands(page):
        for script in re.findall(r"(?<![\w/.])script/[\w-]+", line):
            assert os.access(ROOT / script, os.X_OK), f"{line!r}: {script} is no program"
        for command, rest in re.findall(r"(?<![\w-])ingle ([a-z]+(?:-[a-z]+)*)([^|&;]*)", line):
            assert command in ingle, f"{line!r}: no such command"
            found = ingle[command]
            if isinstance(found, click.Group) and (within := re.match(r" ([a-z]+)", rest)):
                found = found.commands[within[1]]
            options = {o for p in found.params for o in (*p.opts, *p.secondary_opts)} | {"--help"}
            for option in re.findall(r"(?<!\S)--?[a-z][\w-]*", rest):
                assert option in options, f"{line!r}: {command} has no {option}"


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    for target in (m["target"] for m in LINK.finditer(page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{target}: nothing there"
        if anchor:
            assert anchor in anchors(file), f"{target}: no such heading"


def anchors(page: Path) -> set[str]:
    """Headings as the usual renderers name them."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


@pytest.mark.parametrize("page", sorted(ROOT.glob("docs/*.md")), ids=name)
def test_the_index_names_every_page(page: Path) -> None:
    index = (ROOT / "docs" / "README.md").read_text()
    assert page.name == "README.md" or f"({page.name})" in index


@pytest.mark.parametrize("record", sorted(ROOT.glob("docs/adr/0*.md")), ids=name)
def test_the_index_of_decisions_names_every_record(record: Path) -> None:
    assert f"({record.name})" in (ROOT / "docs" / "adr" / "README.md").read_text()


@pytest.mark.parametrize("package", [models, runtime, firmware_bridge], ids=lambda package: package.__name__)
def test_the_map_of_a_package_names_what_is_in_it_and_nothing_else(package: ModuleType) -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    tree = re.search(rf"^    {package.__name__}/\n((?:      .+\n)+)", page, re.MULTILINE)
    assert tree is not None
    named = [word for line in tree[1].splitlines() for word in line[6:38].split() if word[-1] in "/y"]
    source = Path(package.__path__[0])  # from the wheel it is elsewhere
    there = [p.name for p in source.glob("*.py") if p.name != "__init__.py"]
    there += [f"{p.name}/" for p in source.iterdir() if p.is_dir() and p.name != "__pycache__"]
    assert sorted(named) == sorted(there)


def declared() -> list[str]:
    requirements = itertools.chain(PROJECT["dependencies"], *PROJECT["optional-dependencies"].values())
    names = [re.split(r"[\[<>=!; ]", requirement)[0] for requirement in requirements]
    return [each for each in names if each != PROJECT["name"]]  # an extra that has another one in it


@pytest.mark.parametrize("dependency", declared())
def test_every_dependency_has_its_reason(dependency: str) -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    rows = [line.split("|") for line in page.splitlines() if line.startswith(f"| {dependency} |")]
    assert len(rows) == 1, "no row, or more than one"
    assert all(cell.strip() for cell in rows[0][1:-1]), "a cell is empty"


def test_no_reason_outlives_its_dependency() -> None:
    page = (ROOT / "docs" / "dependencies.md").read_text()
    tables = page.split("## Not in any install")[0]
    named = set(re.findall(r"^\| ([a-z][\w-]*) \|", tables, re.MULTILINE)) - {"dependency"}
    assert named == set(declared())


def test_the_newest_release_in_the_changelog_is_this_version() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text()
    releases = re.findall(r"^## \[(\d[^\]]*)\] - \d{4}-\d\d-\d\d$", changelog, re.MULTILINE)
    assert releases[0] == runtime.__version__


@pytest.mark.parametrize("script", SCRIPTS, ids=name)
def test_a_script_runs_and_stops_at_its_first_failure(script: Path) -> None:
    text = script.read_text()
    assert text.startswith("#!/usr/bin/env bash\n")
    assert "\nset -euo pipefail\n" in text
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", script], check=True)


def tracked() -> list[Path]:
    """Every text file that is committed."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True)
    return [ROOT / p for p in listing.stdout.split("\0") if p and (ROOT / p).is_file()]


def test_no_file_knows_where_it_was_written() -> None:
    somebodys_place = re.compile(rb"(?<![\w./-])/(?:home|root|Users|work|mnt)/\w")
    here = str(ROOT).encode()
    for path in tracked():
        content = path.read_bytes()
        if b"\0" in content:
            continue
        assert not somebodys_place.search(content), f"{name(path)} names a path of somebody's machine"
        assert len(here) < 8 or here not in content, f"{name(path)} names {ROOT}"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A tree with the parts that script/environment.sh looks at, and a virtual environment without pip."""
    (tmp_path / "script").mkdir()
    shutil.copy(ROOT / "script" / "environment.sh", tmp_path / "script")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    subprocess.run(["python3", "-m", "venv", "--without-pip", tmp_path / ".venv"], check=True)
    bash(tmp_path, "fingerprint > .venv/.installed").check_returncode()
    return tmp_path


def bash(checkout: Path, command: str) -> subprocess.CompletedProcess[str]:
    script = f"set -euo pipefail; source script/environment.sh; {command}"
    return subprocess.run(["bash", "-c", script], cwd=checkout, capture_output=True, text=True, check=False)


def test_an_unchanged_checkout_installs_nothing(checkout: Path) -> None:
    done = bash(checkout, "ensure_venv")
    assert (done.returncode, done.stdout) == (0, "")


@pytest.mark.parametrize(
    "change", ["echo >> pyproject.toml", "echo base elsewhere > .venv/.installed", "rm .venv/.installed"]
)
def test_a_changed_checkout_is_installed_again(checkout: Path, change: str) -> None:
    done = bash(checkout, f"{change}; ensure_venv")
    assert done.returncode != 0
    assert "Installing" in done.stdout
    assert "No module named pip" in done.stderr


def test_an_extra_is_not_taken_for_installed_because_the_base_is(checkout: Path) -> None:
    assert bash(checkout, "ensure_venv dev").returncode != 0


def test_a_python_that_is_missing_or_too_old_gets_a_sentence(checkout: Path) -> None:
    done = bash(checkout, "PYTHON=no-such-python find_python")
    assert done.returncode == 1
    assert "Inglenook needs Python 3.11 or newer" in done.stderr


def test_every_setting_is_described_with_its_default(tmp_path: Path) -> None:
    (tmp_path / "none.toml").touch()
    settings = {s.key: s.value for s in load(tmp_path / "none.toml", environ={}).settings}
    page = (ROOT / "docs" / "configuration.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z]+\.[a-z_]+)` \| ([^|]+) \|", page, re.MULTILINE))
    assert rows.keys() == settings.keys()
    for key, value in settings.items() - {("mqtt.node", settings["mqtt.node"])}:
        assert rows[key].strip("`") == written(value), key


def written(value: object) -> str:
    """A default as the page has it."""
    match value:
        case None | ():
            return "none"
        case bool():
            return str(value).lower()
        case tuple():
            return ", ".join(map(str, value))
        case float():
            return f"{value:g}"
        case _:
            return str(value)
