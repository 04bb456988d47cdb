"""The part of CBOR (RFC 8949) that boards and we speak, strictly: one way to write each value, and no other is read.

The only door to cbor2. Integers, texts, booleans, null, arrays and maps; no floats, tags, byte strings or indefinite
lengths.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Never

import cbor2

from firmware_bridge.errors import MessageError

Item = int | str | bool | None | Sequence["Item"] | Mapping["Item", "Item"]

_DEPTH: Final = 4
_DEPTH_OF_OTHERS: Final = 8
_TEXT: Final = 24
"""Bytes of the longest text."""
_LOWEST, _HIGHEST = -(1 << 31), (1 << 32) - 1


class _NoTags(dict[int, Any]):
    """Decodes no tag: what cbor2 would make of some (powers, regular expressions) is nothing to try on a stranger."""

    def __missing__(self, tag: int) -> Never:
        raise ValueError(f"tag {tag}")


def write(item: Item) -> bytes:
    """One value as bytes.

    Raises:
        MessageError: it is none that can be written.
    """
    _check(item, _DEPTH)
    return cbor2.dumps(item)


def read(data: bytes) -> Item:
    """The one value that `data` is.

    Raises:
        MessageError: it is no value of those above, written otherwise than it should be, or something comes after it.
    """
    try:
        item = cbor2.loads(
            data,
            max_depth=_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=_NoTags(),
        )
    except (cbor2.CBORDecodeError, ValueError, TypeError) as exc:
        raise MessageError(f"no CBOR that is spoken here: {exc}") from exc
    checked = _check(item, _DEPTH)
    if cbor2.dumps(item) != data:
        raise MessageError(
            "a number or length is written longer than needed, or something comes after the message"
        )
    return checked


def is_map(data: bytes) -> bool:
    """Whether `data` is a map under names, as other protocols have them: neither strict nor ours."""
    try:
        item = cbor2.loads(data, max_depth=_DEPTH_OF_OTHERS, semantic_decoders=_NoTags())
    except (cbor2.CBORDecodeError, ValueError, TypeError):
        return False
    return isinstance(item, dict) and all(isinstance(key, str) for key in item)


def _check(item: object, depth: int) -> Item:
    """The same value, known to be one of ours."""
    match item:
        case None | bool():
            return item
        case int() if type(item) is int:
            if not _LOWEST <= item <= _HIGHEST:
                raise MessageError(f"{item} does not fit 32 bits")
            return item
        case str() if type(item) is str:
            if not item.isascii() and any("\ud800" <= c <= "\udfff" for c in item):
                raise MessageError("a text with half a character")
            if len(item.encode()) > _TEXT:
                raise MessageError(f"a text of more than {_TEXT} bytes")
            return item
        case list() | tuple() if depth:
            return [_check(each, depth - 1) for each in item]
        case dict() if depth:
            return {_check(key, 0): _check(value, depth - 1) for key, value in item.items()}
    raise MessageError(f"a {type(item).__name__} has no place in a message, or is nested too deep")
