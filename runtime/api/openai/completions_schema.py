"""From the body of POST /v1/completions to CompletionRequests, one a prompt. No I/O.

What would change the answer and is not served is refused by name, as in `runtime.api.openai.schema`.
https://platform.openai.com/docs/api-reference/completions/create
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final

from runtime.api.openai.schema import FORMS, answers_wanted, max_tokens
from runtime.completion import CompletionRequest
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire import asked, held
from runtime.wire.fields import Fields, text
from runtime.wire.unserved import EVERYWHERE, NOTHING, SAMPLING, Refused, refuse

_USUAL_TOKENS: Final = 16
"""OpenAI's length of an answer where none is said."""
_SERVED: Final = (
    SAMPLING
    | FORMS
    | {
        *(
            "model",
            "prompt",
            "suffix",
            "max_tokens",
            "max_completion_tokens",
            "n",
            "best_of",
            "echo",
            "logprobs",
        ),
        *("stream", "stream_options"),
    }
)
_TO_CHATS: Final = "it is for /v1/chat/completions; leave it out, or send messages there"
_REFUSED: Final[Refused] = MappingProxyType(
    {
        **EVERYWHERE,
        "messages": ((), "it is for /v1/chat/completions; send it there, or a prompt here"),
        "input": ((), "send prompt"),
        "system": (NOTHING, "write it into the prompt"),
        "tools": (NOTHING, _TO_CHATS),
        "tool_choice": (("none", "auto"), _TO_CHATS),
        "enable_thinking": ((False,), _TO_CHATS),
        "chat_template_kwargs": (NOTHING, _TO_CHATS),
        "thinking": ((), _TO_CHATS),
        "think": ((False,), _TO_CHATS),
        "reasoning": ((), _TO_CHATS),
        "reasoning_effort": (("none",), _TO_CHATS),
        "top_logprobs": ((0,), "send how many you want as logprobs"),
        "format": ((), "send response_format"),
        "options": (NOTHING, "send what is in it beside prompt"),
        "n_predict": ((), "send max_tokens"),
        "num_predict": ((), "send max_tokens"),
        "max_output_tokens": ((), "send max_tokens"),
    }
)


@dataclass(frozen=True, slots=True)
class TextRequest:
    """What was asked, and how it is to be told."""

    model: str | None
    completions: tuple[CompletionRequest, ...]
    """One a prompt."""
    n: int = 1
    """Answers to each of them."""
    stream: bool = False
    include_usage: bool = False
    echo: bool = False
    """Whether the prompt stands before the answer."""


def parse(body: object, limits: Limits, *, client: str = "") -> TextRequest:
    """Read a parsed JSON body; `client` is who sent it.

    Raises:
        CallerError: a field has the wrong type or is out of range, or asks for what is not served.
    """
    fields = Fields.of(body)
    refuse(fields, _SERVED, _REFUSED)
    logprobs = fields.integer("logprobs", 0, asked.MOST_LIKELY)
    if logprobs is not None and fields.flag("echo"):
        raise CallerError(
            "logprobs are those of the answer alone, and echo shows the prompt; send one of them",
            param="logprobs",
        )
    options = fields.get("stream_options")
    most = max_tokens(fields)
    one = CompletionRequest(
        prompt="",
        suffix=fields.text("suffix"),
        max_tokens=_USUAL_TOKENS if most is None else most,
        sampling=asked.sampling(fields),
        stop=asked.stop(fields, limits),
        priority=asked.priority(fields),
        constraint=held.held_to(fields),
        logprobs=logprobs,
        client=client,
    )
    prompts = _prompts(fields.get("prompt"), limits)
    n = answers_wanted(fields, limits, prompts=len(prompts))
    best_of = fields.integer("best_of", 1, asked.MOST_TOKENS)
    if best_of not in (None, n):
        raise CallerError(
            f"best_of is {best_of}, but all answers are shown here; leave it out, and choose among n",
            param="best_of",
        )
    return TextRequest(
        model=fields.text("model"),
        completions=tuple(replace(one, prompt=prompt) for prompt in prompts),
        n=n,
        stream=fields.flag("stream"),
        include_usage=options is not None and Fields.of(options, "stream_options").flag("include_usage"),
        echo=fields.flag("echo"),
    )


def _prompts(value: Any, limits: Limits) -> tuple[str, ...]:
    if isinstance(value, str):
        return (text(value, "prompt"),)
    if not isinstance(value, list) or not value:
        raise CallerError(f"prompt is {shown(value)}; send a string or a list of strings", param="prompt")
    if len(value) > limits.answers:
        raise CallerError(
            f"prompt has {len(value)} texts; send at most {limits.answers} at once", param="prompt"
        )
    if any(isinstance(each, int | list) for each in value):
        raise CallerError(
            "prompt has token ids, whose meaning differs from model to model; send the text", param="prompt"
        )
    return tuple(text(each, f"prompt[{index}]") for index, each in enumerate(value))
