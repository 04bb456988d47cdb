"""Which lines have a board: those that the owner names, and those that are plugged in and of a maker of boards.

Looks, and opens nothing. docs/adr/0019 says what is opened without being named, why not more, and where that is wrong.
"""

import logging
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from firmware_bridge.board import AnyBoard
from firmware_bridge.makers import is_board
from firmware_bridge.ports import Plugged, Port, Unplugged

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and what is at its other end."""

    address: str
    board: Callable[[], AnyBoard]
    """Makes what speaks to the board there, to be entered."""
    named: bool = True
    """The owner says that there is a board. Otherwise it was found, and a line that stays silent is left alone."""
    called: str = ""
    """What its owner calls the board, if that is known before it answers."""

    @property
    def label(self) -> str:
        """What it is in the log as long as nobody has answered."""
        return f"{self.called} ({self.address})" if self.called else self.address


@dataclass(frozen=True, slots=True)
class Pulled:
    """A line is there no more; what comes to have its name may be anything. Of one that was found."""

    address: str


async def lines(
    named: Sequence[Line],
    plugged: AsyncIterator[Plugged | Unplugged] | None,
    board: Callable[[Port], AnyBoard],
) -> AsyncIterator[Line | Pulled]:
    """The named ones at once; then those that are found, as they are `plugged` in and pulled out.

    `board` makes what speaks at a port that was found.
    """
    for line in named:
        yield line
    if plugged is None:
        return
    async for change in plugged:
        port = change.port
        if any(_is_at(port, line.address) for line in named):
            continue
        if isinstance(change, Unplugged):
            yield Pulled(port.address)
        elif is_board(port):
            yield Line(port.address, partial(board, port), named=False)
        else:
            _log.info(
                "%s may be a board or something else; if it is one, name it in bridge.boards", port.address
            )


def _is_at(port: Port, address: str) -> bool:
    return address in {port.name, str(port.device)} or Path(address).resolve() == port.device.resolve()
