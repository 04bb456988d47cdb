"""`ingle say`: a text, spoken: from the loudspeaker, or into a file."""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from runtime.console.options import config_option, configured, state_option
from runtime.console.piping import piped
from runtime.errors import CallerError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from runtime.config import Config
    from runtime.voice.border import Sound, Utterance
    from runtime.voice.tts.choose import Cast

_STDIN: Final = "-"


@click.command()
@click.argument("text", nargs=-1)
@click.option("--voice", help="Whose; without it, the one of voice.speaker, or the best of the language.")
@click.option(
    "--language", help="Of the text, such as zh-TW; without it, as its letters tell, or the voice's."
)
@click.option("--speed", type=click.FloatRange(0.5, 2), default=1.0, help="Times as fast as usual.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="Write a WAV file instead.")
@click.option("--list-voices", is_flag=True, help="Show the voices of this machine, and say nothing.")
@config_option
@state_option
def say(
    text: tuple[str, ...],
    voice: str | None,
    language: str | None,
    speed: float,
    out: Path | None,
    *,
    list_voices: bool,
    config_file: Path | None,
    state: Path,
) -> None:
    """Say TEXT aloud; `-`, or no TEXT, is what is piped in."""
    config = configured(config_file).config
    words = piped(config.limits.request_bytes) if text in {(), (_STDIN,)} else " ".join(text)
    if not list_voices and not words.strip():
        raise click.UsageError('give a text: ingle say "Dinner is ready."')

    import asyncio  # noqa: PLC0415  see runtime.console

    from runtime.engine.turns import Turns  # noqa: PLC0415  see runtime.console
    from runtime.voice.border import Utterance  # noqa: PLC0415  see runtime.console
    from runtime.voicing import cast_of  # noqa: PLC0415  see runtime.console

    cast = cast_of(config, state, Turns())
    if list_voices:
        _list(cast)
    else:
        asyncio.run(_say(config, cast, Utterance(words, voice, language, speed), out))


def _list(cast: "Cast") -> None:
    """A line a voice, the default first."""
    for voice in cast.voices:
        click.echo(f"{voice.name:<32} {voice.language}")
    if not cast.voices:
        from runtime.voice.tts.choose import NONE_SPEAKS  # noqa: PLC0415  see runtime.console

        click.echo(NONE_SPEAKS, err=True)


async def _say(config: "Config", cast: "Cast", utterance: "Utterance", out: Path | None) -> None:
    from runtime.voicing import Voicing  # noqa: PLC0415  see runtime.console

    voicing = Voicing(cast, None, config.limits)
    try:
        sounds = voicing.speak(utterance)
        if out is None:
            said = await _play(sounds, config.voice.loudspeaker)
        else:
            said = _write([sound async for sound in sounds], out)
    finally:
        await voicing.close()
    if not said:
        raise CallerError("nothing of that can be said; give words")


async def _play(sounds: "AsyncIterator[Sound]", device: str | None) -> bool:
    from runtime.voice.loudspeaker import Loudspeaker  # noqa: PLC0415  see runtime.console

    said = False
    async with Loudspeaker(device).open() as playing:
        async for sound in sounds:
            said = True
            await playing.play(sound, lambda _: None)
    return said


def _write(sounds: "Sequence[Sound]", out: Path) -> bool:
    """All of it; False where there is nothing.

    Raises:
        CallerError: the file cannot be written.
    """
    import numpy as np  # noqa: PLC0415  see runtime.console

    from runtime.voice.audio import write_wav  # noqa: PLC0415  see runtime.console

    if not sounds:
        return False
    try:
        out.write_bytes(write_wav(np.concatenate([each.samples for each in sounds]), sounds[0].rate))
    except OSError as exc:
        raise CallerError(f"{out} cannot be written ({exc.strerror}); name another file") from exc
    return True
