"""`ingle bench --profile`: every operator's time is in the sums, under the name of what it is a part of."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import CacheKind, CacheSpec
from runtime.errors import CallerError
from runtime.profiling import Cost, Node, Run, profile, read_trace, summarise
from tests.support.house import environment, furnish, ingle
from tests.support.manifest import tiny_manifest
from tests.support.tiny import tiny_bundle

PAGE = Path(__file__).resolve().parents[2] / "docs" / "performance.md"


def _event(cat: str, name: str, dur: int, operator: str = "") -> dict[str, Any]:
    return {"cat": cat, "name": name, "dur": dur, "ts": 0, "args": {"op_name": operator}}


def test_operators_belong_to_the_run_that_ends_behind_them() -> None:
    trace = [
        _event("Session", "session_initialization", 900),
        _event("Node", "head.MatMul_kernel_time", 30, "MatMul"),
        _event("Session", "SequentialExecutor::Execute", 35),
        _event("Session", "model_run", 40),
        _event("Node", "embedding.Gather_kernel_time", 1, "Gather"),
        _event("Node", "head.MatMul_kernel_time", 20, "MatMul"),
        _event("Session", "model_run", 25),
    ]
    assert read_trace(json.dumps(trace)) == (
        Run(40e-6, (Node("head.MatMul", "MatMul", 30e-6),)),
        Run(25e-6, (Node("embedding.Gather", "Gather", 1e-6), Node("head.MatMul", "MatMul", 20e-6))),
    )


def test_layers_of_a_kind_are_one_part() -> None:
    kinds: tuple[tuple[int, CacheKind], ...] = ((0, "kv"), (1, "kv"), (2, "conv"), (3, "ssm"), (3, "conv"))
    caches = tuple(CacheSpec(layer, kind, (), ()) for layer, kind in kinds)
    nodes = (
        Node("embedding.Gather", "Gather", 1.0),
        Node("layers.0.mixer.qkv.MatMul", "MatMul", 2.0),
        Node("layers.1.mixer.qkv.MatMul", "MatMul", 3.0),
        Node("layers.1.mixer.GroupQueryAttention", "GroupQueryAttention", 4.0),
        Node("layers.1.mixer_norm.Norm", "Norm", 0.5),
        Node("layers.2.mixer.conv.deeper.Conv", "Conv", 5.0),
        Node("layers.3.mixer.out_proj.MatMul", "MatMul", 6.0),
        Node("layers.3.mlp.renamed", "Fused", 0.25),
        Node("head.MatMul", "MatMul", 7.0),
    )
    phase = summarise("decode", 1, [Run(30.0, nodes)], replace(tiny_manifest(), caches=caches))
    assert {cost.name: (cost.calls, cost.seconds) for cost in phase.parts} == {
        "embedding": (1, 1.0),
        "attention.qkv": (2, 5.0),
        "attention": (1, 4.0),
        "attention_norm": (1, 0.5),
        "convolution.conv": (1, 5.0),
        "mamba.out_proj": (1, 6.0),
        "mlp.renamed": (1, 0.25),
        "head": (1, 7.0),
    }
    assert phase.operators[0] == Cost("MatMul", 4, 18.0)
    assert phase.between_s == pytest.approx(30.0 - 28.75)


@given(
    st.lists(
        st.tuples(st.text("abc.0123", min_size=1), st.sampled_from(["MatMul", "Add"]), st.floats(0, 1)),
        max_size=20,
    )
)
def test_nothing_is_lost_in_the_sums(found: list[tuple[str, str, float]]) -> None:
    nodes = tuple(Node(*one) for one in found)
    whole = sum(node.seconds for node in nodes)
    phase = summarise("prefill", 1, [Run(whole + 1, nodes)], tiny_manifest())
    for costs in (phase.operators, phase.parts):
        assert sum(cost.seconds for cost in costs) == pytest.approx(whole)
        assert sum(cost.calls for cost in costs) == len(nodes)
    assert phase.between_s == pytest.approx(1)


def test_prompt_and_answer_fill_the_context(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b")
    report = profile(tmp_path / "b", manifest, prompt=manifest.context_length, decode=5, threads=1)
    prefill, decode = report.phases
    assert (prefill.name, prefill.tokens) == ("prefill", manifest.context_length - 5)
    assert (decode.name, decode.tokens) == ("decode", 5)
    assert {cost.name: cost.calls for cost in decode.parts}["head"] == 2 * 5  # rows picked, then multiplied
    assert {"attention.qkv", "mlp.down", "embedding"} <= {cost.name for cost in prefill.parts}


def test_no_room_for_a_prompt_is_said(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b")
    with pytest.raises(CallerError, match="decode fewer"):
        profile(tmp_path / "b", manifest, decode=manifest.context_length)


def test_programs_and_people_are_told_and_no_file_stays(tmp_path: Path) -> None:
    furnish(tmp_path)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    environ = environment(tmp_path, TMPDIR=str(scratch))
    arguments = ("bench", "--profile", "--decode", "2")
    shown = ingle(*arguments, environ=environ)
    assert shown.returncode == 0, shown.stderr
    assert b"GroupQueryAttention" in shown.stdout
    told = ingle(*arguments, "--json", environ=environ)
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    page = PAGE.read_text()
    phase = report["phases"][0]
    for name in (*report, *phase, *phase["operators"][0]):
        assert f"`{name}`" in page, name
    assert list(scratch.iterdir()) == []
