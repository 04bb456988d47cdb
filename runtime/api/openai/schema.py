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
from runtime.strict_json import shown
from runtime.wire import asked, held, tools
from runtime.wire.fields import Fields, text

_NOT_SERVED: Final[Mapping[str, tuple[object, ...]]] = MappingProxyType(
    {
        "functions": ([],),
        "function_call": ("none", "auto"),
        "audio": (),
        "modalities": (["text"],),
        "web_search_options": (),
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
    n: int = 1
    """Answers wanted."""
    return_progress: bool = False
    """llama-server's extension: stream chunks with `prompt_progress` while the prompt is read."""


def parse(body: object, limits: Limits, *, client: str = "") -> ChatRequest:
    """Read a parsed JSON body; `client` is who sent it.

    Raises:
        CallerError: a field has the wrong type or is out of range, or asks for what is not served.
    """
    fields = Fields.of(body)
    _refuse_not_served(fields)
    options = fields.get("stream_options")
    thinking, switches = _template_switches(fields)
    offered = tools.offered(fields, limits)
    return ChatRequest(
        model=fields.text("model"),
        completion=CompletionRequest(
            messages=asked.messages(fields, limits),
            max_tokens=_max_tokens(fields),
            sampling=asked.sampling(fields),
            stop=asked.stop(fields, limits),
            priority=asked.priority(fields),
            tools=offered,
            must_call=tools.to_call(fields, offered),
            parallel_calls=tools.parallel(fields),
            logprobs=asked.logprobs(fields),
            thinking=thinking,
            template_switches=tuple(switches.items()),
            constraint=held.held_to(fields),
            client=client,
        ),
        n=answers_wanted(fields, limits),
        stream=fields.flag("stream"),
        include_usage=options is not None and Fields.of(options, "stream_options").flag("include_usage"),
        return_progress=fields.flag("return_progress"),
    )


def answers_wanted(fields: Fields, limits: Limits, *, prompts: int = 1) -> int:
    """How many answers to each of so many prompts.

    Raises:
        CallerError: all together are too many.
    """
    n = fields.integer("n", 1, asked.MOST_TOKENS) or 1
    if n * prompts > limits.answers:
        raise CallerError(
            f"n is {n}, for {prompts} prompts; ask for at most {limits.answers} answers at once", param="n"
        )
    return n


def _refuse_not_served(fields: Fields) -> None:
    for key, neutral in _NOT_SERVED.items():
        value = fields.get(key)
        if value is not None and value not in neutral:
            raise CallerError(f"{key} is not served yet; leave it out", param=key)


def _template_switches(fields: Fields) -> tuple[bool | None, dict[str, bool | int | str]]:
    """Whether to think, and what else the chat template is told. vLLM's and llama-server's `chat_template_kwargs`.

    `enable_thinking` is understood for every model, beside it or in it: not all templates call it so.
    """
    given = fields.get("chat_template_kwargs")
    inner = Fields({}) if given is None else Fields.of(given, "chat_template_kwargs")
    for name, value in inner.values.items():
        if not isinstance(value, bool | int | str):
            raise CallerError(
                f"chat_template_kwargs.{name[:64]} is {shown(value)}; send true, false, a number or a string",
                param="chat_template_kwargs",
            )
        text(str(value), "chat_template_kwargs")
    said = {
        each.flag("enable_thinking") for each in (fields, inner) if each.get("enable_thinking") is not None
    }
    if len(said) > 1:
        raise CallerError(
            "enable_thinking is given twice, and differs; send it once", param="enable_thinking"
        )
    switches = {name: value for name, value in inner.values.items() if name != "enable_thinking"}
    return next(iter(said), None), switches


def _max_tokens(fields: Fields) -> int | None:
    """`max_tokens` is the older name of `max_completion_tokens`."""
    old = fields.integer("max_tokens", 1, asked.MOST_TOKENS)
    new = fields.integer("max_completion_tokens", 1, asked.MOST_TOKENS)
    if old is not None and new is not None and old != new:
        raise CallerError(
            f"max_tokens is {old} and max_completion_tokens is {new}; send one of them", param="max_tokens"
        )
    return old if new is None else new
