"""A value held against a JSON Schema that was read before (`runtime.text.tools.schema`). Values in, reasons out."""

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

_STEPS: Final = 20_000
"""Keywords held against values in one check: `$ref` and `anyOf` together could go on for ever."""
_DEPTH: Final = 64
_SHOWN: Final = 40
"""Characters of a value that a reason quotes."""


class EndlessError(Exception):
    """The check takes too many steps."""


def is_number(value: object) -> bool:
    """Whether JSON calls it a number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same(one: object, other: object) -> bool:
    """Equality of JSON, in which true is not 1 but 1.0 is."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and one == other


TYPES: Final[Mapping[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "null": lambda value: value is None,
        "boolean": lambda value: isinstance(value, bool),
        "string": lambda value: isinstance(value, str),
        "array": lambda value: isinstance(value, list),
        "object": lambda value: isinstance(value, dict),
        "number": is_number,
        "integer": lambda value: is_number(value) and value == math.floor(value),
    }
)


@dataclass(slots=True)
class Check:
    """One value held against one schema."""

    root: object
    left: int = field(default=_STEPS)

    def faults(self, schema: Any, value: object, where: str, depth: int) -> Iterator[str]:
        """Why the value, which stands at `where`, is not allowed; nothing when it is."""
        self._spend(1)
        if depth > _DEPTH:
            raise EndlessError
        if schema is False:
            yield f"{where or 'it'} is not among the parameters"
        if isinstance(schema, bool):
            return
        for key, limit in schema.items():
            self._spend(len(limit) if isinstance(limit, list) else 1)
            if key in _PLAIN and not _PLAIN[key](limit, value):
                yield f"{where or 'it'} is {_shown(value)}, against {key} {_shown(limit)}"
            elif key in _NESTED:
                yield from _NESTED[key](self, schema, value, where, depth + 1)

    def _spend(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise EndlessError

    def fitting(self, schemas: list[Any], value: object, where: str, depth: int) -> int:
        """How many of the schemas allow the value."""
        return sum(next(self.faults(each, value, where, depth), None) is None for each in schemas)


def _ref(check: Check, schema: Any, value: object, where: str, depth: int) -> Iterator[str]:
    yield from check.faults(referred(check.root, schema["$ref"]), value, where, depth)


def _properties(check: Check, schema: Any, value: object, where: str, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in schema["properties"].items():
            if key in value:
                yield from check.faults(inner, value[key], _within(where, key), depth)


def _others(check: Check, schema: Any, value: object, where: str, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, item in value.items():
            if key not in schema.get("properties", {}):
                yield from check.faults(schema["additionalProperties"], item, _within(where, key), depth)


def _required(check: Check, schema: Any, value: object, where: str, depth: int) -> Iterator[str]:
    del check, depth
    if isinstance(value, dict):
        yield from (f"{_within(where, key)} is missing" for key in schema["required"] if key not in value)


def _items(check: Check, schema: Any, value: object, where: str, depth: int) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from check.faults(schema["items"], item, f"{where}[{index}]", depth)


def _all(check: Check, schema: Any, value: object, where: str, depth: int) -> Iterator[str]:
    for each in schema["allOf"]:
        yield from check.faults(each, value, where, depth)


def _any(check: Check, schema: Any, value: object, where: str, depth: int) -> Iterator[str]:
    if not check.fitting(schema["anyOf"], value, where, depth):
        yield f"{where or 'it'} is {_shown(value)}, which is none of what is allowed"


def _one(check: Check, schema: Any, value: object, where: str, depth: int) -> Iterator[str]:
    if (fitting := check.fitting(schema["oneOf"], value, where, depth)) != 1:
        yield f"{where or 'it'} is {_shown(value)}, which is {fitting} of what is allowed, not one"


def _key(value: object) -> object:
    """Something hashable that is equal for values that are the same."""
    if isinstance(value, dict):
        return "object", frozenset((key, _key(item)) for key, item in value.items())
    if isinstance(value, list):
        return "array", tuple(map(_key, value))
    return isinstance(value, bool), value


def _are_unique(values: list[Any]) -> bool:
    return len(set(map(_key, values))) == len(values)


def _is_multiple(value: float, unit: float) -> bool:
    try:
        share = value / unit
    except OverflowError:
        return False
    return math.isfinite(share) and math.isclose(share, round(share), rel_tol=1e-12, abs_tol=1e-9)


def _within(where: str, key: str) -> str:
    return f"{where}.{key}" if where else key


def _shown(value: object) -> str:
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else ascii(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."


def referred(root: Any, reference: str) -> Any:
    """What `#` or `#/...` (RFC 6901) points to; None if nothing does, or the place is in another document."""
    if reference != "#" and not reference.startswith("#/"):
        return None
    place = root
    for step in reference.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(place, list) and name.isascii() and name.isdigit() and int(name) < len(place):
            place = place[int(name)]
        else:
            place = place.get(name) if isinstance(place, dict) else None
    return place


_NESTED: Final[Mapping[str, Callable[[Check, Any, object, str, int], Iterator[str]]]] = MappingProxyType(
    {
        "$ref": _ref,
        "properties": _properties,
        "additionalProperties": _others,
        "required": _required,
        "items": _items,
        "allOf": _all,
        "anyOf": _any,
        "oneOf": _one,
    }
)
_PLAIN: Final[Mapping[str, Callable[[Any, Any], bool]]] = MappingProxyType(
    {
        "type": lambda names, value: any(
            TYPES[name](value) for name in ([names] if isinstance(names, str) else names)
        ),
        "enum": lambda allowed, value: any(_same(each, value) for each in allowed),
        "const": _same,
        "minimum": lambda limit, value: not is_number(value) or value >= limit,
        "maximum": lambda limit, value: not is_number(value) or value <= limit,
        "exclusiveMinimum": lambda limit, value: not is_number(value) or value > limit,
        "exclusiveMaximum": lambda limit, value: not is_number(value) or value < limit,
        "multipleOf": lambda unit, value: not is_number(value) or _is_multiple(value, unit),
        "minLength": lambda limit, value: not isinstance(value, str) or len(value) >= limit,
        "maxLength": lambda limit, value: not isinstance(value, str) or len(value) <= limit,
        "minItems": lambda limit, value: not isinstance(value, list) or len(value) >= limit,
        "maxItems": lambda limit, value: not isinstance(value, list) or len(value) <= limit,
        "uniqueItems": lambda unique, value: not (unique and isinstance(value, list)) or _are_unique(value),
        "minProperties": lambda limit, value: not isinstance(value, dict) or len(value) >= limit,
        "maxProperties": lambda limit, value: not isinstance(value, dict) or len(value) <= limit,
    }
)
