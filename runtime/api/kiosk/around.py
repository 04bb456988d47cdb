"""What the page is told of, beside the models: put in by the composition root as its parts come up. Values only."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from runtime.commands.registry.house import House

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_NO_HOUSE: Final = House()


@dataclass(frozen=True, slots=True)
class Board:
    """A microcontroller on a line."""

    id: str
    name: str
    firmware: str
    connected: bool


class Around:
    """Where to look for each; what nobody put in is not there."""

    def __init__(self) -> None:
        self.house: Callable[[], House] = lambda: _NO_HOUSE
        """All of it: the same object until something changes."""
        self.seen: Callable[[str], House] = lambda _sender: self.house()
        """The house as a sender of commands may see it, likewise."""
        self.boards: Callable[[], Sequence[Board]] = tuple
        self.broker: Callable[[], bool | None] = lambda: None
        """Whether it is connected; None where there is none."""
        self.languages: tuple[str, ...] = ()
        """In which commands are understood; none: any."""
