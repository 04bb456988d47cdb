"""Which boards are plugged in: serial ports by the names that stay theirs. Looks, and opens nothing."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BY_ID: Final = Path("/dev/serial/by-id")
_DEVICES: Final = ("ttyACM*", "ttyUSB*")


@dataclass(frozen=True, slots=True)
class Port:
    """One port. `name` is made of the maker's, the product's and a serial number; or the device's, without them."""

    name: str
    device: Path

    @property
    def address(self) -> str:
        """What to open it by."""
        return self.name if self.name != self.device.name else str(self.device)


@dataclass(frozen=True, slots=True)
class Plugged:
    """A port is there that was not."""

    port: Port


@dataclass(frozen=True, slots=True)
class Unplugged:
    """A port is gone."""

    port: Port


def ports(by_id: Path = BY_ID, dev: Path = Path("/dev")) -> tuple[Port, ...]:
    """What is plugged in now, by name; devices that have no name of their own (no udev) by device."""
    named = [Port(each.name, each.resolve()) for each in sorted(by_id.glob("*")) if each.exists()]
    known = {port.device for port in named}
    bare = [each for pattern in _DEVICES for each in sorted(dev.glob(pattern)) if each.resolve() not in known]
    return (*named, *(Port(each.name, each) for each in bare))


async def watch(
    interval_s: float = 0.5, by_id: Path = BY_ID, dev: Path = Path("/dev")
) -> AsyncIterator[Plugged | Unplugged]:
    """What is plugged in and pulled out, beginning with what is there. Looks every `interval_s`."""
    known: Sequence[Port] = ()
    while True:
        now = ports(by_id, dev)
        for port in known:
            if port not in now:
                yield Unplugged(port)
        for port in now:
            if port not in known:
                yield Plugged(port)
        known = now
        await asyncio.sleep(interval_s)
