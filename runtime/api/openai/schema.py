"""From the body of POST /v1/chat/completions to a CompletionRequest. No I/O.

What would change the answer and is not served is refused by name (`runtime.wire.unserved`). What is harmless to leave
out (user, metadata, store, ...) is ignored. https://platform.openai.com/docs/api-reference/chat/create
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from runtime.completion import CompletionRequest
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire import asked, held, tools
from runtime.wire.fields import Fields, text
from runtime.wire.unserved import EVERYWHERE, NOTHING, SAMPLING, Refused, refuse

FORMS: Final = frozenset({"response_format", "json_schema", "structured_outputs"})
_SERVED: Final = (
    SAMPLING
    | FORMS
    | {
        *(
            "model",
            "messages",
            "max_tokens",
            "max_completion_tokens",
            "n",
            "logprobs",
            "top_logprobs",
            "stream",
        ),
        *(
            "stream_options",
            "return_progress",
            "tools",
            "tool_choice",
            "parallel_tool_calls",
            "enable_thinking",
        ),
        "chat_template_kwargs",
    }
)
_TO_COMPLETIONS: Final = "it is for /v1/completions; leave it out, or send a prompt there"
_SAY_THINKING: Final = "send enable_thinking, true or false"
_SAY_MAX_TOKENS: Final = "send max_tokens"
_REFUSED: Final[Refused] = MappingProxyType(
    {
        **EVERYWHERE,
        "functions": (([],), "send tools"),
        "function_call": (("none", "auto"), "send tool_choice"),
        "audio": ((), "answers are text; leave it out"),
        "modalities": ((["text"],), "answers are text; leave it out"),
        "web_search_options": ((), "nothing is sought elsewhere; leave it out"),
        "system": (NOTHING, "send a message with the role system"),
        "prompt": ((), _TO_COMPLETIONS),
        "input": ((), "it is for /v1/responses; send messages here"),
        "suffix": (NOTHING, _TO_COMPLETIONS),
        "echo": ((False,), _TO_COMPLETIONS),
        "best_of": ((1,), "send n, and choose among the answers"),
        "thinking": ((), _SAY_THINKING),
        "think": ((), _SAY_THINKING),
        "reasoning": ((), _SAY_THINKING),
        "reasoning_effort": ((), _SAY_THINKING),
        "format": ((), "send response_format"),
        "options": (NOTHING, "send what is in it beside messages"),
        "n_predict": ((), _SAY_MAX_TOKENS),
        "num_predict": ((), _SAY_MAX_TOKENS),
        "max_output_tokens": ((), _SAY_MAX_TOKENS),
    }
)


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
    refuse(fields, _SERVED, _REFUSED)
    options = fields.get("stream_options")
    thinking, switches = _template_switches(fields)
    offered = tools.offered(fields, limits)
    return ChatRequest(
        model=fields.text("model"),
        completion=CompletionRequest(
            messages=asked.messages(fields, limits),
            max_tokens=max_tokens(fields),
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
        each = f", for {prompts} prompts" if prompts > 1 else ""
        raise CallerError(
            f"n is {n}{each}; ask for at most {limits.answers} answers at once",
            param="n",
        )
    return n


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


def max_tokens(fields: Fields) -> int | None:
    """The length of an answer: `max_tokens` is the older name of `max_completion_tokens`.

    Raises:
        CallerError: they differ.
    """
    old = fields.integer("max_tokens", 1, asked.MOST_TOKENS)
    new = fields.integer("max_completion_tokens", 1, asked.MOST_TOKENS)
    if old is not None and new is not None and old != new:
        raise CallerError(
            f"max_tokens is {old} and max_completion_tokens is {new}; send one of them", param="max_tokens"
        )
    return old if new is None else new
