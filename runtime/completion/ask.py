"""What a request has to be before anything is spent on it, and what it means where it says nothing.

Knows limits and the manifest's defaults. Does not know text beyond its size.
"""

import json
import re
from collections.abc import Sequence
from typing import Final, TypeVar

from models.manifest import SamplingDefaults
from runtime.completion.values import CompletionRequest, Message, SamplingOptions
from runtime.engine.request import Sampling
from runtime.engine.sampling import check_sampling
from runtime.errors import CallerError, PromptTooLongError
from runtime.limits import Limits
from runtime.text.tools.dialect import declared
from runtime.text.tools.offer import Offer
from runtime.text.tools.schema import Schema, SchemaError

_Value = TypeVar("_Value")
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")


def check_request(request: CompletionRequest, limits: Limits, vocabulary: int) -> None:
    """Refuse what is too much, too little, or no text.

    Raises:
        CallerError: which says what to change, and names the parameter.
    """
    if (request.prompt is None) == (not request.messages):
        raise CallerError("send either messages or a prompt", param="messages")
    if len(request.messages) > limits.messages:
        raise CallerError(
            f"{len(request.messages)} messages were sent, at most {limits.messages} are taken; "
            "leave the oldest ones out",
            param="messages",
        )
    size = sum(_size(text, "messages") for message in request.messages for text in _texts(message))
    size += _size(request.prompt or "", "prompt") + _size(request.suffix or "", "suffix")
    size += sum(_size(json.dumps(declared(tool), ensure_ascii=False), "tools") for tool in request.tools)
    if size > limits.request_bytes:
        raise CallerError(
            f"the text has {size} bytes, at most {limits.request_bytes} are taken; send less",
            param="messages" if request.prompt is None else "prompt",
        )
    _check_results(request.messages)
    _check_tools(request, limits)
    _check_stops(request.stop, limits)
    if request.max_tokens is not None and request.max_tokens < 1:
        raise CallerError(f"max_tokens is {request.max_tokens}; ask for at least one", param="max_tokens")
    if request.deadline_s is not None and not request.deadline_s > 0:  # NaN is not either
        raise CallerError(f"deadline_s is {request.deadline_s}; give seconds above 0", param="deadline_s")
    check_sampling(engine_sampling(request.sampling, SamplingDefaults()), vocabulary)


def _texts(message: Message) -> tuple[str, ...]:
    calls = (call.name + json.dumps(call.arguments, ensure_ascii=False) for call in message.tool_calls)
    return (message.content, message.reasoning, *calls)


def _check_results(messages: Sequence[Message]) -> None:
    """A tool's result has to answer a call, if it says which: shown to the model as another's, it would mislead."""
    called: set[str] = set()
    for index, message in enumerate(messages):
        called.update(call.id for call in message.tool_calls)
        if message.role == "tool" and message.tool_call_id and message.tool_call_id not in called:
            name = f"messages[{index}].tool_call_id"
            raise CallerError(
                f"{name} names no call of an assistant's message before it; send that message, too",
                param=name,
            )


def _check_tools(request: CompletionRequest, limits: Limits) -> None:
    tools = request.tools
    if tools and request.prompt is not None:
        raise CallerError("tools are offered in a conversation; send messages, not a prompt", param="tools")
    if len(tools) > limits.tools:
        raise CallerError(
            f"{len(tools)} tools were sent, at most {limits.tools} are taken; offer fewer", param="tools"
        )
    names: set[str] = set()
    for index, tool in enumerate(tools):
        if not _NAME.fullmatch(tool.name) or tool.name in names:
            place = f"tools[{index}].function.name"
            raise CallerError(
                f"{place} has to be 1 to 64 letters, digits, dots, dashes and underscores, and no other tool's",
                param=place,
            )
        names.add(tool.name)


def offered(request: CompletionRequest) -> Offer | None:
    """The tools of a request, ready to check calls; None when there are none.

    Raises:
        CallerError: the parameters of a tool cannot be checked; names the keyword.
    """
    schemas = {}
    for index, tool in enumerate(request.tools):
        try:
            schemas[tool.name] = Schema(dict(tool.parameters))
        except SchemaError as exc:
            place = f"tools[{index}].function.parameters"
            raise CallerError(
                f"{place}: {exc}; leave it out, and say in a description what it was for", param=place
            ) from exc
    return Offer(schemas, parallel=request.parallel_calls) if schemas else None


def _check_stops(stops: tuple[str, ...], limits: Limits) -> None:
    if len(stops) > limits.stop_strings:
        raise CallerError(
            f"{len(stops)} stop strings were sent, at most {limits.stop_strings} are taken", param="stop"
        )
    for stop in stops:
        if not 0 < _size(stop, "stop") <= limits.stop_string_bytes:
            raise CallerError(
                f"a stop string must have from 1 to {limits.stop_string_bytes} bytes", param="stop"
            )


def _size(text: str, param: str) -> int:
    try:
        return len(text.encode())
    except UnicodeEncodeError as exc:
        raise CallerError(
            "the text has half of a surrogate pair, which is no character; send valid Unicode", param=param
        ) from exc


def room_for(
    max_tokens: int | None, prompt: int, context: int, limits: Limits, *, or_fewer: bool = False
) -> int:
    """How many tokens the answer may have: what was asked for, else (and `or_fewer`) what fits, up to the usual.

    Raises:
        PromptTooLongError: the prompt and the answer asked for, or the prompt and a single token, do not fit.
    """
    answer = limits.completion_tokens if max_tokens is None else max_tokens
    if max_tokens is None or or_fewer:
        answer = max(1, min(answer, context - prompt))
    if prompt + answer > context:
        raise PromptTooLongError(prompt, answer, context)
    return answer


def engine_sampling(options: SamplingOptions, defaults: SamplingDefaults) -> Sampling:
    """What the caller said, else the model's defaults, else no filter and no penalty."""
    return Sampling(
        temperature=_or(options.temperature, defaults.temperature),
        top_k=_or(options.top_k, defaults.top_k),
        top_p=_or(options.top_p, defaults.top_p),
        min_p=_or(options.min_p, 0.0),
        repetition_penalty=_or(options.repetition_penalty, defaults.repetition_penalty),
        presence_penalty=_or(options.presence_penalty, 0.0),
        frequency_penalty=_or(options.frequency_penalty, 0.0),
        logit_bias=dict(options.logit_bias),
        seed=options.seed,
    )


def _or(said: _Value | None, default: _Value) -> _Value:
    return default if said is None else said
