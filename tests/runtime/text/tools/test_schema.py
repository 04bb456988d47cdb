"""JSON Schema as far as tools use it: what it allows, what it does not, and which schemas are not taken at all."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.text.tools.schema import Schema, SchemaError

NODE = {
    "type": "object",
    "properties": {"next": {"$ref": "#"}, "value": {"$ref": "#/$defs/v"}},
    "$defs": {"v": {"type": "integer"}},
}

ALLOWED: list[tuple[Any, Any]] = [
    ({}, {"a": [1, None]}), (True, 7), ({"type": "integer"}, 3), ({"type": "integer"}, 3.0), ({"type": "number"}, 1.5),
    ({"type": ["string", "null"]}, None), ({"enum": [1, "a", None]}, 1.0), ({"const": {"a": [1]}}, {"a": [1]}),
    ({"minimum": 1, "maximum": 3}, 3), ({"minimum": 1}, "a"), ({"exclusiveMinimum": 0}, 0.1),
    ({"multipleOf": 0.1}, 0.3), ({"minLength": 1, "maxLength": 2}, "ab"), ({"maxLength": 1}, 100),
    ({"format": "date"}, "not a date"),
    ({"items": {"type": "string"}, "minItems": 1}, ["a"]), ({"uniqueItems": True}, [1, True, "1", [1], {"a": 1}]),
    ({"uniqueItems": False}, [1, 1]), ({"required": ["a"]}, {"a": None}), ({"required": ["a"]}, 7),
    ({"properties": {"a": {"type": "string"}}}, {"b": 1}), ({"minProperties": 1}, {"a": 1}),
    ({"additionalProperties": {"type": "integer"}, "properties": {"a": {}}}, {"a": "x", "b": 1}),
    ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, 4), ({"oneOf": [{"type": "string"}, {"type": "integer"}]}, 4),
    ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, 2), (NODE, {"value": 1, "next": {"value": 2, "next": {}}}),
    ({"title": "T", "description": "D", "default": 1, "examples": [], "x-made-up": {}, "$schema": "s"}, 1),
]  # fmt: skip
NOT_ALLOWED: list[tuple[Any, Any, str]] = [
    (False, 7, "it is not among the parameters"),
    ({"type": "integer"}, 3.5, "it is 3.5, against type 'integer'"),
    ({"type": "integer"}, True, "it is true, against type 'integer'"),
    ({"type": "boolean"}, 1, "against type"),
    ({"enum": [1]}, True, "against enum [1]"),
    ({"const": [1]}, [True], "against const"),
    ({"properties": {"a": {"maximum": 255}}}, {"a": 300}, "a is 300, against maximum 255"),
    ({"exclusiveMaximum": 1}, 1, "against exclusiveMaximum"),
    ({"exclusiveMinimum": 1}, 1, "against exclusiveMinimum"),
    ({"minimum": 1}, 0, "against minimum"),
    ({"multipleOf": 2}, 3, "against multipleOf 2"),
    ({"multipleOf": 1e-300}, 1e300, "against multipleOf"),
    ({"minLength": 2}, "é", "against minLength"),
    ({"maxLength": 1}, "ab", "against maxLength"),
    ({"minItems": 1}, [], "against minItems"),
    ({"maxItems": 0}, [1], "against maxItems"),
    ({"uniqueItems": True}, [{"a": 1, "b": 2}, {"b": 2.0, "a": 1}], "against uniqueItems"),
    ({"items": {"type": "string"}}, ["a", 1], "[1] is 1, against type 'string'"),
    ({"required": ["a"]}, {}, "a is missing"),
    ({"minProperties": 1}, {}, "against minProperties"),
    ({"maxProperties": 0}, {"a": 1}, "against maxProperties"),
    (
        {"additionalProperties": False, "properties": {"a": {}}},
        {"a": 1, "b": 1},
        "b is not among the parameters",
    ),
    ({"anyOf": [{"type": "string"}, {"minimum": 3}]}, 2, "none of what is allowed"),
    ({"oneOf": [{"minimum": 1}, {"minimum": 2}]}, 2, "2 of what is allowed, not one"),
    ({"allOf": [{"minimum": 1}, {"maximum": 2}]}, 3, "against maximum"),
    (NODE, {"next": {"next": {"value": "x"}}}, "next.next.value is 'x', against type"),
]
REFUSED: list[tuple[Any, str]] = [
    (7, "it is no schema"),
    ({"properties": {"a": 7}}, "properties.a is no schema"),
    (
        {"properties": {"a": {"pattern": "(a+)+$"}}},
        "properties.a.pattern is a keyword that is not checked here",
    ),
    ({"items": [{}]}, "items is no schema"),
    ({"type": "int"}, "type is not what JSON Schema has there"),
    ({"type": 7}, "type is not"),
    ({"enum": 1}, "enum is not"),
    ({"required": "a"}, "required is not"),
    ({"anyOf": []}, "anyOf is not"),
    ({"anyOf": [{"not": {}}]}, "anyOf[0].not is a keyword"),
    ({"minimum": "1"}, "minimum is not"),
    ({"minLength": -1}, "minLength is not"),
    ({"multipleOf": 0}, "multipleOf is not"),
    ({"$ref": "#/$defs/none"}, "$ref points to no schema in here"),
    ({"$ref": "https://example.com/schema"}, "$ref points to no schema in here"),
    ({"$ref": "#/default", "default": {"minimum": "a"}}, "$ref points to no schema in here"),
    ({"$ref": 7}, "$ref is not"),
    ({"$defs": {"a": {"if": {}}}}, "$defs.a.if is a keyword"),
]


@pytest.mark.parametrize(("schema", "value"), ALLOWED)
def test_what_is_allowed(schema: Any, value: Any) -> None:
    assert Schema(schema).fault(value) is None


@pytest.mark.parametrize(("schema", "value", "reason"), NOT_ALLOWED)
def test_what_is_not_allowed(schema: Any, value: Any, reason: str) -> None:
    assert reason in (Schema(schema).fault(value) or "")


@pytest.mark.parametrize(("schema", "reason"), REFUSED)
def test_what_cannot_be_checked_is_refused_at_once(schema: Any, reason: str) -> None:
    with pytest.raises(SchemaError) as caught:
        Schema(schema)
    assert str(caught.value).startswith(reason)


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}] * 9}}, "$ref": "#/$defs/a"},
        {
            "$defs": {"a": {"allOf": [{"$ref": "#/$defs/b"}] * 99}, "b": {"allOf": [{}] * 999}},
            "$ref": "#/$defs/a",
        },
        {"items": {"enum": list(range(1, 2000))}},
    ],
)
def test_what_would_take_for_ever_is_not_allowed(schema: Any) -> None:
    assert Schema(schema).fault([0.5] * 100) is not None


json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
words = st.sampled_from(
    (
        *(
            "type",
            "enum",
            "const",
            "properties",
            "additionalProperties",
            "required",
            "items",
            "anyOf",
            "oneOf",
        ),
        *("allOf", "minimum", "maxLength", "minItems", "uniqueItems", "multipleOf", "maxProperties", "$ref"),
        *("$defs", "title", "a"),
    )
)
schemas = st.recursive(
    json | st.sampled_from(["string", "object", "integer", "#", "#/$defs/a", "#/properties/a"]),
    lambda inner: st.dictionaries(words, inner | st.lists(inner, max_size=3), max_size=4),
    max_leaves=12,
)


@given(schemas, json)
def test_any_schema_is_refused_or_decides(schema: Any, value: Any) -> None:
    try:
        read = Schema(schema)
    except SchemaError:
        return
    assert read.fault(value) in {None, read.fault(value)}
