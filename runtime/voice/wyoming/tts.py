"""Text to speech: `synthesize` at once; or `synthesize-start`, chunks of text as it is written, `synthesize-stop`."""

from collections.abc import Iterable
from typing import Final

from wyoming.audio import AudioStart, AudioStop
from wyoming.tts import SynthesizeStopped

from runtime.errors import CallerError
from runtime.voice.ahead import left
from runtime.voice.border import RATE, Sound, Utterance, Voices
from runtime.voice.clauses import Clauses
from runtime.voice.wyoming.border import Send
from runtime.voice.wyoming.frames import Frame
from runtime.voice.wyoming.sound import WIDTH, chunks
from runtime.wire.fields import Fields

TAKES: Final = frozenset({"synthesize", "synthesize-start", "synthesize-chunk", "synthesize-stop"})
_FORMATS: Final = (None, "text")


class Speaking:
    """The speech of one connection."""

    def __init__(self, voices: Voices, send: Send) -> None:
        self._voices = voices
        self._send = send
        self._clauses: Clauses | None = None
        """Of a text that is being written."""
        self._voice: tuple[str | None, str | None] = (None, None)
        """Name and language, of the same."""
        self._rate: int | None = None
        """Of the sound that was begun."""

    async def take(self, frame: Frame) -> None:
        """Follow one of the events in `TAKES`.

        Raises:
            CallerError: it says nothing that can be spoken.
            BusyError, EngineError: nothing can be spoken now.
        """
        fields = Fields.of(frame.data, frame.type)
        text = fields.text("text") or ""
        match frame.type:
            case "synthesize" if self._clauses is None:
                # Between start and stop it is the same text again, for servers that do not stream.
                self._voice = _voice(fields)
                await self._say([text] if text.strip() else [])
                await self._stop()
            case "synthesize-start":
                self._clauses, self._voice = Clauses(), _voice(fields)
            case "synthesize-chunk" if self._clauses is not None:
                await self._say(self._clauses.feed(text))
            case "synthesize-stop" if self._clauses is not None:
                clauses, self._clauses = self._clauses, None
                await self._say(clauses.flush())
                await self._stop()
                await self._send(SynthesizeStopped())
            case _:
                return

    async def _say(self, texts: Iterable[str]) -> None:
        name, language = self._voice
        for text in texts:
            sounds = self._voices.speak(Utterance(text, name, language))
            async with left(sounds):
                async for sound in sounds:
                    await self._sound(sound)

    async def _sound(self, sound: Sound) -> None:
        if self._rate not in {None, sound.rate}:
            await self._send(AudioStop())
        if self._rate != sound.rate:
            self._rate = sound.rate
            await self._send(AudioStart(sound.rate, WIDTH, 1))
        for chunk in chunks(sound):
            await self._send(chunk)

    async def _stop(self) -> None:
        """The end of the sound; of none at all, too, for somebody waits for it."""
        if self._rate is None:
            await self._send(AudioStart(RATE, WIDTH, 1))
        self._rate = None
        await self._send(AudioStop())


def _voice(fields: Fields) -> tuple[str | None, str | None]:
    """Which is wanted, by its name, or else by its language."""
    if fields.text("text_format") not in _FORMATS:
        raise CallerError("text_format is not text; send plain text", param="text_format")
    given = fields.get("voice")
    if given is None:
        return None, None
    voice = Fields.of(given, "voice")
    return voice.text("name"), voice.text("language")
