"""Calls that cannot be anything else: the grammar of what a model writes, out of the tools' own schemas.

Rules in Lark's notation, for each way in which an answer may have calls: a call alone, calls or JSON of another schema,
or a text in which calls may stand. Knows dialects; does not know what compiles the rules.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from runtime.text.constraint import Rules
from runtime.text.tools.call_schema import call_or
from runtime.text.tools.dialect import Dialect, Written
from runtime.text.tools.python_form import python_call
from runtime.text.tools.values import Tool


@dataclass(frozen=True, slots=True)
class CallForm:
    """How one model writes calls of some tools."""

    opens: int | None
    """The token that a call begins with, where one does."""
    last: bool
    """Whether nothing can follow a call that such a token opened."""
    _call: str
    """What `call` derives."""
    _letters: str
    """What a call begins with where no token does: a mark, or "" where the whole answer has to be one."""
    _inside: str
    """What `inside` derives: a call behind what it begins with."""
    _again: str
    """Between two calls that have marks of their own; "" where there is no more than one of these."""
    _rules: str
    _schemas: tuple[str, ...]
    _tools: tuple[Tool, ...]
    _arguments: str

    @classmethod
    def of(
        cls, dialect: Dialect, tools: Sequence[Tool], tokens: Mapping[str, int], *, several: bool
    ) -> Self | None:
        """The form of calls of these tools, given the marks that are tokens; None where there is none.

        `several`: whether there may be more than one.
        """
        fitting = (each for each in dialect.written if each.begin in tokens)
        written = next(fitting, dialect.written[-1])
        made = _python(tools) if dialect.pythonic else _json(tools, written)
        if made is None:
            return None
        rules, schemas = made
        begin, end = tokens.get(written.begin), tokens.get(written.end)
        listed = f"one ({_text(written.between)} one)*" if several and written.between else "one"
        closing = f"<[{end}]>" if end is not None else _text(written.end)
        inside = f"{_text(written.before)} {listed} {_text(written.after)} {closing}"
        opening = f"<[{begin}]>" if begin is not None else _text(written.begin)
        return cls(
            opens=begin,
            last=not written.end,
            _call=f"{opening} {inside}",
            _letters="" if begin is not None else written.begin,
            _inside=inside,
            _again="\n" if several and written.end and not written.between else "",
            _rules=rules,
            _schemas=schemas,
            _tools=tuple(tools),
            _arguments=written.arguments,
        )

    def alone(self) -> Rules:
        """One call, and nothing else."""
        return self._of("start: call", f"call: {self._call}")

    def or_else(self, schema: str, where: str) -> Rules:
        """Calls, or JSON that a schema allows."""
        if self.opens is None and not self._letters:  # both begin alike
            return Rules("start: json0", (call_or(self._tools, self._arguments, schema),), where)
        calls = f"call ({_text(self._again)} call)*" if self._again else "call"
        start = f"start: {calls} | json{len(self._schemas)}"
        return self._of(start, f"call: {self._call}", schemas=(*self._schemas, schema), where=where)

    def amid(self) -> Rules:
        """A text in which calls may stand, where no token opens them: what begins like one is one."""
        if self._letters:
            mark = _pattern(self._letters)
            return self._of(
                "start: (head inside)* text",
                f"head[lazy]: /(.|\\n)*{mark}/",
                f"inside: {self._inside}",
                "text: TEXT",
                "TEXT: /(.|\\n)*/",
            )
        return self._of(
            "start: call | text",
            f"call: {self._call}",
            "text: TEXT",
            'TEXT: /(.|\\n)*/ & ~/\\s*\\{\\s*"name"(.|\\n)*/',
        )

    def _of(self, *rules: str, schemas: tuple[str, ...] | None = None, where: str = "tools") -> Rules:
        return Rules("\n".join((*rules, self._rules)), self._schemas if schemas is None else schemas, where)


def _json(tools: Sequence[Tool], written: Written) -> tuple[str, tuple[str, ...]]:
    """Calls as objects with a name and arguments, as chat templates write them."""
    heads = [_text(f'{{"name": {json.dumps(tool.name)}, {json.dumps(written.arguments)}: ') for tool in tools]
    options = " | ".join(f'{head} json{place} "}}"' for place, head in enumerate(heads))
    schemas = tuple(json.dumps({"type": "object", **tool.parameters}) for tool in tools)
    return f"one: {options}", schemas


def _python(tools: Sequence[Tool]) -> tuple[str, tuple[str, ...]] | None:
    """Calls as Python writes them; None where a tool's parameters are not a plain list of names."""
    rules: list[str] = []
    schemas: list[str] = []
    for place, tool in enumerate(tools):
        made = python_call(tool, f"tool{place}", first=len(schemas))
        if made is None:
            return None
        rules += made.rules
        schemas += made.schemas
    options = " | ".join(f"tool{place}" for place in range(len(tools)))
    return "\n".join((f"one: {options}", *rules)), tuple(schemas)


def _text(letters: str) -> str:
    return json.dumps(letters) if letters else ""


def _pattern(letters: str) -> str:
    """A pattern that matches the letters alone."""
    return "".join(each if each.isalnum() else f"\\x{ord(each):02x}" for each in letters)
