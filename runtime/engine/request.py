"""What one asks of the engine and what it tells back. Values only; no text, no I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Literal

from runtime.engine.constraint import Grammar


class Priority(IntEnum):
    """Who goes first when several wait."""

    COMMAND = 0
    CHAT = 1
    BACKGROUND = 2


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen. Temperature 0 is greedy; 0 or 1 (as noted) switches a filter off."""

    temperature: float = 0.0
    top_k: int = 0
    """Keep the k likeliest; 0 keeps all."""
    top_p: float = 1.0
    """Keep the smallest set with this much probability; 1 keeps all."""
    min_p: float = 0.0
    """Drop tokens less likely than this share of the likeliest; 0 keeps all."""
    repetition_penalty: float = 1.0
    """Divides positive and multiplies negative logits of tokens seen in prompt or answer (CTRL, arXiv 1909.05858)."""
    presence_penalty: float = 0.0
    """Subtracted once from the logit of each token already in the answer."""
    frequency_penalty: float = 0.0
    """Subtracted from the logit once per occurrence in the answer."""
    logit_bias: Mapping[int, float] = field(default_factory=dict)
    seed: int | None = None
    """Same seed, same request, same machine: same answer. None draws from the operating system."""


@dataclass(frozen=True, slots=True)
class Request:
    """One generation, in token ids."""

    prompt_ids: tuple[int, ...]
    max_tokens: int
    sampling: Sampling = Sampling()
    stop_ids: frozenset[int] = frozenset()
    priority: Priority = Priority.CHAT
    deadline_s: float | None = None
    """Seconds from submission until the generation is ended with reason "deadline"."""
    stable: int = 0
    """How many of the prompt's first tokens are nobody's words and will come again: a system prompt, tools. What they
    leave in the cache may be kept on disk."""
    client: str = ""
    """Who asks, where many do: nobody gets so much of queue and slots that others get none. "" is no one's."""
    grammar: Grammar | None = None
    """What the answer has to be; None leaves it free. It ends with reason "stop" where it is whole, no token later."""
    logprobs: int | None = None
    """How many of the likeliest tokens to tell with each token, beside how likely it was itself; None tells nothing.
    Each token then takes a step of its own, even where a grammar leaves no choice."""


@dataclass(frozen=True, slots=True)
class ScoreRequest:
    """How likely each of several continuations of one prompt is, in token ids. Nothing is generated."""

    prompt_ids: tuple[int, ...]
    options: tuple[tuple[int, ...], ...]
    """None of them empty."""
    priority: Priority = Priority.CHAT
    deadline_s: float | None = None
    """Seconds from submission until it is given up."""
    stable: int = 0
    """As a `Request`'s."""
    client: str = ""
    """As a `Request`'s."""


@dataclass(frozen=True, slots=True)
class Score:
    """How likely an option is."""

    logprob: float
    """Natural logarithm of its probability, all of its tokens together: longer ones are less likely."""
    tokens: int
    """How many it has, for whoever wants to compare what is said per token."""


@dataclass(frozen=True, slots=True)
class Prefill:
    """Progress over the prompt: `done` of `total` tokens are in the cache, `cached` of them were there before."""

    done: int
    total: int
    cached: int


@dataclass(frozen=True, slots=True)
class Likely:
    """How likely the model held a token, before anybody changed its mind."""

    logprob: float
    """Natural logarithm of the probability."""
    top: tuple[tuple[int, float], ...] = ()
    """The likeliest tokens there, the likeliest first, each with its logarithm; the token may be one of them or not."""


@dataclass(frozen=True, slots=True)
class Token:
    """One generated token."""

    id: int
    likely: Likely | None = None
    """None where it was not asked for."""


@dataclass(frozen=True, slots=True)
class Scored:
    """One option's score."""

    option: int
    """Its place in the request."""
    score: Score


FinishReason = Literal["stop", "length", "deadline", "cancelled"]


@dataclass(frozen=True, slots=True)
class Usage:
    """Token counts. `cached` of the prompt's tokens were not computed again."""

    prompt: int
    cached: int
    completion: int
    drafted: int = 0
    """Tokens that were guessed, and run along with others."""
    accepted: int = 0
    """How many of those are in the answer."""


@dataclass(frozen=True, slots=True)
class Timings:
    """Seconds: in the queue, over the prompt, over the answer; and the last one's part outside onnxruntime."""

    queued_s: float
    prefill_s: float
    decode_s: float
    overhead_s: float
    early: int = 0
    """Tokens of the answer that came with the prompt: what had to be said first, and what its last row chose.

    They took none of `decode_s`, so they say nothing of speed.
    """


@dataclass(frozen=True, slots=True)
class Done:
    """The last event of every generation."""

    reason: FinishReason
    usage: Usage
    timings: Timings


Event = Prefill | Token | Done
"""What a generation tells."""
ScoreEvent = Prefill | Scored | Done
"""What scoring tells."""
