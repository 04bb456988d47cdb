"""What the commands share: --state, --config, and errors in one sentence on stderr."""

import errno
import functools
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Final, ParamSpec

import click

from models.errors import ModelError
from models.store import Bundle, Store, default_state_dir

if TYPE_CHECKING:
    from models.licences.policy import Policy

_INTERRUPTED: Final = 130
"""What a shell reports for a program ended by Ctrl-C: 128 + SIGINT."""
_NOT_WRITABLE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_MAKE_ROOM: Final = "make room and run the same command again: what was downloaded is kept"
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})

RESUMES: Final = "what was downloaded is kept, and the same command goes on from there"

Parameters = ParamSpec("Parameters")
PolicyReader = Callable[[Path | None], "Policy"]
"""From the file named by --config, or None for the usual places, to the owner's policy. Whoever gathers the commands
gives it as click's `obj`, since the configuration is not ours to read (docs/adr/0009)."""

commands = click.Group("models", help="Fetch, inspect and remove models.")


def command(
    name: str, *, interrupted: str = "nothing was changed"
) -> Callable[[Callable[Parameters, None]], click.Command]:
    """A sub-command with --state, whose errors are one sentence on stderr.

    SIGTERM ends it as Ctrl-C does: what it was making is cleared away. `interrupted` says what remains then.
    """

    def decorate(function: Callable[Parameters, None]) -> click.Command:
        @functools.wraps(function)
        def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
            before = signal.signal(signal.SIGTERM, signal.default_int_handler)
            try:
                function(*args, **kwargs)
            except ModelError as exc:
                _fail(str(exc), 1)
            except OSError as exc:
                if exc.errno in _FULL:  # whoever was writing has cleaned up after itself
                    root = click.get_current_context().params["store"].root
                    _fail(f"the disk under {root} is full ({exc.strerror}); {_MAKE_ROOM}", 1)
                if exc.errno not in _NOT_WRITABLE:
                    raise
                _fail(f"{exc.filename} may not be written; run as its owner, or give --state", 1)
            except KeyboardInterrupt:
                _fail(f"interrupted; {interrupted}", _INTERRUPTED)
            finally:
                signal.signal(signal.SIGTERM, before)

        state = click.option(
            "--state",
            "store",
            type=click.Path(file_okay=False, path_type=Path),
            default=default_state_dir,
            show_default="the appliance's own",
            callback=lambda _context, _option, path: Store.below(path),
            help="Directory of the appliance's state.",
        )
        return commands.command(name)(state(run))

    return decorate


def _policy(ctx: click.Context, _option: click.Parameter, file: Path | None) -> "Policy":
    """The policy in effect; without a reader of configurations nothing is stated."""
    from models.licences.policy import Policy  # noqa: PLC0415  commands with --config only

    read: PolicyReader | None = ctx.find_root().obj
    if read is None and file is not None:
        raise click.BadParameter("configurations are read by the command `ingle` only; leave --config out")
    return Policy() if read is None else read(file)


policy_option = click.option(
    "--config",
    "policy",
    type=click.Path(path_type=Path),
    callback=_policy,
    help="Configuration file, for its [policy].",
)


accept_option = click.option(
    "--accept-licence", "accepted", multiple=True, metavar="SPDX", help="Accept this licence, having read it."
)


kv_option = click.option(
    "--kv",
    type=click.Choice(["float32", "int8"]),
    default="float32",
    show_default=True,
    help="As what keys and values are remembered; int8 takes a quarter of the memory.",
)


def _fail(message: str, status: int) -> None:
    click.echo(f"error: {message}", err=True)
    sys.exit(status)


def unreadable(store: Store, bundles: tuple[Bundle, ...]) -> tuple[str, ...]:
    """The full names whose bundle is not among those that can be read."""
    digests = {bundle.digest for bundle in bundles}
    return tuple(name for name, digest in store.refs().items() if "@" in name and digest not in digests)
