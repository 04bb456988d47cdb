"""Programs that flash: what they are called with, what is made of what they say, and how they end."""

import asyncio
import shutil
import sys
import time
from pathlib import Path

import pytest

from firmware_bridge.flash import tools
from firmware_bridge.flash.bundle import Bundle, described
from firmware_bridge.flash.errors import ToolFailedError, ToolMissingError
from firmware_bridge.flash.events import Event, Progress, Said, Step
from firmware_bridge.flash.flashing import flash
from firmware_bridge.flash.manifest import Avrdude, Esptool, Manifest, Smp
from tests.support.firmware import need

FILES = {"uno.hex": b":02000000FFCF30\n:00000001FF\n"}
UNO = described("x", "1", "uno", Avrdude("atmega328p", "arduino", 115200), FILES, describes_itself=False)


def ignore(_event: Event) -> None:
    pass


def named(room: Path, tool: str) -> None:
    """A program of that name, so that it is found."""
    (room / tool).write_text("#!/bin/sh\n")
    (room / tool).chmod(0o755)


def test_command_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for tool in ("avrdude", "esptool"):
        named(tmp_path, tool)
    monkeypatch.setenv("PATH", str(tmp_path))
    room = Path("/room")
    avrdude = tools.command(UNO, "usb-Uno-if00", room)
    assert Path(avrdude[0]).name == "avrdude"
    assert avrdude[1:] == [
        "-p", "atmega328p", "-c", "arduino", "-P", "/dev/serial/by-id/usb-Uno-if00", "-b", "115200", "-D",
        "-U", "flash:w:/room/uno.hex:i",
    ]  # fmt: skip
    files = {"boot.bin": b"b", "app.bin": b"a"}
    esp = described(
        "x", "1", "esp", Esptool("esp32", 460800), files, describes_itself=False,
        offsets={"boot.bin": 0x1000, "app.bin": 0x10000},
    )  # fmt: skip
    esptool = tools.command(esp, "socket://10.0.0.2:99", room)
    assert Path(esptool[0]).name == "esptool"
    assert esptool[1:] == [
        "--chip", "esp32", "--port", "socket://10.0.0.2:99", "--baud", "460800", "write-flash",
        "65536", "/room/app.bin", "4096", "/room/boot.bin",
    ]  # fmt: skip
    with pytest.raises(TypeError):
        tools.command(described("x", "1", "b", Smp(), FILES, describes_itself=False), "a", room)


@pytest.mark.parametrize("method", [Avrdude("m328p", "arduino", 9600), Esptool("esp32", 9600)])
def test_a_program_that_is_not_installed(
    method: Avrdude | Esptool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    said: Manifest = described("x", "1", "b", method, FILES, describes_itself=False)
    if shutil.which("esptool", path=str(Path(sys.executable).parent)) and isinstance(method, Esptool):
        pytest.skip("esptool is installed beside this Python")
    with pytest.raises(ToolMissingError, match="is not installed; get it by `"):
        tools.command(said, "/dev/ttyUSB0", tmp_path)


def test_what_is_made_of_what_they_say() -> None:
    assert tools.progress("Writing | ######") == Progress("writing", 12, 100)
    assert tools.progress("Reading | ####") == Progress("reading", 8, 100)
    assert tools.progress("Writing at 0x00010000... (12 %)") == Progress("writing", 12, 100)
    assert tools.progress("Writing at 0x00008000 [====>     ]  42.5% 1/2 bytes...") == Progress(
        "writing", 42, 100
    )
    assert tools.progress("avrdude: verifying flash memory") is None
    assert tools.progress("error: 50 % of it could not be written") is None
    assert tools.trouble(["nothing of the kind", "the end"]) == "the end"
    assert tools.trouble([]) == ""


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        (  # avrdude 7.1, no such port
            """avrdude OS error: cannot open port /dev/ttyUSB9: No such file or directory
            avrdude error: unable to open programmer arduino on port /dev/ttyUSB9
            avrdude done.  Thank you.""",
            "avrdude OS error: cannot open port /dev/ttyUSB9: No such file or directory",
        ),
        (  # avrdude 7.1, nobody answers
            """avrdude OS error: ioctl("TIOCMGET"): Inappropriate ioctl for device
            avrdude error: programmer is not responding
            avrdude warning: attempt 10 of 10: not in sync: resp=0x00
            avrdude error: unable to open programmer arduino on port net:127.0.0.1:7801
            avrdude done.  Thank you.""",
            "avrdude warning: attempt 10 of 10: not in sync: resp=0x00",
        ),
        (  # esptool 5.6.0, no such port
            """esptool v5.6.0
            Serial port /dev/ttyUSB9:
            ERROR: A fatal error occurred: Could not open /dev/ttyUSB9, the port is busy or doesn't exist.
            ([Errno 2] could not open port /dev/ttyUSB9: [Errno 2] No such file or directory: '/dev/ttyUSB9')
            Hint: Check if the port is correct and ESP connected""",
            "ERROR: A fatal error occurred: Could not open /dev/ttyUSB9, the port is busy or doesn't exist",
        ),
        (  # esptool 5.6.0, nobody answers
            """Connecting...
            ...................................
            ERROR: A fatal error occurred: Failed to connect to ESP32: No serial data received.
            For troubleshooting steps visit: https://docs.espressif.com/projects/esptool/en/latest/troubleshooting.html""",
            "ERROR: A fatal error occurred: Failed to connect to ESP32: No serial data received",
        ),
    ],
)
def test_the_line_that_says_what_went_wrong(said: str, meant: str) -> None:
    assert tools.trouble([each.strip() for each in said.splitlines()]) == meant


