"""The models this appliance knows by name: one TOML file each, beside this one, checked to the last key.

Knows the form of an entry; does not fetch anything.
"""

import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files

from models import strict
from models.errors import ModelError
from models.manifest import Fidelity, Licence, SamplingDefaults
from models.reference import Remote, parse_remote
from models.sources.wheel import WheelPin


class CatalogueError(ModelError, ValueError):
    """An entry of the catalogue that cannot be read."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a model asks of the machine, in bytes."""

    download: int
    """Exact where the source is pinned, else rounded up."""
    bundle: int
    """The finished bundle, rounded up."""
    build_memory: int
    serve_memory: int


@dataclass(frozen=True, slots=True)
class Measured:
    """What `script/test-arm` found for one recipe: an owner of such a board need not measure to know."""

    recipe: str
    fidelity: tuple[Fidelity, ...]


@dataclass(frozen=True, slots=True)
class Entry:
    """One model: where it comes from, and what a checkpoint does not say of itself."""

    name: str
    version: str
    """Of this entry; raised when anything in it changes what is built."""
    summary: str
    source: str
    """hf:... or wheel:..., in `ingle pull`'s own syntax."""
    parameters: int
    languages: tuple[str, ...]
    tool_dialect: str
    recipe: str
    """A name in `models.quantize`."""
    needs: Needs
    licence: Licence
    sampling: SamplingDefaults
    pin: WheelPin | None = None
    measured: tuple[Measured, ...] = ()
    """On processors that a builder of bundles seldom has."""

    @property
    def reference(self) -> Remote:
        """The source, read."""
        return parse_remote(self.source)

    def fidelity_of(self, recipe: str) -> tuple[Fidelity, ...]:
        """What is known of bundles by `recipe`."""
        rows = (row for measured in self.measured if measured.recipe == recipe for row in measured.fidelity)
        return tuple(replace(row, origin="catalogue") for row in rows)


@cache
def catalogue() -> dict[str, Entry]:
    """Every entry, by name.

    Raises:
        CatalogueError: a file is not TOML, or not an entry.
    """
    found = [item for item in files(__name__).iterdir() if item.name.endswith(".toml")]
    entries = [parse_entry(item.read_text(encoding="utf-8"), item.name) for item in found]
    return {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.parameters)}


def parse_entry(text: str, where: str) -> Entry:
    """Read one entry; `where` names the file in messages.

    Raises:
        CatalogueError: not TOML; an unknown, missing or ill-typed key, named.
    """
    try:
        return strict.load(Entry, tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise CatalogueError(f"{where} is not TOML ({exc}); correct it") from exc
    except strict.MisfitError as exc:
        raise CatalogueError(f"{where}: {exc}; correct it") from exc
