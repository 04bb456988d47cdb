import json

import pytest

from runtime.api.openai.errors import failure
from runtime.api.refusal import RefusalError
from runtime.errors import (
    BundleError,
    BusyError,
    CallerError,
    ChatTemplateError,
    EngineError,
    ModelNotFoundError,
    PromptTooLongError,
)


@pytest.mark.parametrize(
    ("exc", "status", "kind", "param", "code"),
    [
        (CallerError("no", param="top_p"), 400, "invalid_request_error", "top_p", None),
        (PromptTooLongError(9, 8, 16), 400, "invalid_request_error", "messages", "context_length_exceeded"),
        (ModelNotFoundError("x", ("tiny",)), 404, "invalid_request_error", "model", "model_not_found"),
        (BusyError("later"), 503, "unavailable_error", None, "unavailable"),
        (
            RefusalError(401, "who?", code="invalid_api_key"),
            401,
            "authentication_error",
            None,
            "invalid_api_key",
        ),
        (RefusalError(403, "no"), 403, "permission_error", None, None),
        (RefusalError(413, "big"), 413, "invalid_request_error", None, None),
    ],
)
def test_each_family_has_its_status(
    exc: Exception, status: int, kind: str, param: str | None, code: str | None
) -> None:
    problem = failure(exc, "id-1")
    assert problem.status == status
    error = {"message": str(exc), "type": kind, "param": param, "code": code}
    assert json.loads(problem.text) == {"error": error}


def test_busy_says_when_to_come_back() -> None:
    assert int(failure(BusyError("later"), "id-1").headers["Retry-After"]) > 0


@pytest.mark.parametrize(
    "exc", [EngineError("at /opt/secret"), BundleError("/opt/secret"), KeyError("secret"), OSError("secret")]
)
def test_what_went_wrong_inside_stays_inside(exc: Exception) -> None:
    problem = failure(exc, "id-1")
    assert (problem.status, problem.body["error"]["type"]) == (500, "server_error")
    assert "secret" not in problem.text
    assert "id-1" in problem.message


def test_a_template_that_fails_is_told_and_not_tried_again() -> None:
    problem = failure(ChatTemplateError(ValueError("line 1:\n no such thing")), "id-1")
    assert (problem.status, problem.code) == (500, "chat_template_failed")
    assert "fails (line 1: no such thing); use another model" in problem.message
    assert problem.headers["X-Should-Retry"] == "false"


def test_a_message_may_quote_anything() -> None:
    assert failure(CallerError("\ud800 \u2028 \x00"), "id-1").text.isascii()
