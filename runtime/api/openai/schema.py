"""From the body of POST /v1/chat/completions to a CompletionRequest. No I/O.

A field that is known and would change the answer, but is not served here, is refused by name: an answer
that silently ignores it would be wrong. A field that is unknown, or harmless to leave out (user, metadata,
store, ...), is ignored. https://platform.openai.com/docs/api-reference/chat/create
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from runtime.completion import CompletionRequest, Message, Role, SamplingOptions
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.wire.fields import Fields, text
from runtime.wire.strict_json import shown

_INT64: Final = 2**63
_LEAST_SHARE: Final = 1e-6
_MOST_TOKENS: Final = 2**31 - 1
_ROLES: Final[Mapping[object, Role]] = MappingProxyType(
    {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
)
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
            messages=tuple(_message(item) for item in fields.objects("messages", limits.messages)),
            max_tokens=_max_tokens(fields),
            sampling=_sampling(fields),
            stop=_stop(fields, limits),
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


def _message(fields: Fields) -> Message:
    role = fields.text("role")
    if role in {"tool", "function"} or fields.get("tool_calls"):
        name = fields.name("role" if role in {"tool", "function"} else "tool_calls")
        raise CallerError(f"{name} speaks of tool calls, which are not served yet; leave it out", param=name)
    if role not in _ROLES:
        name = fields.name("role")
        raise CallerError(f"{name} is {shown(role)}; send one of {', '.join(map(str, _ROLES))}", param=name)
    return Message(_ROLES[role], _content(fields))


def _content(fields: Fields) -> str:
    """A string, or a list of text parts, which are joined by line breaks."""
    value = fields.get("content")
    name = fields.name("content")
    if not isinstance(value, list):
        return text(value, name)
    return "\n".join(_part(Fields.of(item, f"{name}[{index}]")) for index, item in enumerate(value))


def _part(fields: Fields) -> str:
    if fields.get("type") != "text":
        name = fields.name("type")
        raise CallerError(
            f"{name} is {shown(fields.get('type'))}; only text parts are served yet", param=name
        )
    return text(fields.get("text"), fields.name("text"))


def _max_tokens(fields: Fields) -> int | None:
    """`max_tokens` is the older name of `max_completion_tokens`."""
    old = fields.integer("max_tokens", 1, _MOST_TOKENS)
    new = fields.integer("max_completion_tokens", 1, _MOST_TOKENS)
    if old is not None and new is not None and old != new:
        raise CallerError(
            f"max_tokens is {old} and max_completion_tokens is {new}; send one of them", param="max_tokens"
        )
    return old if new is None else new


def _sampling(fields: Fields) -> SamplingOptions:
    top_k = fields.integer("top_k", -1, _MOST_TOKENS)
    # Half of OpenAI's seeds are negative, none of the engine's is; each keeps one of its own.
    seed = fields.integer("seed", -_INT64, _INT64 - 1)
    return SamplingOptions(
        temperature=fields.real("temperature", 0, 2),
        top_p=_top_p(fields),
        # Other servers write "all" as -1.
        top_k=None if top_k is None else max(top_k, 0),
        min_p=fields.real("min_p", 0, 1),
        repetition_penalty=fields.real("repetition_penalty", 0.01, 10),
        presence_penalty=fields.real("presence_penalty", -2, 2),
        frequency_penalty=fields.real("frequency_penalty", -2, 2),
        logit_bias=_logit_bias(fields.get("logit_bias")),
        seed=None if seed is None else seed % 2**64,
    )


def _top_p(fields: Fields) -> float | None:
    """OpenAI allows 0; the least share there is means the same: the likeliest token alone."""
    share = fields.real("top_p", 0, 1)
    return None if share is None else max(share, _LEAST_SHARE)


def _logit_bias(value: Any) -> tuple[tuple[int, float], ...]:
    if value is None:
        return ()
    fields = Fields.of(value, "logit_bias")
    bias = []
    for key in fields.values:
        # Ten digits hold every vocabulary; isascii, because int() takes the digits of all scripts.
        if not (key.isascii() and key.isdigit() and len(key) <= 10):  # noqa: PLR2004  said above
            raise CallerError(f"logit_bias has the key {shown(key)}; send token ids", param="logit_bias")
        bias.append((int(key), fields.real(key, -100, 100) or 0.0))
    return tuple(bias)


def _stop(fields: Fields, limits: Limits) -> tuple[str, ...]:
    value = fields.get("stop")
    if value is None:
        return ()
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list):
        raise CallerError(f"stop is {shown(value)}; send a string or a list of strings", param="stop")
    if len(stops) > limits.stop_strings:
        raise CallerError(f"stop has {len(stops)} strings; send at most {limits.stop_strings}", param="stop")
    for index, stop in enumerate(stops):
        size = len(text(stop, f"stop[{index}]").encode())
        if not 1 <= size <= limits.stop_string_bytes:
            raise CallerError(
                f"stop[{index}] has {size} bytes; send 1 to {limits.stop_string_bytes}", param="stop"
            )
    return tuple(stops)
