"""What a tool is and what a call of one is, however a model writes it. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class NotACallError(ValueError):
    """What a model wrote is no call of a tool it was offered. The message says why, in half a sentence."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A function that a model may ask for."""

    name: str
    description: str
    parameters: Mapping[str, Any]
    """JSON Schema of the object that holds the arguments."""


@dataclass(frozen=True, slots=True)
class Call:
    """A model asks for a function."""

    name: str
    arguments: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that has a name of its own, so that its result can be told from another's."""

    id: str
    name: str
    arguments: Mapping[str, Any]
