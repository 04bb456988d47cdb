"""Whether somebody speaks: `voice-started` and `voice-stopped`, while sound comes in."""

from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from wyoming.vad import VoiceStarted, VoiceStopped

from runtime.voice.border import FRAME, RATE, Samples, VoiceActivity
from runtime.voice.endpoint import Endpoint
from runtime.voice.wyoming.border import Aside, Send

_PAUSE_S: Final = 0.5
_FRAME_MS: Final = 1000 * FRAME / RATE


class Frames:
    """Cuts sound into frames of FRAME samples."""

    def __init__(self) -> None:
        self._left = np.zeros(0, np.float32)

    def feed(self, samples: Samples) -> Iterator[Samples]:
        """Those that are whole now."""
        sound = np.concatenate((self._left, samples))
        whole = sound.size // FRAME * FRAME
        self._left = sound[whole:]
        yield from sound[:whole].reshape(-1, FRAME)


class Watch:
    """Implements `Ear`: follows one recording."""

    def __init__(
        self, make: Callable[[], VoiceActivity], aside: Aside, send: Send, *, threshold: float = 0.5
    ) -> None:
        """`make` loads a model, with the first sound; `threshold`: how likely speech has to be."""
        self._make = make
        self._aside = aside
        self._send = send
        self._activity: VoiceActivity | None = None
        self._frames = Frames()
        self._threshold = threshold
        self._endpoint = Endpoint(threshold)
        self._count = 0

    async def hear(self, samples: Samples) -> None:
        """See `Ear.hear`."""
        for event in await self._aside(lambda: list(self._look(samples))):
            await self._send(event)

    async def finish(self) -> None:
        """See `Ear.finish`."""
        if self._endpoint.begun:
            await self._send(VoiceStopped(self._at))

    def close(self) -> None:
        """See `Ear.close`."""
        self._activity = None

    @property
    def _at(self) -> int:
        """Milliseconds since the recording began."""
        return round(self._count * _FRAME_MS)

    def _look(self, samples: Samples) -> Iterator[VoiceStarted | VoiceStopped]:
        """Computes."""
        activity = self._activity or self._make()
        self._activity = activity
        for frame in self._frames.feed(samples):
            spoke = self._endpoint.begun
            self._endpoint.feed(activity.feed(frame))
            self._count += 1
            if self._endpoint.begun and not spoke:
                yield VoiceStarted(self._at)
            elif self._endpoint.begun and self._endpoint.silent_s >= _PAUSE_S:
                self._endpoint.reset()
                yield VoiceStopped(self._at)
