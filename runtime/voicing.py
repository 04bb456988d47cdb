"""Hearing and speaking put together, for front ends: what listens, what speaks, and a thread for each.

Part of the composition root. Knows which models there are and how many may wait for them; not who asks. What is asked
before a model is in memory waits for it. What is missing is said once, in the log, and to whoever asks for it.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Final

from models.errors import ModelError
from models.licences.policy import enforce
from models.store import Store
from runtime.commands.registry.house import House
from runtime.config import Config
from runtime.engine.turns import Turns
from runtime.errors import CallerError, ConfigError, IngleError
from runtime.limits import Limits
from runtime.voice.border import Recognizer, Sound, Speech, Transcription, Utterance
from runtime.voice.lane import Lane
from runtime.voice.spoken import spoken
from runtime.voice.spoken.scripts import primary, written_in
from runtime.voice.stt import Whisper
from runtime.voice.tts.choose import NONE_SPEAKS, Cast
from runtime.voice.tts.find import find_voices

_log = logging.getLogger(__name__)

_FOLDER: Final = "voices"
_FIRST_WORDS: Final = "Ready."
"""Said to nobody: what a voice keeps of its language is there then for the first answer."""


@dataclass(frozen=True, slots=True)
class Listener:
    """A model that writes down speech."""

    name: str
    languages: tuple[str, ...]
    load: Callable[[], Recognizer]
    """Seconds of work; raises IngleError where it cannot be."""


class Voicing:
    """Implements `Voices`."""

    def __init__(
        self, cast: Cast, listener: Listener | None, limits: Limits, house: Callable[[], House] = House
    ) -> None:
        """`house`: the devices whose names may well be said, as they are when somebody speaks."""
        self._cast = cast
        self._listener = listener
        self._recognizer: Recognizer | None = None
        self._limits = limits
        self._house = house
        self._ears = Lane("listened to", limits.speech_waiting)
        self._mouth = Lane("spoken to", limits.speech_waiting)

    @property
    def recognizer(self) -> str | None:
        """See `Voices.recognizer`."""
        return None if self._listener is None else self._listener.name

    @property
    def languages(self) -> tuple[str, ...]:
        """See `Voices.languages`."""
        return () if self._listener is None else self._listener.languages

    @property
    def voices(self) -> tuple[str, ...]:
        """See `Voices.voices`."""
        return tuple(voice.name for voice in self._cast.voices)

    def language_of(self, voice: str) -> str:
        """What a voice of `voices` speaks, BCP 47."""
        return next(each.language for each in self._cast.voices if each.name == voice)

    async def transcribe(self, speech: Speech) -> Transcription:
        """See `Voices.transcribe`."""
        listener = self._listener
        if listener is None:
            raise CallerError(
                "nothing here listens; `ingle pull whisper-tiny.en` brings what does, then restart"
            )
        if speech.seconds > self._limits.speech_seconds:
            raise CallerError(
                f"{speech.seconds:.0f} seconds of sound are too long; send at most {self._limits.speech_seconds:g} "
                "at a time, or raise limits.speech_seconds"
            )
        language = speech.language
        if language is not None and primary(language) not in map(primary, listener.languages):
            raise CallerError(
                f"{listener.name} does not understand {language[:35]!r}, only {', '.join(listener.languages)}",
                param="language",
            )
        hints = tuple(dict.fromkeys((*speech.hints, *_names(self._house()))))
        with self._ears.place():
            return await self._ears.run(lambda: self._loaded(listener).feed(replace(speech, hints=hints)))

    async def speak(self, utterance: Utterance) -> AsyncIterator[Sound]:
        """See `Voices.speak`. The text may be as it was written: it is made words here, in the language it is in."""
        if len(utterance.text) > self._limits.spoken_letters:
            raise CallerError(
                f"{len(utterance.text)} letters are too many to be spoken; send at most "
                f"{self._limits.spoken_letters} at a time, or raise limits.spoken_letters",
                param="input",
            )
        written = written_in(utterance.text)
        language = utterance.language or (None if written == "en" else written)
        voice = self._cast.choose(utterance.voice, language)
        language = language or voice.language
        with self._mouth.place():
            words = await self._mouth.run(partial(spoken, utterance.text, language))
            sounds = self._cast.feed(replace(utterance, text=words, voice=voice.name, language=language))
            while (sound := await self._mouth.run(partial(next, sounds, None))) is not None:
                yield sound

    async def warm(self) -> None:
        """Have both in memory, as fast as they will be; says in the log what hears and speaks, or why nothing does."""
        await asyncio.gather(self._warm_ears(), self._warm_mouth())

    async def close(self) -> None:
        """Leave off, and wait for the threads."""
        await asyncio.gather(self._ears.close(), self._mouth.close())

    def _loaded(self, listener: Listener) -> Recognizer:
        """On the thread of the ears."""
        if self._recognizer is None:
            self._recognizer = listener.load()
        return self._recognizer

    async def _warm_ears(self) -> None:
        if (listener := self._listener) is None:
            return
        try:
            await self._ears.run(partial(self._loaded, listener))
        except IngleError as exc:
            _log.warning("nothing listens: %s", exc)
        else:
            _log.info("listening with %s", listener.name)

    async def _warm_mouth(self) -> None:
        if not self._cast.voices:
            _log.warning(NONE_SPEAKS)
            return
        try:
            await self._mouth.run(lambda: list(self._cast.feed(Utterance(_FIRST_WORDS))))
        except IngleError as exc:
            _log.warning("the first answer may not be spoken: %s", exc)
        else:
            _log.info("speaking as %s", self.voices[0])


def _names(house: House) -> list[str]:
    """Of devices and areas."""
    named = [*(each.names for each in house.devices.values()), *(each.names for each in house.areas.values())]
    return [name.text for names in named for name in names]


@asynccontextmanager
async def voices_of(
    config: Config, state: Path, turns: Turns, house: Callable[[], House] = House
) -> AsyncIterator[Voicing | None]:
    """What hears and speaks by a configuration, for as long as it is entered; None: the owner wants nothing to.

    `turns` are shared with the engines that compute on the same cores. It is there at once and loads when it is first
    used, or by `warm`.

    Raises (on entering):
        ConfigError: the voice that is configured is not on this machine.
    """
    if not config.voice.enabled:
        yield None
        return
    voicing = await asyncio.to_thread(_voicing, config, state, turns, house)
    try:
        yield voicing
    finally:
        await voicing.close()


def _voicing(config: Config, state: Path, turns: Turns, house: Callable[[], House]) -> Voicing:
    return Voicing(cast_of(config, state, turns), find_listener(config, state, turns), config.limits, house)


def cast_of(config: Config, state: Path, turns: Turns) -> Cast:
    """Who speaks.

    Raises:
        ConfigError: the voice that is configured is not on this machine.
    """
    voices = list(find_voices(config.voice.folder or state / _FOLDER, turns))
    try:
        return Cast(voices, preferred=config.voice.speaker, language=config.commands.languages[0])
    except CallerError as exc:
        raise ConfigError(f"voice.speaker: {exc}") from exc


def find_listener(config: Config, state: Path, turns: Turns) -> Listener | None:
    """The model that writes down speech; None, with a line in the log, if it is not to be had."""
    name = config.voice.recognizer
    try:
        bundle = Store.below(state).resolve(name)
        enforce(config.policy, bundle.manifest.licence, bundle.reference)
    except ModelError as exc:
        _log.warning("nothing listens: %s", exc)
        return None
    about = bundle.manifest.transcriber
    if about is None:
        _log.warning("nothing listens: %s does not hear; `ingle pull whisper-tiny.en` brings what does", name)
        return None
    languages = tuple(language.code for language in about.languages) or ("en",)
    return Listener(
        name, languages, partial(Whisper.load, bundle, threads=config.engine.threads, turns=turns)
    )
