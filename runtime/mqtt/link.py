"""The border between what we do over MQTT and a client library: what may be asked of it, and what it tells.

Implemented by `runtime.mqtt.client.PahoLink`.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from runtime.config.settings import Broker
from runtime.errors import IngleError


class AwayError(IngleError):
    """There is no connection to the broker: nothing was sent, and nothing will be."""


class LostError(IngleError):
    """The connection ended before the broker acknowledged: whether it was sent is not known, and it is not repeated."""


class BarredError(IngleError):
    """The broker took the message and will not pass it on: its access rules are against it. MQTT 5 only."""

    def __init__(self, topic: str | None, reason: str) -> None:
        where = topic or "a topic that nobody waits for any more"
        super().__init__(
            f"the broker does not let us publish on {where} ({reason}); see the broker's access rules"
        )


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Which broker, and who we are to it."""

    broker: Broker
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    """What shows the broker who we are; with its key."""
    key_file: Path | None = None
    version5: bool = True
    """Speak MQTT 5 first. A broker that does not know it gets 3.1.1."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a link waits, in seconds. A range is drawn from at random, so that many nodes keep out of step."""

    greeting: float = 5.0
    """For the answer to CONNECT: a broker that knows no MQTT 5 may say so, hang up, or stay silent."""
    first_retry: tuple[int, int] = (1, 3)
    """After a lost connection, and between one attempt and the next."""
    soon: float = 60.0
    """For how long; from then on the pause is doubled at each failure."""
    longest_retry: tuple[int, int] = (40, 60)
    keepalive: int = 30
    """Between two signs of life; a broker that gives none for twice as long is gone."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a connection leaves with the broker, and how much it carries at once."""

    persistent: bool = True
    """The broker keeps what comes while we are away, and a publication waits here until it can go. Without, a broker
    forgets us, and a publication goes now or never."""
    window: int = 16
    """Deliveries that may be unacknowledged at a time; MQTT 5 only."""
    outgoing: int = 64
    """Publications that may be unacknowledged at a time; one more is refused."""


@dataclass(frozen=True, slots=True)
class Subscription:
    """What is to be heard."""

    filter: str
    qos: int = 1
    retained: bool = False
    """Whether to be sent what the broker has retained (MQTT 3.1.1 sends it in any case)."""


@dataclass(frozen=True, slots=True)
class Publication:
    """A message to be published. What only MQTT 5 can carry is left out with a broker that speaks 3.1.1."""

    topic: str
    payload: bytes
    retain: bool = False
    qos: int = 1
    """0 or 1."""
    correlation: bytes | None = None
    response_topic: str | None = None
    content_type: str | None = None
    expiry_s: int | None = None
    """How long the broker may hold it."""


@dataclass(frozen=True, slots=True)
class Up:
    """Connected and subscribed."""

    session_present: bool = False
    """The broker remembers the session: what was not acknowledged comes again."""
    refused: tuple[str, ...] = ()
    """Filters that the broker does not let us have. If it were all of them, it would be `Down`."""


@dataclass(frozen=True, slots=True)
class Down:
    """Not connected. The link tries again by itself."""

    reason: str
    silent_s: float = 0.0
    """How long nothing may have come through before that was noticed."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that was received and not yet acknowledged. With QoS 0 there is nothing to acknowledge."""

    epoch: int
    """The connection it came on: its packet id means nothing on any other."""
    packet: int
    qos: int
    topic: str
    payload: bytes
    retained: bool = False
    resumed: bool = False
    """The broker remembered the session when this connection began: it may have delivered this before."""
    response_topic: str | None = None
    correlation: bytes | None = None
    content_type: str | None = None
    expiry_s: int | None = None
    """How long it is still of use, what the broker held it for taken off; None: its sender did not say."""
    user: tuple[tuple[str, str], ...] = ()
    oversize: int = 0
    """Bytes of a payload that was let go, because it is larger than any that is taken; `payload` is then empty."""


LinkEvent = Up | Down | Delivery
Sink = Callable[[LinkEvent], None]


class Link(Protocol):
    """A session with a broker that heals itself. All methods are called on the event loop."""

    async def open(self, subscriptions: Iterable[Subscription], will: Publication | None, sink: Sink) -> None:
        """Begin to connect; return without waiting for it. `sink` is called on the event loop.

        Raises:
            ValueError: a filter or the will's topic is none.
        """
        ...

    async def publish(self, publication: Publication) -> None:
        """Publish and wait for the broker's acknowledgement (QoS 1), in a persistent session across reconnections.

        Raises:
            ValueError: the topic is none.
            BusyError: too many publications wait for the broker.
            AwayError: there is no connection, and the session is not persistent or the publication QoS 0.
            LostError: the connection ended before the acknowledgement, and the session is not persistent.
            BarredError: the broker refuses it, and the log says so; 3.1.1 has no way to, and acknowledges.
        """
        ...

    def subscribe(self, subscriptions: Iterable[Subscription]) -> None:
        """Hear these, too, from now on and on each connection to come. One that is there already is replaced.

        Raises:
            ValueError: a filter is none.
        """
        ...

    def unsubscribe(self, filters: Iterable[str]) -> None:
        """Hear these no longer, nor let a session that was resumed hear them.

        Raises:
            ValueError: a filter is none.
        """
        ...

    def acknowledge(self, delivery: Delivery) -> None:
        """Tell the broker not to deliver this again; without effect once the connection is another."""
        ...

    async def close(self) -> None:
        """Disconnect, so that the broker does not publish the will. Idempotent."""
        ...
