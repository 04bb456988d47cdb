"""Memory for the same tensor of several sequences, row beside row: taken where it is written, given back when told.

Rows lie beside each other so that neighbours can be handed to a graph as one batch. Knows bytes and pages; does not
know what the rows mean.
"""

import math
import mmap

import numpy as np
from numpy.typing import NDArray

State = NDArray[np.generic]


class Arena:
    """Zeros, page by page as they are written.

    Not `np.zeros`: numpy asks for huge pages, and one token in each head would then take the whole context's memory.
    """

    def __init__(self, shape: tuple[int, ...], dtype: str) -> None:
        kind = np.dtype(dtype)
        self._memory = mmap.mmap(
            -1, math.prod(shape) * kind.itemsize, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS
        )
        self.array: State = np.frombuffer(self._memory, dtype=kind).reshape(shape)

    def give_back(self, row: int, kept: int = 0) -> None:
        """Return to the system what `row` [blocks, length, ...] takes behind the first `kept` of each block's length.

        It reads as zeros, or as what was there where a page is shared with something kept.
        """
        block = self.array[row, 0].nbytes
        first = row * self.array[row].nbytes
        used = kept * self.array[row, 0, :1].nbytes
        starts = range(first, first + self.array[row].nbytes, block) if kept else (first,)
        size = block if kept else self.array[row].nbytes
        for start in starts:
            begin = -(-(start + used) // mmap.PAGESIZE) * mmap.PAGESIZE
            end = (start + size) // mmap.PAGESIZE * mmap.PAGESIZE
            if begin < end:
                self._memory.madvise(mmap.MADV_DONTNEED, begin, end - begin)
