"""A call that has to be made: the JSON Schema of what a model then writes, out of the tools' own schemas."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from runtime.text.subschemas import subschemas
from runtime.text.tools.dialect import Dialect, Written
from runtime.text.tools.values import Tool


def form(dialect: Dialect, tokens: Mapping[str, int]) -> Written | None:
    """How this model writes a call, given the marks that are tokens of its vocabulary; None where it is not JSON."""
    fitting = (each for each in dialect.written if each.begin in tokens)
    return next(fitting, dialect.written[-1] if dialect.written else None)


def call_schema(tools: Sequence[Tool], arguments: str) -> str:
    """The schema, as JSON, of one call of one of the tools; `arguments` is what the object calls them."""
    defs: dict[str, Any] = {}
    calls: list[dict[str, Any]] = []
    for index, tool in enumerate(tools):
        place = f"tool{index}"
        defs[place] = {"type": "object", **_moved(tool.parameters, f"#/$defs/{place}")}
        calls.append(
            {
                "type": "object",
                "properties": {"name": {"const": tool.name}, arguments: {"$ref": f"#/$defs/{place}"}},
                "required": ["name", arguments],
                "additionalProperties": False,
            }
        )
    return json.dumps({"$defs": defs, "anyOf": calls} if len(calls) > 1 else {"$defs": defs, **calls[0]})


def _moved(parameters: Mapping[str, Any], to: str) -> dict[str, Any]:
    """A copy whose references hold where it is no document of its own."""
    copy: dict[str, Any] = json.loads(json.dumps(parameters))
    for schema in tuple(subschemas(copy)):
        if isinstance(reference := schema.get("$ref"), str) and reference.startswith("#"):
            schema["$ref"] = to + reference[1:]
    return copy
