"""Parsed JSON or TOML as dataclasses, checked to the last key: a typo must not pass for a default. Stdlib only.

Knows types. Does not know which file it reads: whoever does says so, and says what to do about it.
"""

import types
import typing
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from difflib import get_close_matches
from typing import Any, Final, Literal, TypeVar, get_args, get_origin

T = TypeVar("T")

_SHOWN: Final = 60
"""Characters of a wrong key or value that a message repeats."""
_EXACT: Final = 2**53
"""Beyond it not every whole number is a float."""


class MisfitError(ValueError):
    """What is wrong, and with which key, as in `files[0].size`."""


def load(kind: type[T], raw: object, path: str = "") -> T:
    """Build dataclass `kind` from a parsed table; `path` is what messages call the table.

    Raises:
        MisfitError: an unknown or a missing key, or a value of the wrong type.
    """
    whole = path or "it"
    if not isinstance(raw, Mapping):
        raise MisfitError(f"{whole} is not an object of keys and values")
    hints = typing.get_type_hints(kind)
    for key in raw:
        if key not in hints:
            raise MisfitError(f"{whole} has an unknown key {_among(str(key), hints)}")
    for field in fields(kind):  # type: ignore[arg-type]  # no Protocol says "a dataclass"
        if field.name not in raw and field.default is MISSING and field.default_factory is MISSING:
            raise MisfitError(f"{whole} lacks the key {field.name!r}")
    return kind(**{key: _value(hints[key], item, f"{path}.{key}".lstrip(".")) for key, item in raw.items()})


def _value(hint: Any, raw: Any, path: str) -> Any:
    """`raw` as the first of the types in `hint` that it can be."""
    options = get_args(hint) if isinstance(hint, types.UnionType) else (hint,)
    for option in options:
        origin = get_origin(option)
        if is_dataclass(option) and isinstance(option, type) and isinstance(raw, Mapping):
            return load(option, raw, path)
        if origin is tuple and isinstance(raw, list):
            return tuple(_value(get_args(option)[0], item, f"{path}[{i}]") for i, item in enumerate(raw))
        if option is float and type(raw) is int and abs(raw) <= _EXACT:
            return float(raw)
        fits = raw in _choices(option) if origin is Literal else type(raw) is (origin or option)
        if fits:
            return raw
    words = [word for option in options for word in _choices(option)]
    if isinstance(raw, str) and words:
        raise MisfitError(f"{path} has an unknown word {_among(raw, words)}")
    raise MisfitError(f"{path} is {repr(raw)[:_SHOWN]}, which is of the wrong type")


def _choices(hint: Any) -> tuple[Any, ...]:
    """What a Literal may be; a union of Literals is one of them."""
    return get_args(hint) if get_origin(hint) is Literal else ()


def _among(wrong: str, known: Iterable[str]) -> str:
    """What was written, and the nearest of what may be, or all of it."""
    near = get_close_matches(wrong, known := tuple(known), n=1)
    advice = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
    return f"{wrong[:_SHOWN]!r} ({advice})"
