"""Getting to know a board on a new link: who it is, and what it can do, as far as that can be."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from enum import Enum, auto

from firmware_bridge.description import CAPABILITIES_MOST, Capability, read
from firmware_bridge.errors import NoAnswerError, NonsenseError, ProtocolError, RefusedError
from firmware_bridge.messages import About, Describe, Description, Hello, Message

Ask = Callable[[Callable[[int], Message]], Awaitable[Message]]
"""Sends the message of a number, and gives the answer."""


class Since(Enum):
    """What has become of a board since an earlier link, as far as it matters to what was asked on that."""

    NOTHING = auto()
    """It knows what it was told."""
    RESET = auto()
    """It has started again."""
    OTHER_HOST = auto()
    """Another host had it in between: it has forgotten what it was told, and may have been told something else."""
    OTHER_BOARD = auto()
    """It is not that one."""


@dataclass(frozen=True, slots=True)
class Introduction:
    """A board as it says it is. `complaints` are sentences on what was not believed."""

    about: About
    boot: int
    hosts: int
    capabilities: dict[str, Capability]
    complaints: tuple[str, ...]

    def is_of(self, about: About, boot: int) -> bool:
        """Whether it is the same board still, not started again since."""
        mine = self.about
        return boot == self.boot and (mine.name, mine.firmware, mine.serial, mine.count) == (
            about.name, about.firmware, about.serial, about.count
        )  # fmt: skip

    def since(self, before: "Introduction | None") -> Since:
        """What has become of the board that was there before, if there was one."""
        if before is None:
            return Since.NOTHING
        if (self.about.name, self.about.serial) != (before.about.name, before.about.serial):
            return Since.OTHER_BOARD
        if self.boot != before.boot:
            return Since.RESET if self.hosts == 1 else Since.OTHER_HOST
        return Since.NOTHING if self.hosts == before.hosts else Since.OTHER_HOST


async def introduce(ask: Ask, boot: int, hosts: int, known: Introduction | None) -> Introduction:
    """Ask a board who it is and, unless it is `known`, what it can do.

    Raises:
        ProtocolError: it says something else than who it is.
        NoAnswerError: it says nothing.
    """
    about = await ask(Hello)
    if not isinstance(about, About):
        raise ProtocolError(f"the board answers a hello with {type(about).__name__}; is its firmware whole?")
    if known and known.is_of(about, boot):
        return replace(known, hosts=hosts)
    complaints = []
    if not all(text.isprintable() for text in (about.name, about.firmware, about.serial)):
        complaints.append("its name, version or serial number has characters that cannot be shown")
    if about.count > CAPABILITIES_MOST:
        complaints.append(f"it claims {about.count} capabilities; the first {CAPABILITIES_MOST} are used")
    count = min(about.count, CAPABILITIES_MOST)
    described = await asyncio.gather(*(_describe(ask, index) for index in range(count)))
    capabilities: dict[str, Capability] = {}
    for index, said in enumerate(described):
        try:
            capability = said if isinstance(said, str) else read(index, said.description, capabilities)
        except NonsenseError as exc:
            capability = str(exc)
        if isinstance(capability, str):
            complaints.append(capability)
        else:
            capabilities[capability.name] = capability
    return Introduction(about, boot, hosts, capabilities, tuple(complaints))


async def _describe(ask: Ask, index: int) -> Description | str:
    """What the board says of a capability, or why that is nothing."""
    try:
        said = await ask(lambda number: Describe(number, index))
    except (NoAnswerError, RefusedError) as exc:
        return f"capability {index}: {exc}"
    if isinstance(said, Description) and said.index == index:
        return said
    return f"capability {index}: the board answers with something else"
