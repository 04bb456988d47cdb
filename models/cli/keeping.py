"""Commands that keep the store in order: use, rm, verify."""

from pathlib import Path

import click

from models.cli.common import command
from models.errors import ModelError, StoreError
from models.store import Store


@command("use")
@click.argument("version", metavar="NAME@VERSION")
def use(store: Store, version: str) -> None:
    """Choose which of its versions here a name alone means."""
    bundle = store.use(version)
    click.echo(
        f"{bundle.manifest.name} means {bundle.reference}; what runs already takes it when it starts again"
    )


@command("rm")
@click.argument("names", nargs=-1, metavar="[NAME...]")
@click.option(
    "--unused-downloads", is_flag=True, help="Instead: every download that no model here was built from."
)
def rm(store: Store, names: tuple[str, ...], *, unused_downloads: bool) -> None:
    """Remove models, and the downloads they were built from unless another model was, too."""
    from models.preflight import show as size  # noqa: PLC0415  this command only
    from models.sources.shelf import SourceShelf  # noqa: PLC0415  this command only

    if bool(names) == unused_downloads:
        raise click.UsageError("name the models to remove, or give --unused-downloads")
    shelf = SourceShelf(store)
    for name in names:
        removed = store.remove(name)
        known_as = f" ({', '.join(removed.refs)})" if removed.refs else ""
        click.echo(f"removed bundle {removed.digest[:12]}{known_as}, {size(removed.bytes)}")
        try:
            freed = shelf.drop(removed.source) if removed.source else 0
        except StoreError as exc:  # the model is gone, as was asked
            click.echo(f"kept its downloaded weights, since another model may need them: {exc}", err=True)
            continue
        if freed:
            click.echo(f"removed its downloaded weights, {size(freed)}")
    if not unused_downloads:
        return
    dropped = shelf.drop_unused()
    for uri, freed in dropped:
        click.echo(f"removed {uri}, {size(freed)}")
    if not dropped:
        click.echo("no download is unused")


@command("verify")
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
