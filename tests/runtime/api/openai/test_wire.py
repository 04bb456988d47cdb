import pytest

from runtime.api.openai.counts import finish_reason, timings
from runtime.api.openai.wire import Reply
from runtime.completion import Delta, Finished, Progress
from runtime.engine.request import FinishReason, Timings, Usage
from runtime.errors import BusyError

REPLY = Reply("chatcmpl-1", 1_700_000_000, "tiny")


def finished(
    reason: FinishReason = "stop", usage: Usage | None = None, *, early: int = 0, **seconds: float
) -> Finished:
    times = {"queued_s": 0.0, "prefill_s": 0.5, "decode_s": 2.0, "overhead_s": 0.01} | seconds
    return Finished(reason, usage or Usage(prompt=30, cached=10, completion=8), Timings(**times, early=early))


def test_timings_tell_computed_from_remembered_tokens() -> None:
    assert timings(finished()) == {
        "cache_n": 10,
        "queued_ms": 0.0,
        "prompt_n": 20,
        "prompt_ms": 500.0,
        "prompt_per_token_ms": 25.0,
        "prompt_per_second": 40.0,
        "predicted_n": 8,
        "predicted_ms": 2000.0,
        "predicted_per_token_ms": 250.0,
        "predicted_per_second": 4.0,
        "overhead_ms": 10.0,
    }


def test_timings_of_nothing_divide_by_nothing() -> None:
    nothing = timings(finished(usage=Usage(5, 5, 0), prefill_s=0.0, decode_s=0.0))
    assert (nothing["prompt_per_second"], nothing["predicted_per_token_ms"]) == (0.0, 0.0)


def test_what_came_with_the_prompt_says_nothing_of_speed() -> None:
    told = timings(finished(usage=Usage(30, 10, 9), early=1))
    assert (told["predicted_n"], told["predicted_per_second"], told["predicted_per_token_ms"]) == (
        9,
        4.0,
        250.0,
    )
    alone = timings(finished(usage=Usage(30, 10, 1), early=1, decode_s=0.005))
    assert (alone["predicted_n"], alone["predicted_per_second"], alone["predicted_per_token_ms"]) == (
        1,
        0.0,
        0.0,
    )


@pytest.mark.parametrize(("reason", "word"), [("stop", "stop"), ("length", "length"), ("deadline", "length")])
def test_openai_has_two_words_for_the_end(reason: FinishReason, word: str) -> None:
    assert finish_reason(finished(reason)) == word


def test_an_answer_that_the_appliance_ended_is_none() -> None:
    with pytest.raises(BusyError):
        REPLY.whole([[Delta("half an ans"), finished("cancelled")]], finished("cancelled"))
    with pytest.raises(BusyError):
        REPLY.ended(finished("cancelled"))


def test_the_timings_are_in_the_last_chunk_with_the_usage_if_that_was_asked_for() -> None:
    (only,) = REPLY.ending(REPLY.ended(finished()), finished(), include_usage=False)
    assert only["choices"][0]["finish_reason"] == "stop"
    assert "usage" not in only
    assert only["timings"]["predicted_n"] == 8
    end, usage = REPLY.ending(REPLY.ended(finished()), finished(), include_usage=True)
    assert "timings" not in end
    assert usage["choices"] == []
    assert usage["usage"] == {
        "prompt_tokens": 30,
        "completion_tokens": 8,
        "total_tokens": 38,
        "prompt_tokens_details": {"cached_tokens": 10},
    }
    assert usage["timings"] == only["timings"]


def test_progress_counts_remembered_tokens_as_processed() -> None:
    chunk = REPLY.progress(Progress(done=20, total=30, cached=10), 0.25)
    assert chunk["prompt_progress"] == {"total": 30, "cache": 10, "processed": 20, "time_ms": 250}
    assert chunk["choices"][0]["delta"] == {}
