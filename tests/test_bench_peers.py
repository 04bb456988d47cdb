"""The arithmetic behind script/bench-peers. Its numbers are never asserted; how they are compared is."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

BENCH = Path(__file__).resolve().parent.parent / "script" / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> tuple[ModuleType, ModuleType]:
    """Its modules are scripts beside each other, not a package."""
    monkeypatch.syspath_prepend(BENCH)
    return importlib.import_module("measurement"), importlib.import_module("comparison")


def test_rounds_are_paired_and_the_peer_is_given_its_best(bench: tuple[ModuleType, ModuleType]) -> None:
    measurement, comparison = bench

    def rounds(*speeds: float, load_s: float = 1.0, rss: float = 100.0) -> list[object]:
        return [measurement.Measurement(load_s, speed * 10, speed, rss) for speed in speeds]

    rows = comparison.compare(
        rounds(30.0, 12.0, 22.0, load_s=2.0, rss=150.0),  # the second round was a slow one for everybody
        {"flash on": rounds(20.0, 10.0, 20.0, rss=100.0), "flash off": rounds(19.0, 9.0, 30.0, rss=90.0)},
    )
    found = {
        row.goal.field: (row.variant, row.ratio.median, row.ratio.low, row.ratio.high, row.met)
        for row in rows
    }
    assert found == {
        "decode_tok_s": ("flash on", 1.2, 1.1, 1.5, True),
        "prefill_tok_s": ("flash on", 1.2, 1.1, 1.5, False),
        "peak_rss_mib": (
            "flash off",
            pytest.approx(5 / 3),
            pytest.approx(5 / 3),
            pytest.approx(5 / 3),
            False,
        ),
        "load_s": ("flash on", 2.0, 2.0, 2.0, None),
    }


def test_a_missing_round_is_an_error(bench: tuple[ModuleType, ModuleType]) -> None:
    measurement, comparison = bench
    one = measurement.Measurement(1.0, 1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="zip"):
        comparison.compare([one, one], {"flash on": [one]})
