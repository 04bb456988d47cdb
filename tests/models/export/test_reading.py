"""What a checkpoint says of itself, and what it must not leave open."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from models.errors import ArchitectureError, ModelError
from models.export.reading import EncoderTask, read
from tests.support.encoders import weights
from tests.support.tiny_encoders import LABELS, POSITIONS, say_how_to_pool


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return Path(shutil.copytree(weights("embed"), tmp_path / "model"))


def configure(directory: Path, **changes: Any) -> None:
    path = directory / "config.json"
    config = json.loads(path.read_text(encoding="utf-8")) | changes
    path.write_text(json.dumps(config), encoding="utf-8")


def test_a_sentence_encoder_says_it_all(directory: Path) -> None:
    reading = read(directory, "embed", None)
    assert (reading.architecture, reading.pooling, reading.normalized) == ("bert", "mean", True)
    assert (reading.maximum_tokens, reading.labels) == (POSITIONS, ())


def test_a_classifier_names_its_labels_in_their_order(directory: Path) -> None:
    reading = read(weights("classify"), "classify", None)
    assert (reading.labels, reading.exclusive, reading.pooling) == (LABELS, True, "none")
    named = {"10": "k", **{str(place): chr(ord("a") + place) for place in range(10)}}
    configure(
        directory,
        architectures=["BertForSequenceClassification"],
        id2label=named,
        problem_type="multi_label_classification",
    )
    reading = read(directory, "classify", None)
    assert (reading.labels, reading.exclusive) == (tuple("abcdefghijk"), False)


@pytest.mark.parametrize(
    ("kind", "padding", "room"),
    [("bert", 0, 64), ("roberta", 1, 62), ("xlm-roberta", 1, 62), ("mpnet", 0, 62), ("mpnet", 1, 62)],
)
def test_positions_behind_the_padding_are_not_a_texts(
    directory: Path, kind: str, padding: int, room: int
) -> None:
    configure(directory, model_type=kind, pad_token_id=padding)
    assert read(directory, "embed", None).maximum_tokens == room


def test_the_makers_own_limit_counts(directory: Path) -> None:
    path = directory / "sentence_bert_config.json"
    for stated, room in ((16, 16), (1000, POSITIONS), (None, POSITIONS)):
        path.write_text(json.dumps({"max_seq_length": stated}), encoding="utf-8")
        assert read(directory, "embed", None).maximum_tokens == room


def test_pooling_by_hand_stands_in_for_what_is_not_said(directory: Path) -> None:
    shutil.rmtree(directory / "1_Pooling")
    with pytest.raises(ModelError, match="add --pooling mean or --pooling cls"):
        read(directory, "embed", None)
    assert read(directory, "embed", "cls").pooling == "cls"


def test_pooling_is_found_under_the_name_a_download_gives_it(directory: Path) -> None:
    say_how_to_pool(directory, "cls")
    (directory / "1_Pooling" / "config.json").rename(directory / "1_Pooling.config.json")
    assert read(directory, "embed", None).pooling == "cls"


def test_pooling_that_is_not_built_is_refused_by_name(directory: Path) -> None:
    say_how_to_pool(directory, "max")
    with pytest.raises(ArchitectureError, match="pooling_mode_max_tokens is not built"):
        read(directory, "embed", None)


def test_a_module_that_is_not_built_is_refused_by_name(directory: Path) -> None:
    listed = [{"type": "sentence_transformers.models.Dense"}]
    (directory / "modules.json").write_text(json.dumps(listed), encoding="utf-8")
    with pytest.raises(ArchitectureError, match="a module 'Dense', which is not built"):
        read(directory, "embed", None)


@pytest.mark.parametrize(
    ("changes", "task", "part"),
    [
        ({"model_type": "llama"}, "embed", "architecture 'llama' is no encoder we know"),
        ({"model_type": None}, "embed", "architecture 'None' is no encoder"),
        ({"max_position_embeddings": "64"}, "embed", "no max_position_embeddings that is a number"),
        ({"vocab_size": True}, "embed", "no vocab_size that is a number"),
        ({}, "classify", "was not trained to classify texts"),
        ({"architectures": ["BertForSequenceClassification"]}, "classify", "names 0 labels in id2label"),
        (
            {"architectures": ["BertForSequenceClassification"], "id2label": {"0": "score"}},
            "classify",
            "names 1 labels",
        ),
        (
            {"architectures": ["BertForSequenceClassification"], "id2label": {"x": "y"}},
            "classify",
            "id2label that is no list of labels",
        ),
        (
            {"architectures": ["BertForSequenceClassification"], "id2label": "yes"},
            "classify",
            "id2label that is no list of labels",
        ),
    ],
)
def test_what_is_wrong_is_named(
    directory: Path, changes: dict[str, Any], task: EncoderTask, part: str
) -> None:
    configure(directory, **changes)
    with pytest.raises(ModelError, match=part):
        read(directory, task, None)


@pytest.mark.parametrize("name", ["config.json", "modules.json", "1_Pooling/config.json"])
@pytest.mark.parametrize("content", ["", "[", "7", "[" * 100_000, '["x"]'], ids=lambda text: text[:5])
def test_a_damaged_file_is_named(directory: Path, name: str, content: str) -> None:
    (directory / name).write_text(content, encoding="utf-8")
    with pytest.raises(ModelError, match=name.rpartition("/")[2]):
        read(directory, "embed", None)
