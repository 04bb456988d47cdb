"""What one engine is asked to do and what it reports: JSON on a worker's standard input and standard output.

Knows neither engine. Standard library only: the peer's worker imports it in an environment of its own.
"""

import json
import resource
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol, Self


@dataclass(frozen=True)
class Workload:
    """The same token ids for every engine, so that nobody gains by a shorter tokenization."""

    model: str
    """Path of what this engine loads: a GGUF file or a bundle's directory."""
    flash_attention: bool
    """For the peer that has the switch."""
    threads: int
    context: int
    """Tokens the cache must have room for."""
    prefill: tuple[int, ...]
    prompt: tuple[int, ...]
    """What the decoded answer continues."""
    tokens: int
    """Length of the answer; the end-of-text token does not end it."""
    repeats: int

    @classmethod
    def read(cls) -> Self:
        """The workload on standard input."""
        raw = json.load(sys.stdin)
        return cls(**{**raw, "prefill": tuple(raw["prefill"]), "prompt": tuple(raw["prompt"])})

    def to_json(self) -> str:
        """For the worker's standard input."""
        return json.dumps(asdict(self))


@dataclass(frozen=True)
class Measurement:
    """One worker's answer: medians over its repeats."""

    load_s: float
    """From nothing but imports to the first evaluated token."""
    prefill_tok_s: float
    """Over the whole prompt, logits of its last token included."""
    decode_tok_s: float
    """Greedy, one token a step, the choice of the token included."""
    peak_rss_mib: float
    """Of the whole process, as the kernel counts it."""


class Decoder(Protocol):
    """The two verbs that are timed. Each returns the likeliest next token."""

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget everything and read `ids`."""
        ...

    def step(self, token: int) -> int:
        """Append one token."""
        ...


def measure(workload: Workload, load: Callable[[Workload], Decoder]) -> None:
    """Load, warm up, time, and print a Measurement."""
    start = time.perf_counter()
    decoder = load(workload)
    decoder.prefill(workload.prompt[:1])
    load_s = time.perf_counter() - start
    _answer(decoder, workload.prompt, 4)
    prefill, decode = [], []
    for _ in range(workload.repeats):
        start = time.perf_counter()
        decoder.prefill(workload.prefill)
        prefill.append(len(workload.prefill) / (time.perf_counter() - start))
        decode.append(workload.tokens / _answer(decoder, workload.prompt, workload.tokens))
    result = Measurement(
        load_s=load_s,
        prefill_tok_s=statistics.median(prefill),
        decode_tok_s=statistics.median(decode),
        peak_rss_mib=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )
    print(json.dumps(asdict(result)))


def _answer(decoder: Decoder, prompt: Sequence[int], tokens: int) -> float:
    """Seconds that `tokens` steps take behind `prompt`, its own prefill not counted."""
    token = decoder.prefill(prompt)
    start = time.perf_counter()
    for _ in range(tokens):
        token = decoder.step(token)
    return time.perf_counter() - start
