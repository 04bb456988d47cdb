"""Speech to text: `transcribe`, sound, and then `transcript`; the same in segments before, for who wants a stream."""

from typing import Final

import numpy as np
from wyoming.asr import Transcript, TranscriptChunk, TranscriptStart, TranscriptStop

from runtime.errors import CallerError
from runtime.voice.border import Samples, Speech, Transcription, Voices
from runtime.voice.pcm import dbfs
from runtime.voice.said import phantom, words_of
from runtime.voice.wyoming.border import Send
from runtime.voice.wyoming.frames import Frame
from runtime.voice.wyoming.lately import Lately
from runtime.voice.wyoming.room import Room
from runtime.voice.wyoming.vad import Watch
from runtime.wire.fields import Fields, text

BEST: Final = 4
"""Readings that are asked for: the others are for `handle`."""
_HINTS: Final = 200
_HINT_LETTERS: Final = 64
_QUIETEST_DBFS: Final = -60.0
"""What is quieter is no speech, whatever a model would make of it."""


class Transcribing:
    """Implements `Ear`: one recording, written down."""

    def __init__(
        self,
        voices: Voices,
        room: Room,
        lately: Lately,
        watch: Watch | None,
        send: Send,
        *,
        language: str | None,
        hints: tuple[str, ...],
    ) -> None:
        """`watch`: tells meanwhile whether somebody speaks."""
        self._voices = voices
        self._lately = lately
        self._recording = room.recording()
        self._watch = watch
        self._send = send
        self._language = language
        self._hints = hints
        self._pieces: list[Samples] = []

    async def hear(self, samples: Samples) -> None:
        """See `Ear.hear`."""
        self._recording.grow(samples.size)
        self._pieces.append(samples)
        if self._watch is not None:
            await self._watch.hear(samples)

    async def finish(self) -> None:
        """See `Ear.finish`. Nothing is written of silence."""
        if self._watch is not None:
            await self._watch.finish()
        samples = np.concatenate(self._pieces) if self._pieces else np.zeros(0, np.float32)
        transcription = None
        if samples.size and dbfs(samples) >= _QUIETEST_DBFS:
            speech = Speech(samples, self._language, self._hints, BEST)
            transcription = await self._voices.transcribe(speech)
        self.close()
        for event in self._told(transcription):
            await self._send(event)

    def close(self) -> None:
        """See `Ear.close`."""
        self._pieces.clear()
        self._recording.close()

    def _told(
        self, found: Transcription | None
    ) -> tuple[TranscriptStart | TranscriptChunk | Transcript | TranscriptStop, ...]:
        """Whoever does not want a stream looks at the third kind alone."""
        said = "" if found is None or phantom(found) else words_of(found)
        language = self._language if found is None else found.language
        pieces: tuple[str, ...] = ()
        if found is not None and said:
            self._lately.keep([said, *(each.text for each in found.readings[1:])])
            pieces = tuple(each.text for each in found.segments) or (said,)
        return (
            TranscriptStart(language=language),
            *map(TranscriptChunk, pieces),
            Transcript(said, language=language),
            TranscriptStop(),
        )


def asked(frame: Frame) -> tuple[str | None, tuple[str, ...]]:
    """The language of a `transcribe`, and the names that may be said.

    Raises:
        CallerError: they are none.
    """
    fields = Fields.of(frame.data, frame.type)
    found: list[str] = []
    for key in ("transcript_names", "transcript_terms"):
        given = fields.get(key)
        if given is None:
            continue
        if not isinstance(given, list):
            raise CallerError(f"{key} is no list; send a list of strings", param=key)
        found += [text(each, key)[:_HINT_LETTERS] for each in given[:_HINTS]]
    return fields.text("language"), tuple(found[:_HINTS])
