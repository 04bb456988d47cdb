"""`ingle bench` measures what it says, of what fits, and tells programs under the documented names."""

import json
from pathlib import Path

import pytest

from runtime.bench import Plan, bench
from tests.support.house import environment, furnish, ingle
from tests.support.tiny import tiny_bundle

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def test_every_prompt_that_fits_is_timed(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b")
    steps: list[str] = []
    plan = Plan(prompts=(4, 9, manifest.context_length), decode=3, rounds=2)
    report = bench(tmp_path / "b", manifest, plan, threads=1, step=steps.append)
    assert (report.model, report.digest, report.threads) == (manifest.name, manifest.digest, 1)
    assert [speed.prompt for speed in report.speeds] == [4, 9]
    for speed in report.speeds:
        assert min(speed.first_token_s, speed.prefill_tok_s, speed.decode_tok_s) > 0
        assert 0 <= speed.overhead <= 1
    assert min(report.load_s, report.peak_rss_mib) > 0
    assert steps[:3] == ["loading", "warming up", "prompt of 4 tokens, round 1 of 2"]


def test_a_report_has_the_names_that_the_page_has(tmp_path: Path) -> None:
    furnish(tmp_path)
    done = ingle("bench", "--json", "--rounds", "1", "--decode", "2", environ=environment(tmp_path))
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    page = PAGE.read_text()
    for name in (*report, *(name for speed in report["speeds"] for name in speed)):
        assert f"`{name}`" in page, name


@pytest.mark.parametrize("option", ["--rounds", "--decode"])
def test_nothing_is_not_timed(option: str, tmp_path: Path) -> None:
    done = ingle("bench", option, "0", environ=environment(tmp_path))
    assert done.returncode == 2
    assert option.encode() in done.stderr
