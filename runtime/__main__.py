"""The console command `ingle`: gathers sub-commands from the installed packages, and says errors in a sentence.

A package offers a click group in the entry-point group `inglenook.commands`; it is loaded when one of its commands
is asked for, or all of them are listed. No package imports another for the console's sake.
"""

import io
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import EntryPoint, entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

import runtime
from models.errors import ModelError
from runtime.errors import IngleError

if TYPE_CHECKING:
    from models.licences.policy import Policy

GROUP: Final = "inglenook.commands"
_INTERRUPTED: Final = 130
"""What a shell reports for a program ended by Ctrl-C."""


class Gathered(click.Group):
    """One group made of several, each loaded when it is needed."""

    def __init__(self, sources: Iterable[EntryPoint]) -> None:
        super().__init__("ingle", help="A small language model of your own, answering on this machine.")
        self._sources = tuple(sources)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command of every package."""
        return sorted(name for group in self._groups() for name in group.list_commands(ctx))

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The first package that knows the command has it; the others are not loaded."""
        found = (group.get_command(ctx, cmd_name) for group in self._groups())
        return next((command for command in found if command is not None), None)

    def _groups(self) -> Iterator[click.Group]:
        for source in self._sources:
            yield source.load()


def main(arguments: Sequence[str] | None = None, sources: Iterable[EntryPoint] | None = None) -> int:
    """Run `ingle`; return its exit status."""
    _open_missing_streams()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A terminal that cannot show a letter gets its number.
            stream.reconfigure(errors="backslashreplace")
    found = entry_points(group=GROUP) if sources is None else sources
    ingle = click.version_option(runtime.__version__, prog_name="inglenook")(Gathered(found))
    try:
        status = ingle.main(arguments, prog_name="ingle", standalone_mode=False, obj=_policy)
    except click.ClickException as exc:
        exc.show()
        return exc.exit_code
    except (click.Abort, KeyboardInterrupt):
        return _INTERRUPTED
    except (IngleError, ModelError) as exc:
        click.echo(f"error: {exc}", err=True)
        return 1
    except BrokenPipeError:
        # The reader has gone, as with `ingle run ... | head -1`.
        _discard_output()
        return 1
    except OSError as exc:
        return _blame_the_machine(exc)
    return status if isinstance(status, int) else 0


def _policy(config_file: Path | None) -> "Policy":
    """The owner's policy, for commands of packages that cannot read a configuration themselves (docs/adr/0009)."""
    from runtime.config import load  # noqa: PLC0415  few commands ask

    return load(config_file).config.policy


def _open_missing_streams() -> None:
    """Stand in for a standard stream that was closed before us, as by `>&-`.

    The next file opened would get its number, and what libraries write to that number would end up in the file.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            number = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: the stream's own
            setattr(sys, name, os.fdopen(number, mode, encoding="utf-8"))


def _blame_the_machine(exc: OSError) -> int:
    """Say what of this machine cannot be used, in a sentence; the exit status."""
    if exc.filename is None:
        _discard_output()
    what = "the output cannot be written" if exc.filename is None else f"{exc.filename} cannot be used"
    click.echo(f"error: {what} ({exc.strerror or exc}); put that right and try again", err=True)
    return 1


def _discard_output() -> None:
    """Nothing more is written to standard output, not even what the interpreter still holds when it exits."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
