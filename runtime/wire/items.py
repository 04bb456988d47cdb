"""A conversation as OpenAI's Responses have it: items, of which several may be one turn. Fields in, values out; no I/O.

https://platform.openai.com/docs/api-reference/responses/create
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from runtime.completion import Message, Role
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire import tools
from runtime.wire.fields import Fields, text

_ROLES: Final[Mapping[object, Role]] = MappingProxyType(
    {"system": "system", "developer": "system", "user": "user", "assistant": "assistant"}
)
_TEXTS: Final[tuple[object, ...]] = ("input_text", "output_text", "text")
_NOTHING: Final = Message("assistant", "")


def conversation(fields: Fields, limits: Limits) -> tuple[Message, ...]:
    """`instructions` and `input` as the turns of a conversation.

    Raises:
        CallerError: the place is named, as in `input[0].content`.
    """
    instructions = fields.text("instructions")
    system = [] if instructions is None else [Message("system", instructions)]
    value = fields.get("input")
    if isinstance(value, str):
        return (*system, Message("user", text(value, "input")))
    return (*system, *_joined(_item(each, limits) for each in fields.objects("input", limits.messages)))


def _joined(turns: Iterable[Message]) -> Iterator[Message]:
    """What an assistant thought, said and called, in this order, as one turn."""
    last = _NOTHING
    for turn in turns:
        begins = turn.role != "assistant" or bool(turn.reasoning)
        if last != _NOTHING and (begins or (turn.content and (last.content or last.tool_calls))):
            yield last
            last = _NOTHING
        if turn.role != "assistant":
            yield turn
        else:
            last = replace(
                last,
                content=last.content or turn.content,
                reasoning=last.reasoning or turn.reasoning,
                tool_calls=last.tool_calls + turn.tool_calls,
            )
    if last != _NOTHING:
        yield last


def _item(fields: Fields, limits: Limits) -> Message:
    kind = fields.get("type")
    match kind:
        case "function_call":
            return Message("assistant", "", (tools.called(fields, "call_id", limits),))
        case "function_call_output":
            return Message("tool", _text(fields, "output"), tool_call_id=tools.identifier(fields, "call_id"))
        case "reasoning":
            thoughts = fields.get("content") or []
            if not isinstance(thoughts, list):
                name = fields.name("content")
                raise CallerError(f"{name} is {shown(thoughts)}; send it as it came", param=name)
            parts = (Fields.of(each, f"{fields.name('content')}[{n}]") for n, each in enumerate(thoughts))
            return Message("assistant", "", reasoning="\n".join(part.text("text") or "" for part in parts))
        case None | "message":
            return _message(fields)
        case _:
            name = fields.name("type")
            raise CallerError(
                f"{name} is {shown(kind)}; only messages, function calls, their outputs and reasoning are served",
                param=name,
            )


def _message(fields: Fields) -> Message:
    role = fields.text("role")
    if role not in _ROLES:
        name = fields.name("role")
        raise CallerError(f"{name} is {shown(role)}; send one of {', '.join(map(str, _ROLES))}", param=name)
    return Message(_ROLES[role], _text(fields, "content"))


def _text(fields: Fields, key: str) -> str:
    """A string, or a list of text parts, which are joined by line breaks."""
    value, name = fields.get(key), fields.name(key)
    if not isinstance(value, list):
        return text(value, name)
    return "\n".join(_part(Fields.of(item, f"{name}[{index}]")) for index, item in enumerate(value))


def _part(fields: Fields) -> str:
    kind: Any = fields.get("type")
    if kind not in _TEXTS:
        name = fields.name("type")
        raise CallerError(f"{name} is {shown(kind)}; only text parts are served yet", param=name)
    return text(fields.get("text"), fields.name("text"))
