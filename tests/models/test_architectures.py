"""Every architecture is whole, and goes with its file."""

import json
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import models
from models import arch
from models.arch import ARCHITECTURES, SHARED
from models.catalogue import catalogue, offered
from tests.support.goldens import GOLDEN_DIR, GOLDENS, model_type

ROOT = Path(__file__).resolve().parents[2]
MODULES = sorted(module.name for module in iter_modules(arch.__path__) if module.name not in SHARED)


def test_no_two_build_the_same() -> None:
    named = [kind for name in MODULES for kind in import_module(f"models.arch.{name}").MODEL_TYPES]
    assert sorted(named) == sorted(ARCHITECTURES)


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_an_architecture_has_a_golden_model(kind: str) -> None:
    assert kind in {model_type(path) for path in GOLDENS}


@pytest.mark.parametrize("kind", ARCHITECTURES)
def test_an_architecture_has_a_row_in_the_guide(kind: str) -> None:
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    first = re.findall(r"^\| (`[^|]+`) \|", page, re.MULTILINE)
    assert kind in {name for cell in first for name in re.findall(r"`([^`]+)`", cell)}


@pytest.mark.parametrize("kind", sorted(ARCHITECTURES))
def test_an_architecture_has_an_entry_in_the_catalogue(kind: str) -> None:
    assert kind in {entry.model_type for entry in catalogue().values()}


@pytest.mark.parametrize("golden", GOLDENS, ids=lambda path: path.name)
def test_what_a_golden_model_covers_is_said(golden: Path) -> None:
    assert f"\n| {golden.name} |" in (GOLDEN_DIR / "README.md").read_text(encoding="utf-8")


def test_taking_a_file_away_takes_its_rows_away_and_nothing_else(tmp_path: Path) -> None:
    """In a copy of the package each file is taken away in turn; what is left is asked for and built."""
    shutil.copytree(Path(models.__file__).parent, tmp_path / "models")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.support.without", str(tmp_path)],
        env=os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)])},
        cwd=tmp_path,
        capture_output=True,
        check=True,
        timeout=120,
    )
    found = json.loads(ran.stdout)
    assert sorted(found) == MODULES
    for name, left in found.items():
        gone = set(import_module(f"models.arch.{name}").MODEL_TYPES)
        assert gone
        assert set(left["built"]) == set(ARCHITECTURES) - gone
        assert left["offered"] == sorted(offered(left["built"]))
