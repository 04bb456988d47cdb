"""Calls, or something else, as one JSON Schema: for models whose calls are JSON and nothing around it. Pure."""

import json
from collections.abc import Sequence
from typing import Any

from runtime.text.subschemas import subschemas
from runtime.text.tools.values import Tool


def call_or(tools: Sequence[Tool], arguments: str, other: str) -> str:
    """The schema, as JSON, of a call of one of the tools, or of what `other` allows; `arguments` is their key."""
    defs: dict[str, Any] = {}
    options: list[dict[str, Any]] = []
    for index, tool in enumerate(tools):
        place = f"tool{index}"
        defs[place] = {"type": "object", **_moved(dict(tool.parameters), f"#/$defs/{place}")}
        options.append(
            {
                "type": "object",
                "properties": {"name": {"const": tool.name}, arguments: {"$ref": f"#/$defs/{place}"}},
                "required": ["name", arguments],
                "additionalProperties": False,
            }
        )
    defs["other"] = _moved(json.loads(other), "#/$defs/other")
    return json.dumps({"$defs": defs, "anyOf": [*options, {"$ref": "#/$defs/other"}]})


def _moved(schema: Any, to: str) -> Any:
    """A copy whose references hold where it is no document of its own."""
    copy = json.loads(json.dumps(schema))
    for each in tuple(subschemas(copy)):
        if isinstance(reference := each.get("$ref"), str) and reference.startswith("#"):
            each["$ref"] = to + reference[1:]
    return copy
