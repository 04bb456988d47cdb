"""What one asks of a completer and what it tells back. Values only; text, where the engine's are token ids."""

from dataclasses import dataclass
from typing import Literal

from runtime.engine.request import Priority, Timings, Usage
from runtime.text.constraint import Constraint
from runtime.text.tools.values import Tool, ToolCall

Role = Literal["system", "user", "assistant", "tool"]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Role
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    """What an assistant asked for."""
    tool_call_id: str = ""
    """Which call a tool answers; empty where that one is not in the conversation any more."""
    reasoning: str = ""
    """What an assistant thought; the template says whether the model is shown it again."""


@dataclass(frozen=True, slots=True)
class SamplingOptions:
    """What a caller said about sampling; None takes the model's default from the manifest."""

    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    min_p: float | None = None
    repetition_penalty: float | None = None
    presence_penalty: float | None = None
    frequency_penalty: float | None = None
    logit_bias: tuple[tuple[int, float], ...] = ()
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class CompletionRequest:
    """A conversation to be continued, or (prompt instead of messages) a text to be continued as it stands."""

    messages: tuple[Message, ...] = ()
    prompt: str | None = None
    suffix: str | None = None
    """What stands behind the text that is asked for; the prompt is then what stands before it."""
    max_tokens: int | None = None
    """None: `Limits.completion_tokens`, less if the context has less room."""
    or_fewer: bool = False
    """An answer that may have `max_tokens` ends with the context, if that comes first; else the request is refused."""
    sampling: SamplingOptions = SamplingOptions()
    stop: tuple[str, ...] = ()
    priority: Priority = Priority.CHAT
    client: str = ""
    """Who asks, as `runtime.engine.request.Request` has it."""
    deadline_s: float | None = None
    tools: tuple[Tool, ...] = ()
    must_call: tuple[str, ...] = ()
    """Names of tools of which the answer has to call one; none leaves it to the model whether to call any."""
    parallel_calls: bool = True
    """False: the answer ends with its first call."""
    logprobs: int | None = None
    """How many of the likeliest tokens to tell beside each token's own likelihood; None tells nothing."""
    thinking: bool | None = None
    """Whether to think before the answer; None leaves it to the chat template."""
    template_switches: tuple[tuple[str, bool | int | str], ...] = ()
    """Variables for the chat template, of those it reads."""
    constraint: Constraint | None = None
    """What the answer, without what is thought before it, has to be."""


@dataclass(frozen=True, slots=True)
class Progress:
    """Prompt tokens in the cache so far, of how many, and how many were there already."""

    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class Option:
    """A token that may be said, and how likely the model holds it."""

    letters: bytes
    """Maybe only a part of a character."""
    logprob: float
    """Natural logarithm of its probability, before penalties, temperature and forms."""


@dataclass(frozen=True, slots=True)
class Said:
    """A token of the answer, and the likeliest in its place."""

    token: Option
    top: tuple[Option, ...] = ()


@dataclass(frozen=True, slots=True)
class Delta:
    """More text of the answer: whole characters, never a part of a stop string."""

    text: str
    tokens: tuple[Said, ...] = ()
    """Those that begin to show in it, where they were asked for."""


@dataclass(frozen=True, slots=True)
class Thought:
    """More of what the model thinks; no part of the answer."""

    text: str


@dataclass(frozen=True, slots=True)
class Called:
    """The model asks for one of the tools it was offered, with arguments that the tool takes."""

    call: ToolCall


@dataclass(frozen=True, slots=True)
class Finished:
    """The last event."""

    reason: Literal["stop", "length", "deadline", "cancelled", "tool_calls"]
    usage: Usage
    timings: Timings
    refused: tuple[str, ...] = ()
    """Why something that looked like a call was none, or was left out; one half sentence each."""
    thought_tokens: int = 0
    """How many tokens of the answer were thoughts."""


CompletionEvent = Progress | Delta | Thought | Called | Finished
