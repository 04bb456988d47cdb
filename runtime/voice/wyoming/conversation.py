"""What is said on one connection, from its first event to its last: which service an event is for, and the sound.

Knows no sockets: frames come in, events go out.
"""

import logging
import secrets
from dataclasses import dataclass

from wyoming.info import Info
from wyoming.ping import Pong

from runtime.errors import CallerError
from runtime.voice.border import Voices
from runtime.voice.wyoming import asr, tts, wake
from runtime.voice.wyoming.border import Appliance, Aside, Ear, Send
from runtime.voice.wyoming.frames import Frame
from runtime.voice.wyoming.handle import handled
from runtime.voice.wyoming.info import info
from runtime.voice.wyoming.intent import recognized
from runtime.voice.wyoming.lately import Lately
from runtime.voice.wyoming.room import Room
from runtime.voice.wyoming.sound import SoundIn
from runtime.voice.wyoming.vad import Watch
from runtime.wire.fields import Fields

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Shared:
    """What all conversations of a server share."""

    appliance: Appliance
    aside: Aside
    room: Room
    lately: Lately


class Conversation:
    """One connection's; implements `Talk`."""

    def __init__(self, shared: Shared, send: Send) -> None:
        self._shared = shared
        self._send = send
        self._sound = SoundIn()
        self._ear: Ear | None = None
        self._speaking: tts.Speaking | None = None
        self._alone = f"wyoming:{secrets.token_hex(8)}"

    @property
    def listening(self) -> bool:
        """Whether a recording is under way."""
        return self._ear is not None

    def at_once(self, frame: Frame) -> Info | Pong:
        """The answer to one of `AT_ONCE`. Computes nothing."""
        if frame.type == "describe":
            return info(self._shared.appliance)
        text = frame.data.get("text")
        return Pong(text if isinstance(text, str) else None)

    async def take(self, frame: Frame) -> None:
        """Follow an event; one that is not known is not for us, as the protocol has it.

        Raises:
            IngleError: it cannot be done. Nothing more of this conversation can be relied on.
        """
        match frame.type:
            case "transcribe" | "detect":
                self._listen(frame)
            case "audio-start" | "audio-chunk":
                await self._hear(frame)
            case "audio-stop":
                await self._finish()
            case kind if kind in tts.TAKES:
                self._speaking = self._speaking or tts.Speaking(self._voices, self._send)
                await self._speaking.take(frame)
            case "transcript":
                await self._handle(frame)
            case "recognize":
                await self._recognize(frame)
            case _:
                _log.debug("an event of Wyoming that is not for us: %s", frame.type)

    def close(self) -> None:
        """It is over: hold nothing of it."""
        if self._ear is not None:
            self._ear.close()
            self._ear = None

    @property
    def _voices(self) -> Voices:
        voices = self._shared.appliance.voices
        if voices is None:
            raise CallerError("nothing here hears or speaks; have the owner set voice.enabled")
        return voices

    def _listen(self, frame: Frame) -> None:
        """What the next recording is for."""
        self.close()
        self._ear = self._detecting(frame) if frame.type == "detect" else self._transcribing(frame)

    def _detecting(self, frame: Frame) -> Ear:
        service = self._shared.appliance.wake
        if service is None:
            raise CallerError("no wake word is listened for here; have the owner set voice.wake_words")
        names = wake.wanted(frame, service)
        return wake.Detecting(lambda: service.make(names), self._shared.aside, self._send)

    def _transcribing(self, frame: Frame) -> Ear:
        shared, voices = self._shared, self._voices
        make = shared.appliance.activity
        watch = None if make is None else Watch(make, shared.aside, self._send)
        language, hints = asr.asked(frame)
        return asr.Transcribing(
            voices, shared.room, shared.lately, watch, self._send, language=language, hints=hints
        )

    def _unasked(self) -> Ear:
        """What becomes of sound that nobody said the purpose of: it is written down, if anything can, or watched."""
        appliance = self._shared.appliance
        if appliance.voices is None and appliance.activity is not None:
            return Watch(appliance.activity, self._shared.aside, self._send)
        return self._transcribing(Frame("transcribe"))

    async def _hear(self, frame: Frame) -> None:
        self._ear = self._ear or self._unasked()
        if frame.type == "audio-start":
            self._sound.start(frame)
            return
        samples = await self._shared.aside(lambda: self._sound.feed(frame))
        if samples.size:
            await self._ear.hear(samples)

    async def _finish(self) -> None:
        samples = await self._shared.aside(self._sound.stop)
        if self._ear is None:
            return
        if samples is not None and samples.size:
            await self._ear.hear(samples)
        await self._ear.finish()
        self.close()

    async def _handle(self, frame: Frame) -> None:
        answerer = self._shared.appliance.answerer
        if answerer is None:
            raise CallerError("nothing here answers; have the owner set voice.enabled")
        fields = Fields.of(frame.data, frame.type)
        readings = self._shared.lately.readings(fields.text("text") or "")
        language = fields.text("language")
        await handled(answerer, frame, readings, self._send, language=language, alone=self._alone)

    async def _recognize(self, frame: Frame) -> None:
        appliance = self._shared.appliance
        understanding = appliance.understanding
        if understanding is None:
            raise CallerError("no commands are understood here; have the owner set commands.enabled")
        await recognized(understanding, frame, self._send, language=appliance.languages[0])
