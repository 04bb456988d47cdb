"""Encoders at work without torch: answers, limits, and who refuses what."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from models.bundle import Bundle
from runtime.encoding import TextEncoder, cosines
from runtime.engine.session import Session
from runtime.errors import BundleError, CallerError
from tests.support.encoders import furnish_encoder, references
from tests.support.house import furnish


@pytest.fixture(scope="module")
def embedder(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return furnish_encoder(tmp_path_factory.mktemp("embed"), "embed")


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return furnish_encoder(tmp_path_factory.mktemp("classify"), "classify")


def test_vectors_are_those_of_the_reference(embedder: Bundle) -> None:
    said = references("embed")
    vectors = TextEncoder.load(embedder, "embed").answers(list(said))
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert ((vectors * np.stack(list(said.values()))).sum(axis=1) > 0.995).all()


def test_scores_are_those_of_the_reference(classifier: Bundle) -> None:
    said = references("classify")
    scores = TextEncoder.load(classifier, "classify").answers(list(said))
    np.testing.assert_allclose(scores, np.stack(list(said.values())), atol=0.05)


def test_an_answer_does_not_hang_on_its_neighbours(embedder: Bundle) -> None:
    encoder = TextEncoder.load(embedder, "embed")
    texts = [*references("embed"), *(f"lamp {number}" for number in range(10, 60)), ""]
    together = encoder.answers(texts)
    alone = np.stack([encoder.answers([text])[0] for text in texts])
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert encoder.answers([]).shape == (0, 64)


def test_a_text_that_is_too_long_is_refused_with_both_numbers(embedder: Bundle) -> None:
    encoder = TextEncoder.load(embedder, "embed")
    assert encoder.answers(["lamp " * 62]).shape == (1, 64)
    with pytest.raises(CallerError, match="text 2 has 65 tokens, but tiny-embed reads at most 64"):
        encoder.answers(["lamp", "lamp " * 63])


def test_letters_of_a_control_token_are_letters(embedder: Bundle) -> None:
    encoder = TextEncoder.load(embedder, "embed")
    written, inside = encoder.answers(["lamp [SEP] light", "lamp light"])
    assert cosines(written, inside[None])[0] < 0.99


def test_what_is_for_something_else_says_what_for(embedder: Bundle, tmp_path: Path) -> None:
    with pytest.raises(
        BundleError, match="'tiny-embed' is there to embed, not to classify: use `ingle embed tiny-embed`"
    ):
        TextEncoder.load(embedder, "classify")
    with pytest.raises(BundleError, match="use `ingle run --model tiny`"):
        TextEncoder.load(furnish(tmp_path), "embed")
    with pytest.raises(BundleError, match="'tiny-embed' is there to embed texts and writes none"):
        Session(embedder.path, embedder.manifest)


def test_a_tokenizer_of_another_model_is_refused(embedder: Bundle, tmp_path: Path) -> None:
    path = Path(shutil.copytree(embedder.path, tmp_path / "bundle"))
    raw = json.loads((path / "tokenizer.json").read_text(encoding="utf-8"))
    raw["model"]["vocab"]["hearth"] = len(raw["model"]["vocab"])
    (path / "tokenizer.json").write_text(json.dumps(raw), encoding="utf-8")
    with pytest.raises(BundleError, match="the tokenizer has 94 tokens, the model 93"):
        TextEncoder.load(Bundle(path, embedder.manifest, embedder.digest), "embed")


def test_likeness_is_between_minus_one_and_one_and_zero_for_nothing() -> None:
    first = np.array([2.0, 0.0], np.float32)
    others = np.array([[3.0, 0.0], [-1.0, 0.0], [0.0, 5.0], [0.0, 0.0]], np.float32)
    np.testing.assert_allclose(cosines(first, others), [1, -1, 0, 0])
