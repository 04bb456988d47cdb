"""The licences we know: read to the last key, each condition with its clause."""

import re
from importlib.resources import files
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.licences import UNKNOWN, TermsError, by_id, known, licence_of, meant, parse_terms, terms_of
from models.manifest import Licence, Restriction, Tag

TEXT = files("models.licences").joinpath("lfm-open-1.0.toml").read_text(encoding="utf-8")
RESTRICTIONS = get_args(Restriction)


@pytest.mark.parametrize("spdx", known())
def test_every_condition_has_a_clause_and_an_address(spdx: str) -> None:
    terms = known()[spdx]
    assert terms.url.startswith("https://")
    assert terms.hub == tuple(tag.lower() for tag in terms.hub)
    assert len({condition.tag for condition in terms.conditions}) == len(terms.conditions)
    for condition in terms.conditions:
        assert condition.clause
        assert re.fullmatch(r"[a-z].*[^.]", condition.says), "the rest of a sentence"
        assert condition.url.startswith("https://") or not condition.url
        assert (condition.limit is not None) == condition.tag.endswith("-cap")
    assert terms_of(terms.licence) == terms


def test_no_two_licences_are_called_the_same() -> None:
    tags = [tag for terms in known().values() for tag in terms.hub]
    assert len(set(tags)) == len(tags)


@pytest.mark.parametrize(
    ("tag", "asked"),
    [
        ("apache-2.0", ("commercial", "attribution")),
        ("lfm1.0", ("commercial", "attribution", "revenue-cap")),
        ("gemma", ("commercial", "attribution", "use-policy")),
        ("llama3.2", ("commercial", "attribution", "use-policy", "user-cap")),
        ("falcon-llm-license", ("commercial", "attribution", "use-policy")),
        ("stabilityai-ai-community", ("commercial", "attribution", "use-policy", "revenue-cap")),
        ("qwen-research", ("attribution", "non-commercial")),
        ("cc-by-nc-sa-4.0", ("attribution", "non-commercial", "copyleft")),
    ],
)
def test_what_the_tags_of_the_hub_stand_for(tag: str, asked: tuple[Tag, ...]) -> None:
    assert licence_of("other", name=tag).tags == licence_of(tag.upper()).tags == asked


def test_figures_of_the_caps() -> None:
    def limit(tag: str) -> int | None:
        return next(c.limit for c in terms_of(licence_of(tag)).conditions if c.tag.endswith("-cap"))

    assert limit("lfm1.0") == 10_000_000
    assert limit("stabilityai-ai-community") == 1_000_000
    assert limit("llama3.2") == 700_000_000


def test_words_to_show() -> None:
    assert terms_of(licence_of("llama3.2")).display == "Built with Llama"
    assert terms_of(licence_of("stabilityai-ai-community")).display == "Powered by Stability AI"


@given(st.text(min_size=1))
def test_what_nobody_knows_is_unknown_and_still_has_a_name(tag: str) -> None:
    licence = licence_of("x-" + tag)
    assert licence.tags == ("unknown",)
    assert re.fullmatch(r"LicenseRef-[A-Za-z0-9-]+", licence.spdx)


def test_a_licence_without_a_word_about_itself_is_unknown() -> None:
    for licence in (UNKNOWN, Licence("LicenseRef-mine")):
        (condition,) = terms_of(licence).conditions
        assert condition.tag == "unknown"
    assert terms_of(Licence("MIT")).conditions == known()["MIT"].conditions


@given(st.sampled_from([*known(), "LicenseRef-mine"]), st.lists(st.sampled_from(RESTRICTIONS), min_size=1))
def test_a_tag_beyond_what_is_known_counts_too(spdx: str, tags: list[Restriction]) -> None:
    asked = [condition.tag for condition in terms_of(Licence(spdx, tuple(tags))).conditions]
    assert set(tags) <= set(asked)
    assert len(set(asked)) == len(asked)


def test_an_id_is_found_in_any_letters() -> None:
    assert by_id("licenseref-lfm-1.0") == known()["LicenseRef-LFM-1.0"]
    assert by_id("lfm") is None


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("clause", "claus", r"x.toml: conditions\[0\] has an unknown key 'claus' .did you mean 'clause'"),
        (
            '"revenue-cap"',
            '"revenue cap"',
            r"conditions\[1\].tag has an unknown word 'revenue cap' .did you mean",
        ),
        ('"revenue-cap"', '"zzz"', r"conditions\[1\].tag has an unknown word 'zzz' .known are attribution, "),
        ("10_000_000", "1e7", r"conditions\[1\].limit is 10000000.0, which is of the wrong type"),
        ("spdx", "id", "x.toml: it has an unknown key 'id'"),
        ("[[conditions]]", "[[conditions]", "x.toml is not TOML"),
    ],
)
def test_a_faulty_file_is_refused_by_the_key(old: str, new: str, problem: str) -> None:
    with pytest.raises(TermsError, match=problem):
        parse_terms(TEXT.replace(old, new), "x.toml")


@pytest.mark.parametrize(
    ("name", "meant_id"),
    [
        ("LicenseRef-Gema", "LicenseRef-Gemma"),
        ("Gemma", "LicenseRef-Gemma"),
        ("licenseref-gemma", "LicenseRef-Gemma"),
        ("apache2.0", "Apache-2.0"),
        ("LicenseRef-Gemma", None),
        ("LicenseRef-house-rules", None),
    ],
)
def test_an_id_that_is_none_may_be_meant_for_one(name: str, meant_id: str | None) -> None:
    terms = meant(name)
    assert (terms and terms.spdx) == meant_id
