"""The fuzz target for a bounded time, from what both sides are held to; skipped where atheris is not installed."""

import json
import subprocess
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path

import pytest

pytestmark = pytest.mark.counted

RUNS = 5_000
SECONDS = 60


@pytest.mark.skipif(
    find_spec("atheris") is None, reason="atheris is not installed: no wheel for this machine"
)
def test_no_bytes_do_harm(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    vectors = json.loads((files("firmware_bridge") / "vectors.json").read_text("utf-8"))
    seeds = [(0, each["bytes"]) for each in (*vectors["frames"], *vectors["garbage"])]
    seeds += [(1, each["payload"]) for each in (*vectors["messages"], *vectors["no_messages"])]
    seeds += [(2, each["payload"]) for each in vectors["frames"]]
    seeds += [(target, each["payload"]) for target in (3, 4) for each in vectors["messages"]]
    for number, (target, text) in enumerate(seeds):
        (corpus / str(number)).write_bytes(bytes((target,)) + bytes.fromhex(text))
    done = subprocess.run(
        [sys.executable, "-m", "tests.firmware_bridge.fuzz", f"-runs={RUNS}", f"-max_total_time={SECONDS}",
         "-max_len=600", "-print_final_stats=1", f"-artifact_prefix={tmp_path}/", str(corpus)],
        capture_output=True, text=True, check=False, timeout=SECONDS + 120, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    print(done.stderr[-1500:])
    assert done.returncode == 0
