"""From the body of POST /v1/responses to a CompletionRequest. No I/O.

Nothing is kept between requests, so what rests on it is refused by name, as is what would change the answer and is not
served. https://platform.openai.com/docs/api-reference/responses/create
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from runtime.completion import CompletionRequest, Tool
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire import asked, held, items, tools
from runtime.wire.fields import Fields
from runtime.wire.unserved import EVERYWHERE, NOTHING, SAMPLING, Refused, refuse

_SAY_EFFORT: Final = "send reasoning.effort"
_SERVED: Final = SAMPLING | {
    *(
        "model",
        "input",
        "instructions",
        "max_output_tokens",
        "tools",
        "tool_choice",
        "parallel_tool_calls",
        "text",
    ),
    *("include", "top_logprobs", "reasoning", "stream", "metadata", "user", "prompt_cache_key"),
}
_REFUSED: Final[Refused] = MappingProxyType(
    {
        **EVERYWHERE,
        "previous_response_id": ((), "nothing is kept here; send the items of the conversation as input"),
        "conversation": ((), "nothing is kept here; send the items of the conversation as input"),
        "store": ((False,), "nothing is kept here; send false, or leave it out"),
        "background": ((False,), "an answer is for who waits for it; send false, or leave it out"),
        "prompt": ((), "no prompts are kept here; send instructions and input"),
        "truncation": (("disabled",), "nothing is cut silently here; leave it out, and send less"),
        "messages": ((), "it is for /v1/chat/completions; send input here"),
        "response_format": ((), "it is for /v1/chat/completions; send text.format here"),
        "max_tokens": ((), "it is for /v1/chat/completions; send max_output_tokens here"),
        "max_completion_tokens": ((), "it is for /v1/chat/completions; send max_output_tokens here"),
        "n_predict": ((), "send max_output_tokens"),
        "num_predict": ((), "send max_output_tokens"),
        "n": ((1,), "a response is one answer; ask once for each you want"),
        "best_of": ((1,), "a response is one answer; ask once for each you want"),
        "system": (NOTHING, "send instructions"),
        "suffix": (NOTHING, "it is for /v1/completions; leave it out, or send a prompt there"),
        "echo": ((False,), "it is for /v1/completions; leave it out, or send a prompt there"),
        "functions": (NOTHING, "send tools"),
        "function_call": (("none", "auto"), "send tool_choice"),
        "modalities": ((["text"],), "answers are text; leave it out"),
        "audio": ((), "answers are text; leave it out"),
        "logprobs": ((False,), "send include and top_logprobs"),
        "reasoning_effort": ((), _SAY_EFFORT),
        "thinking": ((), _SAY_EFFORT),
        "think": ((), _SAY_EFFORT),
        "enable_thinking": ((), _SAY_EFFORT),
        "chat_template_kwargs": (NOTHING, _SAY_EFFORT),
        "format": ((), "send text.format"),
        "json_schema": ((), "send text.format"),
        "structured_outputs": ((), "send text.format"),
        "options": (NOTHING, "send what is in it beside input"),
    }
)
_ECHOED: Final = ("instructions", "max_output_tokens", "temperature", "top_p", "user", "prompt_cache_key")
_LOGPROBS: Final = "message.output_text.logprobs"


@dataclass(frozen=True, slots=True)
class ResponseRequest:
    """What was asked, and how it is to be told."""

    model: str | None
    completion: CompletionRequest
    stream: bool
    echo: Mapping[str, Any]
    """What the response repeats of the request."""


def parse(body: object, limits: Limits, *, client: str = "") -> ResponseRequest:
    """Read a parsed JSON body; `client` is who sent it.

    Raises:
        CallerError: a field has the wrong type or is out of range, or asks for what is not served.
    """
    fields = Fields.of(body)
    refuse(fields, _SERVED, _REFUSED)
    offered = _tools(fields, limits)
    said = fields.get("text")
    form = None if said is None else Fields.of(said, "text").get("format")
    metadata = fields.get("metadata")
    completion = CompletionRequest(
        messages=items.conversation(fields, limits),
        max_tokens=fields.integer("max_output_tokens", 1, asked.MOST_TOKENS),
        sampling=asked.sampling(fields),
        stop=asked.stop(fields, limits),
        priority=asked.priority(fields),
        tools=offered,
        must_call=tools.to_call(fields, offered),
        parallel_calls=tools.parallel(fields),
        logprobs=_logprobs(fields),
        thinking=_thinking(fields),
        constraint=held.text_format(form, "text.format"),
        client=client,
    )
    return ResponseRequest(
        model=fields.text("model"),
        completion=completion,
        stream=fields.flag("stream"),
        echo={
            **{key: fields.get(key) for key in _ECHOED},
            "metadata": metadata if isinstance(metadata, dict) else {},
            "parallel_tool_calls": completion.parallel_calls,
            "text": {"format": form or {"type": "text"}},
            "tool_choice": fields.get("tool_choice") or "auto",
            "tools": fields.get("tools") or [],
            "top_logprobs": completion.logprobs,
        },
    )


def _tools(fields: Fields, limits: Limits) -> tuple[Tool, ...]:
    if fields.get("tools") in (None, []):
        return ()
    offered = []
    for each in fields.objects("tools", limits.tools):
        if each.get("type") != "function":
            name = each.name("type")
            raise CallerError(
                f"{name} is {shown(each.get('type'))}; only functions are served, which the caller runs",
                param=name,
            )
        offered.append(tools.function(each))
    return tools.among(fields, offered, limits)


def _logprobs(fields: Fields) -> int | None:
    include = fields.get("include") or []
    if not isinstance(include, list) or not all(isinstance(each, str) for each in include):
        raise CallerError(f"include is {shown(include)}; send a list of strings", param="include")
    top = fields.integer("top_logprobs", 0, asked.MOST_LIKELY)
    if _LOGPROBS in include:
        return top or 0
    if top:
        raise CallerError(f'top_logprobs needs "{_LOGPROBS}" in include; send both', param="top_logprobs")
    return None


def _thinking(fields: Fields) -> bool | None:
    """`reasoning.effort` as far as it can be had: none at all, or what the model does of itself."""
    given = fields.get("reasoning")
    effort = None if given is None else Fields.of(given, "reasoning").text("effort")
    return False if effort == "none" else None
