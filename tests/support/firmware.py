"""The firmware in C: built, and run as a real board would, in an emulator or as a program of this machine."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest

import firmware_bridge

_SOURCE = Path(firmware_bridge.__file__).parent / "firmware"
_OPTIBOOT = Path("/usr/share/arduino/hardware/arduino/avr/bootloaders/optiboot/optiboot.c")
_HEADER_OF_SIMAVR = Path("/usr/include/simavr/sim_avr.h")


def need(*programs: str) -> None:
    """Skip the test unless these are installed."""
    missing = [
        each for each in programs if shutil.which(each, path=f"{os.environ['PATH']}:/usr/sbin") is None
    ]
    if missing:
        pytest.skip(f"{', '.join(missing)} is not installed; script/test installs it")


def need_simavr() -> None:
    """Skip the test unless programs can be built with simavr."""
    need("clang", "make")
    if not _HEADER_OF_SIMAVR.exists():
        pytest.skip("libsimavr-dev is not installed; script/test installs it")


def need_sanitizers() -> None:
    """Skip the test unless clang is here, with what its sanitizers link."""
    need("clang", "make")
    arguments = ["clang", "-fsanitize=address,undefined", "-x", "c", "-", "-o", os.devnull]
    tried = subprocess.run(
        arguments, input=b"int main(void) { return 0; }", capture_output=True, check=False, timeout=60
    )
    if tried.returncode:
        pytest.skip("libclang-rt-dev is not installed; script/test installs it")


def make(room: Path, *targets: str) -> str:
    """Build targets of the firmware's Makefile into `room`, or give it `NAME=value`; what make printed."""
    result = subprocess.run(
        ["make", "-C", str(_SOURCE), f"BUILD={room}", *targets],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def make_boot_loader(room: Path) -> Path:
    """Arduino's optiboot, as a file that the emulator takes."""
    if not _OPTIBOOT.exists():
        pytest.skip("arduino-core-avr is not installed; script/test installs it")
    make(room, "optiboot")
    return room / "optiboot.hex"


def used(room: Path, eeprom: bytes) -> str:
    """The Uno's ELF for a chip whose EEPROM another program has used; its name."""
    (room / "eeprom.bin").write_bytes(eeprom)
    put = ["--update-section", f".eeprom={room / 'eeprom.bin'}"]
    subprocess.run(["avr-objcopy", *put, room / "uno.elf", room / "used.elf"], check=True, timeout=60)
    return "used.elf"


class Emulator:
    """An Arduino Uno in simavr: its line is `port` of this machine, its pins are the methods."""

    def __init__(self, room: Path, runs: str = "uno.elf") -> None:
        self._process = subprocess.Popen(
            [room / "emulator", room / runs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.port = int(self._heard("port"))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=10)

    def wish(self, what: str) -> None:
        """Have something happen to the board: `press`, `release`, `millivolts 750`, `reset`, `cut`, `plug`."""
        self._say(what)
        self._heard(what)

    def stopped(self, *, stopped: bool) -> None:
        """Have it stand still, as a busy machine may let it for a while; or go on."""
        self._process.send_signal(signal.SIGSTOP if stopped else signal.SIGCONT)

    def data(self, address: int) -> int:
        """A byte of the chip's data space: registers, and memory."""
        self._say(f"data {address:x}")
        return int(self._heard(f"data {address:x}"), 16)

    def _say(self, line: str) -> None:
        assert self._process.stdin
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def _heard(self, begins: str) -> str:
        """The rest of the next line that begins so; simavr says things of its own in between."""
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith(begins):
                return line.removeprefix(begins).strip()
        raise AssertionError(f"the emulator ended before it said {begins!r}")


@contextlib.contextmanager
def qemu(room: Path) -> Iterator[int]:
    """The Uno in qemu, which has its line and its clock but no pins; the port of the line."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    line = f"tcp:127.0.0.1:{port},server=on,wait=off,nodelay=on"
    arguments = ["-M", "uno", "-bios", str(room / "uno.elf"), "-display", "none", "-monitor", "none"]
    process = subprocess.Popen(["qemu-system-avr", *arguments, "-serial", line])
    try:
        _until_it_listens(port)
        yield port
    finally:
        process.kill()
        process.wait(timeout=10)


def _until_it_listens(port: int) -> None:
    for _ in range(200):
        with contextlib.suppress(ConnectionRefusedError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise AssertionError("qemu does not listen")


class Program:
    """The library as a program: its line is a pair of pipes."""

    def __init__(self, room: Path) -> None:
        self._process = subprocess.Popen(
            [room / "board", "7"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.close()
        self._process.stdout.close()
        assert self._process.wait(timeout=10) == 0

    def press(self) -> None:
        """Press its button."""
        self._process.send_signal(signal.SIGUSR1)

    @property
    def ends(self) -> tuple[int, int]:
        """What to read from and write to."""
        assert self._process.stdin
        assert self._process.stdout
        return self._process.stdout.fileno(), self._process.stdin.fileno()
