"""Options that several commands share, and the configuration they lead to."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from models.store import default_state_dir
from runtime.config import Loaded, load

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

config_option: Decorator = click.option(
    "--config", "config_file", type=click.Path(path_type=Path), help="Configuration file."
)
model_option: Decorator = click.option("--model", help="Name of the model, as `ingle list` shows it.")
state_option: Decorator = click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_state_dir,
    show_default="the appliance's own",
    help="Directory of the appliance's state.",
)


def sampling_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """--max-tokens, --temperature, --seed and --system."""
    options: tuple[Decorator, ...] = (
        click.option("--max-tokens", type=click.IntRange(min=1), help="Longest answer, in tokens."),
        click.option("--temperature", type=click.FloatRange(0, 2), help="0 always takes the likeliest word."),
        click.option("--seed", type=click.IntRange(0, (1 << 63) - 1), help="Same seed, same answer."),
        click.option("--system", help="What the model is told about its part before the conversation."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def configured(config_file: Path | None, **overrides: object) -> Loaded:
    """The configuration with overrides from the command line, section__name=value; None is not given."""
    return load(config_file, overrides={key.replace("__", "."): value for key, value in overrides.items()})
