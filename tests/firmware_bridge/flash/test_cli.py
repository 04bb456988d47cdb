"""`ingle bridge flash` and `bundle` as a person types them, against a simulated board that is a program of its own."""

import asyncio
import os
import pty
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

pytest.importorskip("smpclient", reason="smpclient is not installed; script/check installs it")

from firmware_bridge.cli import commands
from firmware_bridge.pump import pump
from firmware_bridge.smp import image
from firmware_bridge.smp.client import SmpBoard
from firmware_bridge.smp.simulator import SimulatedSmpBoard, new_flash
from firmware_bridge.tcp import TcpTransport
from firmware_bridge.transport import transport
from tests.support.pty_line import PtyTransport

STARTS = [sys.executable, "-c", "from firmware_bridge.cli import commands; commands()", "bridge"]
HEX = ":02000000FFCF30\n:00000001FF\n"


def bridge(*arguments: str | Path, said: str = "") -> Result:
    return CliRunner().invoke(commands, ["bridge", *map(str, arguments)], input=said)


@pytest.fixture
def address() -> Iterator[str]:
    with subprocess.Popen([*STARTS, "simulate", "--as", "smp"], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        yield program.stdout.readline().strip()
        program.kill()


def smp_bundle(room: Path, *, kib: int = 8, board: str = "simulated_smp") -> Path:
    (room / "lamp.bin").write_bytes(image.make(bytes(range(256)) * 4 * kib, (1, 1, 0)))
    made = bridge(
        "bundle", room / "lamp.bin", "-o", room / "lamp.zip", "--name", "lamp", "--version", "1.1.0", "--board", board,
        "--method", "smp",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    return room / "lamp.zip"


def test_a_board_is_flashed(address: str, tmp_path: Path) -> None:
    bundle = smp_bundle(tmp_path)
    asked = bridge("flash", address, bundle, said="n\n")
    assert asked.exit_code == 1
    assert asked.output.endswith("Nothing was changed.\n")
    assert bridge("flash", address, bundle, said="").output.endswith(
        "Nothing was changed.\n"
    )  # nobody is there
    for part in ("lamp for simulated_smp", "not signed", "simulated_smp: 1.0.0 -> 1.1.0", "Flash it?"):
        assert part in asked.output
    dry = bridge("flash", address, bundle, "--dry-run")
    assert "uploaded by SMP" in dry.output
    assert "1.0.0 -> 1.1.0" in dry.output
    done = bridge("flash", address, bundle, said="y\n")
    assert done.output.endswith("The board runs 1.1.0.\n")
    assert "1.1.0 -> 1.1.0" in bridge("flash", address, bundle, "--yes").output


async def test_what_would_be_done_is_what_is_done(tmp_path: Path) -> None:
    bundle = await asyncio.to_thread(smp_bundle, tmp_path)
    new, other = (tmp_path / "lamp.bin").read_bytes(), image.make(b"other" * 99, (3, 0, 0))
    board, alone = SimulatedSmpBoard(new_flash()), asyncio.Lock()

    async def plugged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with alone:
            await board.run(TcpTransport.accepted(reader, writer))

    async def flash(*options: str) -> str:
        return (await asyncio.to_thread(bridge, "flash", where, bundle, *options, said="n\n")).output

    async def tried(firmware: bytes) -> None:
        async with SmpBoard(transport(where)) as host:
            async for _ in host.upload(firmware):
                pass
            await host.test(image.read(firmware).hash)
            await host.reset()
            await host.away()

    async with await asyncio.start_server(plugged, "127.0.0.1", 0) as listener:
        where = f"socket://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        await tried(other)
        said = await flash("--dry-run")
        assert (
            "trying 3.0.0, which nobody has kept: it would go back first. Then 1.1.0 would be uploaded"
            in said
        )
        board = SimulatedSmpBoard(new_flash())
        await tried(new)
        for options in (("--dry-run",), ()):
            said = await flash(*options)
            assert "trying this very image: 1.1.0 would be kept" in said
            assert "goes back to what it had at its next reset" in said
            assert board.loader.notes.on_trial
        assert "keeping 1.1.0" in await flash("--yes")
        assert not board.loader.notes.on_trial
        assert "keeps it: nothing would be done" in await flash("--dry-run")


def test_an_image_larger_than_a_slot(address: str, tmp_path: Path) -> None:
    result = bridge("flash", address, smp_bundle(tmp_path, kib=70), "--yes")
    assert result.exit_code == 1
    assert "larger than a slot of the board: build it smaller" in result.output.replace("\n", " ")


def test_stopped_in_the_middle_says_what_the_board_has(tmp_path: Path) -> None:
    (tmp_path / "lamp.hex").write_text(HEX)
    (tmp_path / "avrdude").write_text("#!/bin/sh\necho begun\nexec sleep 600\n")
    (tmp_path / "avrdude").chmod(0o755)
    made = bridge(
        "bundle", tmp_path / "lamp.hex", "-o", tmp_path / "la mp.zip", "--name", "lamp", "--version", "1",
        "--board", "simulated", "--method", "avrdude",
    )  # fmt: skip
    assert made.exit_code == 0, made.output
    with subprocess.Popen([*STARTS, "simulate"], stdout=subprocess.PIPE, text=True) as board:
        assert board.stdout is not None
        address = board.stdout.readline().strip()
        flash = subprocess.Popen(
            [*STARTS, "flash", address, str(tmp_path / "la mp.zip"), "--yes"],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONUNBUFFERED": "1"},
        )  # fmt: skip
        assert flash.stdout is not None
        assert any("avrdude is at work" in line for line in flash.stdout)
        flash.send_signal(signal.SIGINT)
        _, said = flash.communicate(timeout=20)
        board.kill()
    assert flash.returncode == 130
    assert "may have half a firmware now" in said
    assert said.endswith(f"\n  ingle bridge flash {address} '{tmp_path}/la mp.zip'\n")


def test_a_port_that_is_taken_by_a_simulator(address: str) -> None:
    result = bridge("simulate", "--as", "smp", "--port", address.rsplit(":", 1)[1])
    assert result.exit_code == 1
    assert "is taken by another program; choose another by --port" in result.output


def test_firmware_for_another_board(address: str, tmp_path: Path) -> None:
    result = bridge("flash", address, smp_bundle(tmp_path, board="other"), "--yes")
    assert result.exit_code == 1
    assert (
        "is for 'other', and the board on the line is 'simulated_smp'; nothing was changed" in result.output
    )


class Fatal(SimulatedSmpBoard):
    """A board that has whoever uploads to it killed once it has so many bytes."""

    victim: asyncio.subprocess.Process | None = None
    bytes_before = 0

    def step(self, now: float, data: bytes) -> tuple[bytes, None]:
        answer = super().step(now, data)
        if self.victim is not None and self.loader.uploaded >= self.bytes_before:
            self.victim.kill()
            self.victim = None
        return answer


async def test_killed_in_the_middle_and_begun_again(tmp_path: Path) -> None:
    bundle = await asyncio.to_thread(smp_bundle, tmp_path, kib=60)
    board, alone = Fatal(new_flash()), asyncio.Lock()

    async def plugged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with alone:
            await board.run(TcpTransport.accepted(reader, writer))

    async with await asyncio.start_server(plugged, "127.0.0.1", 0) as listener:
        address = f"socket://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        flash = [*STARTS, "flash", address, str(bundle), "--yes"]
        for board.bytes_before in (10_000, 30_000, 50_000):
            board.victim = await asyncio.create_subprocess_exec(*flash, stdout=subprocess.DEVNULL)
            assert await board.victim.wait() == -signal.SIGKILL
        last = await asyncio.create_subprocess_exec(*flash, stdout=subprocess.PIPE)
        said, _ = await last.communicate()
    assert said.decode().endswith("The board runs 1.1.0.\n")
    first, *others = board.uploads_begun_at
    assert first == 0
    assert [each // 10_000 for each in others] == [1, 3, 5]
    assert board.running.version == "1.1.0"
    assert not board.loader.notes.on_trial


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--method", "smp"), "is no firmware for SMP"),
        (("--method", "avrdude", "--part", "-D"), "'part'"),
        (("--method", "esptool"), "give an --offset"),
        (("--method", "esptool", "--offset", "there"), "a number such as 0x1000"),
    ],
)
def test_a_bundle_that_cannot_be(arguments: tuple[str, ...], why: str, tmp_path: Path) -> None:
    (tmp_path / "lamp.hex").write_text(HEX)
    base = (
        tmp_path / "lamp.hex",
        "-o",
        tmp_path / "lamp.zip",
        "--name",
        "x",
        "--version",
        "1",
        "--board",
        "b",
    )
    result = bridge("bundle", *base, *arguments)
    assert result.exit_code in {1, 2}
    assert why in result.output
    assert not (tmp_path / "lamp.zip").exists()


def test_what_goes_wrong_is_said_in_a_sentence(tmp_path: Path) -> None:
    bundle = smp_bundle(tmp_path)
    (tmp_path / "no.zip").write_text("no")
    for arguments, why in (
        (("socket://127.0.0.1:1", bundle), "does not answer"),
        (("usb-no-such-board", bundle), "there is no port"),
        (("socket://nowhere", bundle), "is no address"),
        (("/dev/ttyACM0", tmp_path / "no.zip"), "no firmware bundle"),
    ):
        result = bridge("flash", *arguments, "--yes")
        assert result.exit_code in {1, 2}
        assert why in result.output.replace("\n", " ")
        assert "Traceback" not in result.output


async def test_over_a_serial_port(tmp_path: Path) -> None:
    bundle = await asyncio.to_thread(smp_bundle, tmp_path)
    line, board = PtyTransport(), SimulatedSmpBoard(new_flash())
    living = asyncio.create_task(pump(line, board.step, asyncio.Event()))
    flash = await asyncio.create_subprocess_exec(
        *STARTS, "flash", line.device, str(bundle), "--yes", stdout=subprocess.PIPE
    )
    said, _ = await flash.communicate()
    living.cancel()
    await asyncio.wait([living])
    await line.close()
    assert said.decode().endswith("The board runs 1.1.0.\n")
    assert board.running.version == "1.1.0"


def test_a_port_that_the_appliance_has(tmp_path: Path) -> None:
    bundle = smp_bundle(tmp_path)
    near, far = pty.openpty()
    port = os.ttyname(far)
    program = subprocess.Popen(
        [*STARTS, "monitor", port], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        os.read(near, 1)  # it has the port: it says hello
        result = bridge("flash", port, bundle, "--yes")
    finally:
        program.kill()
        program.wait(timeout=20)
        os.close(near)
        os.close(far)
    assert "sudo systemctl stop inglenook" in result.output
    assert result.exit_code == 1
