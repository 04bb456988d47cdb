"""Every kind of encoder, traced from a tiny random checkpoint: fp32 as the reference implementation, int8 near it."""

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip(
    "optimum.exporters.onnx", reason="the extra `export` is not installed; script/test-export does"
)

import tokenizers
from safetensors.numpy import load_file, save_file

from models.assemble import Order
from models.build import Identity
from models.bundle import Bundle
from models.errors import ExportError
from models.export.build import Exporter
from models.export.reading import MODEL_TYPES, EncoderTask
from models.export.remeasure import measure_again
from models.manifest import ENCODER_NAME, Licence, Manifest, Source
from models.runner import EncoderRunner
from tests.support import tiny_encoders
from tests.support.small_bundle import quiet
from tests.support.tiny_encoders import LABELS, TEXTS

IDENTITY = Identity("tiny", "1", Licence("Apache-2.0"), Source("./tiny", "1", "0" * 64), ())


def exported(weights: Path, into: Path, task: EncoderTask, recipe: str = "int8") -> Manifest:
    into.mkdir()
    order = Order(weights, IDENTITY, recipe)
    return Exporter(task)(order, into, into.with_name(f"{into.name}-scratch"), quiet)


def answers(
    bundle: Path, texts: tuple[str, ...] = TEXTS
) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    whole = tiny_encoders.tokenizer()
    whole.no_truncation()
    runner = EncoderRunner(bundle / ENCODER_NAME)
    return np.stack([runner.run(np.array(whole.encode(text).ids)) for text in texts])


@pytest.mark.parametrize("task", ["embed", "classify"])
@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_fp32_is_the_reference_and_int8_is_near(kind: str, task: EncoderTask, tmp_path: Path) -> None:
    pooling = "cls" if kind == "modernbert" else "mean"
    model = tiny_encoders.make(kind, tmp_path / "weights", task=task, pooling=pooling)
    expected = np.stack([tiny_encoders.reference(model, text, task=task, pooling=pooling) for text in TEXTS])
    plain = exported(tmp_path / "weights", tmp_path / "fp32", task, "fp32")
    np.testing.assert_allclose(answers(tmp_path / "fp32"), expected, atol=1e-4)
    small = exported(tmp_path / "weights", tmp_path / "int8", task)
    near = answers(tmp_path / "int8")
    cosines = (near * expected).sum(1) / np.linalg.norm(near, axis=1) / np.linalg.norm(expected, axis=1)
    print(kind, task, cosines)
    assert cosines.min() > 0.995
    assert plain.encoder is not None
    assert small.encoder is not None
    assert small.encoder.fidelity is not None
    assert small.encoder.fidelity.cosine_mean > 0.995
    assert [row.scheme for row in small.quantization] == ["int8", "int8"]
    assert plain.encoder.labels == (LABELS if task == "classify" else ())
    assert (plain.encoder.width, plain.encoder.pooling) == (
        (3, "none") if task == "classify" else (64, pooling)
    )


@pytest.mark.parametrize("kind", MODEL_TYPES)
def test_the_longest_text_is_as_long_as_it_says(kind: str, tmp_path: Path) -> None:
    model = tiny_encoders.make(kind, tmp_path / "weights", task="embed")
    manifest = exported(tmp_path / "weights", tmp_path / "bundle", "embed", "fp32")
    text = "lamp " * (manifest.context_length - 2)
    np.testing.assert_allclose(
        answers(tmp_path / "bundle", (text,))[0],
        tiny_encoders.reference(model, text, task="embed"),
        atol=1e-4,
    )


def test_twice_the_same_bytes(tmp_path: Path) -> None:
    tiny_encoders.make("bert", tmp_path / "weights", task="embed")
    first, again = (exported(tmp_path / "weights", tmp_path / name, "embed") for name in ("one", "two"))
    assert first.digest == again.digest


def test_measuring_again_finds_the_same(tmp_path: Path) -> None:
    tiny_encoders.make("distilbert", tmp_path / "weights", task="embed")
    manifest = exported(tmp_path / "weights", tmp_path / "bundle", "embed")
    assert manifest.encoder is not None
    bundle = Bundle(tmp_path / "bundle", manifest, manifest.digest)
    (tmp_path / "room").mkdir()
    found = measure_again(bundle, manifest.encoder, tmp_path / "weights", tmp_path / "room")
    assert found.startswith("fidelity reproduced: cosine 0.99")


def test_weights_that_are_missing_are_not_made_up(tmp_path: Path) -> None:
    tiny_encoders.make("bert", tmp_path / "weights", task="classify")
    path = tmp_path / "weights" / "model.safetensors"
    tensors = load_file(path)
    del tensors["classifier.weight"]
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(ExportError, match=r"the weights lack 'classifier\.weight'"):
        exported(tmp_path / "weights", tmp_path / "bundle", "classify")


def test_what_optimum_says_becomes_a_sentence(tmp_path: Path) -> None:
    tiny_encoders.make("bert", tmp_path / "weights", task="embed")
    path = tmp_path / "weights" / "model.safetensors"
    tensors = load_file(path)
    tensors["embeddings.word_embeddings.weight"] = tensors["embeddings.word_embeddings.weight"][:, :32].copy()
    save_file(tensors, path, {"format": "pt"})
    with pytest.raises(ExportError, match="optimum cannot export weights") as caught:
        exported(tmp_path / "weights", tmp_path / "bundle", "embed")
    assert "\n" not in str(caught.value)


def test_a_tokenizer_of_another_model_is_refused(tmp_path: Path) -> None:
    tiny_encoders.make("bert", tmp_path / "weights", task="embed")
    larger = tokenizers.Tokenizer.from_file(str(tmp_path / "weights" / "tokenizer.json"))
    larger.add_tokens(["hearth"])
    larger.save(str(tmp_path / "weights" / "tokenizer.json"))
    with pytest.raises(ExportError, match="tokenizer has 94 tokens, the model 93"):
        exported(tmp_path / "weights", tmp_path / "bundle", "embed")
