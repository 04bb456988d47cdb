"""What script/bench-peers makes of its measurements: ratios, verdicts, doubts, tables. No figure is ever asserted."""

import importlib
import json
import os
from pathlib import Path
from types import ModuleType
from typing import Any, Final
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.manifest import DECODER_NAME
from tests.support.goldens import GOLDEN_DIR
from tests.support.tiny import tiny_bundle

BENCH: Final = Path(__file__).resolve().parent.parent / "script" / "bench"


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Imports a module of it by name: they are scripts beside each other, not a package."""
    monkeypatch.syspath_prepend(BENCH)

    def find(name: str) -> ModuleType:
        return importlib.import_module(name)

    return find


def _variant(bench: Any, engine: str, weights: str, *decode: float, kl: float = 0.001, **more: Any) -> Any:
    """Rounds that differ in decode; `more` names a figure of every round, or a field."""
    fields = {key: more.pop(key) for key in ("bits", "setting") if key in more}
    rounds = tuple({"decode@0": speed, "load_s": 1.0, "rss_mib": 100.0, **more} for speed in decode)
    return bench("comparison").Variant(engine, weights, fields.pop("bits", 4), kl, rounds, **fields)


def _goal(bench: Any, **changes: Any) -> Any:
    goals = bench("goals")
    return goals.Goal(**({"title": "a", "figure": "decode@0", "bound": 1.5, "against": goals.NEAR} | changes))


def _only(bench: Any, goal: Any, *variants: Any, judge: bool = True) -> Any:
    (row,) = bench("comparison").compare(variants, judge=judge, goals=[goal])
    return row


def test_rounds_are_paired_and_the_peer_is_given_its_best(bench: Any) -> None:
    row = _only(
        bench,
        _goal(bench),
        _variant(
            bench, "inglenook", "int8", 30.0, 12.0, 22.0
        ),  # the second round was a slow one for everybody
        _variant(bench, "llama.cpp", "Q4_1", 20.0, 10.0, 20.0, setting="flash on"),
        _variant(bench, "llama.cpp", "Q4_1", 19.0, 9.0, 30.0, setting="flash off"),
        _variant(bench, "llama.cpp", "Q4_0", 90.0, 90.0, 90.0, kl=0.3),
    )
    assert (row.peer.setting, row.ratio.median, row.ratio.low, row.ratio.high) == ("flash on", 1.2, 1.1, 1.5)
    assert (row.outcome, row.verdict) == ("missed", "missed by 20%")


def test_a_missing_round_is_an_error(bench: Any) -> None:
    ours, peer = _variant(bench, "inglenook", "int8", 1.0, 1.0), _variant(bench, "llama.cpp", "Q4_1", 1.0)
    with pytest.raises(ValueError, match="zip"):
        _only(bench, _goal(bench), ours, peer)


@pytest.mark.parametrize(
    ("sense", "ours", "theirs", "bound", "verdict"),
    [
        ("more", 15.0, 10.0, 1.5, "met"),
        ("more", 12.0, 10.0, 1.5, "missed by 20%"),
        ("sooner", 10.0, 40.0, 4.0, "met"),
        ("sooner", 10.0, 20.0, 4.0, "missed by 50%"),
        ("at most", 10.0, 10.0, 1.0, "met"),
        ("at most", 13.0, 10.0, 1.0, "missed by 30%"),
    ],
)
def test_each_sense_has_its_ratio(
    sense: str, ours: float, theirs: float, bound: float, verdict: str, bench: Any
) -> None:
    row = _only(
        bench,
        _goal(bench, figure="it", sense=sense, bound=bound),
        _variant(bench, "inglenook", "int8", 1.0, it=ours),
        _variant(bench, "llama.cpp", "Q4_1", 1.0, it=theirs),
    )
    assert row.verdict == verdict


def test_only_what_is_as_near_counts_for_ours(bench: Any) -> None:
    against = bench("goals").Against("llama.cpp", "Q4_0")
    near, far = (
        _variant(bench, "inglenook", "int8", 20.0, kl=0.002, bits=8),
        _variant(bench, "inglenook", "int4", 90.0, kl=0.4),
    )
    peer = _variant(bench, "llama.cpp", "Q4_0", 10.0, kl=0.3)
    assert _only(bench, _goal(bench, against=against), near, far, peer).ours is near
    assert _only(bench, _goal(bench, against=against), far, peer).verdict == "nothing as near"
    same_bits = bench("goals").Against("llama.cpp", "Q4_0", same_bits=True)
    assert _only(bench, _goal(bench, against=same_bits), near, far, peer).verdict == "nothing as near"
    assert _only(bench, _goal(bench), near, far).verdict == "no such peer"


def test_what_is_not_measured_or_not_to_be_judged_gets_no_verdict(bench: Any) -> None:
    ours = _variant(bench, "inglenook", "int8", 20.0)
    peer = _variant(bench, "llama.cpp", "Q4_1", 10.0, command_warm_s=1.0)
    unbuilt = _only(bench, _goal(bench, figure="command_warm_s", sense="sooner"), ours, peer)
    assert (unbuilt.verdict, unbuilt.ratio) == ("not measured", None)
    unasked = _only(bench, _goal(bench, figure="prefill@512"), ours, peer)
    assert (unasked.verdict, unasked.peer) == ("not measured", None)
    doubted = _only(bench, _goal(bench), ours, peer, judge=False)
    assert (doubted.verdict, doubted.ratio.median) == ("not judged", 2.0)
    alone = _only(bench, _goal(bench, figure="decode@0", against=None, bound=20.0), ours)
    assert (alone.verdict, alone.peer) == ("met", None)


@given(
    st.lists(st.tuples(st.floats(1, 1e3), st.floats(1, 1e3)), min_size=1, max_size=7),
    st.sampled_from(["more", "sooner"]),
)
def test_who_is_better_does_not_depend_on_who_is_asked(pairs: list[tuple[float, float]], sense: str) -> None:
    with pytest.MonkeyPatch.context() as context:
        context.syspath_prepend(BENCH)
        find = importlib.import_module
        a, b = zip(*pairs, strict=True)
        goal = _goal(find, figure="decode@0", sense=sense, bound=1.0)
        rows = [
            _only(
                find,
                goal,
                _variant(find, "inglenook", "x", *ours),
                _variant(find, "llama.cpp", "Q4_1", *theirs),
            )
            for ours, theirs in ((a, b), (b, a))
        ]
    assert rows[0].ratio.low == pytest.approx(1 / rows[1].ratio.high)
    assert "met" in {row.verdict for row in rows} or len(pairs) % 2 == 0


def test_the_goals_name_figures_and_peers_that_there_are(bench: Any) -> None:
    goals, materials = bench("goals"), bench("materials")
    weights = {goals.LLAMA: materials.LLAMA_BITS, goals.GENAI: materials.GENAI_BITS}
    for goal in goals.GOALS:
        assert goal.against is None or goal.against.weights in weights[goal.against.engine], goal


def test_what_others_take_is_seen(bench: Any) -> None:
    machine = bench("machine")
    tick = os.sysconf("SC_CLK_TCK")
    stat = "cpu  {user} 0 0 {idle} 50 0 0 {steal} 7 7\ncpu0 1 2 3 4 5 6 7 8 9 10\n"

    def clock(user: int, idle: int, steal: int, own: float) -> Any:
        ticks = {"user": user * tick, "idle": idle * tick, "steal": steal * tick}
        return machine.Clock.parse(stat.format(**ticks), own)

    before = clock(100, 100, 0, 10.0)
    assert machine.others_between(before, clock(106, 104, 0, 16.0)) == pytest.approx(0.0)
    assert machine.others_between(before, clock(106, 103, 1, 13.0)) == pytest.approx(
        0.4
    )  # 3 s and 1 s stolen
    assert machine.others_between(before, before) == 0.0


def test_a_machine_that_is_not_ours_alone_is_objected_to(bench: Any) -> None:
    objections = bench("machine").objections
    assert objections([0.0, 0.03], [1.0, 1.08]) == ()
    assert "31%" in objections([0.0, 0.31, 0.01], [1.0])[0]
    assert "1.25 times" in objections([0.0], [0.8, 1.0])[0]
    assert objections([], []) == ()


def test_this_machine_can_be_looked_at(bench: Any) -> None:
    machine = bench("machine")
    assert 0 <= machine.others_now(0.01) <= 1
    assert machine.read_bandwidth(1, size=1 << 20) > 0
    assert machine.spin(1) > 0


def test_a_step_reads_every_matrix_once_and_no_table(bench: Any, tmp_path: Path) -> None:
    graph_bytes = bench("graph_bytes")
    manifest = tiny_bundle(tmp_path / "b", variant="llama-tied")
    read = graph_bytes.weight_bytes(tmp_path / "b")
    stored = sum(file.size for file in manifest.files if file.path.startswith(DECODER_NAME))
    table = manifest.vocabulary_size * 64 * 4  # fp32, and the head besides: a step reads it once
    assert table < read < stored
    assert graph_bytes.cache_bytes(manifest, 7) == 7 * graph_bytes.cache_bytes(manifest, 1) > 0


def test_an_answer_is_held_to_the_schema_and_to_what_was_meant(bench: Any) -> None:
    task = bench("command_task")
    meant = [json.dumps({"device": device, "action": "open", "level": 50}) for _, device in task.SENTENCES]
    times = tuple(float(n) for n in range(len(meant)))
    assert task.Answers(times, tuple(meant)).right == len(meant)
    assert task.Answers(times, (meant[1], *meant[1:])).right == len(meant) - 1
    assert bench("tasks").figures(task.Answers(times, tuple(meant))) == {
        "command_first_s": 0.0,
        "command_warm_s": 5.0,
    }
    for wrong in ("{}", "[]", '{"device": "moon", "action": "open", "level": 0}', "{"):
        with pytest.raises(ValueError, match=r"outside the schema|Expecting"):
            _ = task.Answers(times, (wrong, *meant[1:])).right


def test_the_memory_a_worker_tells_is_its_own(bench: Any) -> None:
    workload = bench("workload")
    before = workload.peak_rss_mib()
    kept = bytearray(b"x" * (64 << 20))
    assert workload.peak_rss_mib() >= before
    assert len(kept) == 64 << 20
    work = workload.Workload("m", 1, 8, (1, 2), (1,), (0,), 3)
    assert workload.Workload.from_json(work.to_json()) == work


def test_a_picture_is_well_formed_whatever_a_model_is_called(bench: Any) -> None:
    picture = bench("picture")
    bars = [
        picture.Bar('<&"', "nobody", 0.0, 0.0, 0.0, "KL"),
        picture.Bar("b", "inglenook", 2.0, 1.0, 3.0, ""),
    ]
    root = ET.fromstring(picture.draw([picture.Panel("a & b", bars), picture.Panel("c", [])], "<caption>"))  # noqa: S314  ours
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert texts.index("b") < texts.index('<&"')  # the faster one is on top
    assert "<caption>" in texts


def test_a_doubtful_run_says_why_and_judges_only_if_told(bench: Any) -> None:
    report = bench("report")
    ours = _variant(bench, "inglenook", "int8", 20.0, bandwidth_share=0.8)
    machine = {"read_bandwidth": 2e10, "cpu": "c", "threads": 2}
    for objections, anyway, expected in (
        ((), False, "met"),
        (("noise",), False, "not judged"),
        (("noise",), True, "met"),
    ):
        result = report.Result(machine, "m", "s", (ours,), objections, judged_anyway=anyway, notes=("how",))
        verdicts = {row.goal.figure: row.verdict for row in result.rows}
        assert verdicts["bandwidth_share"] == expected
        page = report.markdown(result)
        assert ("noise" in page, "nothing is judged" in page) == (bool(objections), expected == "not judged")


def test_the_whole_way_without_peers(bench: Any, tmp_path: Path) -> None:
    arguments = [
        "--weights",
        str(GOLDEN_DIR / "llama-tied"),
        "--recipes",
        "fp32",
        "--rounds",
        "1",
        "--tokens",
        "2",
    ]
    arguments += ["--prefills", "4,9,4096", "--pasts", "0,9", "--fidelity-tokens", "4", "--threads", "1"]
    arguments += ["--folder", str(tmp_path / "made"), "--save", str(tmp_path / "saved")]
    result = bench("peers").main(arguments)
    (ours,) = result.variants
    assert (ours.engine, ours.kl, len(ours.rounds)) == ("inglenook", 0.0, 1)
    assert {"prefill@4", "prefill@9", "decode@0", "decode@9", "load_s", "rss_mib", "streams"} <= set(
        ours.rounds[0]
    )
    assert "prefill@4096" not in ours.rounds[0]  # the context does not hold it
    judged = {row.outcome for row in result.rows if row.goal.against is None}
    assert ("not judged" in judged) == bool(result.objections)
    saved = {path.name: path.read_text() for path in (tmp_path / "saved").iterdir()}
    assert sorted(saved) == ["peers.json", "peers.md", "peers.svg"]
    told = json.loads(saved["peers.json"])
    assert len(told["goals"]) == len(bench("goals").GOALS)
    assert told["variants"][0]["rounds"] == list(ours.rounds)
