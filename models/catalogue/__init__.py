"""The models this appliance knows by name: one TOML file each, beside this one, checked to the last key.

Knows the form of an entry; does not fetch anything.
"""

import tomllib
import types
import typing
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any, get_args, get_origin

from models.errors import ModelError
from models.manifest import Licence, SamplingDefaults
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

    @property
    def reference(self) -> Remote:
        """The source, read."""
        return parse_remote(self.source)


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
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as exc:
        raise CatalogueError(f"{where} is not TOML ({exc}); correct it") from exc
    entry: Entry = _table(Entry, raw, where)
    return entry


def _table(kind: type[Any], raw: dict[str, Any], where: str) -> Any:
    known = {field.name: field for field in fields(kind)}
    for key in raw:
        if key not in known:
            near = get_close_matches(key, known, n=1)
            advice = f"did you mean {near[0]!r}?" if near else f"it may have {', '.join(known)}"
            raise CatalogueError(f"{where} has an unknown key {key!r}; {advice}")
    for name, field in known.items():
        if name not in raw and field.default is MISSING and field.default_factory is MISSING:
            raise CatalogueError(f"{where} lacks the key {name!r}; add it")
    hints = typing.get_type_hints(kind)
    return kind(**{name: _value(hints[name], value, f"{where}: {name}") for name, value in raw.items()})


def _value(hint: Any, raw: Any, where: str) -> Any:
    if get_origin(hint) is types.UnionType:
        hint = get_args(hint)[0]
    if is_dataclass(hint) and isinstance(hint, type) and isinstance(raw, dict):
        return _table(hint, raw, where)
    if get_origin(hint) is tuple and isinstance(raw, list):
        return tuple(_value(get_args(hint)[0], item, where) for item in raw)
    if hint is float and type(raw) is int:
        return float(raw)
    if type(raw) is not hint:
        raise CatalogueError(f"{where} is {raw!r}, which is of the wrong type; correct it")
    return raw
