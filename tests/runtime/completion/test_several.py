"""Several answers from a real, tiny engine: the prompt is read once, and each has its seed."""

from contextlib import aclosing
from pathlib import Path

import pytest

from runtime.completion import (
    Completer,
    CompletionEvent,
    CompletionRequest,
    Delta,
    Finished,
    SamplingOptions,
    complete_all,
    total,
)
from runtime.completion.several import seeded
from runtime.engine.engine import OnnxEngine
from runtime.errors import CallerError
from runtime.limits import Limits
from tests.support.tiny import tiny_bundle

LIMITS = Limits(prefill_chunk=16, cache_slots=4)
PROMPT = "the lamp in the kitchen is on and the light in the garden is off, so what is the weather? " * 2
ASKED = CompletionRequest(prompt=PROMPT, max_tokens=6, sampling=SamplingOptions(temperature=1.0, seed=3))


async def test_a_prompt_is_read_once_for_all_of_its_answers(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b")
    engine = OnnxEngine.load(tmp_path / "b", manifest, limits=LIMITS, threads=1)
    completer = Completer.load(tmp_path / "b", manifest, engine, LIMITS)
    heard: dict[int, list[CompletionEvent]] = {}
    async with aclosing(complete_all(completer, [ASKED], 4)) as events:
        async for place, event in events:
            heard.setdefault(place, []).append(event)
    ended = [heard[place][-1] for place in range(4)]
    finished = [event for event in ended if isinstance(event, Finished)]
    assert len(finished) == 4
    prompt = finished[0].usage.prompt
    assert [each.usage.cached for each in finished[1:]] == [prompt - 2] * 3
    costs = total(finished, 4).usage
    assert (costs.prompt, costs.cached) == (prompt, finished[0].usage.cached)
    assert costs.completion == sum(each.usage.completion for each in finished)
    texts = ["".join(e.text for e in heard[place] if isinstance(e, Delta)) for place in range(4)]
    assert len(set(texts)) > 1
    await engine.close()


def test_seeds_are_made_of_the_requests_and_the_first_is_its_own() -> None:
    seeds = [seeded(ASKED, which).sampling.seed for which in range(8)]
    assert seeds[0] == 3
    assert len(set(seeds)) == 8
    assert seeds == [seeded(ASKED, which).sampling.seed for which in range(8)]
    free = CompletionRequest(prompt="x")
    assert seeded(free, 5) == free


async def test_what_is_wrong_with_one_request_ends_all(tmp_path: Path) -> None:
    manifest = tiny_bundle(tmp_path / "b")
    engine = OnnxEngine.load(tmp_path / "b", manifest, limits=LIMITS, threads=1)
    completer = Completer.load(tmp_path / "b", manifest, engine, LIMITS)
    with pytest.raises(CallerError):
        async for _ in complete_all(completer, [ASKED, CompletionRequest(prompt="")], 2):
            pass
    await engine.close()
