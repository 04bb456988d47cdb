"""`ingle config`: every setting in effect, and where it is from."""

import json
from pathlib import Path

import click

from runtime.console.options import config_option, configured


@click.command()
@config_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def config(config_file: Path | None, *, as_json: bool) -> None:
    """Show every effective setting and where it comes from."""
    loaded = configured(config_file)
    if as_json:
        told = {s.key: {"value": s.value, "origin": s.origin} for s in loaded.settings}
        click.echo(json.dumps(told, indent=2, default=str))
        return
    rows = [(setting.key, _shown(setting.value), setting.origin) for setting in loaded.settings]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for key, value, origin in rows:
        click.echo(f"{key:<{widths[0]}}  {value:<{widths[1]}}  {origin}")
    click.echo(f"\nfile: {loaded.file or 'none; docs/configuration.md says where one may stand'}")
    if loaded.ignored:
        click.echo(f"ignored, no settings of ours: {', '.join(loaded.ignored)}")


def _shown(value: object) -> str:
    """As TOML has it, as far as that matters to a reader."""
    match value:
        case None:
            return "-"
        case bool():
            return str(value).lower()
        case tuple():
            return f"[{', '.join(_shown(item) for item in value)}]"
        case str() | Path():
            return json.dumps(str(value), ensure_ascii=False)
        case _:
            return str(value)
