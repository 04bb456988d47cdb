"""How fast a bundle is on this machine: loading, prefill, decode, memory, and what Python adds to onnxruntime.

Runs the engine as the appliance does, with the bundle's own sampling, on token ids that no cache has seen. Measures
and returns values; printing is the console's. Peers are measured by `script/bench-peers`, which needs them installed.
"""

import asyncio
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from models.manifest import Manifest
from runtime.engine.engine import OnnxEngine
from runtime.engine.request import Done, Request, Sampling, Token
from runtime.engine.session import usable_cores
from runtime.errors import EngineError
from runtime.limits import Limits


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run."""

    prompts: tuple[int, ...] = (32, 128, 512)
    """Prompt lengths whose prefill is timed, in tokens."""
    decode: int = 128
    """Tokens of each timed answer."""
    rounds: int = 5
    """Each figure is the median of so many."""


@dataclass(frozen=True, slots=True)
class Speed:
    """Medians for one prompt length."""

    prompt: int
    first_token_s: float
    """From asking to the first token, with nothing cached."""
    prefill_tok_s: float
    decode_tok_s: float
    overhead: float
    """Share of decode spent outside onnxruntime: sampling, binding, events."""


@dataclass(frozen=True, slots=True)
class Report:
    """Everything `ingle bench` says."""

    model: str
    digest: str
    threads: int
    load_s: float
    speeds: tuple[Speed, ...]
    peak_rss_mib: float


def bench(
    bundle: Path, manifest: Manifest, plan: Plan, *, threads: int | None, step: Callable[[str], None]
) -> Report:
    """Load and run one bundle; blocks for half a minute or so. `step` is told what is being done.

    Raises:
        BundleError: the bundle cannot be loaded.
        EngineError: inference failed.
    """
    step("loading")
    start = time.perf_counter()
    limits = replace(Limits(), cache_slots=1)
    engine = OnnxEngine.load(bundle, manifest, limits=limits, threads=threads)
    load_s = time.perf_counter() - start
    fitting = tuple(n for n in plan.prompts if n + plan.decode <= manifest.context_length)
    speeds = asyncio.run(_speeds(engine, replace(plan, prompts=fitting), step))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Report(manifest.name, manifest.digest, threads or usable_cores(), load_s, speeds, peak)


async def _speeds(engine: OnnxEngine, plan: Plan, step: Callable[[str], None]) -> tuple[Speed, ...]:
    random = np.random.default_rng(0)
    try:
        step("warming up")
        await _round(engine, random, min(plan.prompts, default=1), 8)
        speeds = []
        for prompt in plan.prompts:
            rounds = []
            for number in range(plan.rounds):
                step(f"prompt of {prompt} tokens, round {number + 1} of {plan.rounds}")
                rounds.append(await _round(engine, random, prompt, plan.decode))
            speeds.append(_median(rounds))
        return tuple(speeds)
    finally:
        await engine.close()


async def _round(engine: OnnxEngine, random: np.random.Generator, prompt: int, decode: int) -> Speed:
    """One request of random ids, which nothing but its length ends."""
    defaults = engine.manifest.sampling
    sampling = Sampling(
        temperature=defaults.temperature,
        top_k=defaults.top_k,
        top_p=defaults.top_p,
        repetition_penalty=defaults.repetition_penalty,
        seed=0,
    )
    ids = tuple(random.integers(0, engine.manifest.vocabulary_size, prompt).tolist())
    start, first, done = time.perf_counter(), 0.0, None
    async for event in engine.generate(Request(ids, decode, sampling)):
        if isinstance(event, Token) and not first:
            first = time.perf_counter() - start
        if isinstance(event, Done):
            done = event
    if done is None or done.usage.completion < decode:
        raise EngineError("the engine ended a benchmark round early; run `ingle verify` on the model")
    timings = done.timings
    # the first token comes from the prompt's own logits, so one step less was decoded
    decoded = (done.usage.completion - 1) / timings.decode_s
    return Speed(prompt, first, prompt / timings.prefill_s, decoded, timings.overhead_s / timings.decode_s)


def _median(rounds: list[Speed]) -> Speed:
    return Speed(
        prompt=rounds[0].prompt,
        first_token_s=statistics.median(r.first_token_s for r in rounds),
        prefill_tok_s=statistics.median(r.prefill_tok_s for r in rounds),
        decode_tok_s=statistics.median(r.decode_tok_s for r in rounds),
        overhead=statistics.median(r.overhead for r in rounds),
    )
