"""From completion events to the objects of OpenAI's wire: chunks of a stream, or one whole answer. No I/O.

Beyond OpenAI, in llama-server's words: `timings` in the last object, `prompt_progress` while the prompt is
read (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from runtime.completion import Finished, Progress
from runtime.engine.request import Usage
from runtime.errors import BusyError


@dataclass(frozen=True, slots=True)
class Reply:
    """The names that all objects of one answer carry."""

    id: str
    created: int
    """Unix time."""
    model: str

    def opening(self) -> dict[str, Any]:
        """The first chunk: who speaks."""
        return self._chunk([_choice({"role": "assistant", "content": ""})])

    def delta(self, text: str) -> dict[str, Any]:
        """A chunk with more text."""
        return self._chunk([_choice({"content": text})])

    def progress(self, event: Progress, elapsed_s: float) -> dict[str, Any]:
        """A chunk without text; `processed` of `total` counts the cached tokens too."""
        return self._chunk([_choice({})]) | {
            "prompt_progress": {
                "total": event.total,
                "cache": event.cached,
                "processed": event.done,
                "time_ms": round(elapsed_s * 1000),
            }
        }

    def ending(self, event: Finished, *, include_usage: bool) -> Iterator[dict[str, Any]]:
        """The last chunks: why it ended, then the usage if asked for; the timings are in the very last.

        Raises:
            BusyError: the appliance ended the answer, not the model.
        """
        last = self._chunk([_choice({}, finish_reason(event))])
        if include_usage:
            yield last
            last = self._chunk([]) | {"usage": usage(event.usage)}
        yield last | {"timings": timings(event)}

    def whole(self, text: str, event: Finished) -> dict[str, Any]:
        """The answer to a request that did not ask for a stream.

        Raises:
            BusyError: the appliance ended the answer, not the model.
        """
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": finish_reason(event),
        }
        return self._object("chat.completion", [choice]) | {
            "usage": usage(event.usage),
            "timings": timings(event),
        }

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return self._object("chat.completion.chunk", choices)

    def _object(self, kind: str, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": self.id,
            "object": kind,
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }


def finish_reason(event: Finished) -> Literal["stop", "length"]:
    """OpenAI's word for why the answer ended.

    Raises:
        BusyError: the appliance ended it; what there is of the answer must not pass for one.
    """
    if event.reason == "cancelled":
        raise BusyError("the appliance stopped in the middle of the answer; ask again in a minute")
    # A deadline cuts an answer as a length does; OpenAI has no word of its own for it.
    return "stop" if event.reason == "stop" else "length"


def usage(counts: Usage) -> dict[str, Any]:
    """Token counts in OpenAI's names."""
    return {
        "prompt_tokens": counts.prompt,
        "completion_tokens": counts.completion,
        "total_tokens": counts.prompt + counts.completion,
        "prompt_tokens_details": {"cached_tokens": counts.cached},
    }


def timings(event: Finished) -> dict[str, Any]:
    """llama-server's names: `prompt_n` tokens of the prompt were computed, `cache_n` were not."""
    counts, times = event.usage, event.timings
    computed = counts.prompt - counts.cached
    return {
        "cache_n": counts.cached,
        "queued_ms": _ms(times.queued_s),
        **_pace("prompt", computed, times.prefill_s),
        **_pace("predicted", counts.completion, times.decode_s),
        "overhead_ms": _ms(times.overhead_s),
    }


def _pace(name: str, count: int, seconds: float) -> dict[str, int | float]:
    return {
        f"{name}_n": count,
        f"{name}_ms": _ms(seconds),
        f"{name}_per_token_ms": _ms(seconds / count) if count else 0.0,
        f"{name}_per_second": round(count / seconds, 3) if seconds > 0 else 0.0,
    }


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)


def _choice(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
