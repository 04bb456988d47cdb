"""The tools of one request, and whether a call is one of them. Knows no dialect."""

import json
from collections.abc import Mapping

from runtime.text.tools.schema import Schema
from runtime.text.tools.values import Call, NotACallError


class Offer:
    """What a model may ask for in one answer."""

    def __init__(self, schemas: Mapping[str, Schema], *, parallel: bool = True) -> None:
        """Take what each tool's arguments have to be, by the tool's name."""
        self._schemas = schemas
        self.parallel = parallel
        """Whether one answer may have several calls."""

    def check(self, call: Call) -> None:
        """Let a call pass that names an offered tool and has the arguments it takes.

        Raises:
            NotACallError: it does not.
        """
        schema = self._schemas.get(call.name)
        if schema is None:
            raise NotACallError(f"there is no tool {call.name[:64]!r}")
        try:
            json.dumps(call.arguments, ensure_ascii=False).encode()
        except UnicodeEncodeError as exc:
            raise NotACallError(f"an argument of {call.name} holds half of a surrogate pair") from exc
        if (fault := schema.fault(call.arguments)) is not None:
            raise NotACallError(f"{call.name} was called with wrong arguments: {fault}")
