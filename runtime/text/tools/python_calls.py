"""Calls written as Python: `[get_weather(city="Paris", days=2)]`. Read as a syntax tree of literals, never run.

Only keyword arguments count: which parameter a bare value is meant for would be a guess.
"""

import ast
import keyword
import math
import warnings
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from runtime.strict_json import DIGITS
from runtime.text.tools.values import Call, NotACallError, Tool

_LONGEST: Final = 1 << 16
"""Characters; how deep they may nest is bounded by Python's parser."""
_JSON_WORDS: Final[Mapping[str, bool | None]] = MappingProxyType({"true": True, "false": False, "null": None})
"""LFM2.5's own template writes an object among the arguments as JSON."""


def read_calls(text: str) -> Sequence[Call]:
    """A list of calls, at least one.

    Raises:
        NotACallError: anything else.
    """
    if len(text) > _LONGEST:
        raise NotACallError("it is too long")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd escapes in strings
            tree = ast.parse(text.strip(), mode="eval").body
        if isinstance(tree, ast.List) and tree.elts:
            return tuple(map(_call, tree.elts))
    except NotACallError:
        raise
    except (SyntaxError, ValueError, MemoryError, RecursionError) as exc:
        raise NotACallError("it is not a list of calls in Python") from exc
    raise NotACallError("it is not a list of calls in Python")


def unsayable(tool: Tool) -> str | None:
    """The first name in a tool that Python cannot write; None when it can write all."""
    parameters: Mapping[str, Any] = tool.parameters.get("properties", {})
    if not all(map(_is_name, tool.name.split("."))):
        return tool.name
    return next((name for name in parameters if not _is_name(name)), None)


def _is_name(text: str) -> bool:
    return text.isascii() and text.isidentifier() and not keyword.iskeyword(text)


def _call(node: ast.expr) -> Call:
    if not isinstance(node, ast.Call) or node.args:
        raise NotACallError("a call has to name each of its arguments")
    arguments: dict[str, Any] = {}
    for given in node.keywords:
        if given.arg is None or given.arg in arguments:
            raise NotACallError("a call has to name each of its arguments once")
        arguments[given.arg] = _literal(given.value)
    return Call(_name(node.func), arguments)


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{_name(node.value)}.{node.attr}"
    if not isinstance(node, ast.Name):
        raise NotACallError("what is called has no name")
    return node.id


def _literal(node: ast.expr | None) -> Any:
    match node:
        case ast.Constant(value=None | bool() | str() as value):
            return value
        case ast.Constant(value=int() | float() as value):
            return _finite(value)
        case ast.Name(id=word) if word in _JSON_WORDS:
            return _JSON_WORDS[word]
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
            if not isinstance(value, bool):
                return -_finite(value)
        case ast.List(elts=items):
            return [_literal(item) for item in items]
        case ast.Dict(keys=keys, values=values):
            names = [_literal(key) for key in keys]
            if all(isinstance(name, str) for name in names) and len(set(names)) == len(names):
                return dict(zip(names, map(_literal, values), strict=True))
    raise NotACallError("an argument is not a plain value")


def _finite(value: float) -> float:
    if value >= 10**DIGITS if isinstance(value, int) else not math.isfinite(value):
        raise NotACallError("a number is out of range")
    return value
