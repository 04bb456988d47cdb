"""SmolLM2-135M after a restart: the same words, from the same bits, without reading the system prompt again."""

from pathlib import Path

import numpy as np
import pytest

from models.bundle import Bundle
from runtime.completion import Completer, CompletionRequest, Delta, Finished, Message, SamplingOptions
from runtime.engine.engine import OnnxEngine
from runtime.limits import Limits

pytestmark = pytest.mark.real

LIMITS = Limits()
SYSTEM = "You switch lamps in a house and answer in one short sentence. " + " ".join(
    f"Lamp {number} hangs in room {number * 7} and is {'on' if number % 3 else 'off'}."
    for number in range(25)
)


def load(bundle: Bundle, prefixes: Path | None) -> tuple[OnnxEngine, Completer]:
    engine = OnnxEngine.load(bundle.path, bundle.manifest, limits=LIMITS, prefixes=prefixes)
    return engine, Completer.load(bundle.path, bundle.manifest, engine, LIMITS)


async def ask(completer: Completer, words: str) -> tuple[str, Finished]:
    request = CompletionRequest(
        messages=(Message("system", SYSTEM), Message("user", words)),
        max_tokens=12,
        sampling=SamplingOptions(temperature=0.0),
    )
    events = [event async for event in completer.complete(request)]
    assert isinstance(events[-1], Finished)
    return "".join(event.text for event in events if isinstance(event, Delta)), events[-1]


async def test_an_answer_after_a_restart_is_the_cold_one(smollm2: Bundle, tmp_path: Path) -> None:
    engine, completer = load(smollm2, tmp_path)
    for words in ("Is lamp 3 on?", "Where is lamp 4?"):
        await ask(completer, words)
    await engine.close()
    warm, restarted = load(smollm2, tmp_path)
    cold, fresh = load(smollm2, None)
    (found, finished), (expected, slow) = [await ask(one, "Switch lamp 5 off.") for one in (restarted, fresh)]
    assert found == expected
    assert warm.stats.restored == 1
    assert finished.usage.prompt - finished.usage.cached < 20
    assert slow.usage.cached == 0
    for ours, theirs in zip(
        warm._worker._bank.slots[0].cache.pieces(finished.usage.prompt),
        cold._worker._bank.slots[0].cache.pieces(finished.usage.prompt),
        strict=True,
    ):
        np.testing.assert_array_equal(ours, theirs)
    print(f"{slow.timings.prefill_s:.3f} s cold, {finished.timings.prefill_s:.3f} s from a file")
    for running in (warm, cold):
        await running.close()
