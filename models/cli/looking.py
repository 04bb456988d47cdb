"""Commands that show models: list, models, show."""

import json
from collections.abc import Iterable

import click

from models.cli.common import command, unreadable
from models.store import Store


@command("list")
@click.option("--available", is_flag=True, help="Models of the catalogue, here or not.")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_(store: Store, *, available: bool, as_json: bool) -> None:
    """Show the models on this machine."""
    from models import describe  # noqa: PLC0415  brings the catalogue

    bundles = () if available else store.list()
    rows = describe.catalogued() if available else describe.listed(store, bundles)
    lost = () if available else unreadable(store, bundles)
    if as_json:
        click.echo(json.dumps(rows, indent=2))
    elif rows:
        from models.table import print_table  # noqa: PLC0415  brings rich

        columns = describe.CATALOGUE_COLUMNS if available else describe.list_columns(rows)
        print_table(rows, columns, describe.LEGEND)
    elif not lost:
        click.echo("no model yet; `ingle pull smollm2-135m` fetches a small one")
    if lost:
        click.echo(f"not readable: {', '.join(lost)}; `ingle verify --all` says why", err=True)


@command("models")
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
    else:
        print_table(rows, families.COLUMNS, families.LEGEND)
    for row in rows:
        if row["fault"]:
            name = row["model"]
            click.echo(
                f"not run: {name} (onnxruntime: {row['fault']}); `ingle verify {name}` says whether it is damaged",
                err=True,
            )


@command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="The manifest itself.")
def show(store: Store, name: str, *, as_json: bool) -> None:
    """Show what is known of a model, here or in the catalogue: origin, licence, quantisation, fidelity."""
    from models import describe  # noqa: PLC0415  this command only

    if not as_json and name not in store.refs() and (promised := describe.promised(name)):
        _tell(promised)
        click.echo(f"`ingle pull {name}` fetches it")
        return
    bundle = store.resolve(name)
    if as_json:
        click.echo(bundle.manifest.to_json(), nl=False)
        return
    _tell(describe.facts(bundle))


def _tell(facts: Iterable[tuple[str, str]]) -> None:
    for label, value in facts:
        click.echo(f"{label + ':':<14}{value}")
