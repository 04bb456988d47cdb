"""Answers read as a completer reads them, without a tokenizer: marks are tokens, or letters, as a test says."""

from collections.abc import Iterable, Sequence

from runtime.text.parts import Part, Refused, Thoughts, Words
from runtime.text.reader import Reader
from runtime.text.thinking import Thinking, ThoughtSplitter
from runtime.text.tools import DIALECTS
from runtime.text.tools.offer import Offer
from runtime.text.tools.reader import CallReader
from runtime.text.tools.schema import Schema
from runtime.text.tools.values import Call, Tool

WEATHER = Tool(
    "get_weather",
    "Tells the weather.",
    {
        "type": "object",
        "properties": {
            "city": {"type": "string"},
            "days": {"type": "integer", "minimum": 1, "maximum": 7},
            "unit": {"enum": ["C", "F"]},
        },
        "required": ["city"],
        "additionalProperties": False,
    },
)
LAMP = Tool(
    "lamp.set",
    "Sets a lamp.",
    {
        "type": "object",
        "properties": {"on": {"type": "boolean"}, "tags": {"type": "array", "items": {"type": "string"}}},
    },
)
THINKING = Thinking(("<response>", "</response>"))


def reader(
    dialect: str | None,
    *,
    thinking: Thinking | None = None,
    begun: bool = False,
    tokens: Iterable[str] = (),
    tools: Sequence[Tool] = (WEATHER, LAMP),
    parallel: bool = True,
) -> Reader:
    """A reader of one answer in a dialect."""
    spoken = DIALECTS[dialect] if dialect else None
    offer = Offer({tool.name: Schema(dict(tool.parameters)) for tool in tools}, parallel=parallel)
    marks = (spoken.marks if spoken else frozenset()) | (thinking.marks if thinking else frozenset())
    return Reader(
        marks,
        tuple(tokens),
        thoughts=ThoughtSplitter(thinking, begun=begun) if thinking else None,
        calls=CallReader(spoken, offer) if spoken else None,
    )


def read(reader: Reader, pieces: Iterable[str | tuple[str]]) -> list[Part]:
    """All the parts of an answer; a mark that is a token is a tuple of its letters."""
    parts: list[Part] = []
    for piece in pieces:
        parts.extend(reader.feed(piece) if isinstance(piece, str) else reader.mark(piece[0]))
    parts.extend(reader.flush())
    return parts


def words(parts: Iterable[Part]) -> str:
    """What is shown."""
    return "".join(part.text for part in parts if isinstance(part, Words))


def thoughts(parts: Iterable[Part]) -> str:
    """What is thought."""
    return "".join(part.text for part in parts if isinstance(part, Thoughts))


def calls(parts: Iterable[Part]) -> list[Call]:
    """What is asked for."""
    return [part for part in parts if isinstance(part, Call)]


def refused(parts: Iterable[Part]) -> list[str]:
    """Why something is no call."""
    return [part.reason for part in parts if isinstance(part, Refused)]
