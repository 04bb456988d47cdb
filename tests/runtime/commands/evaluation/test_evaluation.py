"""The harness judges rightly; the weights that are shipped are those that the shipped sentences give."""

import json
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pytest

from runtime.commands.choice.model import WEIGHTS, Weights, shipped
from runtime.commands.choice.stage import Choice
from runtime.commands.evaluation.fit import examples, fit, outcome
from runtime.commands.evaluation.house import read_house
from runtime.commands.evaluation.judge import Verdict, judge
from runtime.commands.evaluation.report import figures, table
from runtime.commands.evaluation.run import alone, read_sets, run
from runtime.commands.evaluation.utterances import Utterance, Word, read_action, read_utterances
from runtime.commands.meaning import Action, Cannot, Do, Meaning, Option, Reason, Tell, Which
from runtime.errors import CallerError

HOUSE = """
[areas.den]
names = ["Den", { text = "書房", language = "zh-TW" }]
[devices.lamp]
names = ["Desk lamp"]
kind = "light"
area = "den"
[devices.lamp.capabilities.power]
type = "switch"
state = false
[devices.lamp.capabilities.brightness]
type = "range"
low = 1
high = 100
unit = "%"
state = 40
[devices.door]
names = ["Door"]
kind = "lock"
away = true
[devices.door.capabilities.state]
type = "options"
values = ["locked", "unlocked"]
dangerous = ["unlocked"]
"""
SAID = """
[[utterance]]
id = "one"
kind = "paraphrase"
text = "the desk lamp should go on"
expected = ["lamp.power=on"]
also = ["clarify"]
[[utterance]]
id = "two"
kind = "out_of_scope"
text = "what is a lamp"
expected = "refuse"
states = { "lamp.brightness" = 50 }
"""
ON = Do((Action("lamp", "power", value=True),))
OFF = Do((Action("lamp", "power", value=False),))


def written(folder: Path, house: str = HOUSE, said: str = SAID) -> Path:
    (folder / "house.toml").write_text(house, encoding="utf-8")
    (folder / "said.toml").write_text(said, encoding="utf-8")
    return folder


def utterance(*answers: str | list[str], folder: Path) -> Utterance:
    house = read_house(written(folder))
    read = tuple(
        tuple(read_action(text, house, "x") for text in answer) if isinstance(answer, list) else Word(answer)
        for answer in answers
    )
    return Utterance("x", "paraphrase", "en", "x", read)


@pytest.mark.parametrize(
    ("meaning", "verdict"),
    [
        (ON, Verdict.RIGHT),
        (OFF, Verdict.WRONG),
        (Do((*ON.actions, *OFF.actions)), Verdict.WRONG),
        (Do(ON.actions, after_s=60), Verdict.WRONG),
        (Which("?", (Option("a", OFF), Option("b", ON))), Verdict.CLARIFIED),
        (Which("?", (Option("a", OFF),)), Verdict.AMISS),
        (Cannot(Reason.OUT_OF_SCOPE, ""), Verdict.REFUSED),
        (Tell("it is off"), Verdict.TOLD),
        (None, Verdict.REFUSED),
    ],
)
def test_what_is_wanted_is_judged(meaning: Meaning | None, verdict: Verdict, tmp_path: Path) -> None:
    assert judge(meaning, utterance(["lamp.power=on"], folder=tmp_path)) is verdict


@pytest.mark.parametrize(
    ("wanted", "value", "verdict"),
    [
        ("<40", 30, Verdict.RIGHT),
        ("<40", 40, Verdict.WRONG),
        (">=40", 40, Verdict.RIGHT),
        ("33.3333", 33.33, Verdict.RIGHT),
    ],
)
def test_numbers_may_be_bounds(wanted: str, value: float, verdict: Verdict, tmp_path: Path) -> None:
    said = utterance([f"lamp.brightness={wanted}"], folder=tmp_path)
    assert judge(Do((Action("lamp", "brightness", value),)), said) is verdict
    waiting = Which("?", (), (Action("lamp", "brightness", None),))
    assert judge(waiting, said) is Verdict.CLARIFIED


