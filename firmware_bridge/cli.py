"""`ingle bridge`: what is plugged in, what it tells, telling it what to do, and a board for those who have none.

What is heavy is imported when a command runs.
"""

import asyncio
from collections.abc import Coroutine
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from firmware_bridge.description import Capability, Value
    from firmware_bridge.events import Event
    from firmware_bridge.transport import Transport

_SPEED = click.option("--baud", type=int, default=115200, show_default=True, help="Speed of a serial line.")
_WORDS = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


@click.group()
def commands() -> None:
    """Microcontrollers."""


@commands.group()
def bridge() -> None:
    """Boards on a serial line: list them, watch them, tell them what to do.

    ADDRESS is a name from `ingle bridge list`, a device such as /dev/ttyACM0, or socket://HOST:PORT.
    """


@bridge.command("list")
@click.option("--ask", is_flag=True, help="Open each port and ask the board what it can do.")
@_SPEED
def list_ports(*, ask: bool, baud: int) -> None:
    """List the serial ports that are plugged in."""
    from firmware_bridge.ports import ports  # noqa: PLC0415  as the module says

    found = ports()
    if not found:
        click.echo("No serial port is plugged in.", err=True)
    for port in found:
        click.echo(f"{port.address}\t{port.device}")
        if ask:
            try:
                _run(_tell_of(port.address, baud))
            except click.ClickException as exc:
                click.echo(f"  {exc.format_message()}")


@bridge.command()
@click.argument("address")
@click.option("--record", type=click.File("w"), help="Write the line's bytes to this file as well.")
@_SPEED
def monitor(address: str, record: TextIO | None, baud: int) -> None:
    """Print what a board tells, until Ctrl-C."""
    _run(_monitor(address, record, baud))


@bridge.command()
@click.argument("address")
@click.argument("name")
@click.argument("value", required=False)
@click.option("--yes", is_flag=True, help="Do not ask before something dangerous.")
@_SPEED
def send(address: str, name: str, value: str | None, *, yes: bool, baud: int) -> None:
    """Have capability NAME be VALUE; without a VALUE, read it, or press what is pressed."""
    _run(_send(address, name, value, yes=yes, baud=baud))


@bridge.command()
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, help="TCP port to listen on; 0 for a free one."
)
def simulate(port: int) -> None:
    """Be a board: a lamp, a relay, a button, a temperature, behind a socket of this machine."""
    _run(_simulate(port))


def _run(work: Coroutine[object, object, None]) -> None:
    """Run it to its end, with the errors of this package in a sentence."""
    from firmware_bridge.errors import BridgeError  # noqa: PLC0415  as the module says

    try:
        asyncio.run(work)
    except BridgeError as exc:
        raise click.ClickException(str(exc)) from exc


def _line(address: str, baud: int) -> "Transport":
    from firmware_bridge.transport import transport  # noqa: PLC0415  as the module says

    try:
        return transport(address, baud)
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="ADDRESS") from exc


async def _tell_of(address: str, baud: int) -> None:
    from firmware_bridge.client import Board  # noqa: PLC0415  as the module says

    async with Board(_line(address, baud)) as board:
        if board.about:
            click.echo(
                f"  {board.about.name!r}, firmware {board.about.firmware!r}, number {board.about.serial!r}"
            )
        for capability in board.capabilities.values():
            can = "can be set" if capability.settable else "is read" if capability.readable else "tells"
            warned = ", dangerous" if capability.dangerous else ""
            click.echo(f"  {capability.name}: {can}, {capability.takes}{warned}")
        for complaint in board.complaints:
            click.echo(f"  not used: {complaint}")


async def _monitor(address: str, record: TextIO | None, baud: int) -> None:
    from firmware_bridge.client import Board  # noqa: PLC0415  as the module says
    from firmware_bridge.recorder import Recorder  # noqa: PLC0415  as the module says

    line = _line(address, baud)
    board = Board(Recorder(line, record) if record else line)
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


async def _send(address: str, name: str, value: str | None, *, yes: bool, baud: int) -> None:
    from firmware_bridge.client import Board  # noqa: PLC0415  as the module says
    from firmware_bridge.description import Type  # noqa: PLC0415  as the module says
    from firmware_bridge.errors import UnknownCapabilityError  # noqa: PLC0415  as the module says

    async with Board(_line(address, baud)) as board:
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
        click.echo(_shown(await board.set(name, wanted)))


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


async def _simulate(port: int) -> None:
    from firmware_bridge.simulator import SimulatedBoard  # noqa: PLC0415  as the module says
    from firmware_bridge.tcp import TcpTransport  # noqa: PLC0415  as the module says

    board = SimulatedBoard()
    alone = asyncio.Lock()

    async def plugged(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with alone:
            await board.run(TcpTransport.accepted(reader, writer))

    listener = await asyncio.start_server(plugged, "127.0.0.1", port)
    click.echo(f"socket://127.0.0.1:{listener.sockets[0].getsockname()[1]}")
    async with listener:
        await listener.serve_forever()
