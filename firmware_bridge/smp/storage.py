"""The flash of a simulated board: erased by sectors, written once, and cut off from power at any operation.

What is here survives the board; whoever uses it does not when the power goes.
"""

from dataclasses import dataclass, field
from typing import Final

SECTOR: Final = 1024
ERASED: Final = 0xFF


class PowerCutError(Exception):
    """The power is gone: nothing after this happens until the board is switched on again."""


@dataclass(slots=True)
class Flash:
    """Bytes in sectors, and how often they were changed."""

    sectors: int
    operations: int = 0
    """Writes and erasures so far."""
    cut_at: int | None = None
    """The operation, counted from 0, that is cut half way; the power is there again afterwards."""
    data: bytearray = field(init=False)

    def __post_init__(self) -> None:
        self.data = bytearray([ERASED]) * (self.sectors * SECTOR)

    def read(self, at: int, length: int) -> bytes:
        """What is there."""
        return bytes(self.data[at : at + length])

    def erase(self, at: int) -> None:
        """Erase one sector. Cut, it is erased up to the middle."""
        self._change(at - at % SECTOR, bytes([ERASED]) * SECTOR)

    def write(self, at: int, data: bytes) -> None:
        """Write to where it is erased. Cut, the first half is written.

        Raises:
            ValueError: it is not erased, which on a real flash would give neither the one nor the other.
        """
        if any(byte != ERASED for byte in self.data[at : at + len(data)]):
            raise ValueError(f"{at:#x} is written twice without being erased")
        self._change(at, data)

    def _change(self, at: int, data: bytes) -> None:
        cut = self.operations == self.cut_at
        self.operations += 1
        if cut:
            data = data[: len(data) // 2]
        self.data[at : at + len(data)] = data
        if cut:
            raise PowerCutError
