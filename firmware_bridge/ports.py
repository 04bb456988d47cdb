"""Which ports are plugged in: by the names that stay theirs, and who made them. Looks, and opens nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

BY_ID: Final = Path("/dev/serial/by-id")
_DEVICES: Final = ("ttyACM*", "ttyUSB*")
_ABOVE: Final = 4
"""So far above a port its USB device is: an interface, and for some a port of it, are in between."""


@dataclass(frozen=True, slots=True)
class Usb:
    """What a USB device says it is: numbers that the USB Implementers Forum gives to makers, and they to products."""

    vendor: int
    product: int


@dataclass(frozen=True, slots=True)
class Port:
    """One port. `name` is made of the maker's, the product's and a serial number; or the device's, without them."""

    name: str
    device: Path
    usb: Usb | None = None
    """None where it is not on USB, or the system does not say."""

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


@dataclass(frozen=True, slots=True)
class Places:
    """Where the system shows its ports."""

    by_id: Path = BY_ID
    dev: Path = Path("/dev")
    tty: Path = Path("/sys/class/tty")


SYSTEM: Final = Places()


def device_of(address: str, by_id: Path = BY_ID) -> Path:
    """The device that a port's address is: a path, or a name that stays."""
    return Path(address) if "/" in address else by_id / address


def ports(places: Places = SYSTEM) -> tuple[Port, ...]:
    """What is plugged in now, by name; devices that have no name of their own (no udev) by device."""
    links = ((each.name, each.resolve()) for each in _in(places.by_id, "*"))
    named = [(name, device) for name, device in links if device.exists()]
    known = {device for _, device in named}
    bare = [
        (each.name, each)
        for pattern in _DEVICES
        for each in _in(places.dev, pattern)
        if each.resolve() not in known
    ]
    return tuple(Port(name, device, _usb(places.tty / device.name)) for name, device in (*named, *bare))


async def watch(interval_s: float = 0.25, places: Places = SYSTEM) -> AsyncIterator[Plugged | Unplugged]:
    """What is plugged in and pulled out, beginning with what is there. Looks every `interval_s`."""
    known: Sequence[Port] = ()
    while True:
        now = ports(places)
        for port in known:
            if port not in now:
                yield Unplugged(port)
        for port in now:
            if port not in known:
                yield Plugged(port)
        known = now
        await asyncio.sleep(interval_s)


def _in(folder: Path, pattern: str) -> Iterator[Path]:
    """What is there; nothing where the folder goes as it is looked at, as that of the names with the last of them."""
    try:
        yield from sorted(folder.glob(pattern))
    except OSError:
        return


def _usb(tty: Path) -> Usb | None:
    """The numbers of the USB device that a port belongs to (Linux, Documentation/ABI/stable/sysfs-bus-usb)."""
    place = (tty / "device").resolve()
    for _ in range(_ABOVE):
        try:
            return Usb(*(int((place / each).read_text(), 16) for each in ("idVendor", "idProduct")))
        except (OSError, ValueError):  # another kind of thing, or it was pulled out meanwhile
            place = place.parent
    return None
