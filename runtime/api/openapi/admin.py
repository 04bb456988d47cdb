"""What whoever looks after the appliance asks for: keys, and the log."""

from typing import Any, Final

from runtime.api.admin.logs import LEVELS
from runtime.api.openapi.parts import (
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    asked,
    in_path,
    in_query,
    many,
    named,
    one_of,
    operation,
    record,
)
from runtime.api.scopes import Scope

_TAG: Final = "Administration"
_SCOPES: Final = many(one_of(*Scope), 1)

SCHEMAS: Final[dict[str, Schema]] = {
    "IssuedKey": record(
        {"name": TEXT, "scopes": _SCOPES, "made": {"type": "string", "format": "date"}},
        ("name", "scopes", "made"),
        "A key for others than the owner, as far as it is kept: the key itself is shown once, when it is made.",
    ),
    "LogLine": record(
        {"number": COUNT, "at": NUMBER, "level": one_of(*LEVELS), "source": TEXT, "text": TEXT},
        ("number", "at", "level", "source", "text"),
        "A line of this process's log. `number` counts from its start, `at` is in seconds since the epoch.",
    ),
}

PATHS: Final[dict[str, Any]] = {
    "/v1/admin/keys": {
        "get": operation(
            "List the keys for others than the owner.",
            _TAG,
            answer=record({"object": one_of("list"), "data": many(named("IssuedKey"))}, ("object", "data")),
        ),
        "post": operation(
            "Make a key, which is good for no more than the one that is shown with this, and is told this once.",
            _TAG,
            body=asked(
                {"name": {"type": "string", "pattern": "^[a-z][a-z0-9_-]{0,31}$"}, "scopes": _SCOPES},
                ("name",),
            ),
            answer=record({"name": TEXT, "scopes": _SCOPES, "key": TEXT}, ("name", "scopes", "key")),
        ),
    },
    "/v1/admin/keys/{name}": {
        "delete": operation(
            "Have a key open nothing from now on.",
            _TAG,
            answer=record({"name": TEXT, "deleted": FLAG}, ("name", "deleted")),
            parameters=[in_path("name", "Of the key.")],
        )
    },
    "/v1/admin/logs": {
        "get": operation(
            "Tell the last lines of this process's log.",
            _TAG,
            answer=record({"object": one_of("list"), "data": many(named("LogLine"))}, ("object", "data")),
            parameters=[
                in_query("level", one_of(*LEVELS), "No line that matters less."),
                in_query("after", COUNT, "The number of the last line that the caller has."),
            ],
        )
    },
}
