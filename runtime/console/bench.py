"""`ingle bench`: how fast a model is on this machine, as a table or as JSON."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.console.options import config_option, configured, model_option, state_option

if TYPE_CHECKING:
    from runtime.bench import Report


@click.command()
@model_option
@click.option(
    "--rounds", type=click.IntRange(1, 100), default=5, help="Each figure is the median of so many."
)
@click.option("--decode", type=click.IntRange(2, 4096), default=128, help="Tokens of each timed answer.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
@state_option
def bench(
    config_file: Path | None, *, state: Path, model: str | None, rounds: int, decode: int, as_json: bool
) -> None:
    """Time loading, prefill and decode of a model; show its memory and what Python adds."""
    from runtime.bench import Plan  # noqa: PLC0415  see runtime.console
    from runtime.bench import bench as run  # noqa: PLC0415  see runtime.console
    from runtime.console.terminal import StatusLine  # noqa: PLC0415  see runtime.console
    from runtime.loading import find_bundle  # noqa: PLC0415  see runtime.console

    config = configured(config_file, model__name=model).config
    bundle = find_bundle(config, state)
    status = StatusLine()
    try:
        plan = Plan(rounds=rounds, decode=decode)
        report = run(bundle.path, bundle.manifest, plan, threads=config.engine.threads, step=status.show)
    finally:
        status.clear()
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        _print(report)


def _print(report: "Report") -> None:
    from rich.console import Console  # noqa: PLC0415  see runtime.console
    from rich.table import Table  # noqa: PLC0415  see runtime.console

    table = Table("prompt", "first token", "prefill", "decode", "outside onnxruntime", title=report.model)
    for speed in report.speeds:
        table.add_row(
            f"{speed.prompt} tokens",
            f"{speed.first_token_s * 1000:.0f} ms",
            f"{speed.prefill_tok_s:.0f} tokens/s",
            f"{speed.decode_tok_s:.0f} tokens/s",
            f"{speed.overhead:.1%} of decode",
        )
    console = Console()
    console.print(table)
    console.print(
        f"loaded in {report.load_s:.2f} s, peak memory {report.peak_rss_mib:.0f} MiB, {report.threads} threads"
    )
