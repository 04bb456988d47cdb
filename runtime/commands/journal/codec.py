"""Orders, results and messages as JSON, and back: one codec for all of them, read off their own type hints.

What has its default is left out, so a field that is added later reads as its default from older rows. Knows no SQL.
"""

import base64
import json
import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

_T = TypeVar("_T")


class UnreadableError(ValueError):
    """Text that is not what was to be read."""


def dumps(value: object) -> str:
    """A dataclass, or a tuple of them, as JSON in ASCII."""
    return json.dumps(_plain(value), separators=(",", ":"))


def loads(kind: type[_T], text: str) -> _T:
    """The dataclass that `dumps` wrote.

    Raises:
        UnreadableError: it did not, or another version of this program did.
    """
    value: _T = _read(kind, text)
    return value


def loads_all(kind: type[_T], text: str) -> tuple[_T, ...]:
    """The tuple that `dumps` wrote; see `loads`."""
    value: tuple[_T, ...] = _read(tuple[kind, ...], text)  # type: ignore[valid-type]  # a hint that is made here
    return value


def _read(hint: Any, text: str) -> Any:
    try:
        return _typed(hint, json.loads(text))
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as exc:
        raise UnreadableError(f"{type(exc).__name__}: {exc}") from exc


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {
            field.name: _plain(held)
            for field in fields(value)
            if (held := getattr(value, field.name)) != field.default  # a factory's is written out
        }
    match value:
        case Enum():
            return value.value
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case Mapping():
            return {key: _plain(each) for key, each in value.items()}
        case tuple():
            return [_plain(each) for each in value]
        case _:
            return value


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind)


def _typed(hint: Any, raw: Any) -> Any:
    origin = get_origin(hint)
    if origin in {types.UnionType, Union}:
        return _typed(_meant(hint, raw), raw)
    if origin is tuple:
        return tuple(_typed(get_args(hint)[0], each) for each in raw)
    if not isinstance(hint, type):  # a mapping from text to plain values
        return raw
    if is_dataclass(hint):
        hints = _hints(hint)
        return hint(**{name: _typed(hints[name], each) for name, each in raw.items()})
    if issubclass(hint, bytes):
        return base64.b64decode(raw)
    return hint(raw) if issubclass(hint, Enum) else raw


def _meant(hint: Any, raw: Any) -> Any:
    """Which part of a union a raw value is of: plain values as they are, anything else the part that is not None."""
    if raw is None:
        return types.NoneType
    rest = [each for each in get_args(hint) if each is not types.NoneType]
    return rest[0] if len(rest) == 1 else object
