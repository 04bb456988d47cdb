"""The graph that is written without torch says what the reference implementation says."""

import io
import json
import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tokenizers

from models.assemble import Order
from models.build import Identity
from models.bundle import Bundle, problems
from models.errors import ExportError, WeightsError
from models.export import packed
from models.export.bert import write
from models.export.build import Exporter
from models.manifest import ENCODER_NAME, Licence, Source
from models.runner import EncoderRunner
from models.store import Store
from runtime.encoding import TextEncoder, cosines
from tests.support.encoders import references, weights
from tests.support.small_bundle import quiet

IDENTITY = Identity(
    "tiny-embed", "1", Licence("Apache-2.0", ("commercial",)), Source("./tiny", "1", "0" * 64), ("en",)
)


def zipped(directory: Path) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for path in sorted(directory.rglob("*")):
            archive.write(path, path.relative_to(directory).as_posix())
        archive.writestr("notes.txt", "no part of the model")
    return stream.getvalue()


def test_vectors_are_those_of_the_reference_to_the_last_digits(tmp_path: Path) -> None:
    (tmp_path / "bundle").mkdir()
    exporter = Exporter("embed", trace=write)
    exporter(Order(weights("embed"), IDENTITY, "fp32"), tmp_path / "bundle", tmp_path / "scratch", quiet)
    runner = EncoderRunner(tmp_path / "bundle" / ENCODER_NAME)
    tokenizer = tokenizers.Tokenizer.from_file(str(tmp_path / "bundle" / "tokenizer.json"))
    tokenizer.no_truncation()
    for text, expected in references("embed").items():
        answer = runner.run(np.array(tokenizer.encode(text).ids, np.int64))
        np.testing.assert_allclose(answer, expected, atol=2e-3)  # the checkpoint is stored in bfloat16


def test_a_checkpoint_in_a_zip_becomes_a_bundle_that_answers(tmp_path: Path) -> None:
    archive = tmp_path / "model.zip"
    archive.write_bytes(zipped(weights("embed")))
    store = Store(tmp_path / "store")
    with store.staging() as room:
        (room / "bundle").mkdir()
        order = Order(archive, IDENTITY, "int8")
        bundle = store.add(room / "bundle", packed.assemble(order, room / "bundle", room / "scratch", quiet))
    assert problems(bundle) == ()
    assert bundle.manifest.encoder is not None
    assert bundle.manifest.encoder.fidelity is not None
    said = references("embed")
    vectors = TextEncoder.load(bundle, "embed").answers(list(said))
    assert ((vectors * np.stack(list(said.values()))).sum(axis=1) > 0.995).all()


def test_twice_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        order = Order(weights("embed"), IDENTITY, "int8")
        Exporter("embed", trace=write)(order, tmp_path / name, tmp_path / f"{name}-scratch", quiet)
    first, second = (Bundle.open(tmp_path / name) for name in ("one", "two"))
    assert first.digest == second.digest


@pytest.mark.parametrize(
    ("key", "value"),
    [("hidden_act", "relu"), ("position_embedding_type", "relative_key"), ("is_decoder", True)],
)
def test_another_kind_of_bert_is_refused_by_the_key(tmp_path: Path, key: str, value: object) -> None:
    directory = Path(shutil.copytree(weights("embed"), tmp_path / "weights"))
    config = json.loads((directory / "config.json").read_text(encoding="utf-8")) | {key: value}
    (directory / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ExportError, match=f"config.json has {key}"):
        write(directory, "embed", tmp_path / "into")


def test_a_classifier_is_left_to_be_traced(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="built for vectors only"):
        write(weights("classify"), "classify", tmp_path / "into")


@pytest.mark.parametrize("content", [b"no zip", zipped(Path(__file__).parent / "nowhere")])
def test_what_is_no_checkpoint_in_a_zip_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.zip").write_bytes(content)
    with pytest.raises(WeightsError, match=r"model.zip holds no checkpoint"):
        packed.unpack(tmp_path / "model.zip", tmp_path / "into", quiet)


@pytest.mark.real
def test_the_real_one_is_as_near_to_fp32_as_it_says(minilm: Bundle) -> None:
    assert minilm.manifest.encoder is not None
    assert minilm.manifest.encoder.fidelity is not None
    assert minilm.manifest.encoder.fidelity.cosine_mean > 0.999
    encoder = TextEncoder.load(minilm, "embed")
    first, *others = encoder.answers(["turn off the light", "switch the lamp off", "what is the weather"])
    lamp, weather = cosines(first, np.stack(others))
    assert lamp > 0.7
    assert weather < 0.2
