"""What an owner states and refuses, and what follows from it for a licence. Values in, values out.

An owner states facts (used commercially? which revenue?) and the clauses are held against them; what facts do not
settle has to be accepted by name. Knows no file: who reads one (`runtime.config`) makes a `Policy` of it, and the
rules on its types say what is possible there.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Annotated

from models.errors import PolicyError
from models.licences import Condition, Terms, terms_of
from models.manifest import Licence, Restriction


@dataclass(frozen=True, slots=True)
class NotNegative:
    """A number of zero or more."""

    def check(self, value: int) -> None:
        """Refuse what is below zero."""
        if value < 0:
            raise ValueError(f"is {value}, but must be zero or more")


@dataclass(frozen=True, slots=True)
class SpdxId:
    """The name of a licence, as `ingle licence` shows it."""

    def check(self, value: str) -> None:
        """Refuse what cannot be one."""
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9.+-]*", value):
            raise ValueError(f"is {value!r}, but must be the name of a licence, as `ingle licence` shows it")


@dataclass(frozen=True, slots=True)
class Policy:
    """The section `[policy]` of the configuration. Nothing stated allows what is accepted by name."""

    commercial: bool | None = None
    """Whether models are used for commercial advantage; None: not stated."""
    annual_revenue_usd: Annotated[int, NotNegative()] | None = None
    """Of the whole legal entity, with those that control it; None: not stated."""
    monthly_users: Annotated[int, NotNegative()] | None = None
    """Of all products of the entity; None: not stated."""
    refuse: tuple[Restriction, ...] = ()
    """Conditions that no licence may have, whatever the facts."""
    accept: tuple[Annotated[str, SpdxId()], ...] = ()
    """Licences read and accepted, for every pull."""
    agreements: tuple[Annotated[str, SpdxId()], ...] = ()
    """Licences whose makers gave this owner terms of their own: nothing is held against them."""


@dataclass(frozen=True, slots=True)
class Broken:
    """A condition that the policy does not meet."""

    condition: Condition
    setting: str
    """Of the policy: what it says against the condition."""
    value: str
    """Of that setting, as TOML has it."""


def broken(policy: Policy, licence: Licence) -> Broken | None:
    """The first condition of `licence` that the owner's facts break, or that the owner refuses."""
    if licence.spdx in policy.agreements:
        return None
    found = (_broken(policy, condition) for condition in terms_of(licence).conditions)
    return next(filter(None, found), None)


def unsettled(policy: Policy, licence: Licence, accepted: Collection[str] = ()) -> tuple[Condition, ...]:
    """The conditions of `licence` that nothing stated settles: its owner has to accept them by name.

    To name an author is not worth a question: it is shown what to show.
    """
    if licence.spdx in {*policy.agreements, *policy.accept, *accepted}:
        return ()
    return tuple(each for each in terms_of(licence).conditions if not _settled(policy, each))


def enforce(policy: Policy, licence: Licence, what: str) -> None:
    """Refuse the model called `what` if the policy rules out its licence.

    Raises:
        PolicyError: with the clause, and the setting that speaks against it.
    """
    if found := broken(policy, licence):
        raise PolicyError(refusal(found, terms_of(licence), what))


def refusal(found: Broken, terms: Terms, what: str) -> str:
    """The sentence that says why `what` is not to be used here."""
    condition = found.condition
    where = condition.url or terms.url
    return (
        f"{what} is ruled out by policy.{found.setting} = {found.value}: {condition.clause} of {terms.spdx}"
        f"{f' ({where})' if where else ''} says that {condition.says}; choose another model from "
        "`ingle list --available`, or correct [policy] in the configuration"
    )


def _broken(policy: Policy, condition: Condition) -> Broken | None:
    if condition.tag in policy.refuse:
        return Broken(condition, "refuse", f'["{condition.tag}"]')
    match condition.tag:
        case "non-commercial" if policy.commercial:
            return Broken(condition, "commercial", "true")
        case "revenue-cap" if _capped(policy, condition) and _reached(
            policy.annual_revenue_usd, condition.limit
        ):
            return Broken(condition, "annual_revenue_usd", str(policy.annual_revenue_usd))
        case "user-cap" if _reached(policy.monthly_users, condition.limit):
            return Broken(condition, "monthly_users", str(policy.monthly_users))
        case _:
            return None


def _capped(policy: Policy, condition: Condition) -> bool:
    """Whether a cap on the revenue matters; who does not say that the use is not commercial is held to it."""
    return condition.any_use or policy.commercial is not False


def _reached(figure: int | None, limit: int | None) -> bool:
    return figure is not None and limit is not None and figure >= limit


def _settled(policy: Policy, condition: Condition) -> bool:
    match condition.tag:
        case "attribution":
            return True
        case "non-commercial":
            return policy.commercial is False
        case "revenue-cap":
            return not _capped(policy, condition) or _stated(policy.annual_revenue_usd, condition.limit)
        case "user-cap":
            return _stated(policy.monthly_users, condition.limit)
        case _:
            return False


def _stated(figure: int | None, limit: int | None) -> bool:
    """Whether there is a figure and something to compare it with; that it is below was seen before."""
    return figure is not None and limit is not None and figure < limit