async def test_a_program_that_works() -> None:
    told: list[Event] = []
    script = "printf 'Writing | ##'; sleep 0.2; printf '##\\n'; echo done"
    await tools.run(["/bin/sh", "-c", script], told.append, 20)
    assert told[0] == Step("sh is at work")
    assert Progress("writing", 8, 100) in told
    assert told[-1] == Said("done")


async def test_a_program_that_fails_says_why() -> None:
    with pytest.raises(ToolFailedError, match="sh failed: error: no board; flash again"):
        await tools.run(["/bin/sh", "-c", "echo error: no board >&2; echo bye; exit 3"], ignore, 20)


async def test_a_program_that_never_ends_is_ended_with_all_it_started(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/pid; trap '' TERM; while :; do sleep 600; done"
    with pytest.raises(ToolFailedError, match="not done after 1 s"):
        await tools.run(["/bin/sh", "-c", script], ignore, 1)
    await asyncio.to_thread(until_gone, int((tmp_path / "pid").read_text()))


async def test_a_program_ends_with_whoever_waits_for_it(tmp_path: Path) -> None:
    script = f"sleep 600 & echo $! > {tmp_path}/pid; wait"
    work = asyncio.create_task(tools.run(["/bin/sh", "-c", script], ignore, 60))
    await asyncio.to_thread(until_written, tmp_path / "pid")
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await asyncio.to_thread(until_gone, int((tmp_path / "pid").read_text()))


async def test_who_will_not_wait_for_its_end_leaves_no_program_behind(tmp_path: Path) -> None:
    script = f"trap 'echo told > {tmp_path}/told' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 600; done"
    work = asyncio.create_task(tools.run(["/bin/sh", "-c", script], ignore, 60))
    await asyncio.to_thread(until_written, tmp_path / "pid")
    work.cancel()
    await asyncio.to_thread(until_written, tmp_path / "told")
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    await asyncio.to_thread(until_gone, int((tmp_path / "pid").read_text()))


def until_written(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists() or not path.read_text():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def until_gone(process: int) -> None:
    """Until a process is no more, or waits for somebody to notice that."""
    deadline = time.monotonic() + 20
    state = Path(f"/proc/{process}/stat")
    while state.exists() and state.read_text().rsplit(") ", 1)[1][0] != "Z":
        assert time.monotonic() < deadline
        time.sleep(0.05)


async def test_the_real_avrdude_where_nobody_listens() -> None:
    need("avrdude")
    with pytest.raises(ToolFailedError, match=r"avrdude failed: .*cannot connect"):
        await flash("socket://127.0.0.1:1", Bundle(UNO, FILES), ignore)
