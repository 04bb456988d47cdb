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


def close(root: Any) -> None:
    """Leave no room, in place, for properties that a schema neither names nor speaks of.

    What is written then is still what the schema allows. Servers of this field do so, because a model that may invent
    properties does. Where schemas are merged nothing is closed: one would shut out the other's properties.
    """
    schemas = tuple(subschemas(root))
    if any(map(is_merged, schemas)):
        return
    for schema in schemas:
        properties, required = schema.get("properties"), schema.get("required", [])
        if not isinstance(properties, dict) or not isinstance(required, list) or not _OPEN.isdisjoint(schema):
            continue
        if all(isinstance(name, str) and name in properties for name in required):
            schema["additionalProperties"] = False


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
