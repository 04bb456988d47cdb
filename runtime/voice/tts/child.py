"""A program that is given a text and gives something back, within bounds of size and time. Knows no program.

The text goes in by a pipe, never among the arguments: nothing of it can be an option.
"""

import subprocess
from collections.abc import Sequence
from contextlib import suppress
from subprocess import DEVNULL, PIPE
from threading import Event, Timer
from typing import Final

from runtime.errors import EngineError

_PATIENCE_S: Final = 10.0
_MOST_TEXT: Final = 4096
"""Bytes: what a pipe takes at once, so that nobody waits for a program that does not read."""


def through(command: Sequence[str], text: str, *, most: int, patience_s: float = _PATIENCE_S) -> bytes:
    """What the program says to `text`, at most that many bytes; it has ended then, whatever it was doing.

    Raises:
        EngineError: it cannot be started, fails, takes longer, or says more.
    """
    data = text.encode(errors="replace")
    name = command[0].rpartition("/")[2]
    if len(data) > _MOST_TEXT:
        raise EngineError(f"{len(data)} bytes are too many for {name} at a time; send shorter sentences")
    late = Event()
    try:
        process = subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL)
    except OSError as exc:
        raise EngineError(f"{name} cannot be started ({exc.strerror}); install it again") from exc

    def end() -> None:
        late.set()
        process.kill()

    clock = Timer(patience_s, end)
    clock.start()
    try:
        said = _exchanged(process, data, most + 1)
        status = process.wait() if len(said) <= most else 0
    finally:
        clock.cancel()
        process.kill()
        process.wait()
    if late.is_set():
        raise EngineError(f"{name} took longer than {patience_s:g} s over a clause; use another voice")
    if len(said) > most:
        raise EngineError(f"{name} said more than {most} bytes to a clause; use another voice")
    if status:
        raise EngineError(f"{name} failed on a clause, with status {status}; use another voice")
    return said


def _exchanged(process: "subprocess.Popen[bytes]", data: bytes, most: int) -> bytes:
    assert process.stdin is not None  # noqa: S101  a pipe
    assert process.stdout is not None  # noqa: S101  a pipe
    with (
        suppress(BrokenPipeError),
        process.stdin,
    ):  # one that does not read may have something to say all the same
        process.stdin.write(data)
    with process.stdout:
        return process.stdout.read(most)
