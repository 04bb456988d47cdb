"""`ingle doctor`: one line a finding, one line of advice where something is amiss."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from runtime.console.options import config_option, configured, state_option
from runtime.doctor.finding import Finding
from runtime.errors import ConfigError

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red"}


@click.command()
@config_option
@state_option
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
@click.pass_context
def doctor(ctx: click.Context, config_file: Path | None, *, state: Path, as_json: bool) -> None:
    """Look at the board, the software and the network; exit with 1 if something will not work."""
    findings = []
    for finding in _examine(config_file, state):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        click.echo(json.dumps([asdict(finding) for finding in findings], indent=2, ensure_ascii=False))
    ctx.exit(int(any(finding.state == "fail" for finding in findings)))


def _examine(config_file: Path | None, state: Path) -> Iterator[Finding]:
    from runtime.doctor import board, boards, network, software  # noqa: PLC0415  see runtime.console

    yield from board.examine()
    try:
        loaded = configured(config_file)
    except ConfigError as exc:
        yield Finding(
            "fail", "configuration", str(exc), "correct it; the rest depends on it and was left out"
        )
        return
    yield from software.examine(loaded, state)
    yield from network.examine(loaded.config)
    yield from boards.examine(loaded.config, state)


def _print(finding: Finding) -> None:
    state = click.style(f"{finding.state:<4}", fg=_COLOURS[finding.state])
    click.echo(f"{state}  {finding.subject:<13}  {finding.fact}")
    if finding.advice:
        click.echo(f"{'':<21}-> {finding.advice}")
