"""Random JSON schemas whose every value is short, from a seed: what a random model has to be able to finish."""

import random
from typing import Any

_NAMES = ("device", "room", "on", "level", "note", "a", "b c", "ü", '"')
_WORDS = ("lamp", "fan", "light", "kitchen lamp", "", "ön", 'say "on"', "line\nbreak", "</s>", "☃")
_PATTERNS = (
    "^[a-z]{1,4}$",
    "^(on|off)$",
    "^[0-9]{2}:[0-9]{2}$",
    "^#[0-9a-f]{6}$",
    "^x?y{0,3}$",
    "^[^a-z]{2}$",
)


def random_schema(seed: int) -> dict[str, Any]:
    """The schema that a seed stands for; half of them are objects, as most that are sent."""
    choose = random.Random(seed)
    root = _object(choose, 2) if choose.random() < 0.5 else _schema(choose, 2)
    if choose.random() < 0.15:
        root = {
            "$defs": {"item": _schema(choose, 1)},
            "type": "object",
            "properties": {"of": {"$ref": "#/$defs/item"}, "more": root},
            "required": ["of"],
            "additionalProperties": False,
        }
    return root


def _schema(choose: random.Random, depth: int) -> dict[str, Any]:
    simple = (_string, _string, _integer, _number, _enum, _const, _plain)
    nested = (_object, _array, _any)
    kind = choose.choice((*simple, *nested, *nested) if depth else simple)
    return kind(choose, depth)


def _string(choose: random.Random, depth: int) -> dict[str, Any]:
    del depth
    if choose.random() < 0.4:
        return {"type": "string", "pattern": choose.choice(_PATTERNS)}
    least = choose.randint(0, 3)
    return {"type": "string", "minLength": least, "maxLength": least + choose.randint(0, 5)}


def _integer(choose: random.Random, depth: int) -> dict[str, Any]:
    del depth
    low = choose.randint(-200, 200)
    schema: dict[str, Any] = {"type": "integer", "minimum": low, "maximum": low + choose.randint(10, 400)}
    if choose.random() < 0.2:
        schema["multipleOf"] = choose.choice((2, 3, 5))
    if choose.random() < 0.2:
        schema["exclusiveMaximum"] = schema.pop("maximum")
    return schema


def _number(choose: random.Random, depth: int) -> dict[str, Any]:
    del depth
    if choose.random() < 0.3:
        return {"type": choose.choice(("number", "integer", ["number", "null"]))}
    low = choose.randint(-50, 50) / 2
    return {"type": "number", "minimum": low, "maximum": low + choose.randint(1, 80) / 4}


def _enum(choose: random.Random, depth: int) -> dict[str, Any]:
    del depth
    values: list[Any] = [*choose.sample(_WORDS, 3), choose.randint(-5, 5), choose.random() < 0.5, None]
    return {"enum": choose.sample(values, choose.randint(1, 5))}


def _const(choose: random.Random, depth: int) -> dict[str, Any]:
    del depth
    return {"const": choose.choice((*_WORDS, 7, -1.5, True, None, [1, "a"], {"k": None}))}


def _plain(choose: random.Random, depth: int) -> dict[str, Any]:
    del depth
    return {"type": choose.choice(("boolean", "null", ["boolean", "null"]))}


def _object(choose: random.Random, depth: int) -> dict[str, Any]:
    names = choose.sample(_NAMES, choose.randint(0, 4))
    properties = {name: _schema(choose, max(0, depth - 1)) for name in names}
    required = [name for name in names if choose.random() < 0.6]
    schema = {"type": "object", "properties": properties, "required": required}
    return schema if choose.random() < 0.5 else schema | {"additionalProperties": False}


def _array(choose: random.Random, depth: int) -> dict[str, Any]:
    least = choose.randint(0, 2)
    schema: dict[str, Any] = {"type": "array", "minItems": least, "maxItems": least + choose.randint(0, 2)}
    if choose.random() < 0.2:
        schema["prefixItems"] = [_schema(choose, 0)]
    return schema | {"items": _schema(choose, depth - 1)}


def _any(choose: random.Random, depth: int) -> dict[str, Any]:
    return {"anyOf": [_schema(choose, depth - 1) for _ in range(choose.randint(2, 3))]}
