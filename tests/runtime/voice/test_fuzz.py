"""The fuzz target for a bounded time, from files of every form; skipped where atheris is not installed."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from runtime.voice.pcm import Encoding, Form
from tests.support.sounds import part, tone, wav, written

pytestmark = pytest.mark.counted

RUNS = 5_000
SECONDS = 60


@pytest.mark.skipif(
    find_spec("atheris") is None, reason="atheris is not installed: no wheel for this machine"
)
def test_no_bytes_do_harm(tmp_path: Path) -> None:
    corpus = tmp_path / "corpus"
    corpus.mkdir()
    for number, encoding in enumerate(Encoding):
        data = written(tone(440, 0.001), encoding, 2)
        file = wav(
            Form(8_000, 2, encoding), data, extensible=bool(number % 2), between=part(b"LIST", b"x" * number)
        )
        (corpus / str(number)).write_bytes(bytes((number * 7,)) + file)
    done = subprocess.run(
        [sys.executable, "-m", "tests.runtime.voice.fuzz", f"-runs={RUNS}", f"-max_total_time={SECONDS}",
         "-max_len=400", "-print_final_stats=1", f"-artifact_prefix={tmp_path}/", str(corpus)],
        capture_output=True, text=True, check=False, timeout=SECONDS + 120, cwd=Path(__file__).parents[3],
    )  # fmt: skip
    print(done.stderr[-1500:])
    assert done.returncode == 0
