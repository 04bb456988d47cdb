"""JSON Schema (2020-12), as far as tools use it: whether a call's arguments are what its tool takes.

A keyword that would narrow what is allowed, but is not checked here, is refused when the schema comes in: a call held
against half a schema would not be known to be valid. Among these is `pattern`, because Python's regular expressions
can be made to run for years. Annotations, of which `format` is one, are ignored, as the specification has it.
https://json-schema.org/draft/2020-12/json-schema-validation
"""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final

from runtime.text.tools.check import TYPES, Check, EndlessError, is_number, referred

_UNCHECKED: Final = frozenset(
    {
        *("pattern", "patternProperties", "propertyNames", "prefixItems", "additionalItems", "contains"),
        *("minContains", "maxContains", "dependencies", "dependentRequired", "dependentSchemas"),
        *("if", "then", "else", "not", "unevaluatedItems", "unevaluatedProperties"),
        *("$dynamicRef", "$recursiveRef"),
    }
)


class SchemaError(ValueError):
    """It is no schema, or one that asks for more than is checked here. The message begins with the place."""


class Schema:
    """A schema that was understood to the last keyword."""

    def __init__(self, root: object) -> None:
        """Read a schema out of parsed JSON.

        Raises:
            SchemaError: it cannot be checked; names the place and the keyword.
        """
        self._root = root
        self._schemas: set[int] = set()
        references: dict[str, str] = {}
        self._read(root, "", references)
        for place, reference in references.items():
            if id(referred(root, reference)) not in self._schemas:
                raise SchemaError(f"{place} points to no schema in here")

    def fault(self, value: object) -> str | None:
        """Why `value` (parsed JSON) is not allowed, in half a sentence; None when it is."""
        try:
            return next(Check(self._root).faults(self._root, value, "", 0), None)
        except EndlessError:
            return "its schema takes too long to check"

    def _read(self, schema: object, where: str, references: dict[str, str]) -> None:
        self._schemas.add(id(schema))
        if isinstance(schema, bool):
            return
        if not isinstance(schema, dict):
            raise SchemaError(f"{where or 'it'} is no schema")
        for key, limit in schema.items():
            place = f"{where}.{key}" if where else key
            if key in _UNCHECKED:
                raise SchemaError(f"{place} is a keyword that is not checked here")
            if key in _SHAPES and not _SHAPES[key](limit):
                raise SchemaError(f"{place} is not what JSON Schema has there")
            if key == "$ref":
                references[place] = limit
            for name, inner in _inner(key, limit):
                self._read(inner, f"{place}{name}", references)


def _inner(key: str, limit: Any) -> Iterator[tuple[str, object]]:
    """The schemas inside a keyword, each with its place."""
    if key in {"properties", "$defs", "definitions"}:
        yield from ((f".{name}", inner) for name, inner in limit.items())
    elif key in {"allOf", "anyOf", "oneOf"}:
        yield from ((f"[{index}]", inner) for index, inner in enumerate(limit))
    elif key in {"items", "additionalProperties"}:
        yield "", limit


def _is_schemas(value: object) -> bool:
    return isinstance(value, list) and bool(value)


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_types(value: object) -> bool:
    names = [value] if isinstance(value, str) else value
    return isinstance(names, list) and all(isinstance(name, str) and name in TYPES for name in names)


_SHAPES: Final[Mapping[str, Callable[[Any], bool]]] = MappingProxyType(
    {
        "type": _is_types,
        "enum": lambda value: isinstance(value, list),
        "required": lambda value: isinstance(value, list) and all(isinstance(key, str) for key in value),
        "properties": lambda value: isinstance(value, dict),
        "$defs": lambda value: isinstance(value, dict),
        "definitions": lambda value: isinstance(value, dict),
        "$ref": lambda value: isinstance(value, str),
        "multipleOf": lambda value: is_number(value) and value > 0,
        "uniqueItems": lambda value: isinstance(value, bool),
        **dict.fromkeys(("allOf", "anyOf", "oneOf"), _is_schemas),
        **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), is_number),
        **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _is_count),
        **dict.fromkeys(("minProperties", "maxProperties"), _is_count),
    }
)
