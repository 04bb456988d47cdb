"""The filters, tests, functions and methods that devices' templates may use. Each holds what it makes to a bound.

Names and meanings are Home Assistant's. What takes a pattern, tells the time or knows of other entities is left out:
the first cannot be bounded, the rest says nothing of the device.
"""

import json
import math
import re
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from jinja2 import Undefined, UndefinedError
from jinja2.exceptions import SecurityError
from jinja2.filters import do_default, do_int

_CHARACTERS: Final = 1 << 14
_ITEMS: Final = 4096
_BITS: Final = 4096
_WIDE: Final = re.compile(r"%[^%a-zA-Z]*(?:\d{3}|\*)")
"""A printf field wider, or more precise, than 99."""
_MISSING: Final = object()


def held(value: Any) -> Any:
    """`value`, if it is not larger than a device has reason to make it.

    Raises:
        SecurityError: it is.
    """
    match value:
        case str() | bytes():
            large = len(value) > _CHARACTERS
        case list() | tuple() | dict():
            large = len(value) > _ITEMS
        case int():
            large = value.bit_length() > _BITS
        case _:
            large = False
    if large:
        raise SecurityError("it makes something large")
    return value


def weight(*values: Any) -> int:
    """The steps that it costs to do something with all of these, so that no step takes long."""
    total = 1
    for value in values:
        if isinstance(value, str | bytes):
            total += len(value) >> 6
        elif isinstance(value, list | tuple | dict):
            total += 8 + (len(value) >> 3)
    return total


def shown(value: Any) -> Any:
    """What a template writes for a value."""
    return held(str(value)) if isinstance(value, list | tuple | dict | bytes) else value


def concat(*parts: Any) -> str:
    """`a ~ b`."""
    text = ""
    for part in parts:
        text = held(text + str(shown(part)))
    return text


def item(value: Any) -> Any:
    """What may stand in a list that a template writes: no list that it has made, which could hold itself many times.

    Raises:
        SecurityError: it is one.
    """
    if isinstance(value, str | int | float | Undefined) or value is None:
        return value
    raise SecurityError("it puts one list into another")


def printed(form: str, *values: Any) -> str:
    """`form % values`.

    Raises:
        SecurityError: a field of it is wider than 99.
    """
    if _WIDE.search(form):
        raise SecurityError("it prints something large")
    return str(held(form % tuple(item(each) for each in values)))


def method(owner: Any, name: str) -> Callable[..., Any]:
    """The method of a value, if a template may call it.

    Raises:
        SecurityError: it may not.
    """
    if isinstance(owner, str) and name in {"replace", "join"}:
        return partial(_replace if name == "replace" else _joined, owner)
    allowed = _OF_TEXT if isinstance(owner, str) else _OF_MAPPING if isinstance(owner, dict) else _OF_LIST
    if not isinstance(owner, str | dict | list | tuple) or name not in allowed:
        raise SecurityError(f"it calls {name[:40]}(), which is not known here")
    found: Callable[..., Any] = getattr(owner, name)
    return found


def _replace(text: Any, old: Any, new: Any, count: Any = -1) -> str:
    text, old, new = str(shown(text)), str(shown(old)), str(shown(new))
    if (text.count(old) + 1) * len(new) + len(text) > 2 * _CHARACTERS:
        raise SecurityError("it makes something large")
    return str(held(text.replace(old, new, -1 if count is None else int(count))))


def _joined(separator: Any, parts: Any) -> str:
    listed = held(list(parts))
    return concat(*(text for each in listed for text in (separator, each)))[len(str(separator)) :]


def _number(value: Any) -> float:
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is no finite number")
    return number


def _float(value: Any, default: Any = _MISSING) -> Any:
    try:
        return _number(value)
    except (ValueError, TypeError, UndefinedError):
        if default is _MISSING:
            raise
        return default


def _int(value: Any, default: Any = _MISSING, base: int = 10) -> Any:
    result = do_int(held(value), _MISSING, base)  # type: ignore[arg-type]  # a default of ours, to be told from any
    if result is not _MISSING:
        return held(result)
    if default is _MISSING:
        raise ValueError(f"{str(shown(value))[:40]!r} is no whole number")
    return default


def _round(value: Any, precision: int = 0, way: str = "common", default: Any = _MISSING) -> Any:
    try:
        number = _number(value)
    except (ValueError, TypeError, UndefinedError):
        if default is _MISSING:
            raise
        return default
    scale = 10 ** min(max(precision, -12), 12)
    match way:
        case "ceil":
            number = math.ceil(number * scale) / scale
        case "floor":
            number = math.floor(number * scale) / scale
        case "half":
            number = round(number * 2) / 2
        case _:
            number = round(number, min(max(precision, -12), 12))
    return int(number) if precision == 0 and way != "half" else number