def test_what_is_to_be_refused_is_wrong_to_do(tmp_path: Path) -> None:
    said = utterance("refuse", folder=tmp_path)
    assert judge(ON, said) is Verdict.WRONG
    assert judge(Cannot(Reason.NOT_WANTED, ""), said) is Verdict.RIGHT
    assert judge(Which("?", (Option("a", ON),)), said) is Verdict.AMISS


async def test_templates_are_reported_apart(tmp_path: Path) -> None:
    easy = SAID.replace('"one"', '"three"').replace('"two"', '"four"').replace('"paraphrase"', '"template"')
    (found,) = read_sets(written(tmp_path, said=SAID + easy.split('[[utterance]]\nid = "four"')[0]))
    report = figures(await run(found, alone([Choice(None)])))
    assert (report["utterances"], report["own_worded"]) == (3, 2)
    assert report["templates_right"] in {0.0, 1.0}
    assert sum(report["shares"].values()) == pytest.approx(1.0)
    assert any(line.startswith("templates right") for line in table(report))


async def test_a_set_is_run_and_reported(tmp_path: Path) -> None:
    (found,) = read_sets(written(tmp_path))
    outcomes = await run(found, alone([Choice(None)]))
    report = figures(outcomes)
    assert report["utterances"] == 2
    assert report["shares"]["WRONG"] == 0.0
    assert {"all", "choice"} <= report["ms"].keys()
    json.dumps(report)
    assert any(line.startswith("right or clarified") for line in table(report))


@pytest.mark.parametrize(
    ("house", "said", "problem"),
    [
        (HOUSE.replace('"light"', '"lamp"'), SAID, "there is no kind 'lamp'"),
        (HOUSE.replace('area = "den"', 'area = "attic"'), SAID, "there is no area 'attic'"),
        (HOUSE.replace('type = "switch"', 'type = "knob"'), SAID, "there is no type 'knob'"),
        (HOUSE.replace("away = true", "awy = true"), SAID, "unknown key 'awy'"),
        (
            HOUSE,
            SAID.replace("lamp.power=on", "lamp.power=maybe"),
            "has a value that the device does not take",
        ),
        (HOUSE, SAID.replace("lamp.power=on", "lamp.color=red"), "is no device.capability=value"),
        (HOUSE, SAID.replace('"two"', '"one"'), "'one' is there twice"),
        (HOUSE, SAID.replace('"refuse"', '"forget"'), "an answer is a list of actions or one of"),
        (HOUSE, SAID.replace('kind = "paraphrase"', ""), "lacks kind"),
        (HOUSE, "[[utterance", "is not TOML"),
    ],
)
def test_a_faulty_set_is_refused_by_what_is_wrong(
    house: str, said: str, problem: str, tmp_path: Path
) -> None:
    with pytest.raises(CallerError, match=problem):
        read_sets(written(tmp_path, house, said))


@pytest.mark.counted
def test_the_weights_are_those_that_the_sentences_give_and_seldom_wrong() -> None:
    """Within what another processor rounds, and what a word more in a list of cues changes."""
    folder = Path(str(files("runtime.commands.evaluation").joinpath("development")))
    taught = tuple(examples(folder, None))
    assert len(taught) >= 250
    weights = shipped(encoder=False)
    again = Weights(*fit(taught), weights.thresholds)
    same = sum(outcome(each, weights) is outcome(each, again) for each in taught)
    assert same >= 0.97 * len(taught), "run script/fit-choice"
    found = Counter(outcome(each, weights) for each in taught)
    assert found[Verdict.WRONG] <= 0.01 * len(taught)
    assert found[Verdict.RIGHT] + found[Verdict.CLARIFIED] >= 0.85 * len(taught)


def test_the_file_of_weights_has_two_sets() -> None:
    raw = json.loads(files("runtime.commands.choice").joinpath(WEIGHTS).read_text(encoding="utf-8"))
    assert raw.keys() == {"with_encoder", "without_encoder"}


def test_every_sentence_of_the_development_set_is_inside_its_house() -> None:
    folder = Path(str(files("runtime.commands.evaluation").joinpath("development")))
    for place in (path for path in folder.iterdir() if path.is_dir()):
        assert read_utterances(place, read_house(place))
