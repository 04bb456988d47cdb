"""`ingle bridge`: what is plugged in, what it tells, telling it what to do, and a board for those who have none.

What is heavy is imported when a command runs.
"""

import asyncio
import errno
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from firmware_bridge.command import run
from firmware_bridge.flash.cli import bundle, flash

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from firmware_bridge.board import AnyBoard
    from firmware_bridge.description import Capability, Value
    from firmware_bridge.events import Event
    from firmware_bridge.transport import Transport

_SPEED = click.option("--baud", type=int, help="Speed of a serial line; if not said: the file's, or 115200.")
_FILE = click.option(
    "--boards",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="A file that describes boards which do not describe themselves.",
)
_WORDS = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


@click.group()
def commands() -> None:
    """Microcontrollers."""


@commands.group()
def bridge() -> None:
    """Boards on a serial line: list them, watch them, tell them what to do.

    ADDRESS is a name from `ingle bridge list`, a device such as /dev/ttyACM0, or socket://HOST:PORT.
    With --boards it may be the name of a board in that file.
    """


bridge.add_command(bundle)
bridge.add_command(flash)


@bridge.command("list")
@click.option("--ask", is_flag=True, help="Open each port and ask the board what it can do.")
@_FILE
@_SPEED
def list_ports(*, ask: bool, file: Path | None, baud: int | None) -> None:
    """List the serial ports that are plugged in, and the boards of a file."""
    from firmware_bridge.makers import is_board  # noqa: PLC0415  as the module says
    from firmware_bridge.ports import ports  # noqa: PLC0415  as the module says

    described = _described(file)
    found = [
        (port.address, f"{port.device}\t{'found by itself' if is_board(port) else 'opened if it is named'}")
        for port in ports()
        if port.address not in described.values()
    ]
    if not found and not described:
        click.echo("No serial port is plugged in.", err=True)
    for address, where in (*found, *described.items()):
        click.echo(f"{address}\t{where}")
        if ask:
            try:
                run(_tell_of(address, file, baud))
            except click.ClickException as exc:
                click.echo(f"  {exc.format_message()}")


@bridge.command()
@click.argument("address")
@click.option("--record", type=click.File("w"), help="Write the line's bytes to this file as well.")
@_FILE
@_SPEED
def monitor(address: str, record: TextIO | None, file: Path | None, baud: int | None) -> None:
    """Print what a board tells, until Ctrl-C."""
    run(_monitor(address, record, file, baud))


@bridge.command()
@click.argument("address")
@click.argument("name")
@click.argument("value", required=False)
@click.option("--yes", is_flag=True, help="Do not ask before something dangerous.")
@_FILE
@_SPEED
def send(
    address: str, name: str, value: str | None, *, yes: bool, file: Path | None, baud: int | None
) -> None:
    """Have capability NAME be VALUE; without a VALUE, read it, or press what is pressed."""
    run(_send(address, name, value, yes=yes, file=file, baud=baud))


@bridge.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="TCP port to listen on; 0 for a free one."
)
@click.option(
    "--as",
    "language",
    type=click.Choice(["inglenook", "text", "firmata", "smp"]),
    default="inglenook",
    show_default=True,
    help="What it speaks.",
)
def simulate(port: int, language: str) -> None:
    """Be a board: a lamp, a relay, a button, a temperature, behind a socket of this machine.

    With `smp` it has none of these, and can be flashed.
    """
    run(_simulate_smp(port) if language == "smp" else _simulate(port, language))


def _line(address: str, baud: int) -> "Transport":
    from firmware_bridge.transport import transport  # noqa: PLC0415  as the module says

    try:
        return transport(address, baud)
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="ADDRESS") from exc


def _described(file: Path | None) -> dict[str, str]:
    """Where each board of a file is, by name."""
    from firmware_bridge.described.boards import boards  # noqa: PLC0415  as the module says
    from firmware_bridge.errors import BoardsFileError  # noqa: PLC0415  as the module says

    try:
        return {each.name: each.at for each in boards(file)} if file else {}
    except BoardsFileError as exc:
        raise click.ClickException(str(exc)) from exc


def _board(address: str, file: Path | None, baud: int | None, record: TextIO | None = None) -> "AnyBoard":
    """The board of that name in the file, if there is one; else one of our own protocol at that address."""
    from firmware_bridge.client import Board  # noqa: PLC0415  as the module says
    from firmware_bridge.described.boards import boards  # noqa: PLC0415  as the module says
    from firmware_bridge.ports import device_of  # noqa: PLC0415  as the module says
    from firmware_bridge.recorder import Recorder  # noqa: PLC0415  as the module says
    from firmware_bridge.transport import BAUD  # noqa: PLC0415  as the module says

    def line(at: str, speed: int) -> "Transport":
        opened = _line(at, speed if baud is None else baud)
        return Recorder(opened, record) if record else opened

    described = boards(file) if file else ()
    for each in described:
        if address in {each.name, each.at}:
            return each.open(line)
    if file and "/" not in address and not device_of(address).exists():
        raise _no_board(address, file, [each.name for each in described])
    return Board(line(address, BAUD))


def _no_board(address: str, file: Path, names: list[str]) -> click.BadParameter:
    from difflib import get_close_matches  # noqa: PLC0415  as the module says

    near = get_close_matches(address, names, n=1)
    advice = f"did you mean {near[0]}?" if near else f"{file.name} has {', '.join(names)}"
    why = f"{address!r} is no board in {file}, and no port that is plugged in; {advice}"
    return click.BadParameter(why, param_hint="ADDRESS")


