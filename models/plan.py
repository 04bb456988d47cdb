"""What a pull will make: from which reference, under which name and version. Values in, value out.

A version is the catalogue entry's, the package's, the revision asked for, or the hash of a local file; a
recipe chosen by hand is added to it, so that both builds can be kept.
"""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Self

from models.catalogue import Entry
from models.manifest import Fidelity, Licence, SamplingDefaults
from models.quantize import CacheType, recipe_named
from models.reference import Hub, Wheel
from models.sources.local import LocalOffer

Origin = LocalOffer | Hub | Wheel
"""Files of this machine are looked at before anything else: their hash is their version."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the person at the keyboard asked for beyond the reference."""

    name: str | None = None
    recipe: str | None = None
    accepted_licences: frozenset[str] = frozenset()
    force: bool = False
    """Fetch and build again what is there already."""
    purpose: str = ""
    """What else than to write the bundle is for; part of its version, so that one model can be there for both."""
    kv: CacheType = "float32"
    """As what keys and values are remembered."""
    keep_name: bool = False
    """Leave the name alone to another version here that it means."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One pull."""

    origin: Origin
    name: str
    version: str
    recipe: str | None
    """None: by the number of parameters."""
    entry: Entry | None
    kv: CacheType = "float32"

    @classmethod
    def make(cls, origin: Origin, entry: Entry | None, wishes: Wishes) -> Self:
        """`entry` is the catalogue's, if the model was asked for by its name there.

        Raises:
            QuantizationError: there is no such recipe.
        """
        if wishes.recipe:
            recipe_named(wishes.recipe)  # refused now rather than once everything is fetched
        name, version = (entry.name, entry.version) if entry else _identity(origin)
        default = entry.recipe if entry else None
        by_hand = wishes.recipe if wishes.recipe != default else None
        kv = "kv8" if wishes.kv == "int8" else ""
        version = "-".join(filter(None, (version, wishes.purpose, by_hand, kv)))
        recipe = wishes.recipe or default
        return cls(origin, _slug(wishes.name or name), _slug(version), recipe, entry, wishes.kv)

    @property
    def uri(self) -> str:
        """As a manifest records it: without the folders of this machine."""
        return self.origin.path.name if isinstance(self.origin, LocalOffer) else str(self.origin)

    @property
    def lock(self) -> str:
        """Pulls that would write the same download, or the same name, wait for each other."""
        return self.name if isinstance(self.origin, LocalOffer) else self.origin.origin

    def licence(self, stated: Licence | None) -> Licence | None:
        """The catalogue's word, else the source's."""
        return self.entry.terms if self.entry else stated

    @property
    def languages(self) -> tuple[str, ...]:
        """Empty when nobody said."""
        return self.entry.languages if self.entry else ()

    @property
    def tool_dialect(self) -> str:
        """The word "none" when nobody said."""
        return self.entry.tool_dialect if self.entry else "none"

    @property
    def sampling(self) -> SamplingDefaults | None:
        """None leaves it to the checkpoint."""
        return self.entry.sampling if self.entry else None

    @property
    def known(self) -> tuple[Fidelity, ...]:
        """What the catalogue knows of the bundle's fidelity."""
        if self.kv != "float32" or not (self.entry and self.recipe):
            return ()
        return self.entry.fidelity_of(self.recipe)


def _identity(origin: Origin) -> tuple[str, str]:
    match origin:
        case LocalOffer(path=path, revision=revision):
            return path.name.removesuffix(".gguf"), revision
        case Hub(repo=repo, revision=revision, file=file):
            return PurePosixPath(file).stem if file else repo.split("/")[1], revision or "main"
        case Wheel(version=version, name=name):
            return PurePosixPath(name).stem, version


def _slug(text: str) -> str:
    """In the letters a name of the store may have."""
    return re.sub(r"[^a-z0-9._+-]+", "-", text.lower()).lstrip("._+-") or "model"
