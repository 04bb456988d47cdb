"""The builder's runner over a graph with every kind of cache."""

from pathlib import Path

import numpy as np

from models.runner import Runner
from tests.support.hybrid import VOCABULARY, hybrid_bundle


def test_a_window_begins_with_nothing_and_goes_on_from_itself(tmp_path: Path) -> None:
    manifest = hybrid_bundle(tmp_path / "b")
    runner = Runner(tmp_path / "b", manifest)
    ids = np.random.default_rng(1).integers(0, VOCABULARY, 24)
    (whole,) = runner.run(ids, 0, ["logits"], asked=24)
    (first,) = runner.run(ids[:10], 0, ["logits"], asked=10)
    (rest,) = runner.run(ids[10:], 10, ["logits"], asked=14)
    np.testing.assert_array_equal(np.concatenate([first, rest], axis=1), whole)
    (alone,) = runner.run(ids[10:], 0, ["logits"], asked=14)
    assert np.abs(alone - rest).max() > 0.1, "what came before must matter, or nothing was tested"