async def _tell_of(address: str, file: Path | None, baud: int | None) -> None:
    from firmware_bridge.events import Connected  # noqa: PLC0415  as the module says

    board = _board(address, file, baud)
    told = board.events()
    async with board:
        if board.about:
            click.echo(
                f"  {board.about.name!r}, firmware {board.about.firmware!r}, number {board.about.serial!r}"
            )
        for capability in board.capabilities.values():
            can = "can be set" if capability.settable else "is read" if capability.readable else "tells"
            warned = ", dangerous" if capability.dangerous else ""
            click.echo(f"  {capability.name}: {can}, {capability.takes}{warned}")
        async for event in told:
            if isinstance(event, Connected):
                for complaint in event.complaints:
                    click.echo(f"  not used: {complaint}")
                break


async def _monitor(address: str, record: TextIO | None, file: Path | None, baud: int | None) -> None:
    board = _board(address, file, baud, record)
    told = board.events()
    async with board:
        async for event in told:
            click.echo(_said(event))


def _said(event: "Event") -> str:
    from firmware_bridge import events  # noqa: PLC0415  as the module says

    match event:
        case events.Connected(about, complaints):
            return "\n".join([f"connected to {about.name!r}", *(f"not used: {each}" for each in complaints)])
        case events.Disconnected(reason):
            return f"disconnected: {reason}"
        case events.Changed(name, value):
            return f"{name} is {_shown(value)}"
        case events.Happened(name, value):
            return f"{name} {'' if value is None else value}".rstrip()
        case events.Logged(level, text):
            return f"{('debug', 'info', 'warning', 'error')[level]}: {text}"
        case events.Missed(count):
            return f"({count} events missed)"


def _shown(value: "Value") -> str:
    match value:
        case bool():
            return "on" if value else "off"
        case None:
            return "done"
        case str():
            return value
        case _:
            return f"{value:g}"


async def _send(
    address: str, name: str, value: str | None, *, yes: bool, file: Path | None, baud: int | None
) -> None:
    from firmware_bridge.description import Type  # noqa: PLC0415  as the module says
    from firmware_bridge.errors import UnknownCapabilityError  # noqa: PLC0415  as the module says

    async with _board(address, file, baud) as board:
        capability = board.capabilities.get(name)
        if capability is None:
            raise UnknownCapabilityError(name, tuple(board.capabilities))
        if value is None and capability.type is not Type.PRESS:
            click.echo(_shown(await board.get(name)))
            return
        wanted = _meant(capability, value)
        capability.wire(wanted)
        if capability.dangerous and not yes:
            click.confirm(f"{name} is dangerous. Do it all the same?", abort=True)
        is_now = await board.set(name, wanted)
        click.echo(f"{_shown(is_now)}{_rounded(capability, wanted)}")


def _rounded(capability: "Capability", wanted: "Value") -> str:
    """That something else was sent than was typed, since only so many numbers can be."""
    if capability.range is None or isinstance(wanted, bool | str | None):
        return ""
    if capability.value(capability.wire(wanted)) == wanted:
        return ""
    step = capability.range.shown(capability.range.step)
    return f" ({wanted:.12g} was rounded to a step of {step:g})"


def _meant(capability: "Capability", text: str | None) -> "Value":
    """What somebody typed, as a value of the capability; the text itself if it is none, to be refused by name."""
    from firmware_bridge.description import Type  # noqa: PLC0415  as the module says

    if text is None:
        return None
    match capability.type:
        case Type.SWITCH:
            return _WORDS.get(text.lower(), text)
        case Type.NUMBER:
            try:
                return float(text)
            except ValueError:
                return text
        case _:
            return text


async def _simulate(port: int, language: str) -> None:
    from firmware_bridge.described.simulated_firmata import SimulatedFirmataBoard  # noqa: PLC0415  as the module says
    from firmware_bridge.described.simulated_text import SimulatedTextBoard  # noqa: PLC0415  as the module says
    from firmware_bridge.simulator import SimulatedBoard  # noqa: PLC0415  as the module says

    kinds = {"inglenook": SimulatedBoard, "text": SimulatedTextBoard, "firmata": SimulatedFirmataBoard}
    await _behind_a_socket(port, kinds[language]().run)


async def _simulate_smp(port: int) -> None:
    from firmware_bridge.smp.extra import needed  # noqa: PLC0415  as the module says

    with needed():
        from firmware_bridge.smp.simulator import SimulatedSmpBoard, new_flash  # noqa: PLC0415  as the module says
    await _behind_a_socket(port, SimulatedSmpBoard(new_flash()).run)


async def _behind_a_socket(port: int, board: "Callable[[Transport], Awaitable[None]]") -> None:
    """A board for whoever connects, one after the other."""
    from firmware_bridge.tcp import TcpTransport  # noqa: PLC0415  as the module says

    alone = asyncio.Lock()

    async def plugged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with alone:
            await board(TcpTransport.accepted(reader, writer))

    try:
        listener = await asyncio.start_server(plugged, "127.0.0.1", port)
    except OSError as exc:
        if exc.errno != errno.EADDRINUSE:
            raise
        raise click.ClickException(
            f"port {port} is taken by another program; choose another by --port, or say none to get one that is free"
        ) from exc
    click.echo(f"socket://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    async with listener:
        await listener.serve_forever()