def _is_defined(value: Any) -> Any:
    if isinstance(value, Undefined):
        raise UndefinedError("the message does not have it")
    return value


def _iif(value: Any, yes: Any = True, no: Any = False, none: Any = _MISSING) -> Any:  # noqa: FBT002  templates' own
    if value is None and none is not _MISSING:
        return none
    return yes if value else no


def _bool(value: Any, default: Any = _MISSING) -> Any:
    text = str(value).strip().lower()
    if text in {"true", "yes", "on", "enable", "1", "1.0"}:
        return True
    if text in {"false", "no", "off", "disable", "0", "0.0"}:
        return False
    if default is _MISSING:
        raise ValueError(f"{text[:40]!r} is neither true nor false")
    return default


def _to_json(value: Any, ensure_ascii: bool = False, **_: Any) -> str:  # noqa: FBT001, FBT002  templates' own
    return str(held(json.dumps(value, ensure_ascii=ensure_ascii)))


def _from_json(value: Any, default: Any = _MISSING) -> Any:
    try:
        return held(json.loads(held(str(value))))
    except (ValueError, RecursionError):
        if default is _MISSING:
            raise
        return default


def _is_number(value: Any) -> bool:
    return not isinstance(value, Undefined) and _float(value, None) is not None


def _sum(values: Any) -> float:
    return math.fsum(_number(each) for each in held(list(values)))


def _text(change: Callable[[str], str]) -> Callable[[Any], str]:
    """A filter of texts that makes them no longer."""
    return lambda value: str(held(change(str(shown(value)))))


_OF_TEXT: Final = frozenset(
    {
        "split",
        "rsplit",
        "splitlines",
        "partition",
        "rpartition",
        "strip",
        "lstrip",
        "rstrip",
        "lower",
        "upper",
    }
    | {"title", "capitalize", "casefold", "startswith", "endswith", "find", "rfind", "index", "count"}
    | {"removeprefix", "removesuffix", "isdigit", "isnumeric", "isdecimal", "isalpha", "isalnum", "isspace"}
)
_OF_MAPPING: Final = frozenset({"get", "keys", "values", "items"})
_OF_LIST: Final = frozenset({"index", "count"})

FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "abs": lambda value: abs(_number(value)),
    "add": lambda value, other: _number(value) + _number(other),
    "bitwise_and": lambda value, other: _int(value) & _int(other),
    "bitwise_or": lambda value, other: _int(value) | _int(other),
    "bool": _bool,
    "capitalize": _text(str.capitalize),
    "count": len,
    "d": do_default,
    "default": do_default,
    "first": lambda values: next(iter(values)),
    "float": _float,
    "format": printed,
    "from_json": _from_json,
    "iif": _iif,
    "int": _int,
    "is_defined": _is_defined,
    "is_number": _is_number,
    "join": lambda values, separator="": _joined(separator, values),
    "last": lambda values: list(values)[-1],
    "length": len,
    "list": lambda values: held(list(values)),
    "lower": _text(str.lower),
    "max": max,
    "min": min,
    "multiply": lambda value, other: _number(value) * _number(other),
    "ord": ord,
    "replace": _replace,
    "round": _round,
    "sort": lambda values: held(sorted(values)),
    "string": lambda value: str(shown(value)),
    "sum": _sum,
    "title": _text(str.title),
    "to_json": _to_json,
    "tojson": _to_json,
    "trim": _text(str.strip),
    "upper": _text(str.upper),
}

FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {
    "bool": _bool,
    "float": _float,
    "iif": _iif,
    "int": _int,
    "is_number": _is_number,
    "max": max,
    "min": min,
    "to_json": _to_json,
    "from_json": _from_json,
}

TESTS: Final = (
    *(
        "boolean",
        "defined",
        "divisibleby",
        "eq",
        "equalto",
        "even",
        "false",
        "float",
        "ge",
        "gt",
        "in",
        "integer",
    ),
    *(
        "iterable",
        "le",
        "lower",
        "lt",
        "mapping",
        "ne",
        "none",
        "number",
        "odd",
        "sequence",
        "string",
        "true",
    ),
    *("undefined", "upper", "==", "!=", "<", "<=", ">", ">="),
)
"""Jinja's own: they make nothing."""
MORE_TESTS: Final[Mapping[str, Callable[..., Any]]] = {"is_number": _is_number}
