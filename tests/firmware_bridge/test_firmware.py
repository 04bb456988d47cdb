"""The firmware of the Arduino Uno, in emulators: the very ELF that is flashed."""

import asyncio
import re
import shutil
import socket
import statistics
import struct
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from firmware_bridge.client import Board
from firmware_bridge.events import Happened
from firmware_bridge.link.host import HostLink
from firmware_bridge.messages import About, Describe, Done, Error, Event, Get, Hello, Is, Reboot, Set, Time
from firmware_bridge.tcp import TcpTransport
from tests.support.firmware import Emulator, make, need, need_simavr, qemu, used
from tests.support.talk import Talk, TcpTalk

LAMP, RELAY, BUTTON, THERMOMETER = range(4)
OCR0A, PORTD = 0x47, 0x2B
RELAY_PIN = 1 << 7
SERIALS = ("kitchen-1", "ABCDEFGHIJ.0123456789_24")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    need("avr-gcc", "make")
    room = tmp_path_factory.mktemp("firmware")
    make(room, "uno")
    return room


@pytest.fixture(scope="module")
def _emulator(room: Path) -> None:
    need_simavr()
    make(room, "emulator")


@pytest.fixture
def uno(room: Path, _emulator: None) -> Iterator[Emulator]:
    with Emulator(room) as emulator:
        yield emulator


def wait(until: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.02)


async def serial_number(uno: Emulator) -> str:
    async with Board(TcpTransport("127.0.0.1", uno.port)) as board:
        assert board.about
        return board.about.serial


@pytest.mark.parametrize("serial", ["", SERIALS[-1]])
def test_fits_8_kb_of_flash_and_1_kb_of_memory(room: Path, serial: str) -> None:
    said = make(room / f"sized{serial}", f"SERIAL={serial}", "size")
    print(said)
    flash, memory = (int(re.search(rf"{which}:\s+(\d+) bytes", said)[1]) for which in ("Program", "Data"))  # type: ignore[index]  # avr-size says both
    assert flash <= 8192
    assert memory <= 1024


async def test_describes_itself(uno: Emulator) -> None:
    async with Board(TcpTransport("127.0.0.1", uno.port)) as board:
        assert board.about
        assert (board.about.name, board.about.serial) == ("uno", "")
        assert list(board.capabilities) == ["lamp", "relay", "button", "temperature"]
        assert not board.complaints
        assert board.capabilities["relay"].safe is False
        assert board.capabilities["lamp"].takes == "0 to 100 %"


@pytest.fixture(scope="module")
def _numbered(room: Path, _emulator: None) -> None:
    for serial in SERIALS:
        make(room / serial, f"SERIAL={serial}", "uno")
        shutil.copy(room / serial / "uno.elf", room / f"{serial}.elf")


def test_a_version_or_a_number_that_is_said_later_is_the_one_that_is_built(tmp_path: Path) -> None:
    need("avr-gcc", "make")
    for said, told, not_told in (
        ((), b"1.0.0", b"1.2.3"),
        (("VERSION=1.2.3",), b"1.2.3", b"1.0.0"),
        (("VERSION=1.2.3", "SERIAL=kitchen-1"), b"kitchen-1", b"1.0.0"),
        ((), b"1.0.0", b"kitchen-1"),
    ):
        make(tmp_path, "hex", *said)
        built = (tmp_path / "uno.elf").read_bytes()
        assert told in built
        assert not_told not in built
        assert (tmp_path / "uno.hex").stat().st_mtime_ns >= (tmp_path / "uno.elf").stat().st_mtime_ns
    assert "avr-gcc" not in make(tmp_path, "hex")


def test_a_host_that_is_gone_ends_no_emulator(uno: Emulator) -> None:
    hello = HostLink(1, lambda: 1).step(0.0, b"").output
    for _ in range(10):
        host = socket.create_connection(("127.0.0.1", uno.port))
        host.sendall(hello * 40)
        host.recv(1)  # the board is answering
        uno.stopped(stopped=True)
        host.shutdown(socket.SHUT_WR)
        host.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        host.close()  # a reset behind an end: what is written now raises the signal
        uno.stopped(stopped=False)
        assert uno.data(PORTD) >= 0
    with Talk.over(uno.port) as talk:
        assert isinstance(talk.ask(Get(1, RELAY)), Is)


@pytest.mark.usefixtures("_emulator")
def test_a_boot_loader_that_reaches_beyond_the_flash_is_refused(room: Path, tmp_path: Path) -> None:
    (tmp_path / "boot.hex").write_text(":04801000FF270994A9\n:00000001FF\n")
    said = subprocess.run(
        [room / "emulator", tmp_path / "boot.hex"], capture_output=True, text=True, check=False, timeout=20
    )
    assert said.returncode == 1
    assert "beyond the flash; `make optiboot`" in said.stderr


