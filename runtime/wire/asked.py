"""What every front end lets a caller say about an answer: messages, sampling, stop strings, how urgent it is.

Fields in, values out. Knows the names that OpenAI's API gave them, llama-server's for what that lacks, and our own for
what both lack. What hangs on the model is the engine's to check. No I/O.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from runtime.completion import Message, Priority, Role, SamplingOptions
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire import tools
from runtime.wire.fields import Fields, text

MOST_TOKENS: Final = 2**31 - 1
MOST_LIKELY: Final = 20
_INT64: Final = 2**63
LEAST_SHARE: Final = 1e-6
_ROLES: Final[Mapping[object, Role]] = MappingProxyType(
    {"system": "system", "developer": "system", "user": "user", "assistant": "assistant", "tool": "tool"}
)
_PRIORITIES: Final[Mapping[str, Priority]] = MappingProxyType({each.name.lower(): each for each in Priority})


def messages(fields: Fields, limits: Limits) -> tuple[Message, ...]:
    """The turns of a conversation, at least one.

    Raises:
        CallerError: the place is named, as in `messages[0].content`.
    """
    return tuple(_message(item, limits) for item in fields.objects("messages", limits.messages))


def sampling(fields: Fields) -> SamplingOptions:
    """How tokens are to be chosen; None for what is not said.

    Raises:
        CallerError: a field has the wrong type or is out of range.
    """
    top_p = fields.real("top_p", 0, 1)
    top_k = fields.integer("top_k", -1, MOST_TOKENS)
    # Half of OpenAI's seeds are negative, none of the engine's is; each keeps one of its own.
    seed = fields.integer("seed", -_INT64, _INT64 - 1)
    return SamplingOptions(
        temperature=fields.real("temperature", 0, 2),
        # OpenAI allows 0; the least share there is means the same: the likeliest token alone.
        top_p=None if top_p is None else max(top_p, LEAST_SHARE),
        # Other servers write "all" as -1.
        top_k=None if top_k is None else max(top_k, 0),
        min_p=fields.real("min_p", 0, 1),
        repetition_penalty=fields.real("repetition_penalty", 0.01, 10),
        presence_penalty=fields.real("presence_penalty", -2, 2),
        frequency_penalty=fields.real("frequency_penalty", -2, 2),
        logit_bias=_logit_bias(fields.get("logit_bias")),
        seed=None if seed is None else seed % 2**64,
    )


def stop(fields: Fields, limits: Limits) -> tuple[str, ...]:
    """A string or several that end the answer.

    Raises:
        CallerError: not that, too many, empty or too long.
    """
    value = fields.get("stop")
    if value is None:
        return ()
    stops = [value] if isinstance(value, str) else value
    if not isinstance(stops, list):
        raise CallerError(f"stop is {shown(value)}; send a string or a list of strings", param="stop")
    if len(stops) > limits.stop_strings:
        raise CallerError(f"stop has {len(stops)} strings; send at most {limits.stop_strings}", param="stop")
    for index, each in enumerate(stops):
        size = len(text(each, f"stop[{index}]").encode())
        if not 1 <= size <= limits.stop_string_bytes:
            raise CallerError(
                f"stop[{index}] has {size} bytes; send 1 to {limits.stop_string_bytes} bytes", param="stop"
            )
    return tuple(stops)


def logprobs(fields: Fields) -> int | None:
    """How many likely tokens to tell with each one said, as a chat asks for it; None tells nothing.

    Raises:
        CallerError: `top_logprobs` without `logprobs`, or a value that is none.
    """
    wanted, top = fields.flag("logprobs"), fields.integer("top_logprobs", 0, MOST_LIKELY)
    if top and not wanted:
        raise CallerError("top_logprobs needs logprobs to be true; send both", param="top_logprobs")
    return (top or 0) if wanted else None


def priority(fields: Fields) -> Priority:
    """Who goes first when several wait; chat where nothing is said.

    Raises:
        CallerError: not one of the three words.
    """
    value = fields.get("priority")
    if value is None:
        return Priority.CHAT
    if not isinstance(value, str) or value not in _PRIORITIES:
        raise CallerError(
            f"priority is {shown(value)}; send one of {', '.join(_PRIORITIES)}", param="priority"
        )
    return _PRIORITIES[value]


def _message(fields: Fields, limits: Limits) -> Message:
    role = fields.text("role")
    if role not in _ROLES:
        name = fields.name("role")
        raise CallerError(f"{name} is {shown(role)}; send one of {', '.join(map(str, _ROLES))}", param=name)
    if role != "assistant":
        if fields.get("tool_calls"):
            name = fields.name("tool_calls")
            raise CallerError(f"{name} is an assistant's to make; leave it out", param=name)
        answered = tools.answered(fields) if role == "tool" else ""
        return Message(_ROLES[role], _content(fields), tool_call_id=answered)
    calls = tools.made(fields, limits)
    content = "" if calls and fields.get("content") is None else _content(fields)
    return Message("assistant", content, calls, reasoning=fields.text("reasoning_content") or "")


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
