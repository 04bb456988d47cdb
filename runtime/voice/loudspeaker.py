"""A loudspeaker: sounds one after the other, told a moment before they are heard, and silent at once when left."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from runtime.voice.alsa import Child
from runtime.voice.border import Samples, Sound
from runtime.voice.pcm import pcm16

_PIECE_S: Final = 0.1
_AHEAD_S: Final = 0.3
"""So much is handed over before it is heard: enough for a busy moment, little to be silenced."""
_STUCK_S: Final = 5.0


class Loudspeaker:
    """By ALSA's name for it."""

    def __init__(self, device: str | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        """`device`: None is ALSA's default."""
        self._device = device
        self._clock = clock

    def open(self) -> "Playing":
        """One answer, to be entered."""
        return Playing(self._device, self._clock)


class Playing:
    """What is being played. Left by an exception, it is silent at once; else when all was heard."""

    def __init__(self, device: str | None, clock: Callable[[], float]) -> None:
        self._device, self._clock = device, clock
        self._child: Child | None = None
        self._rate = 0
        self._heard_by = 0.0
        """When the last of what was handed over is heard."""

    async def __aenter__(self) -> Self:
        """Nothing is played yet."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Raises SoundCardError: not all could be played."""
        try:
            if kind is None:
                await self._finish()
        finally:
            if self._child is not None:
                await self._child.stop()

    async def play(self, sound: Sound, about_to: Callable[[Samples], None]) -> None:
        """Hand it over piece by piece, hardly faster than it is heard; `about_to` is told of each.

        Raises:
            SoundCardError: there is no loudspeaker, or not any more.
        """
        if self._child is None or self._rate != sound.rate:
            await self._finish()
            self._child, self._rate = await Child.start("aplay", self._device, sound.rate), sound.rate
        piece = round(_PIECE_S * sound.rate)
        for at in range(0, sound.samples.size, piece):
            samples = sound.samples[at : at + piece]
            self._heard_by = max(self._heard_by, self._clock()) + samples.size / sound.rate
            about_to(samples)
            await self._child.write(pcm16(samples), _STUCK_S)
            await asyncio.sleep(max(0.0, self._heard_by - self._clock() - _AHEAD_S))

    async def _finish(self) -> None:
        if self._child is not None:
            child, self._child = self._child, None
            try:
                await child.finish(max(0.0, self._heard_by - self._clock()) + _STUCK_S)
            finally:
                await child.stop()
