"""The door to zeroconf: Home Assistant finds by itself what speaks Wyoming on its network."""

import asyncio
import contextlib
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from zeroconf import Error, IPVersion
from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf

_log = logging.getLogger(__name__)

_TYPE: Final = "_wyoming._tcp.local."
_GROUP: Final = ("224.0.0.251", 5353)
_LONGEST: Final = 63
"""Bytes of a label of DNS."""


def reachable(host: str) -> tuple[str, ...]:
    """The address by which others reach what listens on `host`; none where only this machine can.

    Of IP's version 4, as Home Assistant looks for it.
    """
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return ()  # a name of our own choosing says nothing of where it leads
    if address.is_loopback or (address.version != 4 and not address.is_unspecified):  # noqa: PLR2004  of IP
        return ()
    return _outward() if address.is_unspecified else (host,)


def _outward() -> tuple[str, ...]:
    """Our address on the network that a question for names goes out to. Nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(_GROUP)
        except OSError:
            return ()
        return (str(probe.getsockname()[0]),)


@asynccontextmanager
async def announced(name: str, addresses: Sequence[str], port: int) -> AsyncIterator[None]:
    """Within the block, `name` can be found there. With no addresses it is not announced.

    Without a network it is not either, with a line in the log; who knows the address can connect all the same.
    """
    if not addresses:
        yield
        return
    packed = [ipaddress.ip_address(each).packed for each in addresses]
    label = name.encode()[:_LONGEST].decode(errors="ignore")
    service = AsyncServiceInfo(_TYPE, f"{label}.{_TYPE}", addresses=packed, port=port)
    try:
        zeroconf = AsyncZeroconf(interfaces=list(addresses), ip_version=IPVersion.V4Only)
        await (await zeroconf.async_register_service(service, allow_name_change=True))
    except (OSError, Error) as exc:
        _log.warning("Home Assistant does not find this by itself (%s); add it by its address", exc)
        yield
        return
    try:
        yield
    finally:
        with contextlib.suppress(OSError, Error, TimeoutError):
            async with asyncio.timeout(2):
                await (await zeroconf.async_unregister_service(service))
        await zeroconf.async_close()
