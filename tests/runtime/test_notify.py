"""A datagram socket plays systemd."""

import asyncio
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.notify import Notifier


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "path" else f"@ingle-test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as server:
        server.bind(name.replace("@", "\0"))
        server.settimeout(5)
        yield server, name


def test_messages_arrive_as_systemd_reads_them(systemd: tuple[socket.socket, str]) -> None:
    server, name = systemd
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": name})
    notifier.status("loading\nsmollm2")
    notifier.ready()
    notifier.stopping()
    assert [server.recv(100) for _ in range(3)] == [b"STATUS=loading smollm2", b"READY=1", b"STOPPING=1"]


async def test_the_watchdog_is_told_again_and_again(systemd: tuple[socket.socket, str]) -> None:
    server, name = systemd
    server.setblocking(False)
    notifier = Notifier.from_environment({"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "20000"})
    assert notifier.watchdog_s == 0.02
    task = asyncio.create_task(notifier.watch())
    loop = asyncio.get_running_loop()
    pings = [await asyncio.wait_for(loop.sock_recv(server, 100), 5) for _ in range(3)]
    task.cancel()
    assert pings == [b"WATCHDOG=1"] * 3


@pytest.mark.parametrize(
    "environ",
    [
        {},
        {"NOTIFY_SOCKET": ""},
        {"NOTIFY_SOCKET": "/nonexistent/notify", "WATCHDOG_USEC": "many"},
        {"NOTIFY_SOCKET": "/nonexistent/notify", "WATCHDOG_USEC": "0"},
        {"NOTIFY_SOCKET": "/nonexistent/notify", "WATCHDOG_USEC": "1000", "WATCHDOG_PID": "1"},
        {"WATCHDOG_USEC": "1000"},
    ],
)
async def test_without_systemd_or_its_watchdog_nothing_happens(environ: dict[str, str]) -> None:
    notifier = Notifier.from_environment(environ)
    notifier.ready()
    assert notifier.watchdog_s is None
    await asyncio.wait_for(notifier.watch(), 1)
