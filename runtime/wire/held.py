"""What a caller holds the answer to. Fields in, a constraint out; no I/O.

`response_format` as OpenAI has it, `structured_outputs` as vLLM has it, and llama-server's `json_schema`.

https://platform.openai.com/docs/guides/structured-outputs
https://docs.vllm.ai/en/latest/features/structured_outputs.html
"""

import difflib
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

from runtime.completion import Choice, Constraint, JsonSchema, Lark, Regex
from runtime.errors import CallerError
from runtime.strict_json import shown
from runtime.wire.fields import Fields, text

_FORMATS: Final = {
    "text": {"type"},
    "json_object": {"type", "schema"},
    "json_schema": {"type", "json_schema"},
}
_NAMED: Final = {"name", "description", "schema", "strict"}
_ELSEWHERE: Final[Mapping[str, str]] = MappingProxyType(
    {
        "grammar": "structured_outputs.grammar, in Lark's notation",
        "guided_json": "structured_outputs.json",
        "guided_regex": "structured_outputs.regex",
        "guided_choice": "structured_outputs.choice",
        "guided_grammar": "structured_outputs.grammar, in Lark's notation",
    }
)
"""Other servers' names for the same, and where they go."""


def held_to(fields: Fields) -> Constraint | None:
    """What the answer has to be; None when it is free.

    Raises:
        CallerError: a field is malformed, or two of them say something.
    """
    for key, instead in _ELSEWHERE.items():
        if fields.get(key) not in (None, ""):
            raise CallerError(f"{key} is not served; send {instead}", param=key)
    schema = fields.get("json_schema")
    said = {
        "response_format": _response_format(fields.get("response_format")),
        "structured_outputs": _structured_outputs(fields.get("structured_outputs")),
        "json_schema": None if schema is None else _schema(schema, "json_schema"),
    }
    found = [(key, constraint) for key, constraint in said.items() if constraint is not None]
    if len(found) > 1:
        first, second = found[0][0], found[1][0]
        raise CallerError(f"{first} and {second} are both given; send one of them", param=second)
    return found[0][1] if found else None


def text_format(value: Any, name: str) -> Constraint | None:
    """What `text.format` of a response asks for: as `response_format`, but with the schema beside the type.

    Raises:
        CallerError: it is malformed.
    """
    if value is None:
        return None
    fields = Fields.of(value, name)
    kind = fields.text("type")
    if kind not in _FORMATS:
        raise CallerError(
            f"{fields.name('type')} is {shown(kind)}; send {_near(kind, _FORMATS)}", param=fields.name("type")
        )
    _only(fields, {"type", *_NAMED} if kind == "json_schema" else {"type"})
    if kind == "text":
        return None
    if kind == "json_object":
        return JsonSchema.of({"type": "object"}, name)
    return _schema(fields.get("schema"), fields.name("schema"))


def _response_format(value: Any) -> Constraint | None:
    if value is None:
        return None
    fields = Fields.of(value, "response_format")
    kind = fields.text("type")
    if kind not in _FORMATS:
        raise CallerError(
            f"response_format.type is {shown(kind)}; send {_near(kind, _FORMATS)}",
            param="response_format.type",
        )
    _only(fields, _FORMATS[kind])
    if kind == "text":
        return None
    if kind == "json_object":
        schema = fields.get("schema")
        return _schema({"type": "object"} if schema is None else schema, "response_format.schema")
    named = Fields.of(fields.get("json_schema"), "response_format.json_schema")
    _only(named, _NAMED)
    named.text("name")
    named.text("description")
    named.flag("strict")  # what is asked for is kept, strict or not
    if named.get("schema") is None:
        return JsonSchema.of({"type": "object"}, named.name("schema"))
    return _schema(named.get("schema"), named.name("schema"))


def _structured_outputs(value: Any) -> Constraint | None:
    if value is None:
        return None
    fields = Fields.of(value, "structured_outputs")
    _only(fields, _KINDS)
    said = [key for key in _KINDS if fields.get(key) not in (None, False)]
    if len(said) != 1:
        raise CallerError(
            f"structured_outputs says {len(said)} things; send one of {', '.join(_KINDS)}",
            param="structured_outputs",
        )
    return _KINDS[said[0]](fields.get(said[0]), fields.name(said[0]))


def _schema(value: Any, name: str) -> JsonSchema:
    if not isinstance(value, dict | bool):
        raise CallerError(f"{name} is {shown(value)}; send a JSON Schema", param=name)
    return JsonSchema.of(value, name)


def _any_object(value: Any, name: str) -> JsonSchema:
    if value is not True:
        raise CallerError(f"{name} is {shown(value)}; send true", param=name)
    return JsonSchema.of({"type": "object"}, name)


def _choice(value: Any, name: str) -> Choice:
    if not isinstance(value, list):
        raise CallerError(f"{name} is {shown(value)}; send a list of strings", param=name)
    return Choice(tuple(text(each, f"{name}[{index}]") for index, each in enumerate(value)), name)


_KINDS: Final[Mapping[str, Callable[[Any, str], Constraint]]] = MappingProxyType(
    {
        "json": _schema,
        "json_object": _any_object,
        "regex": lambda value, name: Regex(text(value, name), name),
        "choice": _choice,
        "grammar": lambda value, name: Lark(text(value, name), name),
    }
)


def _only(fields: Fields, known: Mapping[str, object] | set[str]) -> None:
    """Refuse what is not known here: half of a demand that is overheard would be a demand not kept."""
    for key in fields.values:
        if key not in known:
            raise CallerError(
                f"{fields.name(key[:64])} is not known; send {_near(key, known)}", param=fields.name(key[:64])
            )


def _near(name: str | None, known: Mapping[str, object] | set[str]) -> str:
    near = difflib.get_close_matches(name or "", known, n=1)
    return near[0] if near else ", ".join(sorted(known))
