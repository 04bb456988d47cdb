"""POST /v1/audio/transcriptions: a recording, written down. /v1/audio/translations says what there is instead."""

import asyncio
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, Final

from aiohttp import web

from runtime.api.forms import read_form
from runtime.api.keys import LIMITS, VOICES
from runtime.api.openai import sse
from runtime.api.openai.transcribed import as_events, as_json, as_srt, as_verbose_json, as_vtt
from runtime.api.openai.transcriptions_schema import TranscriptionRequest, parse
from runtime.api.refusal import RefusalError
from runtime.api.voiceless import DEAF
from runtime.errors import BusyError, CallerError
from runtime.voice.audio import read_wav
from runtime.voice.border import Samples, Speech, Transcription
from runtime.voice.extra import NoVoiceError
from runtime.voice.pcm import SoundError


class Recordings:
    """Those that are in hand: they arrive, and one at a time is in memory. On the event loop."""

    def __init__(self, most: int) -> None:
        """`most` at a time."""
        self._most = most
        self._there = 0
        self.turn = asyncio.Lock()
        """Whose recording may be in memory."""

    @contextmanager
    def entered(self) -> Iterator[None]:
        """A place for one.

        Raises:
            BusyError: all are taken.
        """
        if self._there >= self._most:
            raise BusyError(f"{self._there} recordings are in hand already; send it again in a minute")
        self._there += 1
        try:
            yield
        finally:
            self._there -= 1


RECORDINGS: Final = web.AppKey("recordings", Recordings)


def add_routes(app: web.Application) -> None:
    """Serve both paths."""
    app[RECORDINGS] = Recordings(app[LIMITS].queue_depth)
    app.router.add_post("/v1/audio/transcriptions", _transcription)
    app.router.add_post("/v1/audio/translations", _translation)


async def _transcription(request: web.Request) -> web.StreamResponse:
    recognizer = request.app[VOICES].recognizer
    if recognizer is None:
        raise RefusalError(404, DEAF, code="not_found")
    limits, recordings = request.app[LIMITS], request.app[RECORDINGS]
    with recordings.entered():
        async with read_form(request, "file", limits.audio_bytes, "limits.audio_bytes") as form:
            asked = parse(form.fields, recognizer)
            async with recordings.turn:
                said, seconds = await _written_down(request, form.file, asked)
    if asked.stream:
        return await sse.stream(request, _events(said), named=True)
    match asked.form:
        case "text":
            return web.Response(text=f"{said.text}\n")
        case "srt":
            return web.Response(text=as_srt(said))
        case "vtt":
            return web.Response(text=as_vtt(said), content_type="text/vtt")
        case "verbose_json":
            return web.json_response(as_verbose_json(said, seconds))
        case _:
            return web.json_response(as_json(said, seconds))


async def _written_down(
    request: web.Request, file: BinaryIO, asked: TranscriptionRequest
) -> tuple[Transcription, float]:
    samples = await asyncio.to_thread(_heard, file, request.app[LIMITS].speech_seconds)
    speech = Speech(samples, asked.language, asked.hints)
    return await request.app[VOICES].transcribe(speech), speech.seconds


def _heard(file: BinaryIO, longest_s: float) -> Samples:
    try:
        samples = read_wav(file, longest_s=longest_s)
    except SoundError as exc:
        raise CallerError(str(exc), param="file") from exc
    except NoVoiceError as exc:
        raise RefusalError(501, f"only sound of 16 kHz can be heard: {exc}", code="not_installed") from exc
    if not samples.size:
        raise CallerError("the recording has no sound in it; record it again", param="file")
    return samples


async def _events(said: Transcription) -> AsyncGenerator[dict[str, Any], None]:
    for each in as_events(said):
        yield each


async def _translation(request: web.Request) -> web.StreamResponse:
    recognizer = request.app[VOICES].recognizer
    if recognizer is None:
        raise RefusalError(404, DEAF, code="not_found")
    raise RefusalError(
        400,
        f"{recognizer} writes down what was said in the language it was said in; send the recording to "
        "/v1/audio/transcriptions, and its text to /v1/chat/completions to have it translated",
        code="not_served",
    )
