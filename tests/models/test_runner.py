"""The builder's runner over a graph with every kind of cache."""

from pathlib import Path

import numpy as np
import pytest

from models.errors import GraphError
from models.manifest import DECODER_NAME, ENCODER_NAME
from models.runner import EncoderRunner, Runner
from tests.support.encoders import build_encoder
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


def test_what_onnxruntime_refuses_is_said_in_a_sentence(tmp_path: Path) -> None:
    manifest = hybrid_bundle(tmp_path / "b")
    runner = Runner(tmp_path / "b", manifest)
    with pytest.raises(GraphError, match=rf"^onnxruntime cannot run '{manifest.name}' \(.+\); pull it again"):
        runner.run(np.array([VOCABULARY]), 0, ["logits"], asked=1)
    (tmp_path / "b" / DECODER_NAME).write_bytes(b"no graph")
    with pytest.raises(GraphError, match=manifest.name):
        Runner(tmp_path / "b", manifest)


def test_an_encoder_that_onnxruntime_refuses_is_said_in_a_sentence(tmp_path: Path) -> None:
    build_encoder("embed", tmp_path / "b")
    graph = tmp_path / "b" / ENCODER_NAME
    runner = EncoderRunner(graph)
    with pytest.raises(GraphError, match=ENCODER_NAME):
        runner.run(np.array([1 << 30]))
    graph.write_bytes(b"no graph")
    with pytest.raises(GraphError, match=ENCODER_NAME):
        EncoderRunner(graph)
