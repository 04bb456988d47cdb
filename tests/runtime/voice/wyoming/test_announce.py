"""What speaks Wyoming is found on the network while it is there, and never where only this machine could reach it."""

import asyncio
import logging

import pytest
from zeroconf import IPVersion, ServiceStateChange, Zeroconf
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from runtime.voice.wyoming.announce import announced, reachable

TYPE = "_wyoming._tcp.local."


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "::1", "fd00::7", "localhost", "inglenook.lan"])
def test_a_host_that_only_this_machine_reaches_is_not_announced(host: str) -> None:
    assert reachable(host) == ()


def test_an_address_is_announced_as_it_is_and_all_as_those_there_are() -> None:
    assert reachable("192.168.1.20") == ("192.168.1.20",)
    assert all(not each.startswith("127.") for each in reachable("0.0.0.0"))  # noqa: S104  asked about, not bound


async def test_nothing_is_sent_where_there_is_no_address() -> None:
    async with announced("box", (), 10300):
        pass


async def test_it_can_be_found_while_it_is_there() -> None:
    changes: asyncio.Queue[tuple[str, ServiceStateChange]] = asyncio.Queue()

    def changed(zeroconf: Zeroconf, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        del zeroconf, service_type
        changes.put_nowait((name, state_change))

    looking = AsyncZeroconf(interfaces=["127.0.0.1"], ip_version=IPVersion.V4Only)
    browser = AsyncServiceBrowser(looking.zeroconf, TYPE, handlers=[changed])
    try:
        async with asyncio.timeout(20):
            async with announced("kitchen box.two", ("127.0.0.1",), 10300):
                name, change = await changes.get()
                assert change is ServiceStateChange.Added
                found = AsyncServiceInfo(TYPE, name)
                assert await found.async_request(looking.zeroconf, 5000)
                assert (found.port, found.parsed_addresses()) == (10300, ["127.0.0.1"])
                assert name.startswith("kitchen box")
            while change is not ServiceStateChange.Removed:
                name, change = await changes.get()
    finally:
        await browser.async_cancel()
        await looking.async_close()


async def test_without_a_network_it_is_said_once_and_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with announced("box", ("203.0.113.7",), 10300):
            pass
    assert "add it by its address" in caplog.text
