"""Directories in Hugging Face's layout: which file wins, what may be missing, what contradictions are refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file

from models.checkpoint import Checkpoint
from models.errors import ModelError, WeightsError
from models.manifest import SamplingDefaults
from models.weights import open_checkpoint
from tests.support.goldens import GOLDEN_DIR

GOLDEN = GOLDEN_DIR / "llama-tied"
FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "model.safetensors",
)


PUNCTUATION = st.sampled_from(b'09"{}[],:-e')


@pytest.fixture(scope="module")
def altered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy whose files are damaged one at a time and mended again."""
    return Path(shutil.copytree(GOLDEN, tmp_path_factory.mktemp("altered") / "model"))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A copy of a golden model to alter."""
    return Path(shutil.copytree(GOLDEN, tmp_path / "model"))


def change(path: Path, **values: Any) -> None:
    """Set keys of a JSON file; None takes them away."""
    content = {**json.loads(path.read_text()), **values}
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def shard(model: Path, *, change_map: dict[str, str | None] | None = None) -> Checkpoint:
    """Split the weights over two files with an index (changed as asked), and open the result."""
    weights = open_checkpoint(model).weights
    names = list(weights)
    index: dict[str, str] = {}
    for file, part in (("a.safetensors", names[::2]), ("b.safetensors", names[1::2])):
        save_file({name: weights[name] for name in part}, model / file)
        index |= dict.fromkeys(part, file)
    changed = {**index, **(change_map or {})}
    kept = {name: file for name, file in changed.items() if file is not None}
    (model / "model.safetensors").unlink()
    (model / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": kept}))
    return open_checkpoint(model)


def test_everything_a_bundle_is_built_from() -> None:
    found = open_checkpoint(GOLDEN)
    assert found.config["hidden_size"] == 64
    assert found.tokenizer == (GOLDEN / "tokenizer.json").read_bytes()
    assert "<|im_start|>" in found.chat_template
    assert (found.bos_id, found.eos_ids) == (1, (2, 0))
    assert found.sampling == SamplingDefaults(temperature=0.2, top_p=0.9)
    assert found.weights.shape("model.embed_tokens.weight") == (288, 64)


def test_shards_with_an_index_are_the_same_model(model: Path) -> None:
    whole = open_checkpoint(GOLDEN).weights
    found = shard(model).weights
    assert list(found) == list(whole)
    for name in whole:
        np.testing.assert_array_equal(found[name], whole[name])


def test_shards_without_an_index_are_read_together(model: Path) -> None:
    names = list(shard(model).weights)
    (model / "model.safetensors.index.json").unlink()
    assert list(open_checkpoint(model).weights) == names


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ({"missing.weight": "a.safetensors"}, "a.safetensors lacks tensor 'missing.weight'"),
        (
            {"model.norm.weight": None},
            "has tensor 'model.norm.weight', which model.safetensors.index.json does not",
        ),
        ({"model.norm.weight": "c.safetensors"}, r"cannot read c\.safetensors"),
        ({"model.norm.weight": "../model/a.safetensors"}, "points outside its directory"),
        ({"model.norm.weight": "/etc/passwd"}, "points outside its directory"),
        ({"model.norm.weight": 7}, "no weight_map from tensors to files"),
    ],
)
def test_an_index_that_disagrees_with_its_files(
    model: Path, index: dict[str, str | None], message: str
) -> None:
    with pytest.raises(WeightsError, match=message):
        shard(model, change_map=index)


@pytest.mark.parametrize(
    ("eos", "expected"),
    [(2, (2, 0)), ([5, 2], (5, 2, 0)), (None, (2, 0))],
)
def test_stops_come_from_everywhere_each_once(model: Path, eos: Any, expected: tuple[int, ...]) -> None:
    change(model / "generation_config.json", eos_token_id=eos)
    assert open_checkpoint(model).eos_ids == expected


@pytest.mark.parametrize("key", ["rope_scaling", "rope_parameters"])
@pytest.mark.parametrize("word", ["rope_type", "type"])
def test_our_own_word_for_checked_numbers_is_not_believed(model: Path, key: str, word: str) -> None:
    change(model / "config.json", **{key: {word: "factors", "factors": [0.0] * 3}})
    with pytest.raises(WeightsError, match=f"{key} of the type 'factors'"):
        open_checkpoint(model)


def test_a_tokenizer_that_says_it_has_no_bos_is_believed(model: Path) -> None:
    settings_file = model / "tokenizer_config.json"
    change(settings_file, bos_token={"content": "<|im_end|>"})
    assert open_checkpoint(model).bos_id == 2
    settings_file.write_text(json.dumps({"bos_token": None}))
    assert open_checkpoint(model).bos_id is None
    settings_file.unlink()
    assert open_checkpoint(model).bos_id == 1


def test_where_the_chat_template_comes_from(model: Path) -> None:
    named = [{"name": "tool_use", "template": "tools"}, {"name": "default", "template": "plain"}]
    change(model / "tokenizer_config.json", chat_template=named)
    assert open_checkpoint(model).chat_template == "plain"
    (model / "chat_template.jinja").write_text("the file wins")
    assert open_checkpoint(model).chat_template == "the file wins"
    (model / "chat_template.jinja").unlink()
    change(model / "tokenizer_config.json", chat_template=None)
    assert open_checkpoint(model).chat_template == ""


@pytest.mark.parametrize(
    ("recommended", "expected"),
    [
        ({}, SamplingDefaults()),
        ({"temperature": None, "top_k": 40}, SamplingDefaults(top_k=40)),
        (
            {"repetition_penalty": 1.1, "temperature": 0},
            SamplingDefaults(temperature=0.0, repetition_penalty=1.1),
        ),
        ({"do_sample": False, "temperature": 0.6}, SamplingDefaults(temperature=0.0)),
    ],
)
def test_sampling_is_the_makers_else_ours(
    model: Path, recommended: dict[str, Any], expected: SamplingDefaults
) -> None:
    (model / "generation_config.json").write_text(json.dumps(recommended))
    assert open_checkpoint(model).sampling == expected


@pytest.mark.parametrize("missing", ["generation_config.json", "tokenizer_config.json"])
def test_what_may_be_missing(model: Path, missing: str) -> None:
    (model / missing).unlink()
    assert open_checkpoint(model).eos_ids == (2, 0)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("config.json", "model has no config.json"),
        ("tokenizer.json", "model has no tokenizer.json"),
        ("model.safetensors", "no .safetensors files"),
    ],
)
def test_what_may_not_be_missing(model: Path, missing: str, message: str) -> None:
    (model / missing).unlink()
    with pytest.raises(WeightsError, match=message):
        open_checkpoint(model)


@pytest.mark.parametrize(
    ("file", "content", "message"),
    [
        ("config.json", "", "config.json is not JSON"),
        ("config.json", "[]", "config.json is not a JSON object"),
        ("config.json", "[" * 100_000, "config.json is not JSON"),
        ("config.json", '{"quantization_config": {}}', "holds quantised weights"),
        ("tokenizer.json", "{}", "tokenizer.json cannot be read"),
        ("tokenizer_config.json", "{", "tokenizer_config.json is not JSON"),
        ("generation_config.json", '{"eos_token_id": 288}', "'288' as a token's id"),
        ("generation_config.json", '{"eos_token_id": [2, "x"]}', "'x' as a token's id"),
        ("generation_config.json", '{"temperature": -1}', "impossible temperature '-1'"),
        ("generation_config.json", '{"temperature": NaN}', "impossible temperature 'nan'"),
        ("generation_config.json", '{"top_p": 1.5}', "impossible top_p"),
        ("generation_config.json", '{"top_k": "40"}', "impossible top_k"),
        ("generation_config.json", '{"repetition_penalty": true}', "impossible repetition_penalty"),
        ("generation_config.json", '{"repetition_penalty": 0}', "impossible repetition_penalty"),
    ],
)
def test_a_file_that_says_nonsense_is_named(model: Path, file: str, content: str, message: str) -> None:
    (model / file).write_text(content)
    with pytest.raises(WeightsError, match=message):
        open_checkpoint(model)


def test_bytes_that_are_no_text(model: Path) -> None:
    (model / "tokenizer.json").write_bytes(b"\xff\xfe{")
    with pytest.raises(WeightsError, match=r"tokenizer\.json is not UTF-8"):
        open_checkpoint(model)


def test_one_file_of_a_model_is_not_enough() -> None:
    with pytest.raises(WeightsError, match="give the directory"):
        open_checkpoint(GOLDEN / "model.safetensors")


def complaint(model: Path) -> str:
    """What a model error said, empty for a whole read; any other exception is the test's to fail on."""
    try:
        weights = open_checkpoint(model).weights
        shapes = {name: weights[name].shape for name in weights}
    except ModelError as exc:
        return str(exc)
    assert all(weights.shape(name) == shape for name, shape in shapes.items())
    return ""


