"""What licences ask of an owner: one TOML file each, beside this one, with the clause that asks it, in our words.

Knows the licences of the catalogue's models and the usual ones of a hub, and how to find one by its SPDX id or by a
hub's tag. Stdlib only, for the serving process reads it. Does not know what an owner allows (`models.licences.policy`).
A summary is no legal advice: each condition carries the address of the text that counts.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Final

from models import strict
from models.errors import ModelError
from models.manifest import Licence, Restriction, Tag


class TermsError(ModelError, ValueError):
    """A file of this room that cannot be read."""


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that a licence asks."""

    tag: Restriction
    clause: str
    """Where the licence says it: section 5(b)."""
    says: str
    """What it says, as the rest of a sentence that begins with the clause."""
    url: str = ""
    """Of the text the clause refers to; empty where that is the licence itself."""
    limit: int | None = None
    """Of a revenue in US dollars, or of users a month: from there on the condition is broken."""
    any_use: bool = False
    """A cap on the revenue holds for use that is not commercial, too."""


@dataclass(frozen=True, slots=True)
class Terms:
    """One licence."""

    spdx: str
    name: str
    url: str = ""
    hub: tuple[str, ...] = ()
    """What model cards on the hub call it, in small letters."""
    conditions: tuple[Condition, ...] = ()
    display: str = ""
    """Words that the licence wants shown where the model is used."""
    notice: str = ""
    """Words that the licence wants to go with every copy."""

    @property
    def licence(self) -> Licence:
        """As a manifest records it."""
        asked = tuple(condition.tag for condition in self.conditions)
        free: tuple[Tag, ...] = () if "non-commercial" in asked else ("commercial",)
        return Licence(self.spdx, (*free, *asked), self.url)


UNKNOWN: Final = Licence("LicenseRef-unknown", ("unknown",))
_UNREFERENCED: Final[Mapping[Restriction, str]] = {
    "attribution": "its author is to be named",
    "revenue-cap": "it is free only below a certain revenue",
    "user-cap": "it is free only below a certain number of users",
    "use-policy": "it binds you to a use policy",
    "copyleft": "it binds what you make of it",
    "non-commercial": "commercial use is forbidden",
    "unknown": "what it asks is not known here",
}
"""For tags that come without a clause."""


@cache
def known() -> Mapping[str, Terms]:
    """Every licence of this room, by SPDX id.

    Raises:
        TermsError: a file is not TOML, or not a licence.
    """
    found = sorted((item.name, item) for item in files(__name__).iterdir() if item.name.endswith(".toml"))
    read = [parse_terms(item.read_text(encoding="utf-8"), name) for name, item in found]
    return {terms.spdx: terms for terms in read}


def parse_terms(text: str, where: str) -> Terms:
    """Read one file; `where` names it in messages.

    Raises:
        TermsError: not TOML; an unknown, missing or ill-typed key, or an unknown tag, named.
    """
    try:
        return strict.load(Terms, tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise TermsError(f"{where} is not TOML ({exc}); correct it") from exc
    except strict.MisfitError as exc:
        raise TermsError(f"{where}: {exc}; correct it") from exc


def terms_of(licence: Licence) -> Terms:
    """What `licence` asks: what is known of its id, and every tag it carries beyond that.

    A licence without an id we know and without a tag says nothing, which is not consent.
    """
    terms = known().get(licence.spdx) or Terms(licence.spdx, licence.spdx, licence.url)
    there = {condition.tag for condition in terms.conditions}
    tags = licence.tags or (() if licence.spdx in known() else UNKNOWN.tags)
    further = [
        Condition(tag, f"the tag {tag!r}", _UNREFERENCED[tag])
        for tag in dict.fromkeys(tags)
        if tag != "commercial" and tag not in there
    ]
    return Terms(
        terms.spdx,
        terms.name,
        licence.url or terms.url,
        terms.hub,
        (*terms.conditions, *further),
        terms.display,
        terms.notice,
    )


def by_id(name: str) -> Terms | None:
    """The licence of that SPDX id, in any case of letters, with or without its `LicenseRef-`."""
    wanted = {name.lower(), f"licenseref-{name}".lower()}
    return next((terms for spdx, terms in known().items() if spdx.lower() in wanted), None)


def meant(name: str) -> Terms | None:
    """The licence whose id somebody may have meant who wrote `name`, which is the id of none here."""
    if name in known():
        return None
    spelled = {spdx.lower(): terms for spdx, terms in known().items()}
    spelled |= {spdx.removeprefix("licenseref-"): terms for spdx, terms in spelled.items()}
    near = get_close_matches(name.lower(), spelled, n=1, cutoff=0.8)
    return spelled[near[0]] if near else None


def licence_of(tag: str, *, name: str | None = None, url: str | None = None) -> Licence:
    """The licence behind a hub's tag; for the tag "other", `name` and `url` are what the model card adds.

    What is not in this room is unknown, not free.
    """
    tag = name if tag == "other" and name else tag
    for terms in known().values():
        if tag.lower() in terms.hub:
            return terms.licence
    identifier = "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in tag)
    return Licence(f"LicenseRef-{identifier}", ("unknown",), url or "")
