"""A bundle from a graph that was traced before: what is built, measured, written down and found again."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx_ir as ir
import pytest

from models.arch import plan
from models.bundle import Bundle
from models.describe import facts, summary
from models.errors import ArchitectureError, ExportError, PreflightError, WeightsError
from models.export import graph
from models.export.build import Exporter
from models.export.reading import EncoderTask, read
from models.manifest import ENCODER_NAME, Manifest
from models.plan import Wishes
from models.pull import Network, pull
from models.quantize import Scheme
from models.runner import EncoderRunner
from models.store import Store
from tests.support.encoders import (
    ENCODERS,
    build_encoder,
    furnish_encoder,
    recorded_trace,
    references,
    weights,
)
from tests.support.model_server import ModelServer
from tests.support.small_bundle import build_small, quiet
from tests.support.tiny_encoders import tokenizer

TASKS: tuple[EncoderTask, ...] = ("embed", "classify")
INT8 = Scheme(bits=8, block=32, symmetric=True, method="rtn")


def answers(bundle: Path, texts: list[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    whole = tokenizer()
    whole.no_truncation()
    runner = EncoderRunner(bundle / ENCODER_NAME)
    return np.stack([runner.run(np.array(whole.encode(text).ids)) for text in texts])


@pytest.mark.parametrize("task", TASKS)
def test_fp32_answers_as_the_reference_and_int8_nearly(task: EncoderTask, tmp_path: Path) -> None:
    said = references(task)
    expected = np.stack(list(said.values()))
    build_encoder(task, tmp_path / "fp32", recipe="fp32")
    np.testing.assert_allclose(answers(tmp_path / "fp32", list(said)), expected, atol=1e-4)
    manifest = build_encoder(task, tmp_path / "int8")
    near = answers(tmp_path / "int8", list(said))
    assert 0 < np.abs(near - expected).max() < 0.05
    assert manifest.encoder is not None
    assert manifest.encoder.fidelity is not None
    assert 0.995 < manifest.encoder.fidelity.cosine_mean < 1
    assert 0.8 < manifest.encoder.fidelity.agreement <= 1
    assert Bundle.open(tmp_path / "int8").manifest == manifest


@pytest.mark.parametrize("task", TASKS)
def test_the_manifest_is_of_an_encoder_and_the_store_keeps_it(task: EncoderTask, tmp_path: Path) -> None:
    bundle = furnish_encoder(tmp_path, task)
    assert Store.below(tmp_path).verify(bundle) == ()
    manifest = bundle.manifest
    assert Manifest.from_json(manifest.to_json()) == manifest
    assert (manifest.task, manifest.caches, manifest.fidelity) == (task, (), ())
    assert summary(bundle)["task"] == task
    told = dict(facts(bundle))
    assert "sampling" not in told
    assert told["fidelity"].startswith("cosine 0.99")
    said = (
        "command, question, neither"
        if task == "classify"
        else "a vector of 64 numbers of length 1, by mean pooling"
    )
    assert said in told.values()


def test_matrices_and_the_large_table_are_stored_in_bytes(tmp_path: Path) -> None:
    build_encoder("embed", tmp_path / "bundle")
    model = ir.load(tmp_path / "bundle" / ENCODER_NAME)
    kinds = [node.op_type for node in model.graph]
    assert kinds.count("MatMulNBits") == 6
    assert all(
        len(tensor.shape) < 2
        or tensor.dtype == ir.DataType.UINT8
        or name.endswith("scales")
        or "embeddings" in name
        for name, tensor in ((name, value.const_value) for name, value in model.graph.initializers.items())
        if tensor is not None
    )


def test_a_table_of_a_thousand_rows_is_looked_up_in_bytes() -> None:
    rng = np.random.default_rng(3)
    table = rng.standard_normal((1000, 64)).astype(np.float32)
    matrix = rng.standard_normal((5, 64)).astype(np.float32)
    odd = rng.standard_normal((5, 7)).astype(np.float32)
    ids = ir.Value(name="input_ids", shape=ir.Shape(["b", "s"]), type=ir.TensorType(ir.DataType.INT64))
    constants = [
        ir.Value(name=name, const_value=ir.tensor(array, name=name))
        for name, array in (("table", table), ("matrix", matrix), ("bias", odd[:, 0]), ("odd", odd))
    ]
    rows = ir.node("Gather", [constants[0], ids], {"axis": 0}, name="rows")
    first = ir.node("ReduceMean", [rows.outputs[0]], {"keepdims": 0}, name="mean", num_outputs=1)
    scores = ir.node("Gemm", [first.outputs[0], constants[1], constants[2]], {"transB": 1}, name="scores")
    last = ir.node("MatMul", [scores.outputs[0], constants[3]], name="last")
    made = ir.Graph(
        [ids], last.outputs, nodes=[rows, first, scores, last], initializers=constants, opset_imports={"": 13}
    )
    model = ir.Model(made, ir_version=8)
    assert graph.shrink(model, INT8) == ("last",)
    assert [node.op_type for node in made] == ["GatherBlockQuantized", "ReduceMean", "MatMulNBits", "MatMul"]
    assert made[2].inputs[-1] is constants[2]
    assert sorted(made.initializers) == [
        "bias",
        "odd",
        "rows.scales",
        "rows.weight",
        "scores.scales",
        "scores.weight",
    ]


@pytest.mark.parametrize("exclusive", [True, False])
def test_scores_sum_to_one_only_where_labels_exclude_each_other(exclusive: bool, tmp_path: Path) -> None:  # noqa: FBT001  a parameter
    model = graph.load(recorded_trace(Path(), "classify", tmp_path / "traced"))
    graph.finish(model, replace(read(weights("classify"), "classify", None), exclusive=exclusive))
    graph.save(model, tmp_path / ENCODER_NAME)
    totals = answers(tmp_path, list(references("classify"))).sum(axis=1)
    assert bool(np.allclose(totals, 1, atol=1e-5)) is exclusive


def test_labels_must_be_as_many_as_scores(tmp_path: Path) -> None:
    model = graph.load(recorded_trace(Path(), "classify", tmp_path / "traced"))
    reading = read(weights("classify"), "classify", None)
    with pytest.raises(ExportError, match=r"answers with 3 numbers, config\.json names 2 labels"):
        graph.finish(model, replace(reading, labels=reading.labels[:2]))


def test_a_graph_that_wants_more_than_text_is_refused(tmp_path: Path) -> None:
    model = ir.load(ENCODERS / "embed" / "traced.onnx")
    model.graph.inputs[0].name = "pixel_values"
    ir.save(model, tmp_path / "model.onnx")
    with pytest.raises(ExportError, match="wants 'pixel_values'"):
        graph.load(tmp_path / "model.onnx")


def test_one_file_is_no_model_to_export(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="exporting needs a directory"):
        build_encoder("embed", tmp_path / "bundle", checkpoint=weights("embed") / "model.safetensors")


def test_a_repository_is_fetched_whole_and_kept_under_its_task(tmp_path: Path, server: ModelServer) -> None:
    source = weights("embed")
    files = {
        path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*") if path.is_file()
    }
    server.add_repository(
        "org/tiny-bert", files | {"pytorch_model.bin": b"pickled", "onnx/model.onnx": b"theirs"}
    )
    store, network = Store.below(tmp_path), Network(server.index, server.url)
    exporter = Exporter("embed", None, recorded_trace)

    def export(*, force: bool = False) -> Bundle:
        wishes = Wishes(purpose="embed", force=force)
        return pull(
            "hf:org/tiny-bert",
            store,
            quiet,
            wishes=wishes,
            network=network,
            build=exporter,
            screen=exporter.screen,
        ).bundle

    bundle = export()
    assert bundle.reference == "tiny-bert@main-embed"
    assert bundle.manifest.licence.spdx == "Apache-2.0"
    assert bundle.manifest.encoder is not None
    assert (bundle.manifest.encoder.pooling, bundle.manifest.encoder.normalized) == ("mean", True)
    fetched = {Path(name).name for name in server.asked_for_files()}
    assert not fetched & {"pytorch_model.bin", "model.onnx"}
    asked = len(server.asked_for_files())
    assert export() == bundle
    assert len(server.asked_for_files()) == asked
    written = pull("hf:org/tiny-bert", store, quiet, network=network, build=build_small).bundle
    assert written.reference == "tiny-bert@main"
    assert store.resolve("tiny-bert@main-embed") == bundle


def test_an_own_directory_is_asked_for_its_licence(tmp_path: Path) -> None:
    directory = Path(shutil.copytree(weights("embed"), tmp_path / "own"))
    exporter = Exporter("embed", None, recorded_trace)
    with pytest.raises(PreflightError, match="--accept-licence LicenseRef-unknown"):
        pull(
            str(directory),
            Store.below(tmp_path),
            quiet,
            wishes=Wishes(purpose="embed"),
            build=exporter,
            screen=exporter.screen,
        )


def test_pulling_an_encoder_tells_how_to_get_it() -> None:
    with pytest.raises(ArchitectureError, match="`ingle export`"):
        plan(json.loads((weights("embed") / "config.json").read_text(encoding="utf-8")))
