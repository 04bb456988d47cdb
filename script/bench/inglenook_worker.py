"""Ours: the engine's session and cache slot, in the same chunks as the appliance serves them."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from workload import Workload, serve, speed

from models.manifest import MANIFEST_NAME, Manifest
from runtime.engine.bank import new_slot
from runtime.engine.engine import OnnxEngine
from runtime.engine.request import Request, Sampling, Token
from runtime.engine.session import Session
from runtime.limits import Limits

_STREAMS = 8


def _manifest(bundle: Path) -> Manifest:
    return Manifest.from_json((bundle / MANIFEST_NAME).read_bytes())


class Inglenook:
    """One slot of one session."""

    def __init__(self, workload: Workload) -> None:
        bundle = Path(workload.model)
        self._slot = new_slot(Session(bundle, _manifest(bundle), threads=workload.threads))
        self._chunk = Limits().prefill_chunk

    def prefill(self, ids: Sequence[int]) -> int:
        """Forget everything and read `ids`; only the last chunk is asked for logits."""
        self._slot.cache.trim(0)
        chunks = [ids[i : i + self._chunk] for i in range(0, len(ids), self._chunk)]
        for chunk in chunks[:-1]:
            self._append(chunk, asked=[])
        logits = self._append(chunks[-1], asked=[len(chunks[-1]) - 1])
        return int(np.argmax(logits[-1]))

    def step(self, token: int) -> int:
        """Append one token."""
        return int(np.argmax(self._slot.step(token)))

    def _append(self, chunk: Sequence[int], asked: Sequence[int]) -> NDArray[np.float32]:
        ids, positions = np.array(chunk, dtype=np.int64), np.array(asked, dtype=np.int64)
        return self._slot.prefill(ids, asked=positions)


def _streams(arguments: Sequence[str], into: BinaryIO) -> None:
    """Tokens a second of one answer, and of eight at once, through the engine and its queue; and nothing guessed."""
    del arguments
    workload = Workload.from_json(sys.stdin.readline())
    told = asyncio.run(_both(workload, Limits()))
    plain = asyncio.run(_both(workload, replace(Limits(), draft_tokens=0)))
    into.write(json.dumps({**told, **{f"plain_{name}": each for name, each in plain.items()}}).encode())


async def _both(workload: Workload, limits: Limits) -> dict[str, float]:
    bundle = Path(workload.model)
    limits = replace(limits, cache_slots=_STREAMS, queue_depth=_STREAMS)
    engine = OnnxEngine.load(bundle, _manifest(bundle), limits=limits, threads=workload.threads)
    try:
        await _answers(engine, workload, 1)
        single = await _answers(engine, workload, 1)
        return {"stream@1": single, f"stream@{_STREAMS}": await _answers(engine, workload, _STREAMS)}
    finally:
        await engine.close()


async def _answers(engine: OnnxEngine, workload: Workload, streams: int) -> float:
    """Tokens a second of all answers together, their short prompts included."""
    room = len(workload.text) // _STREAMS
    requests = [
        Request(workload.text[i * room : i * room + 16], workload.tokens, Sampling(temperature=0.0))
        for i in range(streams)
    ]
    start = time.perf_counter()
    counts = await asyncio.gather(*(_answer(engine, request) for request in requests))
    return sum(counts) / (time.perf_counter() - start)


async def _answer(engine: OnnxEngine, request: Request) -> int:
    return sum([isinstance(event, Token) async for event in engine.generate(request)])


if __name__ == "__main__":
    serve({"speed": speed(Inglenook), "streams": _streams})
