"""How an action becomes messages to a device, whatever carries them. The border between registry and dispatch."""

from dataclasses import dataclass
from typing import Protocol

from runtime.commands.meaning import Action
from runtime.commands.registry.devices import Device
from runtime.commands.registry.house import House


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to a device. Kept in the journal from before it is sent until it is known to have been."""

    channel: str
    """What carries it: mqtt, or bridge."""
    address: str
    """A topic, to mqtt; board and function, to the bridge."""
    payload: bytes
    qos: int = 1
    retain: bool = False


class Binding(Protocol):
    """One device's own wording."""

    def outgoing(self, action: Action, house: House) -> tuple[Outgoing, ...]:
        """What to send for an action that is inside the device's capabilities; `house` has how things are now.

        Raises:
            DeviceError: the device's own templates cannot word it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Entry:
    """A device as a source tells of it."""

    device: Device
    binding: Binding


class Channel(Protocol):
    """Carries messages to devices."""

    async def send(self, outgoing: Outgoing) -> None:
        """Return once the message is with whoever delivers it: the broker's acknowledgement, the board's.

        Raises:
            DeviceError: it cannot be delivered now; it was not, and will not be.
            TimeoutError: it may have been delivered, or not, and will not be sent again.
        """
        ...
