"""Why an answer ended and what it took, in OpenAI's words and, beyond them, in llama-server's. No I/O.

https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md has `timings`. Of our own: `tool_call_errors`,
why something that looked like a call was none.
"""

from typing import Any, Literal

from runtime.completion import Finished
from runtime.engine.request import Usage
from runtime.errors import BusyError


def finish_reason(event: Finished) -> Literal["stop", "length", "tool_calls"]:
    """OpenAI's word for why the answer ended.

    Raises:
        BusyError: the appliance ended it; what there is of the answer must not pass for one.
    """
    if event.reason == "cancelled":
        raise BusyError("the appliance stopped in the middle of the answer; ask again in a minute")
    # A deadline cuts an answer as a length does; OpenAI has no word of its own for it.
    return "length" if event.reason == "deadline" else event.reason


def usage(counts: Usage) -> dict[str, Any]:
    """Token counts in OpenAI's names."""
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion,
        "total_tokens": counts.prompt + counts.completion,
        "prompt_tokens_details": {"cached_tokens": counts.cached},
    }


def usage_of(event: Finished) -> dict[str, Any]:
    """Token counts of an answer, its thoughts by themselves."""
    thought = event.thought_tokens
    details = {"completion_tokens_details": {"reasoning_tokens": thought}} if thought else {}
    return usage(event.usage) | details


def remarks(event: Finished) -> dict[str, Any]:
    """What OpenAI's objects have no place for."""
    refused = {"tool_call_errors": list(event.refused)} if event.refused else {}
    return refused | {"timings": timings(event)}


def timings(event: Finished) -> dict[str, Any]:
    """llama-server's names: `prompt_n` tokens of the prompt were computed, `cache_n` were not."""
    counts, times = event.usage, event.timings
    computed = counts.prompt - counts.cached
    return {
        "cache_n": counts.cached,
        "queued_ms": _ms(times.queued_s),
        **_pace("prompt", computed, computed, times.prefill_s),
        **_pace("predicted", counts.completion, counts.completion - times.early, times.decode_s),
        "overhead_ms": _ms(times.overhead_s),
    }


def _pace(name: str, count: int, timed: int, seconds: float) -> dict[str, int | float]:
    """`timed` of the tokens took these seconds; where none did there is no speed, and it says 0."""
    return {
        f"{name}_n": count,
        f"{name}_ms": _ms(seconds),
        f"{name}_per_token_ms": _ms(seconds / timed) if timed else 0.0,
        f"{name}_per_second": round(timed / seconds, 3) if seconds > 0 else 0.0,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
