"""`ingle voice-test`: whether a loudspeaker is heard, whether a microphone hears, and how long each stage takes."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import click

from runtime.console.options import config_option, configured, state_option
from runtime.console.terminal import harmless

if TYPE_CHECKING:
    from runtime.config import Config
    from runtime.voice.border import Samples

Result = TypeVar("Result")

_PLAYED_S: Final = 1.0
_SPOKEN_S: Final = 4.0
_HERTZ: Final = 660
_ECHO_DB: Final = 3.0


@click.command("voice-test")
@click.option("--microphone", help="As `arecord -L` names it; voice.microphone by default, else ALSA's own.")
@click.option("--loudspeaker", help="As `aplay -L` names it; voice.loudspeaker by default, else ALSA's own.")
@config_option
@state_option
def voice_test(
    *, microphone: str | None, loudspeaker: str | None, config_file: Path | None, state: Path
) -> None:
    """Play a tone, record you, and say how well both went and how long it takes to understand you.

    Nothing that is recorded is kept. An appliance that runs on this machine writes down what you said and says it
    again; without one, only this machine's microphone and loudspeaker are tried.
    """
    config = configured(config_file, voice__microphone=microphone, voice__loudspeaker=loudspeaker).config
    asyncio.run(_test(config, state))


async def _test(config: "Config", state: Path) -> None:
    import numpy as np  # noqa: PLC0415  see runtime.console

    from runtime.voice.loudspeaker import Loudspeaker  # noqa: PLC0415  see runtime.console
    from runtime.voice.microphone import Microphone, record  # noqa: PLC0415  see runtime.console

    microphone, loudspeaker = Microphone(config.voice.microphone), Loudspeaker(config.voice.loudspeaker)
    before = np.concatenate(await record(microphone, _PLAYED_S))
    click.echo("Playing a tone.")
    during, _ = await asyncio.gather(record(microphone, _PLAYED_S), _tone(loudspeaker))
    _echoed(before, np.concatenate(during))
    click.echo(f'Say something for {_SPOKEN_S:g} seconds: "turn on the kitchen light".')
    said = np.concatenate(await record(microphone, _SPOKEN_S))
    _heard(config, said)
    await _understood(config, state, said, loudspeaker)


async def _tone(loudspeaker: Any) -> None:
    import numpy as np  # noqa: PLC0415  see runtime.console

    from runtime.voice.border import RATE, Sound  # noqa: PLC0415  see runtime.console

    times = np.arange(round(_PLAYED_S * RATE)) / RATE
    tone = np.asarray(0.3 * np.sin(2 * np.pi * _HERTZ * times), np.float32)
    async with loudspeaker.open() as playing:
        await playing.play(Sound(tone, RATE), lambda _: None)


def _echoed(before: "Samples", during: "Samples") -> None:
    from runtime.voice.pcm import dbfs  # noqa: PLC0415  see runtime.console

    gain = dbfs(during) - dbfs(before)
    heard = "so it hears what is played" if gain > _ECHO_DB else "so it does not hear what is played"
    click.echo(
        f"  the microphone hears {dbfs(before):.0f} dBFS before, {dbfs(during):.0f} dBFS during it: {heard}"
    )


def _heard(config: "Config", said: "Samples") -> None:
    """Levels, and the stages that run on this machine."""
    from runtime.voice.border import FRAME  # noqa: PLC0415  see runtime.console
    from runtime.voice.soundcheck import levels_of  # noqa: PLC0415  see runtime.console
    from runtime.voice.vad import SileroActivity  # noqa: PLC0415  see runtime.console
    from runtime.voice.wake import WakeWords  # noqa: PLC0415  see runtime.console

    settings = config.voice
    frames = [said[at : at + FRAME] for at in range(0, said.size - FRAME + 1, FRAME)]
    activity, begun = SileroActivity(), time.perf_counter()
    speech = [activity.feed(frame) >= settings.speech_threshold for frame in frames]
    heard = time.perf_counter()
    words = WakeWords(settings.wake_words, threshold=settings.wake_threshold, policy=config.policy)
    loaded = time.perf_counter()
    for frame in frames:
        words.feed(frame)
    woken = time.perf_counter()
    levels = levels_of(said, sum(speech) / len(speech))
    click.echo(
        f"  the room {levels.quiet:.0f} dBFS, you {levels.loud:.0f} dBFS, cut off {levels.clipped:.2%}, "
        f"speech in {levels.speech:.0%} of it: {levels.advice}"
    )
    each = 1000 / len(frames)
    click.echo(
        f"  a frame of 32 ms takes {(heard - begun) * each:.2f} ms for voice activity "
        f"and {(woken - loaded) * each:.2f} ms for wake words"
    )


async def _understood(config: "Config", state: Path, said: "Samples", loudspeaker: Any) -> None:
    """What the appliance makes of it, if there is one."""
    from runtime.console.appliance import appliance  # noqa: PLC0415  see runtime.console
    from runtime.errors import BusyError, CallerError  # noqa: PLC0415  see runtime.console
    from runtime.voice.border import Speech, Utterance  # noqa: PLC0415  see runtime.console

    try:
        async with appliance(config, state) as there:
            took, transcription = await _timed(lambda: there.transcribe(Speech(said)))
            click.echo(f"  written down in {took:.0f} ms: {harmless(transcription.text) or '(no words)'}")
            if not there.voices or not transcription.text:
                return
            sounds = there.speak(Utterance(f"You said: {transcription.text}"))
            took, first = await _timed(lambda: anext(sounds))
            click.echo(f"  first sound of an answer in {took:.0f} ms")
            async with loudspeaker.open() as playing:
                await playing.play(first, lambda _: None)
                async for sound in sounds:
                    await playing.play(sound, lambda _: None)
    except (BusyError, CallerError) as exc:
        click.echo(f"  not understood, because {exc}")


async def _timed(work: Callable[[], Awaitable[Result]]) -> tuple[float, Result]:
    begun = time.perf_counter()
    result = await work()
    return (time.perf_counter() - begun) * 1000, result