@pytest.mark.usefixtures("_numbered")
@pytest.mark.parametrize("serial", SERIALS)
async def test_a_serial_number_that_is_built_in_is_told(room: Path, serial: str) -> None:
    with Emulator(room, f"{serial}.elf") as uno:
        assert await serial_number(uno) == serial


@pytest.mark.usefixtures("_emulator")
@pytest.mark.parametrize(
    ("left", "told"),
    [
        (b"\xff" * 25, ""),
        (b"\x81\xc3\x28\x07" + bytes(21), ""),
        (b"kitchen\x9b" + bytes(17), ""),
        (b" " * 25, ""),
        (b"kitchen-1" + bytes(16), "kitchen-1"),
        (b"x" * 25, "x" * 24),
    ],
)
async def test_what_is_in_the_eeprom_is_told_if_it_is_a_serial_number(
    room: Path, left: bytes, told: str
) -> None:
    with Emulator(room, used(room, bytes(4) + left)) as uno:
        assert await serial_number(uno) == told


@pytest.mark.parametrize("serial", ["two words", "ki'tchen", "küche", "x" * 25, "\\x81"])
def test_a_serial_number_that_cannot_be_is_refused(tmp_path: Path, serial: str) -> None:
    need("avr-gcc", "make")
    with pytest.raises(AssertionError, match="at most 24 letters, digits"):
        make(tmp_path, f"SERIAL={serial}", "uno")


async def test_sets_the_lamp_and_the_relay(uno: Emulator) -> None:
    async with Board(TcpTransport("127.0.0.1", uno.port)) as board:
        assert await board.set("lamp", 30) == 30
        assert uno.data(OCR0A) == 77  # of 255
        assert await board.set("relay", True) is True
        assert uno.data(PORTD) & RELAY_PIN
        assert await board.get("lamp") == 30


