"""What may be opened unasked: what makers of boards make, and nothing with a converter chip."""

from pathlib import Path

import pytest

from firmware_bridge.errors import NoSuchPortError
from firmware_bridge.found import FoundTransport
from firmware_bridge.makers import is_board
from firmware_bridge.memory import MemoryTransport
from firmware_bridge.ports import Places, Port, Usb, ports


@pytest.mark.parametrize(
    ("vendor", "product", "board"),
    [
        (0x2341, 0x0043, True),  # Arduino Uno
        (0x2E8A, 0x000A, True),  # Raspberry Pi Pico
        (0x2E8A, 0x000B, True),  # the same with CircuitPython
        (0x2E8A, 0x000F, False),  # the boot loader of the next one, which has no port
        (0x2E8A, 0x000C, False),  # Raspberry Pi Debug Probe, whose port is somebody else's
        (0x303A, 0x1001, True),  # ESP32-C3 and its kin
        (0x2341, 0x0042, True),  # Arduino Mega, and the printer that it is in
        (0x303A, 0x831A, False),  # a Zigbee stick with the same maker's chip
        (0x10C4, 0xEA60, False),  # CP2102: boards, and Zigbee sticks
        (0x1A86, 0x7523, False),  # CH340: boards, and printers
        (0x0403, 0x6001, False),  # FT232: boards, and meters
        (0x0658, 0x0200, False),  # Z-Wave
    ],
)
def test_what_a_maker_of_boards_made_is_one(vendor: int, product: int, *, board: bool) -> None:
    assert is_board(Port("usb-x", Path("/dev/ttyACM0"), Usb(vendor, product))) is board


def test_a_port_of_nobody_is_no_board() -> None:
    assert not is_board(Port("ttyS0", Path("/dev/ttyS0")))


@pytest.mark.parametrize("between", ["1-1:1.0", "1-1:1.0/ttyUSB0"], ids=["cdc-acm", "usb-serial"])
def test_the_system_says_who_made_it(tmp_path: Path, between: str) -> None:
    device = tmp_path / "devices" / "1-1"
    (device / between).mkdir(parents=True)
    (device / "idVendor").write_text("2341\n")
    (device / "idProduct").write_text("0043\n")
    (tmp_path / "tty" / "ttyACM0").mkdir(parents=True)
    (tmp_path / "tty" / "ttyACM0" / "device").symlink_to(device / between)
    (tmp_path / "ttyACM0").touch()
    (port,) = ports(Places(tmp_path / "by-id", tmp_path, tmp_path / "tty"))
    assert port.usb == Usb(0x2341, 0x0043)


def test_where_names_cannot_be_looked_at_there_are_devices_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "ttyACM0").touch()
    no_name = tmp_path / ("x" * 300)  # a name that the system refuses, as it does one that goes meanwhile
    (port,) = ports(Places(no_name, tmp_path, tmp_path / "tty"))
    assert port.name == "ttyACM0"


async def test_what_was_found_is_not_opened_once_it_is_something_else(tmp_path: Path) -> None:
    usb = tmp_path / "tty" / "ttyACM0" / "device"
    usb.mkdir(parents=True)
    (usb / "idVendor").write_text("2341")
    (usb / "idProduct").write_text("0043")
    (tmp_path / "ttyACM0").touch()
    places = Places(tmp_path / "by-id", tmp_path, tmp_path / "tty")
    (port,) = ports(places)
    found = FoundTransport(MemoryTransport(), port, places)
    await found.open()
    await found.close()
    (usb / "idVendor").write_text("10c4")
    with pytest.raises(NoSuchPortError, match="ttyACM0"):
        await found.open()
    (tmp_path / "ttyACM0").unlink()
    with pytest.raises(NoSuchPortError, match="ttyACM0"):
        await found.open()
