"""Which connections may be open, and which gives way to another. No I/O.

A connection on which nothing is being answered holds a place that somebody else could use: one that is kept open for
later, that sends its head or its body a byte at a time, or that says nothing. When all places are taken, the oldest of
those leaves, of the address that has most. So whoever fills the house with silence keeps nobody out.
"""

import ipaddress
from collections import Counter
from typing import Protocol


class Visitor(Protocol):
    """An open connection."""

    @property
    def address(self) -> str:
        """Where it is from."""
        ...

    @property
    def idle(self) -> bool:
        """Whether nothing is being answered on it: no request has arrived whole."""
        ...

    def leave(self) -> None:
        """Close now."""
        ...


class Crowd:
    """The connections that are open, oldest first."""

    def __init__(self, most: int, each: int) -> None:
        """`most` of all together, `each` of one address that is not this machine's; 0 is without a limit."""
        self._most = most
        self._each = each
        self._visitors: dict[Visitor, None] = {}
        self._addresses: Counter[str] = Counter()
        self.refused = 0
        """Those that found no place."""
        self.displaced = 0
        """Those that gave theirs up."""

    def __len__(self) -> int:
        return len(self._visitors)

    def admit(self, visitor: Visitor) -> bool:
        """Whether there is a place; an idle visitor may have to leave for it."""
        full = self._most and len(self._visitors) >= self._most
        own = self._each and self._addresses[visitor.address] >= self._each
        if own and not is_this_machine(visitor.address):
            place = self._displace(visitor.address)
        elif full:
            place = self._displace(None)
        else:
            place = True
        if not place:
            self.refused += 1
            return False
        self._visitors[visitor] = None
        self._addresses[visitor.address] += 1
        return True

    def gone(self, visitor: Visitor) -> None:
        """It is closed; what was never in is no matter."""
        if visitor not in self._visitors:
            return
        del self._visitors[visitor]
        self._addresses[visitor.address] -= 1
        if not self._addresses[visitor.address]:
            del self._addresses[visitor.address]

    def _displace(self, address: str | None) -> bool:
        """Make a place, among those of an address or of all."""
        idle = (each for each in self._visitors if address in (None, each.address) and each.idle)
        chosen = max(
            idle, key=lambda each: self._addresses[each.address], default=None
        )  # the first, if equal
        if chosen is None:
            return False
        self.gone(chosen)
        self.displaced += 1
        chosen.leave()
        return True


def is_this_machine(address: str) -> bool:
    """Whether it is a loopback address: everybody behind a reverse proxy has it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return (mapped or found).is_loopback
