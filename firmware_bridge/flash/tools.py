"""Programs of others that flash: started with a list of arguments, read while they run, ended when nobody waits.

Knows avrdude and esptool by their command lines and what they print. They are called, not imported: both are GPL.
"""

import asyncio
import contextlib
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Final

from firmware_bridge.flash.errors import ToolFailedError, ToolMissingError
from firmware_bridge.flash.events import Progress, Said, Step, Tell
from firmware_bridge.flash.manifest import Avrdude, Esptool, Manifest
from firmware_bridge.ports import BY_ID

LIMIT_S: Final = 600.0
_END_S: Final = 2.0
_CHUNK: Final = 4096
_KEPT: Final = 200
"""Lines of a program's output that are looked at when it fails."""
_HOW: Final = {
    "avrdude": "sudo apt-get install avrdude",
    "esptool": "pip install esptool` (5 or later), or `pipx install esptool",
}
_BAR: Final = re.compile(r"^(?P<what>\w+) \| (?P<bar>#*)")
_BAR_LENGTH: Final = 50
_PERCENT: Final = re.compile(
    r"^(?P<what>Writing|Reading|Erasing|Verifying)\b.*?(?P<percent>\d{1,3})(?:\.\d+)? ?%"
)
_NOTHING: Final = re.compile(
    r"avrdude done|unable to open programmer|TIOCMGET|^\(\[Errno|^Hint:|troubleshooting", re.IGNORECASE
)
"""What stands after the line that says what went wrong, or is of no interest."""
_TROUBLE: Final = re.compile(r"error|fatal|cannot|unable|could not|failed|not in sync", re.IGNORECASE)


def command(manifest: Manifest, address: str, room: Path) -> list[str]:
    """The command line that flashes files lying in `room`.

    Raises:
        ToolMissingError: the program is not installed.
        TypeError: no program does this.
    """
    match manifest.method:
        case Avrdude(part, programmer, speed):
            (file,) = manifest.files
            write = f"flash:w:{room / file.name}:i"
            return [
                _found("avrdude"), "-p", part, "-c", programmer, "-P", _port(address, "net:"), "-b", str(speed),
                "-D", "-U", write,
            ]  # fmt: skip
        case Esptool(chip, speed):
            files = [(str(each.offset or 0), str(room / each.name)) for each in manifest.files]
            return [
                _found("esptool"), "--chip", chip, "--port", _port(address, "socket://"), "--baud", str(speed),
                "write-flash", *(word for pair in files for word in pair),
            ]  # fmt: skip
    raise TypeError(f"{manifest.method} needs no program")


async def flash(
    manifest: Manifest, files: Mapping[str, bytes], address: str, tell: Tell, limit_s: float = LIMIT_S
) -> None:
    """Have the program for it write the files to the board, and verify them.

    Raises:
        ToolMissingError: it is not installed.
        ToolFailedError: it did not manage, or took too long.
    """
    with tempfile.TemporaryDirectory(prefix="ingle-flash-") as folder:
        room = Path(folder)
        for name, data in files.items():
            (room / name).write_bytes(data)
        await run(command(manifest, address, room), tell, limit_s)


async def run(arguments: list[str], tell: Tell, limit_s: float) -> None:
    """Run a program to its end, and tell what it says. It ends with whoever waits for it.

    Raises:
        ToolFailedError: it failed, or took longer than `limit_s`.
    """
    tool = Path(arguments[0]).name
    tell(Step(f"{tool} is at work"))
    lines: list[str] = []
    try:
        async with asyncio.timeout(limit_s), _started(arguments) as program:
            async for line in _lines(program):
                if event := progress(line):
                    tell(event)
                elif line.strip():
                    lines = [*lines[-_KEPT:], line.strip()]
                    tell(Said(lines[-1]))
            status = await program.wait()
    except TimeoutError as exc:
        raise ToolFailedError(tool, f"it was not done after {limit_s:.0f} s") from exc
    if status != 0:
        raise ToolFailedError(tool, trouble(lines))


def progress(line: str) -> Progress | None:
    """How far a program says it is."""
    if bar := _BAR.match(line):
        return Progress(bar["what"].lower(), min(len(bar["bar"]), _BAR_LENGTH) * 2, 100)
    if (found := _PERCENT.match(line)) and int(found["percent"]) <= 100:  # noqa: PLR2004  percent
        return Progress(found["what"].lower(), int(found["percent"]), 100)
    return None


def trouble(lines: list[str]) -> str:
    """The last line that says what went wrong; the last of all if none does."""
    told = [each for each in lines if not _NOTHING.search(each)] or lines
    said = [each for each in told if _TROUBLE.search(each)] or told
    return "".join(c if c.isprintable() else "?" for c in said[-1])[:300].rstrip(".") if said else ""


@contextlib.asynccontextmanager
async def _started(arguments: list[str]) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program in a group of its own, which has ended afterwards with all it has started."""
    program = await asyncio.create_subprocess_exec(
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        env={**os.environ, "LC_ALL": "C", "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield program
    finally:
        try:
            await _end(program)
        finally:  # also if whoever waits is told again not to
            _signal(program.pid, signal.SIGKILL)
            await program.wait()


async def _end(program: asyncio.subprocess.Process) -> None:
    """Give it some time to end by itself."""
    if program.returncode is None:
        _signal(program.pid, signal.SIGTERM)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_END_S):
                await program.wait()


def _signal(group: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


async def _lines(program: asyncio.subprocess.Process) -> AsyncIterator[str]:
    """What it prints, as often as it does: a bar that grows is a line each time."""
    if program.stdout is None:
        return
    rest = ""
    while data := await program.stdout.read(_CHUNK):
        *whole, rest = re.split(r"[\r\n]", rest + data.decode(errors="replace"))
        for line in whole:
            yield line
        if _BAR.match(rest):
            yield rest
        rest = rest[-_CHUNK:]
    if rest:
        yield rest


def _found(tool: str) -> str:
    """Where a program is: on the PATH, or beside this Python."""
    beside = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    path = shutil.which(tool, path=beside)
    if path is None:
        raise ToolMissingError(tool, _HOW[tool])
    return path


def _port(address: str, network: str) -> str:
    """An address as the program wants it."""
    if address.startswith("socket://"):
        return network + address.removeprefix("socket://")
    return address if "/" in address else str(BY_ID / address)
