"""What both sides tell of themselves as a link begins: the payloads of SYN and SYN-ACK."""

from dataclasses import dataclass
from typing import Final

from firmware_bridge import cbor
from firmware_bridge.errors import MessageError, ProtocolError, VersionError
from firmware_bridge.framing import PAYLOAD_LIMIT

VERSION: Final = 1
MTU_LEAST: Final = 48
WINDOW_MOST: Final = 8
_DEAD_MS: Final = (300, 60_000)
_UINT32: Final = (0, (1 << 32) - 1)


@dataclass(frozen=True, slots=True)
class Syn:
    """The host's: the name of the link, what the host takes, and a number of the host's program."""

    link: int
    host: int
    mtu: int = PAYLOAD_LIMIT
    window: int = WINDOW_MOST
    version: int = VERSION

    def encode(self) -> bytes:
        """As payload."""
        return cbor.write([self.version, self.link, self.mtu, self.window, self.host])


@dataclass(frozen=True, slots=True)
class SynAck:
    """The board's: `boot` is another number after each reset, `dead_ms` when it goes to its safe values (0: never).

    `hosts`: how many it had since the reset, one after the other.
    """

    link: int
    boot: int
    mtu: int
    window: int
    dead_ms: int
    hosts: int = 1
    version: int = VERSION

    def encode(self) -> bytes:
        """As payload."""
        said = (self.version, self.link, self.mtu, self.window, self.boot, self.dead_ms, self.hosts)
        return cbor.write(list(said))


def read_syn(payload: bytes) -> Syn:
    """A host's greeting, of this version or a later one.

    Raises:
        ProtocolError: it is none.
    """
    version, link, mtu, window, host = _numbers(payload, 5)
    if version < VERSION:
        raise _unknown(version)
    _check(link, mtu, window)
    _within("host", host, _UINT32)
    return Syn(link, host, mtu, window)


def read_syn_ack(payload: bytes, link: int) -> SynAck | None:
    """A board's greeting; None if it is of another link, and so an old one.

    Raises:
        VersionError: the board speaks no version that is known here.
        ProtocolError: it is no greeting.
    """
    version, named = _numbers(payload, 2)
    if named != link:
        return None
    if version != VERSION:
        raise _unknown(version)
    _, _, mtu, window, boot, dead_ms, hosts = _numbers(payload, 7)
    _check(link, mtu, window)
    _within("boot", boot, _UINT32)
    _within("hosts", hosts, _UINT32)
    if dead_ms:
        _within("dead_ms", dead_ms, _DEAD_MS)
    return SynAck(link, boot, mtu, window, dead_ms, hosts)


def _numbers(payload: bytes, count: int) -> list[int]:
    """The items of a greeting, which has at least `count` and those integers."""
    try:
        items = cbor.read(payload)
    except MessageError as exc:
        raise ProtocolError(f"no greeting: {exc}") from exc
    if (
        not isinstance(items, list)
        or len(items) < count
        or any(type(each) is not int for each in items[:count])
    ):
        raise ProtocolError(f"a greeting begins with {count} integers; this one does not")
    return items[:count]


def _check(link: int, mtu: int, window: int) -> None:
    _within("link", link, _UINT32)
    _within("mtu", mtu, (MTU_LEAST, PAYLOAD_LIMIT))
    _within("window", window, (1, WINDOW_MOST))


def _within(name: str, number: int, bounds: tuple[int, int]) -> None:
    low, high = bounds
    if not low <= number <= high:
        raise ProtocolError(f"a greeting's {name} is {low} to {high}, not {number}")


def _unknown(version: int) -> VersionError:
    return VersionError(
        f"the other side speaks version {version} of the protocol, not {VERSION}; update the older one"
    )
