"""What is said of a command: a result of the desk, or why no order was made of a message. Values to bytes; no I/O."""

import json
from dataclasses import dataclass
from typing import Any, Final

from runtime.commands.order import ReplyTo, Result
from runtime.mqtt.link import Publication
from runtime.wire.commands import result_told

JSON: Final = "application/json"


def encoded(value: Any) -> bytes:
    """A value as JSON. Half of a surrogate pair, which JSON can spell and UTF-8 cannot, becomes a question mark."""
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")


@dataclass(frozen=True, slots=True)
class Results:
    """The results of one node."""

    node: str

    def result(self, to: ReplyTo, result: Result) -> Publication:
        """What the desk found."""
        return self._publication(to, result_told(result))

    def refused(
        self, to: ReplyTo, reason: str, text: str, *, order_id: str | None, param: str | None = None
    ) -> Publication:
        """Why there is none: `invalid` (correct it), `busy` (send it again later) or `failed` (our fault)."""
        status = "failed" if reason == "failed" else "refused"
        said = {"id": order_id, "status": status, "reason": reason, "text": text}
        return self._publication(to, said if param is None else {**said, "param": param})

    def _publication(self, to: ReplyTo, said: dict[str, Any]) -> Publication:
        payload = encoded({**said, "node": self.node})
        return Publication(to.address, payload, correlation=to.correlation, content_type=JSON)
