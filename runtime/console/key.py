"""`ingle key`: keys for others, each good for what it is meant for."""

import json
import re
from pathlib import Path

import click

from runtime.console.options import state_option

_SCOPES = "chat, command, admin"


@click.group()
def key() -> None:
    """Make keys for others, and take them back; the appliance notices at once."""


@key.command()
@click.argument("name")
@click.option(
    "--scope",
    "scopes",
    default="chat",
    show_default=True,
    help=f"What it is good for, with commas between: {_SCOPES}.",
)
@state_option
def add(name: str, scopes: str, state: Path) -> None:
    """Make a key called NAME and show it, once."""
    from runtime import keyring  # noqa: PLC0415  see runtime.console
    from runtime.api.scopes import Scope  # noqa: PLC0415  see runtime.console

    words = [word for word in re.split(r"[\s,]+", scopes) if word]
    unknown = [word for word in words if word not in set(Scope)]
    if unknown:
        raise click.BadParameter(f"{unknown[0]!r} is not one of {_SCOPES}", param_hint="--scope")
    secret = keyring.add(keyring.file_of(state), name, map(Scope, words))
    click.echo(secret)
    click.echo(
        f"This is shown once. {name} sends it as 'Authorization: Bearer KEY'; `ingle key remove {name}` takes it back.",
        err=True,
    )


@key.command(name="list")
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@state_option
def list_keys(state: Path, *, as_json: bool) -> None:
    """Show the keys there are, besides the owner's: names and scopes, for nothing else is kept."""
    from runtime import keyring  # noqa: PLC0415  see runtime.console

    keys = keyring.listed(keyring.file_of(state))
    if as_json:
        told = [{"name": each.name, "scopes": sorted(each.scopes), "made": each.made} for each in keys]
        click.echo(json.dumps(told, indent=2))
        return
    for each in keys:
        click.echo(f"{each.name:<32}  {','.join(sorted(each.scopes)):<18}  {each.made}")
    if not keys:
        click.echo("none besides the owner's; `ingle key add NAME` makes one", err=True)


@key.command()
@click.argument("name")
@state_option
def remove(name: str, state: Path) -> None:
    """Take the key called NAME back."""
    from runtime import keyring  # noqa: PLC0415  see runtime.console

    keyring.remove(keyring.file_of(state), name)
    click.echo(f"{name} is a key no more.", err=True)