@given(data=st.data())
@settings(max_examples=150, deadline=None)
def test_damage_is_a_model_error_or_a_whole_read(data: st.DataObject, altered: Path) -> None:
    name = data.draw(st.sampled_from(FILES))
    sound = (GOLDEN / name).read_bytes()
    content = bytearray(sound)
    changes = st.tuples(st.integers(0, min(len(content), 3000) - 1), st.integers(0, 255) | PUNCTUATION)
    for at, value in data.draw(st.lists(changes, min_size=1, max_size=4)):
        content[at] = value
    (altered / name).write_bytes(content[: data.draw(st.just(len(content)) | st.integers(0, len(content)))])
    message = complaint(altered)
    (altered / name).write_bytes(sound)
    assert "\n" not in message
    assert len(message) < 400


def _add_token(model: Path, index: int, *, special: bool) -> None:
    tokenizer = json.loads((model / "tokenizer.json").read_text())
    (first, *_) = tokenizer["added_tokens"]
    token = {**first, "id": index, "content": "<image_soft_token>", "special": special}
    change(model / "tokenizer.json", added_tokens=[*tokenizer["added_tokens"], token])


def test_a_special_token_without_a_row_is_left_out(model: Path) -> None:
    _add_token(model, 288, special=True)
    found = json.loads(open_checkpoint(model).tokenizer)
    assert found["added_tokens"] == json.loads((GOLDEN / "tokenizer.json").read_text())["added_tokens"]


def test_ordinary_tokens_without_a_row_are_refused(model: Path) -> None:
    _add_token(model, 288, special=False)
    with pytest.raises(WeightsError, match=r"tokenizer\.json has more tokens than the 288 that config\.json"):
        open_checkpoint(model)


def test_a_tokenizer_of_a_larger_model_is_refused(model: Path) -> None:
    change(model / "config.json", vocab_size=200)
    with pytest.raises(WeightsError, match=r"tokenizer\.json has more tokens than the 200 that config\.json"):
        open_checkpoint(model)
