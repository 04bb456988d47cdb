"""The simulated Firmata board as another's client takes it: pyFirmata2, over a device, in real time."""

import asyncio
import contextlib
from collections.abc import Callable

import pytest

from firmware_bridge.described.pins import Mode
from firmware_bridge.described.simulated_firmata import SimulatedFirmataBoard
from tests.support.pty_line import PtyTransport

pyfirmata2 = pytest.importorskip("pyfirmata2", reason="pyFirmata2 is not installed (it is in the extra dev)")


async def soon(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        await asyncio.sleep(0.01)
    assert holds()


async def test_another_client_drives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    # its setting for how long a boot loader takes, and there is none
    monkeypatch.setattr(pyfirmata2.pyfirmata2, "BOARD_SETUP_WAIT_TIME", 0.2)
    board, line = SimulatedFirmataBoard(), PtyTransport()
    living = asyncio.create_task(board.run(line))
    client = await asyncio.to_thread(pyfirmata2.Board, line.device)
    try:
        assert len(client.digital) == 14
        assert len(client.analog) == 6
        assert {number for number, pin in enumerate(client.digital) if pin.PWM_CAPABLE} == {
            3,
            5,
            6,
            9,
            10,
            11,
        }

        lamp = client.get_pin("d:13:o")
        lamp.write(1)
        await soon(lambda: board.states[13] == 1)
        lamp.write(0)
        await soon(lambda: board.states[13] == 0)

        dimmed = client.get_pin("d:9:p")
        dimmed.write(0.5)
        await soon(lambda: board.states[9] in {127, 128})
        assert board.modes[9] == Mode.PWM

        await asyncio.to_thread(client.samplingOn, 10)
        light = client.get_pin("a:2:i")
        measured: list[float] = []
        light.register_callback(measured.append)
        board.put(16, 512)
        await soon(lambda: bool(measured) and measured[-1] == pytest.approx(512 / 1023, abs=0.001))

        door = client.get_pin("d:7:u")
        opened: list[bool] = []
        door.register_callback(opened.append)
        door.enable_reporting()
        await soon(lambda: board.modes[7] == Mode.PULL_UP)
        board.put(7, 1)
        await soon(lambda: bool(opened) and opened[-1] is True)
        board.put(7, 0)
        await soon(lambda: opened[-1] is False)

        board.reset()
        await soon(lambda: client.get_firmata_version() == (2, 5))
    finally:
        await asyncio.to_thread(client.exit)
        living.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await living
