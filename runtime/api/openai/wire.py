"""From completion events to the objects of OpenAI's wire: chunks of a stream, or one whole answer. No I/O.

Beyond OpenAI, in llama-server's words: `prompt_progress` while the prompt is read
(https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md).
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

from runtime.api.openai.counts import finish_reason, remarks, usage_of
from runtime.api.openai.likelihoods import of_chat
from runtime.completion import Called, CompletionEvent, Delta, Finished, Progress, Said, Thought, ToolCall


@dataclass(frozen=True, slots=True)
class Reply:
    """The names that all objects of one answer carry."""

    id: str
    created: int
    """Unix time."""
    model: str

    def opening(self, index: int = 0) -> dict[str, Any]:
        """The first chunk: who speaks."""
        return self._chunk([_choice(index, {"role": "assistant", "content": ""})])

    def more(self, event: Delta | Thought, index: int = 0) -> dict[str, Any]:
        """A chunk with more text, or more of what the model thinks: where DeepSeek, vLLM and llama-server have it."""
        name = "content" if isinstance(event, Delta) else "reasoning_content"
        tokens = event.tokens if isinstance(event, Delta) else ()
        return self._chunk([_choice(index, {name: event.text}, tokens=tokens)])

    def called(self, call: ToolCall, place: int, index: int = 0) -> dict[str, Any]:
        """A chunk with one whole call, the `place`th: it is known to be one only when it is complete."""
        return self._chunk([_choice(index, {"tool_calls": [{"index": place, **_call(call)}]})])

    def progress(self, event: Progress, elapsed_s: float) -> dict[str, Any]:
        """A chunk without text; `processed` of `total` counts the cached tokens too."""
        return self._chunk([_choice(0, {})]) | {
            "prompt_progress": {
                "total": event.total,
                "cache": event.cached,
                "processed": event.done,
                "time_ms": round(elapsed_s * 1000),
            }
        }

    def ended(self, event: Finished, index: int = 0) -> dict[str, Any]:
        """The last chunk of one answer: why it ended.

        Raises:
            BusyError: the appliance ended the answer, not the model.
        """
        return self._chunk([_choice(index, {}, finish_reason(event))])

    def ending(
        self, last: dict[str, Any], event: Finished, *, include_usage: bool
    ) -> Iterator[dict[str, Any]]:
        """The last chunks of all: why the last answer ended, then the usage if asked for, and timings in the very last.

        `event` is what all answers took together.
        """
        if include_usage:
            yield last
            last = self._chunk([]) | {"usage": usage_of(event)}
        yield last | remarks(event)

    def whole(
        self, answers: Sequence[Sequence[CompletionEvent]], event: Finished, *, likely: bool = False
    ) -> dict[str, Any]:
        """The answers to a request that did not ask for a stream, each with its Finished as the last; `event` as above.

        `likely`: whether it is told how likely their tokens were.

        Raises:
            BusyError: the appliance ended an answer, not the model.
        """
        choices = [_whole(parts, index, likely=likely) for index, parts in enumerate(answers)]
        return self._object("chat.completion", choices) | {"usage": usage_of(event), **remarks(event)}

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


def _call(call: ToolCall) -> dict[str, Any]:
    arguments = json.dumps(call.arguments, ensure_ascii=False)
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}


def _choice(
    index: int, delta: dict[str, Any], finish: str | None = None, *, tokens: Sequence[Said] = ()
) -> dict[str, Any]:
    return {
        "index": index,
        "delta": delta,
        "logprobs": of_chat(tokens) if tokens else None,
        "finish_reason": finish,
    }


def _whole(parts: Sequence[CompletionEvent], index: int, *, likely: bool) -> dict[str, Any]:
    deltas = [part for part in parts if isinstance(part, Delta)]
    text = "".join(part.text for part in deltas)
    thought = "".join(part.text for part in parts if isinstance(part, Thought))
    calls = [_call(part.call) for part in parts if isinstance(part, Called)]
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if calls:
        message |= {"content": text or None, "tool_calls": calls}
    if thought:
        message["reasoning_content"] = thought
    (ended,) = (part for part in parts if isinstance(part, Finished))
    tokens = chain.from_iterable(part.tokens for part in deltas)
    return {
        "index": index,
        "message": message,
        "logprobs": of_chat(tokens) if likely else None,
        "finish_reason": finish_reason(ended),
    }
