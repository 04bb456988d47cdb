"""What an owner states, held against what licences ask."""

from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import PolicyError
from models.licences import UNKNOWN, known, licence_of, terms_of
from models.licences.policy import Policy, broken, enforce, unsettled
from models.manifest import Restriction

LICENCES = [terms.licence for terms in known().values()] + [UNKNOWN, licence_of("of-nobody")]
FACTS = st.builds(
    Policy,
    commercial=st.none() | st.booleans(),
    annual_revenue_usd=st.none() | st.integers(0, 10**12),
    monthly_users=st.none() | st.integers(0, 10**10),
    refuse=st.lists(st.sampled_from(get_args(Restriction)), max_size=3).map(tuple),
)


@pytest.mark.parametrize(
    ("tag", "policy", "setting"),
    [
        ("cc-by-nc-4.0", Policy(commercial=True), "commercial"),
        ("qwen-research", Policy(commercial=True), "commercial"),
        ("lfm1.0", Policy(annual_revenue_usd=10_000_000), "annual_revenue_usd"),
        ("lfm1.0", Policy(commercial=True, annual_revenue_usd=25_000_000), "annual_revenue_usd"),
        (
            "stabilityai-ai-community",
            Policy(commercial=False, annual_revenue_usd=10**7),
            "annual_revenue_usd",
        ),
        ("llama3.2", Policy(monthly_users=800_000_000), "monthly_users"),
        ("gemma", Policy(refuse=("copyleft", "use-policy")), "refuse"),
        ("apache-2.0", Policy(refuse=("attribution",)), "refuse"),
        ("of-nobody", Policy(refuse=("unknown",)), "refuse"),
    ],
)
def test_a_policy_rules_a_licence_out(tag: str, policy: Policy, setting: str) -> None:
    found = broken(policy, licence_of(tag))
    assert found is not None
    assert found.setting == setting
    with pytest.raises(PolicyError, match=f"^m is ruled out by policy.{setting} = "):
        enforce(policy, licence_of(tag), "m")


@pytest.mark.parametrize(
    ("tag", "policy"),
    [
        ("cc-by-nc-4.0", Policy()),
        ("cc-by-nc-4.0", Policy(commercial=False)),
        ("lfm1.0", Policy(commercial=True)),
        ("lfm1.0", Policy(commercial=True, annual_revenue_usd=9_999_999)),
        ("lfm1.0", Policy(commercial=False, annual_revenue_usd=25_000_000)),
        ("llama3.2", Policy(commercial=True, annual_revenue_usd=10**11)),
        ("apache-2.0", Policy(commercial=True, annual_revenue_usd=10**11, monthly_users=10**10)),
        ("lfm1.0", Policy(annual_revenue_usd=10**9, agreements=("LicenseRef-LFM-1.0",))),
    ],
)
def test_and_does_not_where_the_facts_are_within_the_clause(tag: str, policy: Policy) -> None:
    enforce(policy, licence_of(tag), "m")


def test_the_sentence_names_the_clause_the_address_and_the_next_step() -> None:
    with pytest.raises(PolicyError) as caught:
        enforce(Policy(annual_revenue_usd=25_000_000), licence_of("lfm1.0"), "lfm2-350m")
    assert str(caught.value) == (
        "lfm2-350m is ruled out by policy.annual_revenue_usd = 25000000: section 5(b) of LicenseRef-LFM-1.0 "
        "(https://www.liquid.ai/lfm-license) says that commercial use is not licensed to an entity with an annual "
        "revenue of US$10 million or more; choose another model from `ingle list --available`, or correct [policy] "
        "in the configuration"
    )


@pytest.mark.parametrize(
    ("tag", "policy", "asked"),
    [
        ("apache-2.0", Policy(), ()),
        ("lfm1.0", Policy(), ("revenue-cap",)),
        ("lfm1.0", Policy(commercial=True), ("revenue-cap",)),
        ("lfm1.0", Policy(commercial=False), ()),
        ("lfm1.0", Policy(annual_revenue_usd=1), ()),
        ("stabilityai-ai-community", Policy(commercial=False), ("use-policy", "revenue-cap")),
        ("llama3.2", Policy(commercial=False), ("use-policy", "user-cap")),
        ("llama3.2", Policy(monthly_users=9), ("use-policy",)),
        ("cc-by-nc-4.0", Policy(commercial=False), ()),
        ("gemma", Policy(accept=("LicenseRef-Gemma",)), ()),
        ("gemma", Policy(accept=("LicenseRef-LFM-1.0",)), ("use-policy",)),
        ("of-nobody", Policy(commercial=False), ("unknown",)),
    ],
)
def test_what_facts_do_not_settle_is_asked(tag: str, policy: Policy, asked: tuple[Restriction, ...]) -> None:
    assert tuple(condition.tag for condition in unsettled(policy, licence_of(tag))) == asked


def test_a_name_on_the_command_line_settles_it_once() -> None:
    assert unsettled(Policy(), licence_of("gemma"), {"LicenseRef-Gemma"}) == ()


@given(FACTS, st.sampled_from(LICENCES))
def test_to_refuse_more_never_allows_more(policy: Policy, licence: object) -> None:
    assert isinstance(licence, type(UNKNOWN))
    stricter = Policy(
        policy.commercial, policy.annual_revenue_usd, policy.monthly_users, get_args(Restriction)
    )
    if broken(policy, licence):
        assert broken(stricter, licence)
    assert (broken(stricter, licence) is None) == (not terms_of(licence).conditions)


@given(st.integers(0, 10**12), st.integers(0, 10**12), st.sampled_from(LICENCES))
def test_more_revenue_never_allows_more(one: int, other: int, licence: object) -> None:
    assert isinstance(licence, type(UNKNOWN))
    less, more = (Policy(annual_revenue_usd=figure) for figure in sorted((one, other)))
    if broken(less, licence):
        assert broken(more, licence)
