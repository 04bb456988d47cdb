"""`ingle bench`: how fast a model is on this machine, as a table or as JSON."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from runtime.console.options import config_option, configured, model_option, state_option

if TYPE_CHECKING:
    from rich.table import Table

    from models.bundle import Bundle
    from runtime.bench import Report
    from runtime.profiling import Cost, Phase


@click.command()
@model_option
@click.option(
    "--rounds", type=click.IntRange(1, 100), default=5, help="Each figure is the median of so many."
)
@click.option("--decode", type=click.IntRange(2, 4096), default=128, help="Tokens of each timed answer.")
@click.option("--profile", "profiled", is_flag=True, help="Show the time each operator takes instead.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@config_option
@state_option
def bench(
    config_file: Path | None,
    *,
    state: Path,
    model: str | None,
    rounds: int,
    decode: int,
    profiled: bool,
    as_json: bool,
) -> None:
    """Time loading, prefill and decode of a model; show its memory and what Python adds."""
    from runtime.bench import Plan  # noqa: PLC0415  see runtime.console
    from runtime.bench import bench as run  # noqa: PLC0415  see runtime.console
    from runtime.console.terminal import StatusLine  # noqa: PLC0415  see runtime.console
    from runtime.loading import find_bundle  # noqa: PLC0415  see runtime.console

    config = configured(config_file, model__name=model).config
    bundle = find_bundle(config, state)
    threads = config.engine.threads
    if profiled:
        _profile(bundle, decode, threads=threads, as_json=as_json)
        return
    status = StatusLine()
    try:
        plan = Plan(rounds=rounds, decode=decode)
        report = run(bundle.path, bundle.manifest, plan, threads=threads, step=status.show)
    finally:
        status.clear()
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
    else:
        _print(report)


def _profile(bundle: "Bundle", decode: int, *, threads: int | None, as_json: bool) -> None:
    from runtime.profiling import profile  # noqa: PLC0415  see runtime.console

    report = profile(bundle.path, bundle.manifest, decode=decode, threads=threads)
    if as_json:
        click.echo(json.dumps(asdict(report), indent=2))
        return
    for phase in report.phases:
        _print_phase(phase)


def _print_phase(phase: "Phase") -> None:
    from rich.columns import Columns  # noqa: PLC0415  see runtime.console
    from rich.console import Console  # noqa: PLC0415  see runtime.console

    console = Console()
    console.print(
        f"[bold]{phase.name}[/bold], {phase.tokens} tokens: {phase.seconds * 1e3 / phase.tokens:.2f} ms a token, "
        f"{phase.between_s / phase.seconds:.1%} of it between operators"
    )
    tables = (_costs("operator", phase.operators, phase), _costs("part", phase.parts, phase))
    console.print(Columns(tables, padding=(0, 3)))


def _costs(title: str, costs: "tuple[Cost, ...]", phase: "Phase") -> "Table":
    from rich.table import Table  # noqa: PLC0415  see runtime.console

    table = Table(title, "calls", "ms a token", "share")
    for cost in costs:
        each, share = cost.seconds * 1e3 / phase.tokens, cost.seconds / phase.seconds
        table.add_row(cost.name, str(cost.calls), f"{each:.3f}", f"{share:.1%}")
    return table


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
