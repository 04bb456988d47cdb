"""What is said over a link: each message a frozen value, written and read strictly. Knows nothing of links.

docs/firmware-protocol.md, section 3. To the one who decodes, more items than are known are no mistake: a later
version may have added them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Final

from firmware_bridge import cbor
from firmware_bridge.errors import MessageError

Wire = int | bool | None
"""A value as it travels: of a switch a bool, of numbers and options an int, of a press None."""

_INT32: Final = 1 << 31
_UINT32: Final = 1 << 32


def _integer(low: int, high: int) -> Callable[[object], bool]:
    return lambda item: type(item) is int and low <= item <= high


def _value(item: object) -> bool:
    return item is None or isinstance(item, bool) or _integer(-_INT32, _INT32 - 1)(item)


def _is(check: Callable[[object], bool]) -> dict[str, Callable[[object], bool]]:
    return {"check": check}


_REQUEST: Final = _is(_integer(1, 0xFFFF))
_NO_REQUEST: Final = _is(_integer(0, 0))
_INDEX: Final = _is(_integer(0, _UINT32 - 1))
_VALUE: Final = _is(_value)
_TEXT: Final = _is(lambda item: isinstance(item, str))


@dataclass(frozen=True, slots=True)
class Message:
    """Anything that is said. The fields of each, in order, are its items after the type."""

    type: ClassVar[int]


@dataclass(frozen=True, slots=True)
class Hello(Message):
    """Who are you?"""

    type = 0
    id: int = field(metadata=_REQUEST)


@dataclass(frozen=True, slots=True)
class About(Message):
    """Who a board is, and how many capabilities it has."""

    type = 1
    id: int = field(metadata=_REQUEST)
    name: str = field(metadata=_is(lambda item: isinstance(item, str) and bool(item)))
    firmware: str = field(metadata=_TEXT)
    serial: str = field(metadata=_TEXT)
    count: int = field(metadata=_is(_integer(0, _UINT32 - 1)))


@dataclass(frozen=True, slots=True)
class Describe(Message):
    """What is capability `index`?"""

    type = 2
    id: int = field(metadata=_REQUEST)
    index: int = field(metadata=_INDEX)


@dataclass(frozen=True, slots=True)
class Description(Message):
    """A capability, as `description.py` reads it."""

    type = 3
    id: int = field(metadata=_REQUEST)
    index: int = field(metadata=_INDEX)
    description: Mapping[Any, Any] = field(metadata=_is(lambda item: isinstance(item, dict)))


@dataclass(frozen=True, slots=True)
class Set(Message):
    """Be so."""

    type = 4
    id: int = field(metadata=_REQUEST)
    index: int = field(metadata=_INDEX)
    value: Wire = field(metadata=_VALUE)


@dataclass(frozen=True, slots=True)
class Get(Message):
    """How is it?"""

    type = 5
    id: int = field(metadata=_REQUEST)
    index: int = field(metadata=_INDEX)


@dataclass(frozen=True, slots=True)
class Is(Message):
    """How it is now."""

    type = 6
    id: int = field(metadata=_REQUEST)
    index: int = field(metadata=_INDEX)
    value: Wire = field(metadata=_VALUE)


@dataclass(frozen=True, slots=True)
class Event(Message):
    """It changed by itself, or was pressed."""

    type = 7
    id: int = field(metadata=_NO_REQUEST)
    index: int = field(metadata=_INDEX)
    value: Wire = field(metadata=_VALUE)


@dataclass(frozen=True, slots=True)
class Log(Message):
    """A line for whoever looks after the board: level 0 debug, 1 info, 2 warning, 3 error."""

    type = 8
    id: int = field(metadata=_NO_REQUEST)
    level: int = field(metadata=_is(_integer(0, 3)))
    text: str = field(metadata=_TEXT)


@dataclass(frozen=True, slots=True)
class Time(Message):
    """Seconds since 1970, UTC."""

    type = 9
    id: int = field(metadata=_REQUEST)
    seconds: int = field(metadata=_is(_integer(0, _UINT32 - 1)))


@dataclass(frozen=True, slots=True)
class Error(Message):
    """A request that was not done, and why; number 0 where the board could not read which."""

    type = 10
    id: int = field(metadata=_is(_integer(0, 0xFFFF)))
    code: int = field(metadata=_is(_integer(0, 0xFF)))
    text: str = field(metadata=_TEXT)


@dataclass(frozen=True, slots=True)
class Reboot(Message):
    """Start again."""

    type = 11
    id: int = field(metadata=_REQUEST)


@dataclass(frozen=True, slots=True)
class Done(Message):
    """It is done."""

    type = 12
    id: int = field(metadata=_REQUEST)


class ErrorCode:
    """The numbers of `Error.code`."""

    UNKNOWN_MESSAGE = 1
    NO_SUCH_CAPABILITY = 2
    NO_SUCH_VALUE = 3
    READ_ONLY = 4
    WRITE_ONLY = 5
    BUSY = 6
    FAILED = 7


ALL: Final[Sequence[type[Message]]] = (
    Hello, About, Describe, Description, Set, Get, Is, Event, Log, Time, Error, Reboot, Done,
)  # fmt: skip
_BY_TYPE: Final = {each.type: each for each in ALL}


def encode(message: Message) -> bytes:
    """The payload that says it.

    Raises:
        MessageError: an item is none that may be there.
    """
    named = [(each, getattr(message, each.name)) for each in fields(message)]
    for each, item in named:
        if not each.metadata["check"](item):
            raise MessageError(f"{item!r} is no {each.name} of {type(message).__name__}")
    return cbor.write([message.type, *(item for _, item in named)])


def decode(payload: bytes) -> Message:
    """The message that a payload is.

    Raises:
        MessageError: it is none.
    """
    items = cbor.read(payload)
    if not isinstance(items, list) or not items or type(items[0]) is not int:
        raise MessageError("not an array that begins with a type")
    kind = _BY_TYPE.get(items[0])
    if kind is None:
        raise MessageError(f"no message has type {items[0]}")
    expected = fields(kind)
    if len(items) <= len(expected):
        raise MessageError(f"{kind.__name__} has {len(expected) + 1} items, not {len(items)}")
    for each, item in zip(expected, items[1:], strict=False):
        if not each.metadata["check"](item):
            raise MessageError(f"{item!r} is no {each.name} of {kind.__name__}")
    return kind(*items[1 : len(expected) + 1])


def number_of(payload: bytes) -> int:
    """The number of the request in a payload that is no message; 0 if none can be read."""
    try:
        items = cbor.read(payload)
    except MessageError:
        return 0
    if isinstance(items, list) and len(items) > 1 and _integer(1, 0xFFFF)(items[1]):
        return int(items[1])
    return 0
