"""What a caller may demand of an answer: a JSON schema, a regular expression, a grammar, or one of a few texts.

Values only; `runtime.text.bounds` says which are too much, `runtime.text.grammar` makes them work.
"""

import json
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class JsonSchema:
    """JSON that a schema (2020-12) allows; written on one line, its keys in the schema's order."""

    text: str
    """The schema itself, as JSON."""
    where: str = field(default="the schema", compare=False)
    """What the caller calls it."""

    @classmethod
    def of(cls, schema: object, where: str = "the schema") -> "JsonSchema":
        """A schema out of parsed JSON."""
        return cls(json.dumps(schema, ensure_ascii=False), where)


@dataclass(frozen=True, slots=True)
class Regex:
    """Text that a regular expression matches from end to end: Rust's syntax, no look-around, no references back."""

    pattern: str
    where: str = field(default="the pattern", compare=False)


@dataclass(frozen=True, slots=True)
class Lark:
    """Text that a context-free grammar derives from `start`, written as for the Python package Lark."""

    grammar: str
    where: str = field(default="the grammar", compare=False)


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these texts."""

    options: tuple[str, ...]
    where: str = field(default="the choice", compare=False)


@dataclass(frozen=True, slots=True)
class Rules:
    """Text that rules of our own derive, with tokens in them; what a caller may not write himself."""

    lark: str
    """In it `json0`, `json1`, ... are JSON that the schemas allow, in their order."""
    schemas: tuple[str, ...]
    where: str = field(default="tools", compare=False)


Constraint = JsonSchema | Regex | Lark | Choice | Rules
