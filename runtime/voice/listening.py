"""The room's loop: a microphone into the pipeline, and what the pipeline wants done, done.

The shell of `pipeline.py`, on the event loop; looking at a frame happens on a thread. It knows neither what recognises
and speaks (`Voices`) nor what answers (`Answerer`). An answer is played while the rest of it is computed, and what is
left off is silent at once. Nothing that is heard is kept or logged.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final, Protocol, assert_never

from runtime.errors import IngleError
from runtime.voice.ahead import ahead, left
from runtime.voice.alsa import SoundCardError
from runtime.voice.border import (
    Answerer,
    Said,
    Samples,
    Sound,
    Speech,
    Transcription,
    Utterance,
    Voices,
)
from runtime.voice.events import (
    Answer,
    Awake,
    Deaf,
    Effect,
    Failed,
    Input,
    Nothing,
    Pressed,
    Recognise,
    Released,
    Sounding,
    Spoken,
    State,
    Stop,
    Tick,
    Understood,
)
from runtime.voice.hearing import Heard, Hearing
from runtime.voice.loudspeaker import Loudspeaker
from runtime.voice.pcm import dbfs
from runtime.voice.pipeline import Pipeline

_log = logging.getLogger(__name__)

WAITS: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds until a microphone that is gone is looked for again; the last, from then on."""
_TICK_S: Final = 0.5
_SOUNDS_AHEAD: Final = 3
_BEST: Final = 3
"""Readings of what was said, one of which names what the house has."""

Noticed = Heard | Sounding | Effect | Said | IngleError
Notice = Callable[[State, Noticed], None]
"""Told of everything, to show it; the state is that after it."""


def unnoticed(_state: State, _what: Noticed) -> None:
    """Nobody looks on."""


class Source(Protocol):
    """What is listened to; `runtime.voice.microphone.Microphone`."""

    def frames(self) -> AsyncGenerator[Samples, None]:
        """FRAME samples at a time.

        Raises (at any iteration):
            SoundCardError: it is not there, or not any more.
        """
        ...


class Room:
    """One room, listened to."""

    def __init__(
        self,
        *,
        hearing: Hearing,
        pipeline: Pipeline,
        voices: Voices,
        answerer: Answerer,
        microphone: Source,
        loudspeaker: Loudspeaker,
        session: str = "room",
        language: str | None = None,
        notice: Notice = unnoticed,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._hearing, self._pipeline = hearing, pipeline
        self._voices, self._answerer = voices, answerer
        self._microphone, self._loudspeaker = microphone, loudspeaker
        self._session, self._language = session, language
        self._notice, self._clock = notice, clock
        self._jobs: dict[int, asyncio.Task[None]] = {}
        self._failures = 0
        """Of the microphone, one after the other."""

    @property
    def state(self) -> State:
        """What it is at."""
        return self._pipeline.state

    def press(self) -> None:
        """A button is held: what is said until `release` counts, without a wake word."""
        self._step(Pressed())

    def release(self) -> None:
        """The button is let go."""
        self._step(Released())

    async def listen(self, waits: Sequence[float] = WAITS) -> None:
        """Listen until cancelled. A microphone that is gone is looked for again; without `waits` it is not.

        Raises:
            SoundCardError: there is no microphone, and there are no waits.
            EngineError: a model failed that looks at frames.
        """
        ticking = asyncio.create_task(self._tick(), name="voice.tick")
        try:
            await self._listen(waits)
        finally:
            jobs = {ticking, *self._jobs.values()}
            for job in jobs:
                job.cancel()
            await asyncio.wait(jobs)

    async def _listen(self, waits: Sequence[float]) -> None:
        while True:
            try:
                await self._hear()
            except SoundCardError as exc:
                self._step(Deaf())
                if not waits:
                    raise
                wait = waits[min(self._failures, len(waits) - 1)]
                self._failures += 1
                _log.warning("%s; it is looked for again in %g s", exc, wait)
                self._notice(self.state, exc)
                await asyncio.sleep(wait)
            else:
                return

    async def _hear(self) -> None:
        self._hearing.reset()
        async with aclosing(self._microphone.frames()) as frames:
            async for frame in frames:
                self._failures = 0
                self._step(await asyncio.to_thread(self._hearing.feed, frame))

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(_TICK_S)
            self._step(Tick())

    def _step(self, given: Input) -> None:
        effects = self._pipeline.step(self._clock(), given)
        if isinstance(given, Heard | Sounding):
            self._notice(self.state, given)
        for effect in effects:
            self._do(effect)
            self._notice(self.state, effect)

    def _do(self, effect: Effect) -> None:
        match effect:
            case Recognise(turn, samples):
                self._begin(turn, self._recognise(turn, samples))
            case Answer(turn, transcription):
                self._begin(turn, self._answer(turn, transcription))
            case Stop(turn):
                if (job := self._jobs.get(turn)) is not None:
                    job.cancel()
            case Awake() | Nothing():
                pass
            case _:
                assert_never(effect)

    def _begin(self, turn: int, work: AsyncGenerator[Input, None]) -> None:
        job = asyncio.create_task(self._work(turn, work), name=f"voice.turn.{turn}")
        self._jobs[turn] = job
        job.add_done_callback(partial(self._over, turn))

    def _over(self, turn: int, job: asyncio.Task[None]) -> None:
        if self._jobs.get(turn) is job:
            del self._jobs[turn]

    async def _work(self, turn: int, work: AsyncGenerator[Input, None]) -> None:
        """Tell the pipeline what comes of it; what fails is said once, and the house listens again."""
        try:
            async with aclosing(work):
                async for given in work:
                    self._step(given)
        except IngleError as exc:
            _log.warning("what was said came to nothing: %s", exc)
            self._notice(self.state, exc)
            self._step(Failed(turn))

    async def _recognise(self, turn: int, samples: Samples) -> AsyncGenerator[Input, None]:
        yield Understood(
            turn, await self._voices.transcribe(Speech(samples, language=self._language, best=_BEST))
        )

    async def _answer(self, turn: int, said: Transcription) -> AsyncGenerator[Input, None]:
        asks = False
        async with (
            self._loudspeaker.open() as playing,
            aclosing(ahead(self._sounds(said), _SOUNDS_AHEAD)) as sounds,
        ):
            async for clause, sound in sounds:
                asks = clause.asks
                if sound is not None:
                    await playing.play(sound, partial(self._sounding, turn, clause.text))
        yield Spoken(turn, asks)

    def _sounding(self, turn: int, text: str, samples: Samples) -> None:
        self._step(Sounding(turn, dbfs(samples), text))

    async def _sounds(self, heard: Transcription) -> AsyncGenerator[tuple[Said, Sound | None], None]:
        """Each clause of the answer with the sounds of it; with none, where nothing here speaks."""
        texts = [reading.text for reading in heard.readings]
        language = self._language or heard.language
        said = self._answerer.answer(texts, language=language, session=self._session)
        async with left(said):
            async for clause in said:
                self._notice(self.state, clause)
                if not self._voices.voices:
                    yield clause, None
                    continue
                sounds = self._voices.speak(Utterance(clause.text, language=clause.language))
                async with left(sounds):
                    async for sound in sounds:
                        yield clause, sound
