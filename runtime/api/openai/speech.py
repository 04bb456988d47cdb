"""POST /v1/audio/speech: a text, spoken. The first clause is on its way before the last is computed."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing
from types import MappingProxyType
from typing import Final

from aiohttp import web

from runtime.api.body import read_json
from runtime.api.keys import LIMITS, RUNNING, VOICES
from runtime.api.middleware import explain
from runtime.api.openai.speech_schema import SpeechRequest, parse
from runtime.api.refusal import RefusalError
from runtime.api.sending import write
from runtime.api.voiceless import MUTE
from runtime.errors import EngineError
from runtime.voice.ahead import left
from runtime.voice.border import Sound
from runtime.voice.encoder import FORMS, encoded, encoder
from runtime.voice.pcm import pcm16
from runtime.voice.resampling import Resampler
from runtime.voice.wav import wav_header

_PCM_RATE: Final = 24_000
"""What OpenAI's clients play plain numbers at: nothing in them could say otherwise."""
_TYPES: Final = MappingProxyType(
    {
        "wav": "audio/wav",
        "pcm": f"audio/pcm;rate={_PCM_RATE};channels=1",
        "mp3": "audio/mpeg",
        "opus": "audio/ogg;codecs=opus",
        "flac": "audio/flac",
        "aac": "audio/aac",
    }
)


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    app.router.add_post("/v1/audio/speech", _speech)


async def _speech(request: web.Request) -> web.StreamResponse:
    voices, program = request.app[VOICES], encoder()
    if not voices.voices:
        raise RefusalError(404, MUTE, code="not_found")
    others = FORMS if program else ()
    asked = parse(await read_json(request), request.app[LIMITS], voices=voices.voices, others=others)
    async with AsyncExitStack() as open_ones:
        sounds = voices.speak(asked.utterance)
        await open_ones.enter_async_context(left(sounds))
        try:
            first = await anext(sounds)
        except StopAsyncIteration:
            raise RefusalError(400, "input has nothing in it that can be spoken; send words") from None
        data = _written(asked, first, sounds)
        await open_ones.enter_async_context(aclosing(data))
        if program and asked.form in FORMS:
            data = encoded(program, asked.form, first.rate, data)
            await open_ones.enter_async_context(aclosing(data))
        return await _send(request, _TYPES[asked.form], data)


async def _written(
    asked: SpeechRequest, first: Sound, rest: AsyncIterator[Sound]
) -> AsyncGenerator[bytes, None]:
    """As WAV, whose header says that nobody knows its length yet, or as plain numbers."""
    if asked.form == "wav":
        yield wav_header(first.rate)
    through = Resampler(first.rate, _PCM_RATE if asked.form == "pcm" else first.rate)
    yield pcm16(through.feed(first.samples))
    async for sound in rest:
        if sound.rate != first.rate:
            raise EngineError(f"the voice went from {first.rate} samples a second to {sound.rate}")
        yield pcm16(through.feed(sound.samples))
    yield pcm16(through.finish())


async def _send(request: web.Request, kind: str, data: AsyncGenerator[bytes, None]) -> web.StreamResponse:
    """The first piece is waited for before the status goes out; a later failure breaks the answer off, seen as such."""
    piece = await anext(data)
    response = web.StreamResponse(headers={"Content-Type": kind, "Cache-Control": "no-store"})
    await response.prepare(request)
    try:
        with request.app[RUNNING].told():
            await write(request, response, piece)
            async for each in data:
                if each:
                    await write(request, response, each)
    except ConnectionError:
        raise
    except Exception as exc:  # noqa: BLE001  the status is out, and sound cannot say what went wrong
        explain(request, exc)
        if request.transport is not None:
            request.transport.close()
    return response
