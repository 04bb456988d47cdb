"""Who may send to a device next. One order at a time a device; different devices side by side.

An order that needs several devices stands in all their lanes from the moment it enters, so nobody who comes later gets
ahead of it in one while it waits in another, and no two wait for each other.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from types import TracebackType
from typing import Self


class Lanes:
    """Lines before devices, by their ids."""

    def __init__(self) -> None:
        self._lanes: dict[str, deque[Ticket]] = {}

    def enter(self, devices: Iterable[str]) -> "Ticket":
        """Stand behind all who are there already."""
        names = tuple(dict.fromkeys(devices))
        ticket = Ticket(self, names)
        for name in names:
            lane = self._lanes.setdefault(name, deque())
            lane.append(ticket)
            ticket.behind += len(lane) > 1
        ticket.look()
        return ticket

    def leave(self, ticket: "Ticket", devices: Iterable[str]) -> None:
        """Let the next ones in."""
        for name in devices:
            lane = self._lanes[name]
            first = lane[0]
            lane.remove(ticket)
            if not lane:
                del self._lanes[name]
            elif first is ticket:
                lane[0].behind -= 1
                lane[0].look()


class Ticket:
    """A place in the lanes of some devices, to be left whatever happens."""

    def __init__(self, lanes: Lanes, devices: tuple[str, ...]) -> None:
        self.devices = devices
        self.behind = 0
        """In so many lanes somebody is before it."""
        self._lanes = lanes
        self._turn = asyncio.Event()

    def look(self) -> None:
        """It is first everywhere, or not yet."""
        if not self.behind:
            self._turn.set()

    async def turn(self) -> None:
        """Wait until it is first in all of them."""
        await self._turn.wait()

    def leave(self) -> None:
        """Let the next ones go; to leave twice is to leave once."""
        devices, self.devices = self.devices, ()
        self._lanes.leave(self, devices)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.leave()
