"""A firmware image as MCUboot has it: a header, the program, and entries behind it, of which one is its hash.

Says whether the bytes are a whole image, of which version, and by which hash a board calls it. Who made it is in a
signature, which only the board's boot loader can judge. Format: https://docs.mcuboot.com/design.html#image-format
"""

import hashlib
import struct
from dataclasses import dataclass
from typing import Final

from firmware_bridge.errors import BridgeError

_MAGIC: Final = 0x96F3B83D
_HEADER: Final = struct.Struct("<LLHHLLBBHL4x")
_ENTRIES: Final = struct.Struct("<HH")
_ENTRY: Final = struct.Struct("<HH")
_PROTECTED, _PLAIN = 0x6908, 0x6907
_SHA256: Final = 0x10


class ImageError(BridgeError, ValueError):
    """The bytes are no firmware image."""

    def __init__(self, why: str) -> None:
        super().__init__(
            f"that is no MCUboot image: {why}; sign the program with imgtool and take its output"
        )


@dataclass(frozen=True, slots=True)
class Image:
    """What an image says of itself."""

    version: str
    """`major.minor.revision`, and `.build` if there is one, as boards tell it."""
    hash: bytes
    """SHA-256 of header, program and protected entries: the name by which a board knows it."""
    size: int
    """Bytes from the header to the last entry."""


def read(data: bytes) -> Image:
    """What `data` begins with; what comes after the image is not looked at.

    Raises:
        ImageError: it is no whole image, or not the one its hash is of.
    """
    if len(data) < _HEADER.size:
        raise ImageError("it is shorter than a header")
    magic, _, header, protected, program, _, *version = _HEADER.unpack_from(data)
    if magic != _MAGIC or header < _HEADER.size:
        raise ImageError("it does not begin with a header")
    end = header + program
    if protected and _total(data, end, _PROTECTED) != protected:
        raise ImageError("its protected entries are not as long as its header says")
    hashed = end + protected
    size = hashed + _total(data, hashed, _PLAIN)
    digest = _hash_among(data[hashed + _ENTRIES.size : size])
    if hashlib.sha256(data[:hashed]).digest() != digest:
        raise ImageError("its hash is of other bytes")
    major, minor, revision, build = version
    return Image(f"{major}.{minor}.{revision}" + (f".{build}" if build else ""), digest, size)


def make(program: bytes, version: tuple[int, int, int], *, build: int = 0) -> bytes:
    """An image of a program, without a signature: for boards that ask for none, and for tests."""
    image = _HEADER.pack(_MAGIC, 0, _HEADER.size, 0, len(program), 0, *version, build) + program
    entry = _ENTRY.pack(_SHA256, hashlib.sha256().digest_size) + hashlib.sha256(image).digest()
    return image + _ENTRIES.pack(_PLAIN, _ENTRIES.size + len(entry)) + entry


def _total(data: bytes, at: int, magic: int) -> int:
    """Bytes of the entries that begin there, their own header among them."""
    if at + _ENTRIES.size > len(data):
        raise ImageError("it is cut off")
    found, total = _ENTRIES.unpack_from(data, at)
    if found != magic or total < _ENTRIES.size:
        raise ImageError("no entries are where its header says")
    if at + total > len(data):
        raise ImageError("it is cut off")
    return int(total)


def _hash_among(entries: bytes) -> bytes:
    at = 0
    while at + _ENTRY.size <= len(entries):
        kind, length = _ENTRY.unpack_from(entries, at)
        at += _ENTRY.size
        if kind == _SHA256 and length == hashlib.sha256().digest_size and at + length <= len(entries):
            return entries[at : at + length]
        at += length
    raise ImageError("it has no SHA-256")
