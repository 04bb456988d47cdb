"""The border between the MQTT service and a client library: what the service may ask, and what it is told.

Implemented by `runtime.mqtt.client.PahoLink`.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runtime.config.settings import Broker


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Which broker, and who we are to it."""

    broker: Broker
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    version5: bool = True
    """Speak MQTT 5 first. A broker that does not know it gets 3.1.1."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a link waits, in seconds. A range is drawn from at random, so that many nodes keep out of step."""

    greeting: float = 5.0
    """For the answer to CONNECT: a broker that knows no MQTT 5 may say so, hang up, or stay silent."""
    first_retry: tuple[int, int] = (1, 3)
    """After a lost connection; doubled at each failure."""
    longest_retry: tuple[int, int] = (40, 60)


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to be published, QoS 1."""

    topic: str
    payload: bytes
    retain: bool = False


@dataclass(frozen=True, slots=True)
class Up:
    """Connected and subscribed."""


@dataclass(frozen=True, slots=True)
class Down:
    """Not connected. The link tries again by itself."""

    reason: str


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that was received and not yet acknowledged. With QoS 0 there is nothing to acknowledge."""

    epoch: int
    """The connection it came on: its packet id means nothing on any other."""
    packet: int
    qos: int
    topic: str
    payload: bytes
    retained: bool


LinkEvent = Up | Down | Delivery
Sink = Callable[[LinkEvent], None]


class Link(Protocol):
    """A session with a broker that heals itself. All methods are called on the event loop."""

    async def open(self, subscription: str, will: Publication, sink: Sink) -> None:
        """Begin to connect; return without waiting for it. `sink` is called on the event loop."""
        ...

    async def publish(self, publication: Publication) -> None:
        """Publish and wait for the broker's acknowledgement, across reconnections."""
        ...

    def acknowledge(self, delivery: Delivery) -> None:
        """Tell the broker not to deliver this again; without effect once the connection is another."""
        ...

    async def close(self) -> None:
        """Disconnect, so that the broker does not publish the will. Idempotent."""
        ...
