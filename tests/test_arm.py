"""script/test-arm: a recording stands for a run, its rows are the catalogue's, and it says where it cannot run."""

import importlib
import os
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from models.catalogue import Measured
from models.fidelity import TEXT_NAME, compare, measure
from models.recorded import Recorded, record
from models.runner import Runner, text_ids
from models.strict import load
from tests.support.tiny import tiny_bundle

ROOT = Path(__file__).resolve().parent.parent
TOKENS = 300
"""More than a chunk; fewer than the text has."""


@pytest.fixture
def arm(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType]:
    """Its modules are scripts beside each other, not a package."""
    monkeypatch.syspath_prepend(ROOT / "script" / "arm")
    return importlib.import_module("record"), importlib.import_module("compare")


def test_a_recording_stands_for_a_run_and_gives_a_row_of_the_catalogue(
    arm: tuple[ModuleType, ModuleType], tmp_path: Path
) -> None:
    _, comparing = arm
    near, far = tmp_path / "near", tmp_path / "far"
    tiny_bundle(near)
    manifest = tiny_bundle(far, recipe="int8")
    ids = text_ids(far, manifest, TEXT_NAME)
    logits = np.empty((TOKENS, manifest.vocabulary_size), np.float32)
    record(Runner(near, manifest), ids, logits)
    runner = comparing.Timed(Runner(far, manifest))
    found = compare(ids, Recorded(logits, runner.window), runner, tokens=TOKENS)
    assert found == measure(far, manifest, near, tokens=TOKENS)
    assert (found.tokens, found.kl_mean > 0, runner.seconds > 0) == (TOKENS, True, True)
    (row,) = tomllib.loads(comparing.entry("int8", found))["measured"]
    assert load(Measured, row) == Measured("int8", (found,))


def test_a_recording_of_every_position_is_not_asked_for_some() -> None:
    recorded = Recorded(np.zeros((4, 2), np.float32), window=8)
    with pytest.raises(ValueError, match="2 of 3 are asked for"):
        recorded.run(np.zeros(3, np.int64), 0, ["logits"], asked=2)


@pytest.mark.parametrize(
    ("arguments", "machine", "status", "says"),
    [
        (("speed",), "x86_64", 1, "knows 'tests' and 'fidelity', not 'speed'"),
        ((), "aarch64", 77, "cannot run here: the emulator is set up for x86-64"),
    ],
)
def test_it_says_where_it_cannot_run(
    arguments: tuple[str, ...], machine: str, status: int, says: str, tmp_path: Path
) -> None:
    uname = tmp_path / "uname"
    uname.write_text(f"#!/bin/sh\necho {machine}\n", encoding="ascii")
    uname.chmod(0o755)
    variables = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "XDG_CACHE_HOME": str(tmp_path)}
    done = subprocess.run(
        [ROOT / "script" / "test-arm", *arguments], env=variables, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (status, "")
    assert says in done.stderr
    assert list(tmp_path.iterdir()) == [uname]
