"""`ingle embed` and `ingle classify`: texts in, numbers out, one line each."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from runtime.console.options import config_option, configured, state_option
from runtime.console.piping import piped
from runtime.errors import CallerError

if TYPE_CHECKING:
    from runtime.config import Config
    from runtime.encoding import Answers, TextEncoder

_DIGITS: Final = 6
"""Of a number that is written: float32 holds hardly more."""


@click.command()
@click.argument("model")
@click.argument("texts", nargs=-1, metavar="TEXT...")
@click.option(
    "--compare", is_flag=True, help="Show how alike the others are to the first text, not the vectors."
)
@config_option
@state_option
def embed(
    model: str, texts: tuple[str, ...], *, compare: bool, config_file: Path | None, state: Path
) -> None:
    """Turn each TEXT into a vector by MODEL, a line of JSON each. Without TEXT, each line that is piped in."""
    _, texts, answers = _answered(model, "embed", texts, config_file, state)
    if not compare:
        for row in _written(answers):
            click.echo(json.dumps(row))
        return
    from runtime.encoding import cosines  # noqa: PLC0415  see runtime.console

    likeness = cosines(answers[0], answers[1:])
    for place in (-likeness).argsort(kind="stable"):
        click.echo(f"{likeness[place]:6.3f}  {_shown(texts[place + 1])}")


@click.command()
@click.argument("model")
@click.argument("texts", nargs=-1, metavar="TEXT...")
@click.option("--json", "as_json", is_flag=True, help="All labels with their scores, a JSON object a line.")
@config_option
@state_option
def classify(
    model: str, texts: tuple[str, ...], *, as_json: bool, config_file: Path | None, state: Path
) -> None:
    """Label each TEXT by MODEL. Without TEXT, each line that is piped in."""
    encoder, texts, answers = _answered(model, "classify", texts, config_file, state)
    labels = encoder.encoder.labels
    for text, row in zip(texts, _written(answers), strict=True):
        best = max(range(len(row)), key=row.__getitem__)
        if as_json:
            scores = dict(zip(labels, row, strict=True))
            click.echo(
                json.dumps({"text": text, "label": labels[best], "scores": scores}, ensure_ascii=False)
            )
        else:
            click.echo(f"{row[best]:5.3f}  {_shown(labels[best])}  {_shown(text)}")


def _answered(
    model: str, task: str, texts: tuple[str, ...], config_file: Path | None, state: Path
) -> "tuple[TextEncoder, tuple[str, ...], Answers]":
    """The encoder, what it was asked, and what it answered."""
    config = configured(config_file).config
    asked = texts or tuple(_lines(config))
    if not asked:
        raise click.UsageError(f'give a text: ingle {task} {model} "Turn off the light"')
    for text in asked:
        if not text.isascii() and text.encode(errors="replace").decode() != text:
            raise CallerError("a text holds bytes that are not UTF-8; convert it first")

    from models.licences.policy import enforce  # noqa: PLC0415  see runtime.console
    from models.store import Store  # noqa: PLC0415  see runtime.console
    from runtime.encoding import TextEncoder  # noqa: PLC0415  see runtime.console

    bundle = Store.below(state).resolve(model)
    enforce(config.policy, bundle.manifest.licence, bundle.reference)
    encoder = TextEncoder.load(bundle, task, threads=config.engine.threads)
    return encoder, asked, encoder.answers(asked)


def _lines(config: "Config") -> Iterator[str]:
    lines = piped(config.limits.request_bytes).splitlines()
    return (line for line in lines if line.strip())


def _written(answers: "Answers") -> list[list[float]]:
    return [[float(f"{number:.{_DIGITS}g}") for number in row] for row in answers.tolist()]


def _shown(text: str) -> str:
    from runtime.console.terminal import harmless  # noqa: PLC0415  see runtime.console

    return harmless(text) if sys.stdout.isatty() else text
