"""Calls written as JSON: an object with a name and arguments, or a list of them. Knows no marks."""

from collections.abc import Sequence
from typing import Any, Final

from runtime.errors import CallerError
from runtime.strict_json import parse
from runtime.text.tools.values import Call, NotACallError

DEPTH: Final = 32
"""Deepest nesting of what a model writes."""
_ALLOWED: Final = frozenset({"name", "type", "id"})


def read_object(text: str, *, arguments: str = "arguments") -> tuple[Call]:
    """One call; `arguments` is what this family calls them.

    Raises:
        NotACallError: anything else.
    """
    return (_call(_json(text), arguments),)


def read_list(text: str, *, arguments: str = "arguments") -> Sequence[Call]:
    """A list of calls, at least one.

    Raises:
        NotACallError: anything else.
    """
    value = _json(text)
    if not isinstance(value, list) or not value:
        raise NotACallError("it is not a list of calls")
    return tuple(_call(item, arguments) for item in value)


def read_either(text: str, *, arguments: str = "arguments") -> Sequence[Call]:
    """One call, or a list of them.

    Raises:
        NotACallError: anything else.
    """
    read = read_list if text.lstrip().startswith("[") else read_object
    return read(text, arguments=arguments)


def _json(text: str) -> Any:
    try:
        return parse(text.encode(), depth=DEPTH)
    except CallerError as exc:  # whose words are for those who send a body
        raise NotACallError("it is not JSON") from exc


def _call(value: Any, arguments: str) -> Call:
    if not isinstance(value, dict):
        raise NotACallError("a call is not an object")
    name, given = value.get("name"), value.get(arguments)
    if not isinstance(name, str) or not isinstance(given, dict):
        raise NotACallError(f"a call needs a name and an object of {arguments}")
    if more := value.keys() - _ALLOWED - {arguments}:
        raise NotACallError(f"a call has no place for {min(more)[:40]!r}")
    if value.get("type", "function") != "function":
        raise NotACallError("a call of something that is no function")
    return Call(name, given)
