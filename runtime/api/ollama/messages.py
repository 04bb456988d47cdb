"""A conversation as Ollama's clients send it. Fields in, messages out; no I/O.

Calls of tools need no id there, and results name at most the tool: which call one answers follows from their order.
Home Assistant sends neither.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from runtime.completion import Message, ToolCall
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire.fields import Fields

_ROLES: Final = ("system", "user", "assistant", "tool")
_LONGEST: Final = 128


def messages(fields: Fields, limits: Limits) -> tuple[Message, ...]:
    """The turns of a conversation; none where the caller only wants the model loaded, or unloaded.

    Raises:
        CallerError: the place is named, as in `messages[0].content`.
    """
    if fields.get("messages") in (None, []):
        return ()
    return tuple(_read(fields.objects("messages", limits.messages), limits))


def refuse_images(fields: Fields) -> None:
    """No model here sees.

    Raises:
        CallerError: there are images.
    """
    if fields.get("images") not in (None, []):
        name = fields.name("images")
        raise CallerError(f"{name} cannot be looked at by any model here; leave it out", param=name)


@dataclass(slots=True)
class _Calls:
    """The calls of a conversation so far, and which of them have no result yet."""

    made: int = 0
    open: list[list[ToolCall]] = field(default_factory=list)
    """By message, the last one last."""
    ids: set[str] = field(default_factory=set)

    def make(self, fields: Fields, limits: Limits) -> tuple[ToolCall, ...]:
        if fields.get("tool_calls") in (None, []):
            return ()
        calls = [self._one(each) for each in fields.objects("tool_calls", limits.tools)]
        self.open.append(calls.copy())
        return tuple(calls)

    def _one(self, fields: Fields) -> ToolCall:
        function = Fields.of(fields.get("function"), fields.name("function"))
        arguments = function.get("arguments")
        name = function.name("arguments")
        if not isinstance(arguments, dict | None):
            raise CallerError(f"{name} is {shown(arguments)}; send an object", param=name)
        called = function.text("name")
        if not called:
            raise CallerError(
                f"{function.name('name')} is missing; send a string", param=function.name("name")
            )
        self.made += 1
        own = _id(fields, "id") or f"call_{self.made}"
        self.ids.add(own)
        return ToolCall(own, called, arguments or {})

    def answered(self, fields: Fields) -> str:
        """The id of the call that a result answers: the first of its name, in the last message that waits for one.

        Empty where the caller has forgotten the call itself: clients drop the oldest messages.
        """
        own, name = _id(fields, "tool_call_id"), fields.text("tool_name") or fields.text("name")
        if own in self.ids:
            self._close(own)
            return own
        for calls in reversed(self.open):
            for call in calls:
                if not name or call.name == name:
                    self._close(call.id)
                    return call.id
        return ""

    def _close(self, own: str) -> None:
        for calls in self.open:
            calls[:] = [call for call in calls if call.id != own]


def _read(items: Iterator[Fields], limits: Limits) -> Iterator[Message]:
    calls = _Calls()
    for item in items:
        role = item.text("role")
        refuse_images(item)
        content = item.text("content") or ""
        match role:
            case "system" | "user":
                yield Message(role, content)
            case "assistant":
                made = calls.make(item, limits)
                yield Message("assistant", content, made, reasoning=item.text("thinking") or "")
            case "tool":
                yield Message("tool", content, tool_call_id=calls.answered(item))
            case _:
                name = item.name("role")
                raise CallerError(f"{name} is {shown(role)}; send one of {', '.join(_ROLES)}", param=name)


def _id(fields: Fields, key: str) -> str:
    value = fields.text(key) or ""
    if len(value) > _LONGEST:
        name = fields.name(key)
        raise CallerError(f"{name} has {len(value)} characters; send at most {_LONGEST}", param=name)
    return value
