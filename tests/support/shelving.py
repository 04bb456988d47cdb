"""A process that does nothing but write prefix files, to be killed in the middle of it. Loads no onnxruntime."""

from collections.abc import Mapping
from itertools import count
from multiprocessing.connection import Connection
from pathlib import Path

from runtime.engine.prefix_file import Piece
from runtime.engine.shelf import Shelf


def write_for_ever(
    directory: Path, digest: bytes, prefixes: Mapping[tuple[int, ...], tuple[Piece, ...]], begun: Connection
) -> None:
    """Put every prefix on the shelf, take them off, and again."""
    for turn in count():
        shelf = Shelf(directory, digest, room=1 << 30, most=1 << 20, reserve=0)
        if turn == 0:
            begun.send(None)
        for ids, pieces in prefixes.items():
            shelf.store(ids, pieces)
            shelf.close()
        for path in directory.glob("*.prefix"):
            path.unlink()
