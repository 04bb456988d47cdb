"""The least text that a JSON schema allows, in letters: infinite where a value could never end. Pure.

An estimate from below, in which keywords that this does not know cost nothing. Where `$ref` goes round, the least
solution is what stays when estimates no longer fall (a fixed point from above, as for grammars).
"""

import json
import math
from collections.abc import Mapping
from typing import Any, Final

from runtime.text.subschemas import subschemas
from runtime.text.tools.check import referred

_ROUNDS: Final = 64
"""Of estimating; a schema that needs more goes round and round, and counts as endless."""


def least(root: Any) -> float:
    """Letters of the shortest JSON that `root` may allow."""
    schemas = tuple(subschemas(root))
    known: dict[int, float] = {id(schema): math.inf for schema in schemas}
    for _ in range(_ROUNDS):
        before = dict(known)
        for schema in schemas:
            known[id(schema)] = _estimate(root, schema, known)
        if known == before:
            break
    return _known(root, known)


def _known(schema: Any, known: Mapping[int, float]) -> float:
    return math.inf if schema is False else known.get(id(schema), 1.0)


def _estimate(root: Any, schema: Mapping[str, Any], known: Mapping[int, float]) -> float:
    found = [_typed(schema, known)]
    if "const" in schema:
        found.append(_written(schema["const"]))
    if isinstance(allowed := schema.get("enum"), list):
        found.append(min(map(_written, allowed), default=math.inf))
    if isinstance(reference := schema.get("$ref"), str):
        found.append(_known(referred(root, reference), known))
    for key, choose in (("allOf", max), ("anyOf", min), ("oneOf", min)):
        if isinstance(inner := schema.get(key), list) and inner:
            found.append(choose(_known(each, known) for each in inner))
    return max(found)


def _typed(schema: Mapping[str, Any], known: Mapping[int, float]) -> float:
    names = schema.get("type")
    kinds = [names] if isinstance(names, str) else names if isinstance(names, list) else []
    return min((_of_kind(kind, schema, known) for kind in kinds), default=1.0)


def _of_kind(kind: object, schema: Mapping[str, Any], known: Mapping[int, float]) -> float:
    match kind:
        case "object":
            properties = schema.get("properties")
            required = schema.get("required")
            inner = properties if isinstance(properties, dict) else {}
            names = [name for name in required if isinstance(name, str)] if isinstance(required, list) else []
            return 2.0 + sum(len(name) + 4.0 + _known(inner.get(name), known) for name in names)
        case "array":
            count = schema.get("minItems", 0)
            first = prefix if isinstance(prefix := schema.get("prefixItems"), list) else []
            whole = int(count) if isinstance(count, int | float) else 0
            items = sum(_known(each, known) for each in first[:whole])
            rest = max(0, whole - len(first))
            return 2.0 + items + (rest * _known(schema.get("items"), known) if rest else 0.0)
        case "string":
            length = schema.get("minLength", 0)
            return 2.0 + (float(length) if isinstance(length, int | float) else 0.0)
        case _:
            return 1.0


def _written(value: object) -> float:
    return float(len(json.dumps(value, ensure_ascii=False)))
