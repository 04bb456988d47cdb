"""All that could be asked of a house, with what finding it in a sentence needs: computed once a version of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock

from runtime.commands.registry.house import House
from runtime.commands.shortlist.likeness import Encoder, Kept, Space
from runtime.commands.shortlist.naming import Naming
from runtime.commands.shortlist.possible import Possible, possibles


@dataclass(frozen=True, slots=True)
class Shortlist:
    """Of one house."""

    house: House
    possible: Sequence[Possible]
    naming: Naming
    space: Space | None
    """None without an encoder."""
    values: tuple[str, ...]
    """Words of options there are."""

    def fits(self, house: House) -> bool:
        """Whether it is of this house, whatever its states."""
        own = self.house
        return own.version == house.version and own.devices == house.devices and own.areas == house.areas


class Shortlists:
    """Makes them, and keeps the last."""

    def __init__(self, encoder: Encoder | None) -> None:
        self._kept = None if encoder is None else Kept(encoder)
        self._last: Shortlist | None = None
        self._lock = Lock()

    def of(self, house: House) -> Shortlist:
        """The house's; another than the last takes some milliseconds for each new name in it."""
        with self._lock:  # who comes while it is being made waits for it, and makes no second one
            last = self._last
            if last is None or not last.fits(house):
                last = self._last = self._made(house)
            return last

    def _made(self, house: House) -> Shortlist:
        possible = possibles(house)
        words = dict.fromkeys(each.value for each in possible if isinstance(each.value, str))
        space = None if self._kept is None else Space(self._kept, possible, house)
        return Shortlist(house, possible, Naming(house), space, tuple(words))
