"""The schemas inside a JSON schema, and what is taken for granted of them. Parsed JSON in, parsed JSON out."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from runtime.text.tools.check import referred

_MAPS: Final = ("properties", "patternProperties", "$defs", "definitions")
_LISTS: Final = ("allOf", "anyOf", "oneOf", "prefixItems")
_SINGLE: Final = ("items", "additionalProperties")
_NOTES: Final = frozenset({"title", "description", "default", "examples", "$comment", "$defs", "definitions"})
_OPEN: Final = frozenset(
    {"additionalProperties", "patternProperties", "unevaluatedProperties", "propertyNames", "minProperties"}
)
"""Keywords by which a schema speaks of properties that it does not name."""
_LOWER: Final = frozenset({"minimum", "exclusiveMinimum"})
_UPPER: Final = frozenset({"maximum", "exclusiveMaximum"})
_MOST: Final = 2**53 - 1
"""The largest whole number up to which every reader of JSON has all of them (RFC 7493, 2.2)."""
_FINEST: Final = 1e-6
"""What a number is a multiple of that a schema does not say more of."""


def subschemas(root: Any) -> Iterator[dict[str, Any]]:
    """Every schema that is an object, inner ones first; wherever `$ref` points to, too."""
    seen: set[int] = set()
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        schema, done = stack.pop()
        if done:
            yield schema
        elif isinstance(schema, dict) and id(schema) not in seen:
            seen.add(id(schema))
            stack.append((schema, True))
            stack.extend((inner, False) for inner in _inner(root, schema))


def is_merged(schema: Mapping[str, Any]) -> bool:
    """Whether several schemas have to hold for one value at once."""
    keys = schema.keys() - _NOTES
    return "allOf" in keys or (len(keys) > 1 and not keys.isdisjoint({"$ref", "anyOf", "oneOf"}))


def narrow(root: Any) -> None:
    """Take out, in place, what a schema allows though hardly anybody means it: what is left, it still allows.

    Properties that it neither names nor speaks of, which models invent where they may, as other servers do; and
    numbers that go on for ever, or that become infinity where they are read. Where schemas are merged all is left
    as it is: what one does not speak of, another may.
    """
    schemas = tuple(subschemas(root))
    if any(map(is_merged, schemas)):
        return
    for schema in schemas:
        _close(schema)
        _bound(schema)


def _close(schema: dict[str, Any]) -> None:
    properties, required = schema.get("properties"), schema.get("required", [])
    if not isinstance(properties, dict) or not isinstance(required, list) or not _OPEN.isdisjoint(schema):
        return
    if all(isinstance(name, str) and name in properties for name in required):
        schema["additionalProperties"] = False


def _bound(schema: dict[str, Any]) -> None:
    kinds = schema.get("type")
    numeric = {"integer", "number"}.intersection([kinds] if isinstance(kinds, str) else _texts(kinds))
    bounds = [schema[key] for key in (*_LOWER, *_UPPER) if key in schema]
    if not numeric or "enum" in schema or "const" in schema or not all(map(_is_coarse, bounds)):
        return
    low = max((schema[key] for key in _LOWER if key in schema), default=-_MOST)
    high = min((schema[key] for key in _UPPER if key in schema), default=_MOST)
    if high - low < 10 * _FINEST:
        return
    if _LOWER.isdisjoint(schema):
        schema["minimum"] = low
    if _UPPER.isdisjoint(schema):
        schema["maximum"] = high
    if "number" in numeric:
        schema.setdefault("multipleOf", _FINEST)


def _is_coarse(bound: object) -> bool:
    """Whether it is one of the numbers that may be written."""
    if not isinstance(bound, int | float) or isinstance(bound, bool):
        return False
    return abs(bound) <= _MOST and bound == round(bound, 6)


def _texts(value: object) -> list[str]:
    return [each for each in value if isinstance(each, str)] if isinstance(value, list) else []


def _inner(root: Any, schema: Mapping[str, Any]) -> Iterator[Any]:
    for key in _MAPS:
        if isinstance(inner := schema.get(key), dict):
            yield from inner.values()
    for key in _LISTS:
        if isinstance(inner := schema.get(key), list):
            yield from inner
    yield from (schema[key] for key in _SINGLE if key in schema)
    if isinstance(reference := schema.get("$ref"), str):
        yield referred(root, reference)
