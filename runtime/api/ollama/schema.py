"""From the bodies of POST /api/chat and /api/generate to what is to be done. No I/O.

Fields that would change the answer and are not served are refused by name; those that say how Ollama is to use a
machine, and unknown ones, are ignored.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Final

from runtime.api.ollama import messages, names, wishes
from runtime.completion import Completer, CompletionRequest, Message
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.wire import asked, tools
from runtime.wire.fields import Fields
from runtime.wire.unserved import EVERYWHERE, NOTHING, SAMPLING, Refused, refuse

_WISHES: Final = frozenset(
    {
        *("model", "name", "stream", "format", "think", "keep_alive", "options", "logprobs", "top_logprobs"),
        *("truncate", "shift"),
    }
)
_CHAT: Final = _WISHES | {"messages", "tools", "tool_choice"}
_GENERATE: Final = _WISHES | {"prompt", "suffix", "system", "raw"}
_IN_OPTIONS: Final = "send it in options"
_NEITHER: Final[Refused] = MappingProxyType(
    {
        **EVERYWHERE,
        **dict.fromkeys(sorted(SAMPLING - {"priority"}), ((), _IN_OPTIONS)),
        **dict.fromkeys(("repeat_penalty", "num_predict"), ((), _IN_OPTIONS)),
        **dict.fromkeys(
            ("max_tokens", "max_completion_tokens", "n_predict"), (NOTHING, "send options.num_predict")
        ),
        **dict.fromkeys(("response_format", "json_schema", "structured_outputs"), (NOTHING, "send format")),
        **dict.fromkeys(("enable_thinking", "reasoning_effort", "reasoning"), (NOTHING, "send think")),
        "n": ((1,), "an answer is one; ask once for each you want"),
        "template": (NOTHING, "a model has its own; leave it out"),
        "context": (NOTHING, "send what was said before as messages to /api/chat"),
        "input": (NOTHING, "it is for /api/embed; leave it out"),
    }
)
_NOT_IN_CHATS: Final[Refused] = MappingProxyType(
    {
        **_NEITHER,
        "prompt": (NOTHING, "it is for /api/generate; send messages here"),
        "system": (NOTHING, "send a message with the role system"),
        "suffix": (NOTHING, "it is for /api/generate; leave it out, or send a prompt there"),
        "raw": (NOTHING, "it is for /api/generate; leave it out, or send a prompt there"),
    }
)
_NOT_IN_GENERATE: Final[Refused] = MappingProxyType(
    {
        **_NEITHER,
        "messages": (NOTHING, "it is for /api/chat; send it there, or a prompt here"),
        "tools": (NOTHING, "it is for /api/chat; leave it out, or send messages there"),
    }
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be done with a model."""

    model: str
    """By our name."""
    called: str
    """By the caller's."""
    completion: CompletionRequest | None
    """None: it is to be loaded, or (`keep_alive_s` 0) to leave."""
    stream: bool
    keep_alive_s: float | None

    def for_model(self, completer: Completer) -> CompletionRequest | None:
        """The same in this model's terms.

        Raises:
            CallerError: it cannot do what was asked.
        """
        wanted = self.completion
        if wanted is None:
            return None
        if wanted.thinking and completer.thinks == "never":
            raise CallerError(
                f"{completer.name} does not think before it answers; leave think out", param="think"
            )
        if wanted.thinking is False and completer.thinks == "always":
            # What it thinks comes apart from the answer; who always sends false (Home Assistant) is served.
            wanted = replace(wanted, thinking=None)
        if completer.chats or not wanted.messages:
            return wanted
        return _without_template(wanted, completer.name)


def chat(body: object, limits: Limits, *, client: str = "") -> Asked:
    """Read the body of POST /api/chat; `client` is who sent it.

    Raises:
        CallerError: a field has the wrong type or is out of range, or asks for what is not served.
    """
    fields = Fields.of(body)
    refuse(fields, _CHAT, _NOT_IN_CHATS)
    said = messages.messages(fields, limits)
    offered = tools.offered(fields, limits)
    return _asked(
        fields, CompletionRequest(messages=said, tools=offered, client=client) if said else None, limits
    )


def generate(body: object, limits: Limits, *, client: str = "") -> Asked:
    """Read the body of POST /api/generate; `client` is who sent it.

    Raises:
        CallerError: as `chat`.
    """
    fields = Fields.of(body)
    refuse(fields, _GENERATE, _NOT_IN_GENERATE)
    prompt, system, raw = fields.text("prompt"), fields.text("system"), fields.flag("raw")
    suffix = fields.text("suffix") or None
    if (raw or suffix) and system:
        raise CallerError(
            "raw and suffix leave no place for system; write it into the prompt", param="system"
        )
    if not prompt:
        return _asked(fields, None, limits)
    if raw or suffix:
        return _asked(fields, CompletionRequest(prompt=prompt, suffix=suffix, client=client), limits)
    said = (*([Message("system", system)] if system else []), Message("user", prompt))
    return _asked(fields, CompletionRequest(messages=said, client=client), limits)


def _asked(fields: Fields, completion: CompletionRequest | None, limits: Limits) -> Asked:
    options = wishes.options(fields, limits)
    constraint, thinking = wishes.held_to(fields), wishes.think(fields)
    if completion is not None:
        completion = replace(
            completion,
            max_tokens=options.max_tokens,
            or_fewer=True,
            sampling=options.sampling,
            stop=options.stop,
            thinking=None if completion.prompt is not None else thinking,
            constraint=constraint,
            logprobs=asked.logprobs(fields),
        )
    stream = fields.get("stream") is None or fields.flag("stream")
    called = names.asked(fields)
    return Asked(names.ours(called), called, completion, stream, wishes.keep_alive(fields))


def _without_template(wanted: CompletionRequest, name: str) -> CompletionRequest:
    """A base model goes on with a text; it has no conversation."""
    match wanted.messages:
        case (Message(role="user", content=prompt),):
            return replace(wanted, messages=(), prompt=prompt, thinking=None)
        case _:
            raise CallerError(
                f"{name} was not trained to converse, and takes one prompt; use a model that chats",
                param="messages",
            )
