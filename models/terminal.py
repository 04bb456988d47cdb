"""How the progress of a pull looks: a bar where there is a terminal, else a line now and then, or JSON for programs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    DownloadColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)
from rich.progress import (
    Progress as Bars,
)

from models.preflight import show
from models.sources.interface import Progress, Report, Step

_TENTHS: Final = 10
_HUNDREDTHS: Final = 100
_BLIND_STEP: Final = 64 << 20
"""Bytes between two lines when the total is not known."""


@contextmanager
def reporting(console: Console) -> Iterator[Report]:
    """A callback that shows progress on `console` while the block runs."""
    if not console.is_terminal:
        yield Lines(console)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Bars(*columns, console=console, transient=True) as bars:
        yield _Drawn(bars)


class Lines:
    """Plain lines for logs: one a tenth of the way, never two the same."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._last: tuple[str, int] | None = None

    def __call__(self, event: Progress | Step) -> None:
        """Print the event unless the line before said as much."""
        match event:
            case Step(what):
                self._console.print(what, markup=False, highlight=False, soft_wrap=True)
            case Progress(done, total, what):
                step = done // _BLIND_STEP if not total else done * _TENTHS // total
                if (what, step) != self._last:
                    self._last = (what, step)
                    whole = f" of {show(total)} ({100 * done // total} %)" if total else ""
                    line = f"{what}: {show(done)}{whole}"
                    self._console.print(line, markup=False, highlight=False, soft_wrap=True)


class Objects:
    """A line of JSON for programs: one a hundredth of the way, never two the same."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._last: tuple[str, int] | None = None

    def __call__(self, event: Progress | Step) -> None:
        """Write the event unless the line before said as much."""
        match event:
            case Step(what):
                self._write(json.dumps({"status": what}))
            case Progress(done, total, what):
                step = done // _BLIND_STEP if not total else done * _HUNDREDTHS // total
                if (what, step) != self._last:
                    self._last = (what, step)
                    self._write(json.dumps({"status": what, "completed": done, "total": total}))


class _Drawn:
    """A bar a file, under the lines that were printed."""

    def __init__(self, bars: Bars) -> None:
        self._bars = bars
        self._what: str | None = None
        self._task = bars.add_task("", visible=False)

    def __call__(self, event: Progress | Step) -> None:
        match event:
            case Step(what):
                self._bars.update(self._task, visible=False)
                self._bars.console.print(what, markup=False, highlight=False)
            case Progress(done, total, what):
                if what != self._what:  # a new task, so that the speed is that of this file
                    self._what = what
                    self._bars.remove_task(self._task)
                    self._task = self._bars.add_task(escape(what), completed=done, total=total)
                self._bars.update(self._task, completed=done, total=total, visible=True)
