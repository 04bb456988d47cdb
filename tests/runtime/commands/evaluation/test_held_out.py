"""The held-out set is what its PROTOCOL.md says: counts, labels inside the house, no doubles, the digest."""

import unicodedata
from collections import Counter
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import pytest

from runtime.commands.evaluation.house import read_house
from runtime.commands.evaluation.utterances import Utterance, Wanted, Word, read_utterances
from runtime.commands.registry.house import House
from tests.support.held_out import FOLDER, LANGUAGES, TEMPLATE, digest, misfiled, templates

NOT_ASKED = frozenset({"out_of_scope", "negated", "hypothetical"})
"""Kinds of which nothing is to be done."""


@pytest.fixture(scope="module")
def house() -> House:
    return read_house(FOLDER)


@pytest.fixture(scope="module")
def utterances(house: House) -> tuple[Utterance, ...]:
    return read_utterances(FOLDER, house)


def test_there_are_as_many_as_promised(utterances: tuple[Utterance, ...]) -> None:
    own_worded = [each for each in utterances if each.kind != TEMPLATE]
    by_language = Counter(each.language for each in own_worded)
    by_kind = Counter(each.kind for each in utterances)
    assert set(by_language) == set(LANGUAGES)
    assert by_language["en"] >= 360
    assert by_language["zh-TW"] >= 60
    assert by_kind["out_of_scope"] >= 90
    assert by_kind[TEMPLATE] >= 60
    assert min(by_kind.values()) >= 10


def test_the_protocol_names_every_kind_with_its_count_and_the_digest(
    utterances: tuple[Utterance, ...],
) -> None:
    protocol = (FOLDER / "PROTOCOL.md").read_text(encoding="utf-8")
    assert f"`{digest(FOLDER)}`" in protocol, f"the set has changed: raise its version, name {digest(FOLDER)}"
    for kind in {each.kind for each in utterances}:
        counts = [
            sum(each.kind == kind and each.language == language for each in utterances)
            for language in LANGUAGES
        ]
        assert f"| `{kind}` | {counts[0]} | {counts[1]} |" in protocol


def test_an_id_says_kind_and_language_and_a_file_has_one_kind(utterances: tuple[Utterance, ...]) -> None:
    short = {"en": "en", "zh-TW": "zh"}
    for each in utterances:
        stem, number = each.id.rsplit("-", 1)
        assert stem == f"{each.kind.replace('_', '-')}-{short[each.language]}"
        assert number.isdecimal()
    assert {path.stem for path in FOLDER.glob("*.toml")} == {each.kind for each in utterances} | {"house"}


def test_no_sentence_is_there_twice(utterances: tuple[Utterance, ...]) -> None:
    times = Counter((plain(each.text), each.area, each.said_before) for each in utterances)
    assert not [sentence for sentence, count in times.items() if count > 1]


def plain(text: str) -> str:
    """A sentence without case, width, spacing and punctuation."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join("".join(c if c.isalnum() else " " for c in folded).split()) or text


def test_every_answer_is_something_the_house_can_do(utterances: tuple[Utterance, ...], house: House) -> None:
    for utterance in utterances:
        for wanted in actions(utterance):
            capability = house.devices[wanted.device].capability(wanted.capability)
            assert capability is not None
            assert capability.settable, (utterance.id, wanted)
            assert capability.domain.check(wanted.value) is None, (utterance.id, wanted)


def actions(utterance: Utterance) -> list[Wanted]:
    return [wanted for answer in utterance.answers if not isinstance(answer, Word) for wanted in answer]


def test_everything_else_that_is_named_is_in_the_house(
    utterances: tuple[Utterance, ...], house: House
) -> None:
    for utterance in utterances:
        assert utterance.area is None or utterance.area in house.areas, utterance.id
        assert {*utterance.said_before, *utterance.about} <= set(house.devices), utterance.id
        for device, name, value in utterance.states:
            capability = house.devices[device].capability(name)
            assert capability is not None, (utterance.id, device, name)
            assert value in capability.also_read or capability.domain.check(value) is None, utterance.id


def test_what_asks_for_nothing_expects_nothing(utterances: tuple[Utterance, ...]) -> None:
    for utterance in utterances:
        if utterance.kind in NOT_ASKED:
            assert utterance.answers[0] is Word.REFUSE, utterance.id
        if utterance.kind == "ambiguous":
            assert utterance.answers[0] is Word.CLARIFY, utterance.id
        if utterance.kind == "question":
            assert utterance.answers[0] is Word.TELL, utterance.id
            assert utterance.about, utterance.id


def test_no_answer_is_listed_twice(utterances: tuple[Utterance, ...]) -> None:
    for utterance in utterances:
        assert len({str(answer) for answer in utterance.answers}) == len(utterance.answers), utterance.id


def test_a_sentence_has_another_answer_than_how_things_are(
    utterances: tuple[Utterance, ...], house: House
) -> None:
    """Nearly always: a set whose commands change nothing could be passed by doing nothing."""
    asked = [each for each in utterances if each.kind != TEMPLATE and not isinstance(each.answers[0], Word)]
    idle = [each for each in asked if all(is_so(wanted, each, house) for wanted in actions_of_first(each))]
    assert len(idle) * 20 < len(asked), [each.id for each in idle]


def actions_of_first(utterance: Utterance) -> list[Wanted]:
    return actions(replace(utterance, answers=utterance.answers[:1]))


def is_so(wanted: Wanted, utterance: Utterance, house: House) -> bool:
    own = {(device, name): value for device, name, value in utterance.states}
    is_at = own.get((wanted.device, wanted.capability), house.value(wanted.device, wanted.capability))
    return is_at == wanted.value and not wanted.bound


def test_the_digest_is_of_names_and_contents(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("x = 1\n")
    before = digest(tmp_path)
    (tmp_path / "PROTOCOL.md").write_text("not of the set")
    assert digest(tmp_path) == before
    (tmp_path / "a.toml").rename(tmp_path / "b.toml")
    assert digest(tmp_path) != before


@pytest.mark.parametrize(
    ("text", "area", "covered"),
    [
        ("turn on the desk lamp", None, True),
        ("in ten minutes turn on the desk lamp", None, True),
        ("in ten minutes the desk lamp may as well shine", None, False),
        ("turn on the lights", None, False),
        ("turn on the lights", "kitchen", True),
        ("could somebody get the desk lamp going", None, False),
    ],
)
def test_what_templates_cover(text: str, area: str | None, covered: bool, house: House) -> None:  # noqa: FBT001  of a table
    assert templates(house, "en").cover(text, area) is covered


def test_sentences_are_filed_by_whether_a_template_covers_them() -> None:
    filed_by, installed = "2026.10.27", version("home-assistant-intents")
    assert f"home-assistant-intents {filed_by}" in (FOLDER / "PROTOCOL.md").read_text(encoding="utf-8")
    if installed != filed_by:
        pytest.skip(f"home-assistant-intents is {installed}: script/check-held-out says what it covers")
    assert not [each.id for each in misfiled(FOLDER)]
