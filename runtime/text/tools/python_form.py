"""The grammar of a call in Python: `lamp(room="kitchen", on=True)`, its arguments in the order of the schema.

Values are written as JSON, which Python reads the same but for its three words: at the top level they are Python's.
Knows one tool; not what stands around its call.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from runtime.text.tools.values import Tool

_SAID: Final = frozenset(
    {"type", "properties", "required", "additionalProperties", "title", "description", "$schema", "$defs"}
)
"""What parameters may say to be no more than a list of names."""
_NOTES: Final = frozenset({"type", "title", "description", "default"})


@dataclass(frozen=True, slots=True)
class PythonCall:
    """The rules of one tool's call, and the schemas that they name."""

    rules: tuple[str, ...]
    schemas: tuple[str, ...]


def python_call(tool: Tool, name: str, *, first: int) -> PythonCall | None:
    """The rule `name` and those it needs; `first` is the number of its first schema.

    None where its parameters are more than names with values.
    """
    parameters = tool.parameters
    properties, required = parameters.get("properties", {}), parameters.get("required", [])
    if not parameters.keys() <= _SAID or not set(required) <= set(properties):
        return None
    values: list[str] = []
    schemas: list[str] = []
    for each in properties.values():
        if _is_flag(each):
            values.append('("True" | "False")')
            continue
        values.append(f"json{first + len(schemas)}")
        schemas.append(json.dumps(_with_defs(each, parameters)))
    return PythonCall(
        (
            f"{name}: {json.dumps(f'{tool.name}(')} {name}_0_0",
            *_arguments(name, list(properties), required, values),
        ),
        tuple(schemas),
    )


def _arguments(name: str, properties: list[str], required: list[str], values: list[str]) -> Iterator[str]:
    """A rule for each place in the list of arguments, with (1) and without (0) one before it."""
    for said in (0, 1):
        for place, (each, value) in enumerate(zip(properties, values, strict=True)):
            given = f"{json.dumps((', ' if said else '') + each + '=')} {value} {name}_{place + 1}_1"
            left_out = "" if each in required else f" | {name}_{place + 1}_{said}"
            yield f"{name}_{place}_{said}: {given}{left_out}"
        yield f'{name}_{len(properties)}_{said}: ")"'


def _is_flag(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("type") == "boolean" and schema.keys() <= _NOTES


def _with_defs(schema: Any, parameters: Any) -> Any:
    """A property's schema as a document of its own, in which references to definitions hold."""
    defs = {key: parameters[key] for key in ("$defs",) if key in parameters}
    return {**schema, **defs} if isinstance(schema, dict) else schema
