"""A line of bytes, whatever carries it. Four verbs; what a transport is opened with is its constructor's business."""

from typing import Protocol

BAUD = 115200


class Transport(Protocol):
    """One line to one board. Can be opened again after it was closed."""

    async def open(self) -> None:
        """Be ready to read and write.

        Raises:
            TransportError: the line cannot be used, and why.
        """
        ...

    async def read(self) -> bytes:
        """What came since the last time, at least one byte.

        Raises:
            ClosedError: the line is no more.
        """
        ...

    async def write(self, data: bytes) -> None:
        """Return once the bytes are with whoever sends them.

        Raises:
            ClosedError: the line is no more.
        """
        ...

    async def close(self) -> None:
        """Let go of the line. Nothing happens if it is not open."""
        ...


def transport(address: str, baud: int = BAUD) -> Transport:
    """What an address means: `socket://host:port`, or a serial port by device or by its name in /dev/serial/by-id.

    Raises:
        ValueError: it is no address.
    """
    if "://" in address:
        from firmware_bridge.tcp import TcpTransport  # noqa: PLC0415  one of several doors

        return TcpTransport.to(address)
    from firmware_bridge.serial import SerialTransport  # noqa: PLC0415  pyserial only where a port is meant

    return SerialTransport(address, baud)
