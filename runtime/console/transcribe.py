"""`ingle transcribe`: a recording in, what is said in it out."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from runtime.console.options import config_option, configured, state_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runtime.voice.border import Samples
    from runtime.voice.stt import Passage, Whisper

_PROGRESS_S: Final = 60.0
"""Of a recording longer than a window it is told how far it is understood, so often."""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--model", help="Name of a model that hears, as `ingle list` shows it; voice.recognizer by default."
)
@click.option("--language", help="What is spoken, such as en; without it, what the model hears.")
@click.option("--translate", is_flag=True, help="Write it in English, whatever is spoken.")
@click.option("--hint", "hints", multiple=True, help="A name that may well be in it; may be repeated.")
@click.option("--segments", is_flag=True, help="A line a stretch, with its times.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object: text, language, segments, other readings."
)
@config_option
@state_option
def transcribe(
    file: Path,
    *,
    model: str | None,
    hints: tuple[str, ...],
    segments: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Write down what is said in FILE, a WAV file of any rate and length."""
    whisper = _loaded(model, options.pop("config_file"), options.pop("state"))
    with file.open("rb") as stream:
        from runtime.voice.audio import stream_wav  # noqa: PLC0415  see runtime.console

        heard = whisper.listen(
            _watched(stream_wav(stream)), hints=hints, best=_READINGS if as_json else 1, **options
        )
        if as_json:
            click.echo(json.dumps(_whole(heard), ensure_ascii=False, indent=2))
        else:
            _tell(heard, segments=segments)


_READINGS: Final = 5


def _loaded(model: str | None, config_file: Path | None, state: Path) -> "Whisper":
    """The recogniser, if its owner may have it.

    Raises:
        StoreError, PolicyError, BundleError: there is none of that name, it may not be used, or does not hear.
    """
    config = configured(config_file).config

    from models.licences.policy import enforce  # noqa: PLC0415  see runtime.console
    from models.store import Store  # noqa: PLC0415  see runtime.console
    from runtime.voice.stt import Whisper  # noqa: PLC0415  see runtime.console

    bundle = Store.below(state).resolve(model or config.voice.recognizer)
    enforce(config.policy, bundle.manifest.licence, bundle.reference)
    return Whisper.load(bundle, threads=config.engine.threads)


def _watched(pieces: "Iterator[Samples]") -> "Iterator[Samples]":
    """The same, with a passing remark on how much of it was heard."""
    from runtime.console.terminal import StatusLine  # noqa: PLC0415  see runtime.console
    from runtime.voice.border import RATE  # noqa: PLC0415  see runtime.console

    line, heard, told = StatusLine(), 0.0, 0.0
    for piece in pieces:
        heard += piece.size / RATE
        if heard - told >= _PROGRESS_S:
            told = heard
            line.show(f"heard {_clock(heard)}")
        yield piece
    line.clear()


def _tell(heard: "Iterator[Passage]", *, segments: bool) -> None:
    """Passage by passage, as they are understood."""
    from runtime.console.terminal import harmless  # noqa: PLC0415  see runtime.console

    shown: Any = harmless if sys.stdout.isatty() else str
    anything = False
    for passage in heard:
        text = passage.readings[0].text
        anything = anything or bool(text)
        if segments:
            for each in passage.segments:
                click.echo(f"[{_clock(each.start)} - {_clock(each.end)}] {shown(each.text)}")
        elif text:
            click.echo(shown(text))
    if not anything:
        click.echo("nobody speaks in it", err=True)


def _whole(heard: "Iterator[Passage]") -> dict[str, Any]:
    passages = list(heard)
    spoken = [passage for passage in passages if passage.readings[0].text]
    return {
        "text": " ".join(passage.readings[0].text for passage in spoken),
        "language": (spoken or passages)[0].language if passages else None,
        "no_speech": round(min((passage.no_speech for passage in passages), default=1.0), 4),
        "segments": [
            {"start": round(each.start, 2), "end": round(each.end, 2), "text": each.text}
            for passage in passages
            for each in passage.segments
        ],
        "readings": [asdict(each) for each in spoken[0].readings] if len(spoken) == 1 else [],
    }


def _clock(seconds: float) -> str:
    minutes, rest = divmod(seconds, 60)
    hours, minutes = divmod(int(minutes), 60)
    return f"{hours}:{minutes:02}:{rest:05.2f}" if hours else f"{minutes}:{rest:05.2f}"
