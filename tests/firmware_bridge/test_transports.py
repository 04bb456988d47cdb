"""Real lines: a pseudo-terminal for a serial port, sockets, recordings. Each fault has a name and a next step."""

import asyncio
import io
import os
import pty
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

from firmware_bridge.client import Board
from firmware_bridge.errors import (
    ClosedError,
    NoSuchPortError,
    NotConnectedError,
    PermissionDeniedError,
    PortTakenError,
    TransportError,
)
from firmware_bridge.memory import MemoryTransport
from firmware_bridge.ports import Places, Plugged, Port, Unplugged, ports, watch
from firmware_bridge.recorder import Recorder, Replay, recorded
from firmware_bridge.serial import SerialTransport
from firmware_bridge.simulator import SimulatedBoard
from firmware_bridge.tcp import TcpTransport
from firmware_bridge.transport import Transport, transport
from tests.support.boards import Bench
from tests.support.simulated_time import simulated


class Terminal:
    """The board's end of a pseudo-terminal, as a transport."""

    def __init__(self) -> None:
        self.fd, self._other = pty.openpty()
        os.set_blocking(self.fd, False)
        self.path = os.ttyname(self._other)

    async def open(self) -> None: ...

    async def read(self) -> bytes:
        ready = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self.fd, ready.set)
        try:
            await ready.wait()
            return os.read(self.fd, 4096)
        except OSError as exc:
            raise ClosedError("nobody has the terminal open") from exc
        finally:
            loop.remove_reader(self.fd)

    async def write(self, data: bytes) -> None:
        os.write(self.fd, data)

    async def close(self) -> None: ...

    def unplug(self) -> None:
        for fd in (self.fd, self._other):
            with suppress(OSError):
                os.close(fd)


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    found = Terminal()
    yield found
    found.unplug()


@asynccontextmanager
async def living(board: SimulatedBoard, line: Transport) -> AsyncIterator[None]:
    task = asyncio.create_task(board.run(line))
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])


async def test_a_board_on_a_serial_port(terminal: Terminal) -> None:
    board = SimulatedBoard()
    async with living(board, terminal), Board(SerialTransport(terminal.path)) as found:
        await asyncio.gather(*(found.set("lamp", level) for level in range(50)))
        board.happen("button")
    assert board.acted == [("lamp", level) for level in range(50)]


async def test_a_port_that_is_unplugged(terminal: Terminal) -> None:
    line = SerialTransport(terminal.path)
    await line.open()
    reading = asyncio.create_task(line.read())
    await asyncio.sleep(0)
    terminal.unplug()
    with pytest.raises(ClosedError, match="plug the board in again"):
        await reading
    await line.close()
    with pytest.raises(ClosedError, match="open it again"):
        await line.read()
    with pytest.raises(TransportError):
        await line.open()


async def test_a_port_that_another_program_has(terminal: Terminal) -> None:
    program = f"import serial, sys; s = serial.Serial({terminal.path!r}, exclusive=True); print(1, flush=True); input()"
    pipe = asyncio.subprocess.PIPE
    other = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdin=pipe, stdout=pipe)
    assert other.stdout is not None
    await other.stdout.readline()
    with pytest.raises(PortTakenError, match="another program has"):
        await SerialTransport(terminal.path).open()
    await other.communicate(b"\n")
    line = SerialTransport(terminal.path)
    await line.open()
    await line.close()


async def test_a_port_that_is_not_there(tmp_path: Path) -> None:
    for port in ("usb-no-such-board", str(tmp_path / "ttyACM9")):
        with pytest.raises(NoSuchPortError, match="ingle bridge list"):
            await SerialTransport(port).open()


