"""What hears and speaks, as `runtime.voice.border.Voices` has it: it writes down what it was told, and hums."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Final

from runtime.errors import BusyError, CallerError
from runtime.voice.border import Reading, Samples, Segment, Sound, Speech, Transcription, Utterance
from runtime.voice.pcm import dbfs
from tests.support.sounds import tone

VOICE: Final = "hummer"


def transcription(*segments: str, no_speech: float = 0.1) -> Transcription:
    """One of segments that take a second each."""
    told = tuple(Segment(float(at), at + 1.0, text) for at, text in enumerate(segments))
    return Transcription((Reading(" ".join(segments), -0.2),), "en", no_speech, told)


class VoicesSimulator:
    """Hears the same in whatever it is given, and hums a clause for each sentence; `failure` is raised instead."""

    recognizer: str | None = "whisper-test"
    languages: tuple[str, ...] = ("en",)
    voices: tuple[str, ...] = (VOICE, "other")

    def __init__(
        self, hears: str | Transcription | Callable[[Speech], Transcription] = "hello", *, rate: int = 22_050
    ) -> None:
        self._hears = hears
        self._rate = rate
        self.heard: list[Speech] = []
        self.said: list[Utterance] = []
        self.clauses = 0
        """Given out."""
        self.abandoned = 0
        """Sentences whose end nobody waited for."""
        self.failure: Exception | None = None
        self.fail_after: int | None = None
        """Clauses."""
        self.busy = 0
        """So many sentences are told to come back."""
        self.listening = asyncio.Event()
        """Let go on what is being written down."""
        self.speaking = asyncio.Event()
        """Let go on what is being said, behind the first clause."""
        self.listening.set()
        self.speaking.set()

    async def transcribe(self, speech: Speech) -> Transcription:
        self.heard.append(speech)
        await self.listening.wait()
        if self.failure is not None:
            raise self.failure
        if speech.language not in {None, *self.languages}:
            raise CallerError(f"{speech.language} is not understood; send en", param="language")
        match self._hears:
            case str(text):
                return transcription(text)
            case Transcription():
                return self._hears
            case hears:
                return hears(speech)

    async def speak(self, utterance: Utterance) -> AsyncIterator[Sound]:
        if self.busy:
            self.busy -= 1
            raise BusyError("four wait already; ask again in a few seconds")
        self.said.append(utterance)
        if utterance.voice not in {None, *self.voices}:
            raise CallerError(f"no voice {utterance.voice!r} here; send {VOICE}", param="voice")
        with self._to_its_end():
            for count, clause in enumerate(_clauses(utterance.text)):
                if count == self.fail_after:
                    raise self.failure or BusyError("busy; come back later")
                if count:
                    await self.speaking.wait()
                self.clauses += 1
                yield Sound(tone(440, 0.02 * len(clause) / utterance.speed, rate=self._rate), self._rate)

    @contextmanager
    def _to_its_end(self) -> Iterator[None]:
        try:
            yield
        except BaseException:
            self.abandoned += 1
            raise


class LoudIsSpeech:
    """Implements `runtime.voice.border.VoiceActivity`."""

    def feed(self, given: Samples) -> float:
        return 0.95 if dbfs(given) > -40 else 0.02

    def reset(self) -> None:
        """Nothing is remembered."""


def _clauses(text: str) -> list[str]:
    return [each for each in text.replace("!", ".").split(".") if each.strip()]
