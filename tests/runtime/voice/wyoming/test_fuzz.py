"""The fuzz target for a bounded time, from whole sessions; skipped where atheris is not installed."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from runtime.voice.wyoming.frames import Frame, encode

pytestmark = pytest.mark.counted

RUNS = 10_000
SECONDS = 60


@pytest.mark.skipif(
    find_spec("atheris") is None, reason="atheris is not installed: no wheel for this machine"
)
def test_no_bytes_do_harm(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    frames = [
        Frame("describe"),
        Frame("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, b"\x00\x10" * 8),
        Frame("transcript", {"text": "turn on the light", "context": {"a": [1, None, True]}}),
    ]
    for number, frame in enumerate(frames):
        (corpus / str(number)).write_bytes(bytes((number * 9,)) + encode(frame) + encode(frames[0]))
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.voice.wyoming.fuzz", f"-runs={RUNS}", f"-max_total_time={SECONDS}",
         "-max_len=600", "-print_final_stats=1", f"-artifact_prefix={tmp_path}/", str(corpus)],
        capture_output=True, text=True, check=False, timeout=SECONDS + 120, cwd=Path(__file__).parents[4],
    )  # fmt: skip
    print(done.stderr[-1500:])
    assert done.returncode == 0
