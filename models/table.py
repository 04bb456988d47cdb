"""Rows of plain values as a table for people. Knows how each column is written; not where rows come from."""

from collections.abc import Callable, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table

from models.preflight import show as size

_PIPED_WIDTH: Final = 160
"""Columns of a table that goes into a file or another program."""
_HEADINGS: Final = {
    "bytes": "size",
    "kl_mean": "KL to fp32",
    "tokens_s": "tokens/s",
    "kl_max": "max",
    "top1": "top-1",
    "build_s": "build s",
    "chosen": "",
}
"""Of columns that people know by another name than programs do."""
_MAY_WRAP: Final = frozenset({"kl_mean", "licence", "summary"})
"""Columns that give way on a narrow terminal."""


def _known(write: Callable[[Any], str]) -> Callable[[Any], str]:
    return lambda value: "-" if value is None else write(value)


_WRITTEN: Final[dict[str, Callable[[Any], str]]] = {
    "digest": lambda digest: str(digest)[:12],
    "parameters": lambda count: f"{count / 1e6:.0f} M",
    "kl_mean": _known(lambda kl: f"{kl:.2g}"),
    "parity": _known(lambda distance: f"{distance:.0e}"),
    "kl_max": lambda kl: f"{kl:.2g}",
    "top1": lambda share: f"{share:.1%}",
    "chosen": lambda chosen: "chosen" if chosen else "",
    "tokens_s": _known(lambda rate: f"{rate:.0f}"),
    **dict.fromkeys(("bytes", "size", "download", "memory"), size),
}


def print_table(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> None:
    """Print `rows` to standard output, their `columns` in this order."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, collapse_padding=True)
    for column in columns:
        table.add_column(_HEADINGS.get(column, column), no_wrap=column not in _MAY_WRAP)
    for row in rows:
        table.add_row(*(_WRITTEN.get(column, str)(row[column]) for column in columns))
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    console.print(table)
