"""From completion events to a response and the events of its stream, in OpenAI's words. No I/O.

An answer unfolds into items: what the model thought, what it said, the calls it made. Each is added, grows and is
done; a call comes whole, because only then is it known to be one. Beyond OpenAI: `timings` and `tool_call_errors`, as
in chats.
https://platform.openai.com/docs/api-reference/responses-streaming
"""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, assert_never

from runtime.api.openai.counts import finish_reason, remarks
from runtime.api.openai.likelihoods import of_chat
from runtime.completion import Called, CompletionEvent, Delta, Finished, Progress, Said, Thought, ToolCall

Event = dict[str, Any]


class Unfolding:
    """One response while it is made."""

    def __init__(self, model: str, created: int, echo: Mapping[str, Any]) -> None:
        """Begin; `created` is Unix time, `echo` what is repeated of the request."""
        self._fixed = {
            "id": _id("resp"),
            "object": "response",
            "created_at": created,
            "background": False,
            "error": None,
            "model": model,
            "previous_response_id": None,
            "store": False,
            "truncation": "disabled",
            **echo,
        }
        self._output: list[dict[str, Any]] = []
        self._open: _Growing | None = None
        self._sequence = 0

    def begin(self) -> Iterator[Event]:
        """What is told before anything is computed."""
        yield self._event("response.created", response=self._response("in_progress"))
        yield self._event("response.in_progress", response=self._response("in_progress"))

    def feed(self, event: CompletionEvent) -> Iterator[Event]:
        """What a completion's event adds; of the last, the whole response.

        Raises:
            BusyError: the appliance ended the answer, not the model.
        """
        match event:
            case Progress():
                pass
            case Thought(text):
                yield from self._grow(_THOUGHTS, text, ())
            case Delta(text, tokens):
                yield from self._grow(_WORDS, text, tokens)
            case Called(call):
                yield from self._done("completed")
                yield from self._call(call)
            case Finished():
                whole = finish_reason(event) != "length"
                yield from self._done("completed" if whole else "incomplete")
                yield self._last(event, whole=whole)
            case _:
                assert_never(event)

    def _grow(self, kind: "_Kind", text: str, tokens: Sequence[Said]) -> Iterator[Event]:
        if self._open is None or self._open.kind is not kind:
            yield from self._done("completed")
            self._open = _Growing(kind)
            yield self._event(
                "response.output_item.added", item=self._open.item("in_progress"), **self._place
            )
            yield self._event("response.content_part.added", part=kind.part("", []), **self._where)
        told = of_chat(tokens)["content"]
        self._open.add(text, told)
        more = {"logprobs": told} if kind.likely else {}
        yield self._event(f"{kind.event}.delta", delta=text, **more, **self._where)

    def _done(self, status: str) -> Iterator[Event]:
        """Close what grows, if anything does."""
        if (growing := self._open) is None:
            return
        kind, item = growing.kind, growing.item(status)
        more = {"logprobs": growing.logprobs} if kind.likely else {}
        yield self._event(f"{kind.event}.done", text=growing.text, **more, **self._where)
        yield self._event("response.content_part.done", part=item["content"][0], **self._where)
        yield self._event("response.output_item.done", item=item, **self._place)
        self._output.append(item)
        self._open = None

    def _call(self, call: ToolCall) -> Iterator[Event]:
        arguments = json.dumps(call.arguments, ensure_ascii=False)
        item = {
            "id": _id("fc"),
            "type": "function_call",
            "status": "completed",
            "call_id": call.id,
            "name": call.name,
            "arguments": arguments,
        }
        where = {"item_id": item["id"], **self._place}
        begun = item | {"status": "in_progress", "arguments": ""}
        yield self._event("response.output_item.added", item=begun, **self._place)
        yield self._event("response.function_call_arguments.delta", delta=arguments, **where)
        yield self._event(
            "response.function_call_arguments.done", arguments=arguments, name=call.name, **where
        )
        yield self._event("response.output_item.done", item=item, **self._place)
        self._output.append(item)

    def _last(self, event: Finished, *, whole: bool) -> Event:
        counts = event.usage
        usage = {
            "input_tokens": counts.prompt,
            "input_tokens_details": {"cached_tokens": counts.cached},
            "output_tokens": counts.completion,
            "output_tokens_details": {"reasoning_tokens": event.thought_tokens},
            "total_tokens": counts.prompt + counts.completion,
        }
        status = "completed" if whole else "incomplete"
        reason = None if whole else {"reason": "max_output_tokens"}
        response = self._response(status) | {"usage": usage, "incomplete_details": reason} | remarks(event)
        return self._event(f"response.{status}", response=response)

    def _response(self, status: str) -> dict[str, Any]:
        return {
            **self._fixed,
            "status": status,
            "incomplete_details": None,
            "output": list(self._output),
            "usage": None,
        }

    def _event(self, kind: str, **fields: Any) -> Event:
        self._sequence += 1
        return {"type": kind, "sequence_number": self._sequence - 1, **fields}

    @property
    def _place(self) -> dict[str, Any]:
        return {"output_index": len(self._output)}

    @property
    def _where(self) -> dict[str, Any]:
        return {"item_id": self._open.id if self._open else "", "content_index": 0, **self._place}


class _Kind:
    """What sets items that grow apart."""

    def __init__(self, prefix: str, event: str, item: Mapping[str, Any], part: str, *, likely: bool) -> None:
        self.prefix, self.event, self.fixed, self.likely = prefix, event, item, likely
        self._part = part

    def part(self, text: str, logprobs: list[dict[str, Any]]) -> dict[str, Any]:
        more = {"annotations": [], "logprobs": logprobs} if self.likely else {}
        return {"type": self._part, "text": text, **more}


_WORDS = _Kind(
    "msg",
    "response.output_text",
    {"type": "message", "role": "assistant"},
    "output_text",
    likely=True,
)
_THOUGHTS = _Kind(
    "rs", "response.reasoning_text", {"type": "reasoning", "summary": []}, "reasoning_text", likely=False
)


class _Growing:
    """An item that grows."""

    def __init__(self, kind: _Kind) -> None:
        self.kind = kind
        self.id = _id(kind.prefix)
        self.text = ""
        self.logprobs: list[dict[str, Any]] = []

    def add(self, text: str, logprobs: list[dict[str, Any]]) -> None:
        self.text += text
        self.logprobs += logprobs

    def item(self, status: str) -> dict[str, Any]:
        content = [self.kind.part(self.text, list(self.logprobs))] if self.text else []
        return {"id": self.id, "status": status, **self.kind.fixed, "content": content}


def _id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(16)}"