def test_each_brightness_reads_back_as_it_was_set(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        for percent in range(101):
            assert talk.ask(Set(percent + 1, LAMP, percent)) == Is(percent + 1, LAMP, percent)
        assert uno.data(OCR0A) == 255


async def test_tells_of_each_press_once(uno: Emulator) -> None:
    async with Board(TcpTransport("127.0.0.1", uno.port)) as board:
        listening = board.events()
        for _ in range(2):
            for bounce in ("press", "release", "press"):
                uno.wish(bounce)
            assert await anext(event async for event in listening if isinstance(event, Happened)) == Happened(
                "button", None
            )
            for bounce in ("release", "press", "release"):
                uno.wish(bounce)
            await asyncio.sleep(0.1)  # contacts are quiet for 20 ms before the next press counts


async def test_reads_the_thermometer(uno: Emulator) -> None:
    async with Board(TcpTransport("127.0.0.1", uno.port)) as board:
        uno.wish("millivolts 713")
        assert await board.get("temperature") == pytest.approx(21.3, abs=0.2)
        uno.wish("millivolts 462")
        assert await board.get("temperature") == pytest.approx(-3.8, abs=0.2)


def test_a_thermometer_that_is_not_there_failed(uno: Emulator) -> None:
    uno.wish("millivolts 0")
    with Talk.over(uno.port) as talk:
        assert talk.ask(Get(1, THERMOMETER)) == Error(1, 7, "")


def test_tells_of_a_temperature_that_changed(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        uno.wish("millivolts 900")
        talk.turn(
            lambda: any(isinstance(each, Event) and each.value in range(397, 404) for each in talk.told)
        )


@pytest.mark.parametrize("wrong", [101, -1, 2**31 - 1, -(2**31), True, None])
def test_does_nothing_out_of_range(uno: Emulator, wrong: int | None) -> None:
    with Talk.over(uno.port) as talk:
        talk.ask(Set(1, LAMP, 30))
        assert talk.ask(Set(2, LAMP, wrong)) == Error(2, 3, "")
        assert talk.ask(Get(3, LAMP)) == Is(3, LAMP, 30)
        assert uno.data(OCR0A) == 77


def test_refuses_with_the_reason(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        assert talk.ask(Set(1, 4, 0)) == Error(1, 2, "")
        assert talk.ask(Describe(2, 300)) == Error(2, 2, "")
        assert talk.ask(Set(3, THERMOMETER, 0)) == Error(3, 4, "")
        assert talk.ask(Get(4, BUTTON)) == Error(4, 5, "")
        assert talk.ask(Is(5, LAMP, 1)) == Error(5, 1, "")
        assert talk.ask(Time(6, 1795000000)) == Done(6)


def test_goes_to_its_safe_values_when_the_host_is_gone(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        talk.ask(Set(1, LAMP, 30))
        talk.ask(Set(2, RELAY, True))
        assert uno.data(PORTD) & RELAY_PIN
    wait(lambda: not uno.data(PORTD) & RELAY_PIN)
    assert uno.data(OCR0A) == 77  # the lamp names no safe value


def test_a_line_that_was_cut_and_mended_is_the_same_boot_at_its_safe_values(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        talk.ask(Set(1, RELAY, True))
        uno.wish("cut")
        talk.turn(lambda: bool(talk.downs))
        wait(lambda: not uno.data(PORTD) & RELAY_PIN)
        uno.wish("plug")
        talk.until_boot(2)
        assert talk.boots[0] == talk.boots[1]
        assert talk.ask(Set(1, RELAY, True)) == Is(1, RELAY, False)  # remembered, and how it is now


def test_stays_as_it_is_while_a_host_is_there(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        talk.ask(Set(1, RELAY, True))
        later = time.monotonic() + 4  # longer than it takes to be taken for dead
        talk.turn(lambda: time.monotonic() > later)
        assert uno.data(PORTD) & RELAY_PIN
        assert not talk.downs


def test_a_set_acts_once_over_links(uno: Emulator) -> None:
    with Talk.over(uno.port, host=5) as talk:
        talk.ask(Set(1, LAMP, 30))
        talk.ask(Set(2, LAMP, 60))
    with Talk.over(uno.port, host=5) as talk:
        assert talk.ask(Set(1, LAMP, 30)) == Is(1, LAMP, 60)
        assert uno.data(OCR0A) == 153
        assert talk.hosts == [1]
    with Talk.over(uno.port, host=6) as talk:
        assert talk.hosts == [2]
        assert talk.ask(Set(1, LAMP, 30)) == Is(1, LAMP, 30)


def test_a_reset_is_another_boot(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        uno.wish("reset")
        talk.until_boot(2)
        uno.wish("reset")
        talk.until_boot(3)
        assert len(set(talk.boots)) == 3


def test_reboots_when_told(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        talk.ask(Set(1, LAMP, 30))
        assert talk.ask(Reboot(2)) == Done(2)
        talk.until_boot(2)
        assert talk.ask(Get(3, LAMP)) == Is(3, LAMP, 0)


def test_a_reset_in_mid_command_never_moves_what_is_out_of_range(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        for count in range(20):
            talk.send(Set(count + 1, LAMP, count))
            uno.wish("reset")
            talk.until_boot(count + 2)
            lamp = talk.ask(Get(1000 + count, LAMP))
            assert lamp in {Is(1000 + count, LAMP, 0), Is(1000 + count, LAMP, count)}


def test_round_trips_and_throughput(uno: Emulator) -> None:
    with Talk.over(uno.port) as talk:
        took = []
        for number in range(1, 301):
            began = time.monotonic()
            assert talk.ask(Set(number, LAMP, number % 101)) == Is(number, LAMP, number % 101)
            took.append((time.monotonic() - began) * 1000)
        worst = statistics.quantiles(took, n=100)[-1]
        print(f"round trip of a set: p50 {statistics.median(took):.1f} ms, p99 {worst:.1f} ms")
        begun, total = time.monotonic(), 1000
        before = len(talk.answers)
        for number in range(total):
            talk.send(Get(number + 1, LAMP))
        talk.until_answered(before + total)
        rate = total / (time.monotonic() - begun)
        print(f"{rate:.0f} gets a second, asked for without waiting")
        numbers = [each.id for each in talk.answers[before:] if isinstance(each, Is)]
        assert numbers == list(range(1, total + 1))
        assert not talk.downs


def test_the_same_elf_under_qemu(room: Path) -> None:
    need("qemu-system-avr")
    with qemu(room) as port, Talk.over(port) as talk:
        assert talk.ask(Hello(1)) == About(1, "uno", "1.0.0", "", 4)
        assert talk.ask(Describe(2, LAMP)).id == 2  # type: ignore[attr-defined]  # a Description
        assert talk.ask(Set(3, LAMP, 101)) == Error(3, 3, "")
        assert any(
            _beats(talk, 4.0) for _ in range(5)
        )  # on a busy machine it may stand still for as long as a link lasts


def _beats(talk: TcpTalk, seconds: float) -> bool:
    """Whether a link lasts so long: its clock runs, and its heart beats."""
    before, later = len(talk.downs), time.monotonic() + seconds
    talk.turn(lambda: time.monotonic() > later)
    return len(talk.downs) == before
