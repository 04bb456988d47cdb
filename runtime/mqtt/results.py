"""What is said of a command: a result of the desk, or why no order was made of a message. Values to bytes; no I/O."""

import json
from dataclasses import dataclass
from typing import Any, Final

from runtime.commands.meaning import Action
from runtime.commands.order import ReplyTo, Result
from runtime.mqtt.link import Publication

JSON: Final = "application/json"


@dataclass(frozen=True, slots=True)
class Results:
    """The results of one node."""

    node: str

    def result(self, to: ReplyTo, result: Result) -> Publication:
        """What the desk found."""
        said: dict[str, Any] = {
            "id": result.order,
            "status": result.status.value,
            "text": result.text,
            "actions": [_action(each) for each in result.actions],
            "route": result.route.value,
            "confidence": round(result.confidence, 4),
            "language": result.language,
        }
        maybe = {
            "reason": result.reason and result.reason.value,
            "confirmed": result.confirmed,
            "token": result.token,
            "options": list(result.options) or None,
            "due_at": result.due_at,
            "session": result.session or None,
        }
        said |= {name: value for name, value in maybe.items() if value is not None}
        if result.candidates:
            said["candidates"] = [
                {"label": each.label, "score": round(each.score, 4)}
                | ({} if each.action is None else {"action": _action(each.action)})
                for each in result.candidates
            ]
        if result.ms:
            said["ms"] = {stage: round(ms, 3) for stage, ms in result.ms.items()}
        return self._publication(to, said)

    def refused(
        self, to: ReplyTo, reason: str, text: str, *, order_id: str | None, param: str | None = None
    ) -> Publication:
        """Why there is none: `invalid` (correct it), `busy` (send it again later) or `failed` (our fault)."""
        status = "failed" if reason == "failed" else "refused"
        said = {"id": order_id, "status": status, "reason": reason, "text": text}
        return self._publication(to, said if param is None else {**said, "param": param})

    def _publication(self, to: ReplyTo, said: dict[str, Any]) -> Publication:
        payload = json.dumps({**said, "node": self.node}, ensure_ascii=False).encode()
        return Publication(to.address, payload, correlation=to.correlation, content_type=JSON)


def _action(action: Action) -> dict[str, Any]:
    return {"device": action.device, "capability": action.capability, "value": action.value}
