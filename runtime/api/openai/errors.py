"""Every failure in OpenAI's shape: {"error": {"message", "type", "param", "code"}} and a status.

A full queue, a model that still loads and an appliance that stops are all 503 with Retry-After, not 429:
none of them is about how often this caller asks, a proxy in front of several appliances tries the next one
on 503, and OpenAI's clients retry both. What went wrong inside is told to the log; the caller gets a fixed
sentence and the id to look for.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from runtime.api.refusal import RefusalError
from runtime.errors import BusyError, CallerError, ChatTemplateError, ModelNotFoundError, PromptTooLongError

RETRY_SECONDS: Final = 2
_FOR_GOOD: Final = {"X-Should-Retry": "false"}
"""OpenAI's clients try a 500 again unless they are told that it is of no use."""
_TYPES: Final = {
    401: "authentication_error",
    403: "permission_error",
    429: "rate_limit_error",
    503: "unavailable_error",
}


@dataclass(frozen=True, slots=True)
class Failure:
    """An answer that is an error."""

    status: int
    message: str
    param: str | None = None
    code: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def body(self) -> dict[str, Any]:
        """The JSON object."""
        ours = self.status >= HTTPStatus.INTERNAL_SERVER_ERROR
        otherwise = "server_error" if ours else "invalid_request_error"
        return {
            "error": {
                "message": self.message,
                "type": _TYPES.get(self.status, otherwise),
                "param": self.param,
                "code": self.code,
            }
        }

    @property
    def text(self) -> str:
        """The JSON text, in ASCII: a message may quote anything."""
        return json.dumps(self.body)


def failure(exc: Exception, request_id: str) -> Failure:
    """What the caller is told about `exc`."""
    match exc:
        case RefusalError():
            return Failure(exc.status, str(exc), exc.param, exc.code, exc.headers)
        case ModelNotFoundError():
            return Failure(404, str(exc), exc.param, "model_not_found")
        case PromptTooLongError():
            return Failure(400, str(exc), exc.param, "context_length_exceeded")
        case CallerError():
            return Failure(400, str(exc), exc.param)
        case BusyError():
            return Failure(503, str(exc), code="unavailable", headers={"Retry-After": str(RETRY_SECONDS)})
        case _:
            return _fault(exc, request_id)


def _fault(exc: Exception, request_id: str) -> Failure:
    """What no caller did. Where the model's own template is at fault, its cause and the next step are told."""
    if isinstance(exc, ChatTemplateError):
        return Failure(500, str(exc), "messages", "chat_template_failed", _FOR_GOOD)
    return Failure(500, f"the appliance failed on this request; its log has the cause beside {request_id}")
