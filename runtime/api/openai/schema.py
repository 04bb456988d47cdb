"""From the body of POST /v1/chat/completions to a CompletionRequest. No I/O.

A field that is known and would change the answer, but is not served here, is refused by name: an answer
that silently ignores it would be wrong. A field that is unknown, or harmless to leave out (user, metadata,
store, ...), is ignored. https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from runtime.completion import CompletionRequest
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.wire import asked
from runtime.wire.fields import Fields

_NOT_SERVED: Final[Mapping[str, tuple[object, ...]]] = MappingProxyType(
    {
        "tools": ([],),
        "tool_choice": ("none", "auto"),
        "functions": ([],),
        "function_call": ("none", "auto"),
        "response_format": ({"type": "text"},),
        "logprobs": (False,),
        "top_logprobs": (0,),
        "audio": (),
        "modalities": (["text"],),
        "web_search_options": (),
        "grammar": ("",),
        "json_schema": (),
    }
)
"""Fields that would change the answer, with the values (besides null) that ask for nothing."""


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """What was asked, and how it is to be told."""

    model: str | None
    completion: CompletionRequest
    stream: bool = False
    include_usage: bool = False
    return_progress: bool = False
    """llama-server's extension: stream chunks with `prompt_progress` while the prompt is read."""


def parse(body: object, limits: Limits) -> ChatRequest:
    """Read a parsed JSON body.

    Raises:
        CallerError: a field has the wrong type or is out of range, or asks for what is not served.
    """
    fields = Fields.of(body)
    _refuse_not_served(fields)
    options = fields.get("stream_options")
    return ChatRequest(
        model=fields.text("model"),
        completion=CompletionRequest(
            messages=asked.messages(fields, limits),
            max_tokens=_max_tokens(fields),
            sampling=asked.sampling(fields),
            stop=asked.stop(fields, limits),
        ),
        stream=fields.flag("stream"),
        include_usage=options is not None and Fields.of(options, "stream_options").flag("include_usage"),
        return_progress=fields.flag("return_progress"),
    )


def _refuse_not_served(fields: Fields) -> None:
    for key, neutral in _NOT_SERVED.items():
        value = fields.get(key)
        if value is not None and value not in neutral:
            raise CallerError(f"{key} is not served yet; leave it out", param=key)
    if fields.get("n") not in (None, 1):
        raise CallerError("n can only be 1 here; ask once for each answer you want", param="n")


def _max_tokens(fields: Fields) -> int | None:
    """`max_tokens` is the older name of `max_completion_tokens`."""
    old = fields.integer("max_tokens", 1, asked.MOST_TOKENS)
    new = fields.integer("max_completion_tokens", 1, asked.MOST_TOKENS)
    if old is not None and new is not None and old != new:
        raise CallerError(
            f"max_tokens is {old} and max_completion_tokens is {new}; send one of them", param="max_tokens"
        )
    return old if new is None else new
