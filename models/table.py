"""Rows of plain values as a table for people: how each column is written, and which give way on a narrow terminal.

The first column names the row and is always there. Figures are never cut: where they have no room their column is left
out whole. Does not know where rows come from.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from models.describe import millions
from models.preflight import show as size

_PIPED_WIDTH: Final = 160
"""Columns of a table that goes into a file or another program, unless COLUMNS says how many."""
_GAP: Final = 2
_LEAST_NAME: Final = 16
"""To which the first column may be cut, so that the essential ones have room."""
_HEADINGS: Final = {
    "bytes": "size",
    "build_s": "build s",
    "chosen": "",
    "default": "",
    "kl_max": "max KL",
    "kl_mean": "KL",
    "languages": "lang",
    "parameters": "params",
    "tokens_s": "tok/s",
    "tool_dialect": "tools",
    "top1": "top-1",
}
"""Of columns that people know by another name than programs do."""
_ESSENTIAL: Final = ("default", "licence", "policy", "kl_mean", "tokens_s", "chosen")
"""Most important first, as below; a long name is cut for these."""
_RANK: Final = (
    *_ESSENTIAL,
    *("bytes", "size", "version", "tags", "parameters", "top1", "tool_dialect", "family", "perplexity"),
    *("kl_max", "memory", "languages", "recipe", "download", "kind", "task"),
    *("kv", "build_s", "parity", "digest", "summary"),
)
_WRAPPED: Final = {"summary": 24, "tags": 18}
"""Columns of words that may go on in a second line, and the least width at which that reads well."""


def _known(write: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: "-" if value is None else write(value)


def _languages(codes: Sequence[str]) -> str:
    """The first, and how many more: `en +7`."""
    return f"{codes[0]} +{len(codes) - 1}" if len(codes) > 1 else "".join(codes) or "-"


_WRITTEN: Final[dict[str, Callable[[Any], str]]] = {
    "chosen": lambda chosen: "chosen" if chosen else "",
    "default": lambda default: "*" if default else "",
    "digest": lambda digest: str(digest)[:12],
    "kl_max": lambda kl: f"{kl:.2g}",
    "kl_mean": _known(lambda kl: f"{kl:.2g}"),
    "kv": _known(str),
    "languages": _languages,
    "licence": lambda spdx: str(spdx).removeprefix("LicenseRef-"),
    "parameters": millions,
    "parity": _known(lambda distance: f"{distance:.0e}"),
    "tokens_s": _known(lambda rate: f"{rate:.0f}"),
    "tool_dialect": lambda dialect: "-" if dialect == "none" else str(dialect),
    "top1": lambda share: f"{share:.1%}",
    **dict.fromkeys(("bytes", "size", "download", "memory"), size),
}


def print_table(
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[str],
    legend: Mapping[str, str] = MappingProxyType({}),
    *,
    console: Console | None = None,
) -> None:
    """Print those `columns` of `rows` that fit, in this order, and what `legend` has to say of these.

    `console` None is standard output. Every column is one that this module ranks, but for the first.
    """
    console = console or _standard_output()
    cells = {column: [_WRITTEN.get(column, str)(row[column]) for row in rows] for column in columns}
    headings = {column: _HEADINGS.get(column, column) for column in columns}
    full = {column: max(map(cell_len, (headings[column], *cells[column]))) for column in columns}
    widths = fitting(full, console.width)
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, _GAP - 1, 0, 0))
    for column, width in widths.items():
        table.add_column(headings[column], width=width, no_wrap=column not in _WRAPPED, overflow="ellipsis")
    for row in zip(*(cells[column] for column in widths), strict=True):
        table.add_row(*map(Text, row))
    console.print(table)
    notes = [legend[column] for column in widths if column in legend]
    if left_out := len(columns) - len(widths):
        notes.append(f"{left_out} more column{'s' * (left_out > 1)} did not fit; `--json` has all.")
    for note in notes:
        console.print(note, markup=False, highlight=False)


def fitting(full: Mapping[str, int], width: int) -> dict[str, int]:
    """The columns that have room in `width`, in their order, and how wide each is; `full` is what each would take."""
    name, *others = full
    taken = {name: min(full[name], _LEAST_NAME, width)}
    for column in sorted(others, key=_RANK.index):
        if column not in _ESSENTIAL:  # no reason to cut a name
            taken[name] = min(full[name], max(taken[name], width - _total(taken) + taken[name]))
        wanted = taken | {column: min(full[column], _WRAPPED.get(column, full[column]))}
        if _total(wanted) <= width:
            taken = wanted
    for column in (name, *_WRAPPED):
        if column in taken:
            taken[column] += min(full[column] - taken[column], width - _total(taken))
    return {column: taken[column] for column in full if column in taken}


def _total(widths: Mapping[str, int]) -> int:
    return sum(widths.values()) + _GAP * (len(widths) - 1)


def _standard_output() -> Console:
    console = Console()
    asked = os.environ.get("COLUMNS", "").isdigit()
    if console.width < 1 or not (console.is_terminal or asked):
        console.width = _PIPED_WIDTH
    return console
