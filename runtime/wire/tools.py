"""Tools and calls of them, as OpenAI's API writes both. Fields in, values out; no I/O.

https://platform.openai.com/docs/guides/function-calling
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from runtime.completion import Tool, ToolCall
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import parse, shown
from runtime.wire.fields import Fields

_NO_PARAMETERS: Final[Mapping[str, Any]] = MappingProxyType(
    {"type": "object", "properties": {}, "additionalProperties": False}
)
_ID_LENGTH: Final = 128


def offered(fields: Fields, limits: Limits) -> tuple[Tool, ...]:
    """The tools that the model may call: none where `tool_choice` is "none", or there are none.

    Raises:
        CallerError: a tool is malformed.
    """
    if fields.get("tools") in (None, []):
        return ()
    tools = tuple(function(_function(item)) for item in fields.objects("tools", limits.tools))
    return among(fields, tools, limits)


def among(fields: Fields, tools: Sequence[Tool], limits: Limits) -> tuple[Tool, ...]:
    """Those of the tools that `tool_choice` leaves.

    Raises:
        CallerError: it allows some that are not there.
    """
    if fields.get("tool_choice") == "none":
        return ()
    if (allowed := _allowed(fields)) is None:
        return tuple(tools)
    wanted = {
        _required(_function(each, flat=True), "name") for each in allowed.objects("tools", limits.tools)
    }
    if unknown := wanted - {tool.name for tool in tools}:
        raise CallerError(
            f"tool_choice allows {shown(min(unknown))}, which is not among tools; send it there",
            param="tool_choice",
        )
    return tuple(each for each in tools if each.name in wanted)


def to_call(fields: Fields, tools: Sequence[Tool]) -> tuple[str, ...]:
    """The tools of which one has to be called; none where that is the model's choice.

    Raises:
        CallerError: `tool_choice` is none that is known, or names no tool of the request.
    """
    choice = fields.get("tool_choice")
    if (allowed := _allowed(fields)) is not None:
        choice = allowed.get("mode")
        if choice not in ("auto", "required"):
            name = allowed.name("mode")
            raise CallerError(f'{name} is {shown(choice)}; send "auto" or "required"', param=name)
    if choice in (None, "auto", "none"):
        return ()
    names = tuple(tool.name for tool in tools)
    if choice == "required":
        wanted = names
    elif isinstance(choice, dict) and choice.get("type") == "function":
        # A chat's choice has the name in an object of its own, a response's beside the type.
        flat = "name" in choice and "function" not in choice
        where = Fields.of(
            choice if flat else choice.get("function"), f"tool_choice{'' if flat else '.function'}"
        )
        name = _required(where, "name")
        wanted = tuple(each for each in names if each == name)
    else:
        raise CallerError(
            f'tool_choice is {shown(choice)}; send "auto", "none", "required", a function by its name, '
            "or allowed_tools",
            param="tool_choice",
        )
    if not wanted:
        raise CallerError(
            "tool_choice asks for a tool that is not among tools; send it there", param="tool_choice"
        )
    return wanted


def parallel(fields: Fields) -> bool:
    """Whether one answer may have several calls."""
    return fields.get("parallel_tool_calls") is None or fields.flag("parallel_tool_calls")


def made(fields: Fields, limits: Limits) -> tuple[ToolCall, ...]:
    """The calls in an assistant's message.

    Raises:
        CallerError: one is malformed; the place is named.
    """
    if fields.get("tool_calls") in (None, []):
        return ()
    return tuple(
        called(item, "id", limits, _function(item)) for item in fields.objects("tool_calls", limits.tools)
    )


def answered(fields: Fields) -> str:
    """Which call a tool's message answers.

    Raises:
        CallerError: it does not say.
    """
    return identifier(fields, "tool_call_id")


def function(fields: Fields) -> Tool:
    """A function: its name, description and parameters.

    Raises:
        CallerError: one of them is missing, or not what it should be.
    """
    parameters = fields.get("parameters")
    if not isinstance(parameters, dict | None):
        name = fields.name("parameters")
        raise CallerError(f"{name} is {shown(parameters)}; send a JSON Schema", param=name)
    if parameters and "type" in parameters and not _is_object(parameters["type"]):
        name = fields.name("parameters.type")
        raise CallerError(
            f'{name} is {shown(parameters["type"])}; what a function takes is an object: send "object"',
            param=name,
        )
    return Tool(
        name=_required(fields, "name"),
        description=fields.text("description") or "",
        parameters=_NO_PARAMETERS if parameters is None else parameters,
    )


def called(fields: Fields, key: str, limits: Limits, function: Fields | None = None) -> ToolCall:
    """A call whose id is at `key`, and whose name and arguments are beside it, or in `function`.

    Raises:
        CallerError: it is malformed; the place is named.
    """
    function = function or fields
    name = function.name("arguments")
    try:
        # Some clients write a call without arguments so.
        arguments = parse((_required(function, "arguments") or "{}").encode(), depth=limits.json_depth)
    except CallerError as exc:
        raise CallerError(f"{name} is not sound JSON; send the arguments as they came", param=name) from exc
    if not isinstance(arguments, dict):
        raise CallerError(f"{name} is {shown(arguments)}; send an object, as JSON in a string", param=name)
    return ToolCall(identifier(fields, key), _required(function, "name"), arguments)


def identifier(fields: Fields, key: str) -> str:
    """The id of a call.

    Raises:
        CallerError: it is missing, empty or too long.
    """
    value = _required(fields, key)
    if not 1 <= len(value) <= _ID_LENGTH:
        name = fields.name(key)
        raise CallerError(f"{name} has {len(value)} characters; send 1 to {_ID_LENGTH}", param=name)
    return value


def _is_object(kind: object) -> bool:
    """Whether a schema's `type` is that of an object, or may be."""
    return kind == "object" or (isinstance(kind, list) and "object" in kind)


def _allowed(fields: Fields) -> Fields | None:
    """A `tool_choice` that leaves some of the tools: its mode, and which. None where it is another."""
    choice = fields.get("tool_choice")
    if not isinstance(choice, dict) or choice.get("type") != "allowed_tools":
        return None
    # A chat's choice has them in an object of its own, a response's beside the type.
    if "allowed_tools" in choice:
        return Fields.of(choice["allowed_tools"], "tool_choice.allowed_tools")
    return Fields.of(choice, "tool_choice") if "tools" in choice else None


def _function(fields: Fields, *, flat: bool = False) -> Fields:
    """`flat`: its name may also stand beside the type."""
    if fields.get("type") not in (None, "function"):
        name = fields.name("type")
        raise CallerError(f"{name} is {shown(fields.get('type'))}; only functions are served", param=name)
    if flat and "function" not in fields.values:
        return fields
    return Fields.of(fields.get("function"), fields.name("function"))


def _required(fields: Fields, key: str) -> str:
    value = fields.text(key)
    if value is None:
        raise CallerError(f"{fields.name(key)} is missing; send a string", param=fields.name(key))
    return value
