"""`ingle eval`: how good what the appliance does is, in figures."""

import asyncio
import json
from contextlib import AsyncExitStack, ExitStack
from importlib.resources import as_file, files
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from runtime.console.options import config_option, configured, model_option, state_option

if TYPE_CHECKING:
    from runtime.commands.evaluation.run import Outcome
    from runtime.config import Config
    from runtime.encoding import TextEncoder

_SHIPPED: Final = "held_out"
_ENCODER: Final = "all-minilm-l6-v2"
_LANGUAGES: Final = ("en", "zh-TW")


@click.group("eval")
def evaluate() -> None:
    """Measure how good the appliance is at what it does."""


@evaluate.command("commands")
@model_option
@click.option("--encoder", default=_ENCODER, show_default=True, help="Name of the encoder.")
@click.option("--no-model", is_flag=True, help="Ask no model for values.")
@click.option("--no-encoder", is_flag=True, help="Compare by words alone.")
@click.option(
    "--set",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with house.toml and utterances; the shipped set if not given.",
)
@click.option("--json", "as_json", is_flag=True, help="For programs.")
@config_option
@state_option
def commands(
    model: str | None,
    encoder: str,
    folder: Path | None,
    config_file: Path | None,
    state: Path,
    *,
    no_model: bool,
    no_encoder: bool,
    as_json: bool,
) -> None:
    """Say every sentence of a set, and count what is understood: right, asked back, refused, wrong."""
    from runtime.commands.evaluation.report import figures, table  # noqa: PLC0415  see runtime.console

    config = configured(config_file, model__name=model).config
    chosen = None if no_encoder else _encoder(encoder, config, state)
    asked = None if no_model else config
    with ExitStack() as stack:
        shipped = files("runtime.commands.evaluation").joinpath(_SHIPPED)
        place = folder or stack.enter_context(as_file(shipped))
        outcomes = asyncio.run(_outcomes(place, chosen, asked, state))
    found = figures(outcomes)
    click.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else "\n".join(table(found)))


async def _outcomes(
    folder: Path, encoder: "TextEncoder | None", config: "Config | None", state: Path
) -> "list[Outcome]":
    from runtime.commanding import understanding  # noqa: PLC0415  see runtime.console
    from runtime.commands.evaluation.run import read_sets, run, whole  # noqa: PLC0415  as above
    from runtime.console.local import local_completer  # noqa: PLC0415  as above
    from runtime.console.terminal import StatusLine  # noqa: PLC0415  as above

    async with AsyncExitStack() as stack:
        completer = None
        if config is not None:
            completer = await stack.enter_async_context(local_completer(config, state, StatusLine()))
        understand = whole(understanding(_LANGUAGES, encoder, completer=completer))
        return [outcome for found in read_sets(folder) for outcome in await run(found, understand)]


def _encoder(name: str, config: "Config", state: Path) -> "TextEncoder":
    from models.licences.policy import enforce  # noqa: PLC0415  see runtime.console
    from models.store import Store  # noqa: PLC0415  as above
    from runtime.encoding import TextEncoder  # noqa: PLC0415  as above

    bundle = Store.below(state).resolve(name)
    enforce(config.policy, bundle.manifest.licence, bundle.reference)
    return TextEncoder.load(bundle, "embed", threads=config.engine.threads)
