"""From completion events to the objects of OpenAI's wire: chunks of a stream, or one whole answer. No I/O.

Beyond OpenAI, in llama-server's words: `timings` in the last object, `prompt_progress` while the prompt is
read (https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md). Of our own: `tool_call_errors`, why
something that looked like a call was none.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from runtime.completion import Called, CompletionEvent, Delta, Finished, Progress, Thought, ToolCall
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

    def thought(self, text: str) -> dict[str, Any]:
        """A chunk with more of what the model thinks, where DeepSeek, vLLM and llama-server have it."""
        return self._chunk([_choice({"reasoning_content": text})])

    def called(self, call: ToolCall, index: int) -> dict[str, Any]:
        """A chunk with one whole call: it is known to be one only when it is complete."""
        return self._chunk([_choice({"tool_calls": [{"index": index, **_call(call)}]})])

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
            last = self._chunk([]) | {"usage": _usage(event)}
        yield last | _remarks(event)

    def whole(self, parts: Sequence[CompletionEvent], event: Finished) -> dict[str, Any]:
        """The answer to a request that did not ask for a stream.

        Raises:
            BusyError: the appliance ended the answer, not the model.
        """
        text = "".join(part.text for part in parts if isinstance(part, Delta))
        thought = "".join(part.text for part in parts if isinstance(part, Thought))
        calls = [_call(part.call) for part in parts if isinstance(part, Called)]
        message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
        if calls:
            message |= {"content": text or None, "tool_calls": calls}
        if thought:
            message["reasoning_content"] = thought
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": finish_reason(event),
        }
        return self._object("chat.completion", [choice]) | {
            "usage": _usage(event),
            **_remarks(event),
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


def _usage(event: Finished) -> dict[str, Any]:
    thought = event.thought_tokens
    details = {"completion_tokens_details": {"reasoning_tokens": thought}} if thought else {}
    return usage(event.usage) | details


def _remarks(event: Finished) -> dict[str, Any]:
    """What OpenAI's objects have no place for."""
    refused = {"tool_call_errors": list(event.refused)} if event.refused else {}
    return refused | {"timings": timings(event)}


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


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
