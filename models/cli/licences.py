"""`ingle licence`: what is on this device under which terms, and what a licence asks."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Final

import click

from models.cli.common import command, policy_option, unreadable
from models.errors import StoreError
from models.store import Store

if TYPE_CHECKING:
    from models.licences import Terms
    from models.licences.policy import Policy

COLUMNS: Final = ("name", "kind", "licence", "tags", "policy")


@command("licence")
@click.argument("name", required=False)
@click.option("--report", "whole", is_flag=True, help="Everything on this device, with every clause.")
@click.option("--json", "as_json", is_flag=True, help="The report, for programs.")
@policy_option
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

        print_table([_short(row) for row in rows], COLUMNS)
    if name is None and (lost := unreadable(store, store.list())):
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
