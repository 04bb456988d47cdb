"""What one engine is asked to do and what it reports: JSON on a worker's standard input and standard output.

Knows no engine. Standard library only: the peers' workers import it in environments of their own.
"""

import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol, Self

Figures = dict[str, float]
"""What was measured, by name: load_s, rss_mib, prefill@N and decode@N in tokens a second, and others."""

_WARM: Final = 32
_SHORT: Final = 256
"""A shorter prompt is read as often as it fits this, and the median counts."""


@dataclass(frozen=True)
class Workload:
    """The same token ids for every engine, so that nobody gains by a shorter tokenization."""

    model: str
    """Path of what this engine loads: a GGUF file, a bundle's directory, a folder with a genai_config.json."""
    threads: int
    context: int
    """Tokens the cache must have room for."""
    text: tuple[int, ...]
    """A prompt is the beginning of this."""
    prefills: tuple[int, ...]
    """Lengths of the prompts whose reading is timed."""
    pasts: tuple[int, ...]
    """Tokens behind which decoding is timed; 0 is behind a single one, since nobody decodes behind nothing."""
    tokens: int
    """Length of each answer; the end-of-text token does not end it."""
    flash_attention: bool = False
    """For the peer that has the switch."""

    @classmethod
    def from_json(cls, line: str) -> Self:
        """What `to_json` wrote."""
        raw = json.loads(line)
        lists = {name: tuple(raw[name]) for name in ("text", "prefills", "pasts")}
        return cls(**{**raw, **lists})

    def to_json(self) -> str:
        """One line."""
        return json.dumps(asdict(self))


class Decoder(Protocol):
    """The two verbs that are timed. Each returns the likeliest next token."""

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget everything and read `ids`."""
        ...

    def step(self, token: int) -> int:
        """Append one token, the one that was returned last."""
        ...


def measure(workload: Workload, load: Callable[[Workload], Decoder]) -> Figures:
    """Load, warm up, and time each prompt and each answer."""
    start = time.perf_counter()
    decoder = load(workload)
    decoder.prefill(workload.text[:1])
    figures = {"load_s": time.perf_counter() - start}
    _answer(decoder, decoder.prefill(workload.text[:_WARM]), 4)
    for length in sorted({*workload.prefills, *workload.pasts}):
        ids = workload.text[: max(1, length)]
        times = []
        for _ in range(max(1, _SHORT // length) if length in workload.prefills else 1):
            start = time.perf_counter()
            token = decoder.prefill(ids)
            times.append(time.perf_counter() - start)
        if length in workload.prefills:
            figures[f"prefill@{length}"] = length / statistics.median(times)
        if length in workload.pasts:
            figures[f"decode@{length}"] = workload.tokens / _answer(decoder, token, workload.tokens)
    figures["rss_mib"] = peak_rss_mib()
    return figures


def _answer(decoder: Decoder, token: int, tokens: int) -> float:
    """Seconds that `tokens` greedy steps take, the choice of the token included."""
    start = time.perf_counter()
    for _ in range(tokens):
        token = decoder.step(token)
    return time.perf_counter() - start


def peak_rss_mib() -> float:
    """Most memory this process had resident, as the kernel counts it.

    Not getrusage's ru_maxrss: across fork and exec that begins with what the parent had.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    if found is None:
        raise RuntimeError("/proc/self/status tells no VmHWM; run the benchmark on Linux")
    return int(found.group(1)) / 1024


def serve(verbs: Mapping[str, Callable[[Sequence[str], BinaryIO], None]]) -> None:
    """Be a worker: the first argument names the verb, which gets the others and where its answer goes.

    Native libraries print where they like: what they write to standard output goes to standard error instead.
    """
    with os.fdopen(os.dup(1), "wb") as answer:
        os.dup2(2, 1)
        verbs[sys.argv[1]](sys.argv[2:], answer)


def speed(load: Callable[[Workload], Decoder]) -> Callable[[Sequence[str], BinaryIO], None]:
    """The verb that times a workload."""

    def answer(arguments: Sequence[str], into: BinaryIO) -> None:
        del arguments
        figures = measure(Workload.from_json(sys.stdin.readline()), load)
        into.write(json.dumps(figures).encode())

    return answer


Rows = Callable[[bool, Sequence[int]], bytes]
"""Whether to forget everything first, and ids: float32 logits, a row an id."""


def logits(load: Callable[[Workload], tuple[int, Rows]]) -> Callable[[Sequence[str], BinaryIO], None]:
    """The verb that gives logits: the size of the vocabulary on a line, then rows for each line `[fresh, ids]`."""

    def answer(arguments: Sequence[str], into: BinaryIO) -> None:
        del arguments
        vocabulary, rows = load(Workload.from_json(sys.stdin.readline()))
        into.write(b"%d\n" % vocabulary)
        into.flush()
        for line in iter(sys.stdin.readline, ""):
            fresh, ids = json.loads(line)
            into.write(rows(fresh, ids))
            into.flush()

    return answer