async def test_what_is_no_port(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(TransportError, match="cannot be opened as a serial port"):
        await SerialTransport(str(tmp_path / "file")).open()


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may open any port")
def test_a_port_that_we_may_not_open(terminal: Terminal) -> None:
    Path(terminal.path).chmod(0)
    with pytest.raises(PermissionDeniedError, match="dialout"):
        asyncio.run(SerialTransport(terminal.path).open())


def test_permission_is_named_also_where_this_test_may_do_all() -> None:
    import errno  # noqa: PLC0415  only here

    import serial  # noqa: PLC0415  only here

    from firmware_bridge.serial import _named  # noqa: PLC0415  only here

    found = _named(Path("/dev/ttyACM0"), serial.SerialException(errno.EACCES, "no"))
    assert isinstance(found, PermissionDeniedError)
    assert "dialout" in str(found)


async def test_a_board_behind_a_socket() -> None:
    board = SimulatedBoard()

    async def plugged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await board.run(TcpTransport.accepted(reader, writer))

    async with await asyncio.start_server(plugged, "127.0.0.1", 0) as listener:
        port = listener.sockets[0].getsockname()[1]
        async with Board(transport(f"socket://127.0.0.1:{port}")) as found:
            assert await found.set("lamp", 30) == 30
    with pytest.raises(NotConnectedError, match="listening there"):
        await transport(f"socket://127.0.0.1:{port}").open()


@pytest.mark.parametrize(
    "address",
    ["socket://", "socket://host", "socket://host:0", "http://host:1", "socket://h:x", "socket://h:99999",
     f"socket://{'a' * 70}:80", "socket://a..b:80", "socket://[::1:80"],
)  # fmt: skip
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match=r"write it as socket://HOST:PORT"):
        transport(address)


async def test_a_name_that_no_host_can_have_does_not_answer() -> None:
    with pytest.raises(NotConnectedError):
        await TcpTransport("a" * 70, 80).open()


async def test_a_line_in_memory_is_noticed_to_be_closed() -> None:
    one, other = MemoryTransport.pair()
    await one.open()
    await other.open()
    await one.write(b"a")
    assert await other.read() == b"a"
    await one.close()
    with pytest.raises(ClosedError):
        await other.read()
    with pytest.raises(ClosedError):
        await one.write(b"b")


# What is plugged in


def plug(root: Path, device: str, name: str | None = None) -> None:
    (root / device).touch()
    if name:
        (root / "by-id").mkdir(exist_ok=True)
        (root / "by-id" / name).symlink_to(root / device)


def test_ports_are_listed_by_names_that_stay_theirs(tmp_path: Path) -> None:
    places = Places(tmp_path / "by-id", tmp_path, tmp_path)
    assert ports(places) == ()
    plug(tmp_path, "ttyACM0", "usb-Arduino-if00")
    plug(tmp_path, "ttyUSB3")
    (tmp_path / "by-id" / "usb-gone").symlink_to(tmp_path / "nowhere")
    named, bare = ports(places)
    assert named == Port("usb-Arduino-if00", tmp_path / "ttyACM0")
    assert named.address == "usb-Arduino-if00"
    assert bare.address == str(tmp_path / "ttyUSB3")


def test_plugging_in_and_pulling_out_is_noticed(tmp_path: Path) -> None:
    async def look() -> None:
        plug(tmp_path, "ttyACM0", "usb-a")
        seen = watch(0.5, Places(tmp_path / "by-id", tmp_path, tmp_path))
        first = Port("usb-a", tmp_path / "ttyACM0")
        assert await anext(seen) == Plugged(first)
        plug(tmp_path, "ttyACM1", "usb-b")
        assert await anext(seen) == Plugged(Port("usb-b", tmp_path / "ttyACM1"))
        (tmp_path / "by-id" / "usb-a").unlink()
        (tmp_path / "ttyACM0").unlink()
        assert await anext(seen) == Unplugged(first)

    simulated(look())


# Recordings


def test_a_recording_has_all_that_passed_and_comes_in_again() -> None:
    async def record() -> str:
        file = io.StringIO()
        async with Board(Recorder(Bench(), file)) as board:
            await board.set("lamp", 30)
        return file.getvalue()

    async def play(text: str) -> bytes:
        replay, came = Replay(recorded(io.StringIO(text)), pace=0), b""
        with suppress(ClosedError):
            while True:
                came += await replay.read()
        return came

    text = simulated(record())
    pieces = list(recorded(io.StringIO(text)))
    assert {piece.way for piece in pieces} == {"in", "out"}
    assert [piece.at_s for piece in pieces] == sorted(piece.at_s for piece in pieces)
    assert simulated(play(text)) == b"".join(piece.data for piece in pieces if piece.way == "in")


@pytest.mark.parametrize(
    "line", ["x", "{}", '{"at_s": 0, "way": "up", "bytes": ""}', '{"at_s": 0, "way": "in", "bytes": "zz"}']
)
def test_what_is_no_recording(line: str) -> None:
    with pytest.raises(ValueError, match="line 1"):
        list(recorded(io.StringIO(line)))
