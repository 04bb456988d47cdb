"""One prefix on disk: what a prompt's first tokens left in a cache, and the proof that it is that.

    8 bytes   magic, with the format's version
    32 bytes  digest of what the computation depended on (`digest_of`)
    4, 8      count of tokens, bytes of memory; little-endian
    4 each    the tokens
    ...       the memory, as `runtime.engine.cache.Cache.pieces` orders it
    32 bytes  BLAKE2b of everything before

A reader knows the digest and the tokens it wants, so it parses nothing: it compares the beginning with what it has to
be, and reads the memory to where it belongs. Knows bytes; does not know where files are kept or which are worth it
(`runtime.engine.shelf`).
"""

import hashlib
import json
import os
import struct
from collections.abc import Mapping, Sequence
from io import FileIO
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_MAGIC: Final = b"ingpfx\x00\x01"
_HEAD: Final = struct.Struct("<8s32sIQ")
_ID: Final = np.dtype("<i4")
_DIGEST: Final = 32

Piece = NDArray[np.generic]
"""Contiguous memory."""


class DamagedError(Exception):
    """A file that is not what it should be. Never leaves the engine: the prefix is computed instead."""


def digest_of(facts: Mapping[str, str | int]) -> bytes:
    """A digest of what decides every bit of a cache beside the tokens."""
    return _hash(json.dumps(facts, sort_keys=True).encode()).digest()


def name_of(ids: Sequence[int]) -> str:
    """A name for these tokens, of letters and digits."""
    return _hash(np.asarray(ids, dtype=_ID).tobytes()).hexdigest()[:32]


def size_of(tokens: int, memory: int) -> int:
    """Bytes of a file for so many tokens that leave so many bytes."""
    return _HEAD.size + tokens * _ID.itemsize + memory + _DIGEST


def write(path: Path, digest: bytes, ids: Sequence[int], pieces: Sequence[Piece]) -> None:
    """Write a file that only its owner can read, and wait until it is on the disk.

    Raises:
        OSError: it cannot be written; `path` may be there in part.
    """
    head = _head(digest, ids, sum(piece.nbytes for piece in pieces))
    seal = _hash(head)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(head)
        for piece in pieces:
            file.write(piece.data)
            seal.update(piece.data)
        file.write(seal.digest())
        file.flush()
        os.fsync(file.fileno())


def read(path: Path, digest: bytes, ids: Sequence[int], pieces: Sequence[Piece]) -> None:
    """Read a file into `pieces`, which hold anything when this fails.

    The bytes that are checked are those that are used: none is read a second time.

    Raises:
        DamagedError: it is not of these tokens, not computed so, or not as it was written.
        OSError: it cannot be read.
    """
    head = _head(digest, ids, sum(piece.nbytes for piece in pieces))
    seal = _hash(head)
    with path.open("rb", buffering=0) as file:
        if _exactly(file, len(head)) != head:
            raise DamagedError(f"{path.name} is of something else")
        for piece in pieces:
            memory = piece.reshape(-1).view(np.uint8).data
            _fill(file, memory)
            seal.update(memory)
        if _exactly(file, _DIGEST) != seal.digest() or file.read(1):
            raise DamagedError(f"{path.name} is not as it was written")


def tell(path: Path, digest: bytes, *, most: int) -> tuple[int, ...]:
    """Which tokens, at most so many, a file says that it is of; `read` finds out whether that is so.

    Raises:
        DamagedError: it was not computed so, or has another length or name than it says.
        OSError: it cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        magic, found, tokens, memory = _HEAD.unpack(_exactly(file, _HEAD.size))
        if (magic, found) != (_MAGIC, digest) or not 0 < tokens <= most:
            raise DamagedError(f"{path.name} is of something else")
        size = os.fstat(file.fileno()).st_size
        if size != size_of(tokens, memory):
            raise DamagedError(f"{path.name} is {size} bytes long, and says {size_of(tokens, memory)}")
        ids = tuple(np.frombuffer(_exactly(file, tokens * _ID.itemsize), dtype=_ID).tolist())
    if name_of(ids) not in path.name:
        raise DamagedError(f"{path.name} has another's name")
    return ids


def prefetch(path: Path) -> None:
    """Ask the kernel to have a file at hand soon; does not wait.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb", buffering=0) as file:
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)


def _hash(data: bytes) -> "hashlib.blake2b":
    return hashlib.blake2b(data, digest_size=_DIGEST)


def _head(digest: bytes, ids: Sequence[int], memory: int) -> bytes:
    return _HEAD.pack(_MAGIC, digest, len(ids), memory) + np.asarray(ids, dtype=_ID).tobytes()


def _exactly(file: FileIO, count: int) -> bytes:
    data = bytearray(count)
    _fill(file, memoryview(data))
    return bytes(data)


def _fill(file: FileIO, memory: memoryview) -> None:
    """Read until the memory is full; one read may give less."""
    while memory:
        count = file.readinto(memory)
        if not count:
            raise DamagedError(f"{Path(str(file.name)).name} ends too early")
        memory = memory[count:]
