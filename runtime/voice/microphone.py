"""A microphone: frames as they are recorded, or a sentence that says why there are none."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

from runtime.voice.alsa import Child
from runtime.voice.border import FRAME, RATE, Samples
from runtime.voice.pcm import Form

_SILENT_S: Final = 5.0
"""A microphone that is there never says nothing for so long: silence is samples, too."""


class Microphone:
    """By ALSA's name for it; may be listened to again after it failed."""

    def __init__(self, device: str | None = None) -> None:
        """`device`: None is ALSA's default."""
        self._device = device
        self._form = Form(RATE)

    async def frames(self) -> AsyncGenerator[Samples, None]:
        """FRAME samples at a time, for as long as it is listened to.

        Raises (at any iteration):
            SoundCardError: it is not there, or not any more.
        """
        child = await Child.start("arecord", self._device, RATE)
        try:
            while True:
                yield self._form.mono(await child.read(FRAME * self._form.frame_bytes, _SILENT_S))
        finally:
            await child.stop()


async def record(microphone: Microphone, seconds: float) -> list[Samples]:
    """So long of it.

    Raises:
        SoundCardError: it is not there.
    """
    heard = []
    async with aclosing(microphone.frames()) as frames:
        async for frame in frames:
            heard.append(frame)
            if len(heard) * FRAME >= seconds * RATE:
                break
    return heard
