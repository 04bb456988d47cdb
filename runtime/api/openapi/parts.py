"""The few shapes that the document is made of. JSON Schema in, JSON out; knows no path."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

Schema = dict[str, Any]

TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
NUMBER: Final[Schema] = {"type": "number"}
ANY: Final[Schema] = {}
EVENTS: Final = "text/event-stream"
"""Each event is told by itself."""


def one_of(*values: str) -> Schema:
    """One of some words."""
    return {"type": "string", "enum": list(values)}


def number(low: float, high: float) -> Schema:
    """A number of [low, high]."""
    return {"type": "number", "minimum": low, "maximum": high}


def whole(low: int, high: int = 2**31 - 1) -> Schema:
    """A whole number of [low, high]."""
    return {"type": "integer", "minimum": low, "maximum": high}


def many(items: Schema, least: int = 0, most: int | None = None) -> Schema:
    """A list."""
    bound = {} if most is None else {"maxItems": most}
    return {"type": "array", "items": items, "minItems": least, **bound}


def either(*schemas: Schema) -> Schema:
    """Any of them."""
    return {"anyOf": list(schemas)}


def maybe(schema: Schema) -> Schema:
    """That, or null, which stands for not given."""
    return either(schema, {"type": "null"})


def record(properties: Mapping[str, Schema], required: Sequence[str] = (), words: str = "") -> Schema:
    """An object; what is not named may be there as well."""
    told = {"description": words} if words else {}
    return {"type": "object", "properties": dict(properties), "required": list(required), **told}


_EVENT: Final = record({"event": TEXT, "data": TEXT}, ("data",))


def asked(properties: Mapping[str, Schema], required: Sequence[str] = (), words: str = "") -> Schema:
    """An object that a caller sends: null stands for each field that need not be there."""
    fields = {name: each if name in required else maybe(each) for name, each in properties.items()}
    return record(fields, required, words)


def named(name: str) -> Schema:
    """A schema of the document's components."""
    return {"$ref": f"#/components/schemas/{name}"}


def operation(
    summary: str,
    tag: str,
    *,
    body: Schema | None = None,
    form: Schema | None = None,
    answer: Schema | None = None,
    stream: str | None = None,
    text: str | Sequence[str] = (),
    sound: Sequence[str] = (),
    parameters: Sequence[Schema] = (),
    refusals: Sequence[int] = (),
    error: str = "Error",
    open_to_all: bool = False,
) -> dict[str, Any]:
    """One thing to do at a path.

    Args:
        summary: A line for people.
        tag: Which group of paths it belongs to.
        body: What a caller sends, as JSON.
        form: What a caller sends, as the parts of a form.
        answer: What 200 has, as JSON.
        stream: The content type of a streamed answer, beside it.
        text: The content type, or types, of an answer that is no JSON.
        sound: The content types of an answer that is heard.
        parameters: In path, query or header.
        refusals: Statuses besides those that any request may get.
        error: The schema of refusals.
        open_to_all: Whether no key is asked for.
    """
    content: dict[str, Any] = {}
    if answer is not None:
        content["application/json"] = {"schema": answer}
    texts = (text,) if isinstance(text, str) else text
    for kind in filter(None, (stream, *texts)):
        content[kind] = {"schema": _EVENT if kind == EVENTS else TEXT}
    for kind in sound:
        content[kind] = {"schema": {"type": "string", "format": "binary"}}
    statuses = {*refusals, 400, 401, 403, 404, 405, 408, 411, 413, 415, 417, 429, 431, 500, 503}
    if body is None and form is None:
        statuses -= {408, 411, 413, 415}
    done: dict[str, Any] = {
        "summary": summary,
        "tags": [tag],
        "responses": {
            "200": {"description": "Done.", "content": content},
            **{str(status): refused(error) for status in sorted(statuses)},
        },
    }
    if parameters:
        done["parameters"] = list(parameters)
    if body is not None:
        done["requestBody"] = {"required": True, "content": {"application/json": {"schema": body}}}
    if form is not None:
        done["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": form}}}
    if open_to_all:
        done["security"] = []
    return done


def refused(error: str = "Error") -> dict[str, Any]:
    """A refusal in a dialect's shape."""
    return {
        "description": "Refused; the text says why.",
        "content": {"application/json": {"schema": named(error)}},
    }


def in_query(name: str, schema: Schema, words: str) -> Schema:
    """What may stand behind the question mark."""
    return {"name": name, "in": "query", "required": False, "schema": schema, "description": words}


def in_path(name: str, words: str) -> Schema:
    """A part of the path."""
    return {"name": name, "in": "path", "required": True, "schema": TEXT, "description": words}
