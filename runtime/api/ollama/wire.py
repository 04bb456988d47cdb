"""From completion events to the objects of Ollama's wire, one a line of a stream. No I/O.

Beyond Ollama's own fields: `prompt_cached_count`, how many of the prompt's tokens were not computed again, and
`tool_call_errors`, why something that looked like a call was none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, Literal

from runtime.completion import Called, CompletionEvent, Delta, Finished, Option, Said, Thought, ToolCall
from runtime.errors import BusyError

Part = Callable[[str, str, Sequence[dict[str, Any]]], dict[str, Any]]
"""Text, thoughts and calls to the fields that carry them."""
_NANOSECONDS: Final = 10**9
_REASONS: Final[Mapping[str, Literal["stop", "length"]]] = MappingProxyType(
    # A deadline cuts an answer as a length does; Ollama has a word of its own for neither that nor calls.
    {"stop": "stop", "tool_calls": "stop", "length": "length", "deadline": "length"}
)


def in_message(text: str, thought: str, calls: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """As /api/chat has it."""
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if thought:
        message["thinking"] = thought
    if calls:
        message["tool_calls"] = list(calls)
    return {"message": message}


def in_response(text: str, thought: str, calls: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """As /api/generate has it, which knows no tools."""
    del calls
    return {"response": text} | ({"thinking": thought} if thought else {})


@dataclass(slots=True)
class Reply:
    """The objects of one answer."""

    model: str
    """As the caller named it."""
    part: Part
    calls: int = 0
    """How many there were so far."""

    def of(self, event: Delta | Thought | Called) -> dict[str, Any]:
        """A line of a stream."""
        match event:
            case Delta(text, tokens):
                return self._object(self.part(text, "", ()) | _likely(tokens), done=False)
            case Thought(text):
                return self._object(self.part("", text, ()), done=False)
            case Called(call):
                self.calls += 1
                return self._object(self.part("", "", (_call(call, self.calls - 1),)), done=False)

    def ending(
        self, event: Finished, spent: "Spent", parts: Sequence[CompletionEvent] = ()
    ) -> dict[str, Any]:
        """The last line, or with all `parts` the only one.

        Raises:
            BusyError: the appliance ended the answer, not the model.
        """
        if event.reason == "cancelled":
            raise BusyError("the appliance stopped in the middle of the answer; ask again in a minute")
        text = "".join(part.text for part in parts if isinstance(part, Delta))
        thought = "".join(part.text for part in parts if isinstance(part, Thought))
        tokens = [token for part in parts if isinstance(part, Delta) for token in part.tokens]
        called = [part.call for part in parts if isinstance(part, Called)]
        calls = [_call(call, index) for index, call in enumerate(called)]
        refused = {"tool_call_errors": list(event.refused)} if event.refused else {}
        return self._object(self.part(text, thought, calls) | _likely(tokens), done=True) | {
            "done_reason": _REASONS[event.reason],
            "total_duration": nanoseconds(spent.total_s),
            "load_duration": nanoseconds(spent.load_s),
            "prompt_eval_count": event.usage.prompt,
            "prompt_eval_duration": nanoseconds(event.timings.prefill_s),
            "eval_count": event.usage.completion,
            "eval_duration": nanoseconds(event.timings.decode_s),
            "prompt_cached_count": event.usage.cached,
            **refused,
        }

    def moved(self, reason: Literal["load", "unload"]) -> dict[str, Any]:
        """The answer to a request that only loads a model, or has it leave."""
        return self._object(self.part("", "", ()), done=True) | {"done_reason": reason}

    def _object(self, fields: dict[str, Any], *, done: bool) -> dict[str, Any]:
        return {"model": self.model, "created_at": now(), **fields, "done": done}


@dataclass(frozen=True, slots=True)
class Spent:
    """Seconds that the engine does not know of."""

    total_s: float
    """From the request to now."""
    load_s: float
    """Until the model was there."""


def now() -> str:
    """This moment."""
    return moment(datetime.now(UTC).timestamp())


def moment(seconds: float) -> str:
    """Seconds since the epoch as RFC 3339 has them, in UTC, to the microsecond."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def nanoseconds(seconds: float) -> int:
    """A duration as Ollama tells it."""
    return round(seconds * _NANOSECONDS)


def _call(call: ToolCall, index: int) -> dict[str, Any]:
    """Arguments are an object, where OpenAI has a string."""
    function = {"index": index, "name": call.name, "arguments": dict(call.arguments)}
    return {"id": call.id, "function": function}


def _likely(tokens: Iterable[Said]) -> dict[str, Any]:
    """How likely tokens were; nothing where nobody asked."""
    told = [_option(each.token) | {"top_logprobs": list(map(_option, each.top))} for each in tokens]
    return {"logprobs": told} if told else {}


def _option(option: Option) -> dict[str, Any]:
    letters = option.letters
    return {"token": letters.decode(errors="replace"), "logprob": option.logprob, "bytes": list(letters)}
