"""What tells one family's way of calling tools from another's. Each is a module beside this one, with one `DIALECT`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.text.tools.values import Call, Tool

Turn = Mapping[str, Any]
"""A message in the form that chat templates take: role, content, tool_calls, tool_call_id."""


@dataclass(frozen=True, slots=True)
class Fence:
    """The marks around calls."""

    begin: str
    end: str
    """"" where calls go on to the end of the answer."""


@dataclass(frozen=True, slots=True)
class Written:
    """How a call is written around its name and arguments, to the letter: for a model that has to write a sound one."""

    begin: str = ""
    """A mark, or "" where there is none."""
    before: str = ""
    after: str = ""
    end: str = ""
    between: str = ""
    """Between two calls inside the same marks; "" where each has marks of its own, or there is but one."""
    arguments: str = "arguments"
    """What the object calls them."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a family of models is offered tools, and how it calls them."""

    read: Callable[[str], Sequence[Call]]
    """The calls that stand between two marks, or are the whole of an answer. Raises NotACallError."""
    fences: tuple[Fence, ...] = ()
    openings: tuple[str, ...] = ()
    """An answer that begins with one of these may be nothing but a call; it is shown, or called, at its end."""
    tell: Callable[[Sequence[Turn], Sequence[Tool]], Sequence[Turn]] | None = None
    """Puts tools, calls and results into words, for templates that take none; may raise CallerError."""
    reserved: tuple[str, ...] = ()
    """Letters, besides the marks, that are the template's to write where the vocabulary has them as a token."""
    written: tuple[Written, ...] = (Written(),)
    """The first whose mark is a token is how a call is forced, else the last."""
    pythonic: bool = False
    """Whether calls are written as Python, which not every name can be."""

    @property
    def marks(self) -> frozenset[str]:
        """All the marks a model may set."""
        return frozenset(mark for fence in self.fences for mark in (fence.begin, fence.end) if mark)


def declared(tool: Tool) -> dict[str, Any]:
    """A tool as OpenAI's API and chat templates write it."""
    function = {"name": tool.name, "description": tool.description, "parameters": dict(tool.parameters)}
    return {"type": "function", "function": function}
