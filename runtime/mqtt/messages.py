"""What is said on the topics: questions in, answers and refusals out, status. Bytes to values and back.

A question is a JSON object: an `id`, a `prompt` or `messages`, and options named as in the HTTP API. Every
question, however malformed, has a result: the answer, or an error with the reason and the id as far as it
could be read.
"""

import difflib
from dataclasses import asdict, dataclass
from typing import Final, Literal

from runtime.completion import CompletionRequest, Finished, Message
from runtime.errors import BusyError, CallerError, ChatTemplateError
from runtime.limits import Limits
from runtime.mqtt.results import encoded
from runtime.strict_json import parse, shown
from runtime.wire import asked, held
from runtime.wire.fields import Fields, text

EXAMPLE: Final = '{"id": "1", "prompt": "What is the capital of France?"}'
_ID_LENGTH: Final = 128
_KNOWN: Final = (
    *("id", "prompt", "messages", "model", "max_tokens", "temperature", "top_p", "top_k", "min_p"),
    *("repetition_penalty", "presence_penalty", "frequency_penalty", "logit_bias", "seed", "stop"),
    *("response_format", "json_schema", "structured_outputs", "priority", "deadline_s", "stream", "reply_to"),
)

QuestionId = str | int


class MalformedError(CallerError):
    """A question that cannot be answered as it is; `id` is None where even that could not be read."""

    def __init__(
        self, message: str, *, param: str | None = None, question_id: QuestionId | None = None
    ) -> None:
        super().__init__(message, param=param)
        self.id = question_id


class TakenBackError(CallerError):
    """Whoever asked does not want the answer any more."""

    def __init__(self) -> None:
        super().__init__("the question was taken back before its answer was finished")


@dataclass(frozen=True, slots=True)
class Question:
    """One well-formed message on the chat topic."""

    id: QuestionId
    model: str | None
    request: CompletionRequest
    stream: bool = False
    """Whether its answer is told piece by piece, too, while it is written."""
    reply_to: str | None = None
    """The topic that the answer is wanted on."""


def question(payload: bytes, limits: Limits, *, size: int = 0) -> Question:
    """Read a payload; `size` is that of one that was let go because of it.

    Raises:
        MalformedError: too long, not a JSON object, without an id, or a field that is unknown or impossible.
    """
    if (size := size or len(payload)) > limits.request_bytes:
        raise MalformedError(
            f"the message has {size} bytes; send at most {limits.request_bytes}, or raise limits.request_bytes"
        )
    if not payload.lstrip().startswith(b"{"):
        raise MalformedError(f"the message is not a JSON object; send one such as {EXAMPLE}")
    question_id: QuestionId | None = None
    try:
        fields = Fields.of(parse(payload, depth=limits.json_depth))
        question_id = _id(fields)
        asked = _request(fields, limits)
        return Question(
            question_id, fields.text("model"), asked, fields.flag("stream"), fields.text("reply_to")
        )
    except CallerError as exc:
        raise MalformedError(str(exc), param=exc.param, question_id=question_id) from exc


def answer(to: Question, model: str, words: str, finished: Finished) -> bytes:
    """The result that carries an answer."""
    usage, timings = finished.usage, finished.timings
    return encoded(
        {
            "id": to.id,
            "model": model,
            "text": words,
            "finish_reason": finished.reason,
            "usage": {
                "prompt_tokens": usage.prompt,
                "cached_tokens": usage.cached,
                "completion_tokens": usage.completion,
                "total_tokens": usage.prompt + usage.completion,
            },
            "timings": {
                name: round(seconds, 4) for name, seconds in asdict(timings).items() if name.endswith("_s")
            },
        }
    )


def piece(question_id: QuestionId, number: int, words: str) -> bytes:
    """A part of an answer; they are numbered from 0."""
    return encoded({"id": question_id, "n": number, "text": words})


def taken_back(payload: bytes, limits: Limits) -> QuestionId:
    """What a message on the cancel topic names.

    Raises:
        MalformedError: it names nothing.
    """
    if len(payload) > limits.request_bytes or not payload.lstrip().startswith(b"{"):
        raise MalformedError('say what is not wanted any more as {"id": "1"}')
    question_id: QuestionId | None = None
    try:
        fields = Fields.of(parse(payload, depth=limits.json_depth))
        question_id = _id(fields)
        _check_known(fields, ("id",))
    except CallerError as exc:
        raise MalformedError(str(exc), param=exc.param, question_id=question_id) from exc
    return question_id


def refusal(question_id: QuestionId | None, exc: Exception) -> bytes:
    """The result that says why there is no answer. What went wrong inside is for the log."""
    match exc:
        case TakenBackError():
            error = {"code": "cancelled", "message": str(exc), "param": None}
        case CallerError():
            error = {"code": "invalid", "message": str(exc), "param": exc.param}
        case BusyError():
            error = {"code": "busy", "message": str(exc), "param": None}
        case ChatTemplateError():
            error = {"code": "failed", "message": str(exc), "param": None}
        case _:
            message = "the appliance failed on this message; its log has the cause"
            error = {"code": "failed", "message": message, "param": None}
    return encoded({"id": question_id, "error": error})


def status(
    state: Literal["online", "offline"], node: str, *, model: str, version: str, group: str | None = None
) -> bytes:
    """The retained message on the status topic, and the last will. By it those of a group know of each other."""
    said = {"state": state, "node": node, "model": model, "version": version}
    return encoded(said if group is None else {**said, "group": group})


def _id(fields: Fields) -> QuestionId:
    value = fields.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, str) or not 1 <= len(value) <= _ID_LENGTH:
        raise CallerError(
            f"id is {shown(value)}; send a text of 1 to {_ID_LENGTH} characters, or a whole number",
            param="id",
        )
    return text(value, "id")


def _check_known(fields: Fields, known: tuple[str, ...]) -> None:
    if unknown := [key for key in fields.values if key not in known]:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        raise CallerError(f"{shown(unknown[0])} is not a field of a question; {hint}", param=unknown[0])


def _request(fields: Fields, limits: Limits) -> CompletionRequest:
    _check_known(fields, _KNOWN)
    return CompletionRequest(
        messages=_messages(fields, limits),
        max_tokens=fields.integer("max_tokens", 1, asked.MOST_TOKENS),
        sampling=asked.sampling(fields),
        stop=asked.stop(fields, limits),
        priority=asked.priority(fields),
        constraint=held.held_to(fields),
        deadline_s=fields.real("deadline_s", 0.001, limits.request_seconds) or limits.request_seconds,
    )


def _messages(fields: Fields, limits: Limits) -> tuple[Message, ...]:
    prompt = fields.text("prompt")
    if (prompt is None) == (fields.get("messages") is None):
        raise CallerError(f"send either prompt or messages, such as {EXAMPLE}", param="prompt")
    if prompt is not None:
        if not prompt.strip():
            raise CallerError("prompt is empty; send a question", param="prompt")
        return (Message("user", prompt),)
    return asked.messages(fields, limits)
