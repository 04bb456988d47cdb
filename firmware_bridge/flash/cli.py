"""`ingle bridge flash` and `ingle bridge bundle`: new firmware for a board, and the file it comes in.

What is heavy is imported when a command runs.
"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click

from firmware_bridge.command import run

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.progress import Progress, TaskID

    from firmware_bridge.flash.bundle import Bundle
    from firmware_bridge.flash.events import Event, Tell
    from firmware_bridge.flash.flashing import Found
    from firmware_bridge.flash.manifest import Manifest, Method

_BAUD = 115200
_INTERRUPTED = 130
"""The exit status that shells give to what was ended by Ctrl-C."""
_WHERE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("address")
@click.argument("bundle", type=_WHERE)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Look, say what would be done, and do nothing.")
@click.option("--baud", type=int, default=_BAUD, show_default=True, help="Speed of a serial line.")
def flash(address: str, bundle: Path, *, yes: bool, dry_run: bool, baud: int) -> None:
    """Put the firmware of BUNDLE on a board.

    By SMP, a flash that was cut off goes on where it was when it is begun again, and a board has the old firmware or
    the new one whatever happens.
    """
    firmware, plan = run(_look(address, bundle, baud))
    if dry_run:
        click.echo(plan or _command(firmware, address))
        return
    if not yes:
        _ask(plan)
    try:
        version = run(_with_bar(address, firmware, baud))
    except KeyboardInterrupt:
        click.echo(_stopped(firmware.manifest, address, bundle, baud), err=True)
        raise click.exceptions.Exit(_INTERRUPTED) from None
    click.echo(f"The board runs {version}.")


@click.command()
@click.argument("files", nargs=-1, required=True, type=_WHERE)
@click.option(
    "-o", "--output", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The bundle."
)
@click.option("--name", required=True, help="What the firmware is called.")
@click.option("--version", required=True, help="Which version it tells.")
@click.option("--board", required=True, help="Which board it is for: what the board calls itself.")
@click.option("--method", required=True, type=click.Choice(["smp", "avrdude", "esptool"]))
@click.option(
    "--describes-itself/--silent", default=None, help="Whether it speaks our protocol; avrdude: it does."
)
@click.option("--part", default="atmega328p", show_default=True, help="avrdude: the chip.")
@click.option("--programmer", default="arduino", show_default=True, help="avrdude: the boot loader.")
@click.option("--chip", default="esp32", show_default=True, help="esptool: the chip.")
@click.option("--offset", multiple=True, help="esptool: where a file goes, one for each: 0x1000.")
@click.option("--speed", type=int, default=115200, show_default=True, help="avrdude, esptool: of the line.")
def bundle(
    files: tuple[Path, ...], output: Path, name: str, version: str, board: str, method: str, part: str,
    programmer: str, chip: str, offset: tuple[str, ...], speed: int, *, describes_itself: bool | None,
) -> None:  # fmt: skip
    """Make a firmware bundle of FILES (.hex, .bin)."""
    from firmware_bridge.flash.bundle import described, write  # noqa: PLC0415  as the module says
    from firmware_bridge.flash.errors import BundleError  # noqa: PLC0415  as the module says

    contents = {each.name: each.read_bytes() for each in files}
    if len(contents) < len(files):
        raise click.UsageError("two files have one name; rename one")
    manifest = described(
        name, version, board, _method(method, part, programmer, chip, speed), contents,
        describes_itself=method == "avrdude" if describes_itself is None else describes_itself,
        offsets=_offsets(files, offset) if method == "esptool" else None,
    )  # fmt: skip
    try:
        write(output, manifest, contents)
    except BundleError as exc:
        raise click.ClickException(str(exc)) from exc
    except OSError as exc:
        raise click.ClickException(f"{output} cannot be written ({exc.strerror}); name another file") from exc
    click.echo(f"{output}: {name} {version} for {board}")


async def _look(address: str, path: Path, baud: int) -> "tuple[Bundle, str]":
    """The firmware, shown beside what the board has; and what would be done, where that depends on the board."""
    from firmware_bridge.flash import bundle as bundles  # noqa: PLC0415  as the module says
    from firmware_bridge.flash import flashing  # noqa: PLC0415  as the module says
    from firmware_bridge.transport import transport  # noqa: PLC0415  as the module says

    bundle = bundles.read(path)
    try:
        transport(address, baud)
    except ValueError as exc:
        raise click.BadParameter(str(exc), param_hint="ADDRESS") from exc
    found = await flashing.look(address, bundle, baud)
    _show(bundle.manifest, found)
    return bundle, found.plan


def _ask(plan: str) -> None:
    """Ask whether to go on.

    Raises:
        Exit: no, or nobody answers.
    """
    if plan:
        click.echo(plan)
    try:
        agreed = click.confirm("Flash it?")
    except click.Abort:
        click.echo()
        agreed = False
    if not agreed:
        click.echo("Nothing was changed.")
        raise click.exceptions.Exit(1)


def _stopped(manifest: "Manifest", address: str, path: Path, baud: int) -> str:
    """What is to be known by whoever stopped it."""
    from firmware_bridge.flash.manifest import Smp  # noqa: PLC0415  as the module says

    has = (
        "The board has its old firmware or the new one, whole; flash it again to go on:"
        if isinstance(manifest.method, Smp)
        else "The board may have half a firmware now, and its boot loader; flash it again, which mends that:"
    )
    speed = [] if baud == _BAUD else ["--baud", str(baud)]
    return f"Stopped. {has}\n  {shlex.join(['ingle', 'bridge', 'flash', address, str(path), *speed])}"


async def _with_bar(address: str, bundle: "Bundle", baud: int) -> str:
    from rich.progress import Progress  # noqa: PLC0415  as the module says

    from firmware_bridge.flash import flashing  # noqa: PLC0415  as the module says

    with Progress(transient=True) as bars:
        return await flashing.flash(address, bundle, _teller(bars), baud=baud)


def _teller(bars: "Progress") -> "Tell":
    """Shows what is told: steps in lines, and a bar for what takes its time."""
    from firmware_bridge.flash import events  # noqa: PLC0415  as the module says

    shown: dict[str, TaskID] = {}

    def tell(event: "Event") -> None:
        match event:
            case events.Step(what):
                bars.console.print(what, markup=False, highlight=False)
            case events.Progress(what, done, whole):
                if what not in shown:
                    shown[what] = bars.add_task(what, total=whole)
                bars.update(shown[what], completed=done)
            case events.Said():
                pass  # the last that matters is in the error

    return tell


def _show(manifest: "Manifest", found: "Found") -> None:
    from firmware_bridge.flash.check import UNSIGNED  # noqa: PLC0415  as the module says

    size = sum(each.size for each in manifest.files)
    now = found.version or "what it has, which it does not tell"
    click.echo(f"{manifest.name} for {manifest.board}, {size:,} bytes ({UNSIGNED})")
    if not found.board:
        click.echo(f"The board does not say what it is: see to it yourself that it is a {manifest.board}.")
    click.echo(f"{found.board or 'board'}: {now} -> {manifest.version}")


def _command(bundle: "Bundle", address: str) -> str:
    """What would be run."""
    from firmware_bridge.flash import tools  # noqa: PLC0415  as the module says

    return shlex.join(tools.command(bundle.manifest, address, Path()))


def _method(method: str, part: str, programmer: str, chip: str, speed: int) -> "Method":
    from firmware_bridge.flash.manifest import Avrdude, Esptool, Smp  # noqa: PLC0415  as the module says

    match method:
        case "avrdude":
            return Avrdude(part, programmer, speed)
        case "esptool":
            return Esptool(chip, speed)
        case _:
            return Smp()


def _offsets(files: tuple[Path, ...], given: tuple[str, ...]) -> "Mapping[str, int]":
    if len(given) != len(files):
        raise click.UsageError("give an --offset for each file, in the same order")
    try:
        return {each.name: int(offset, 0) for each, offset in zip(files, given, strict=True)}
    except ValueError as exc:
        raise click.UsageError(f"an --offset is a number such as 0x1000 ({exc})") from exc
