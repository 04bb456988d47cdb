"""What Home Assistant says in the room: sounds that come faster than they are heard, kept and played in their order."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import Final, Protocol

from runtime.errors import DeviceError
from runtime.voice.border import Samples, Sound

_log = logging.getLogger(__name__)

LONGEST_S: Final = 180.0
"""Of what is kept: Home Assistant sends all of an answer at once, and asks meanwhile whether we are there."""


class Playing(Protocol):
    """A sound card for the time of an answer; `runtime.voice.loudspeaker.Playing`."""

    async def play(self, sound: Sound, about_to: Callable[[Samples], None], /) -> None:
        """Return when the next sound is wanted.

        Raises:
            SoundCardError: there is no loudspeaker, or not any more.
        """
        ...


Player = Callable[[], AbstractAsyncContextManager[Playing]]
"""Entered for an answer; left when it was heard, or at once by a cancellation."""


class Mouth:
    """One for a room."""

    def __init__(self, player: Player) -> None:
        self._player = player
        self._sounds: asyncio.Queue[Sound | None] = asyncio.Queue()
        self._kept_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def begin(self, played: Callable[[], Awaitable[None]]) -> None:
        """Another answer, instead of one that is still played; `played` is awaited when it was heard."""
        self.hush()
        self._sounds, self._kept_s = asyncio.Queue(), 0.0
        self._task = asyncio.create_task(self._play(self._sounds, played), name="wyoming.mouth")

    def say(self, sound: Sound) -> None:
        """More of it. What is too long is left out, and the log says so."""
        before = self._kept_s
        self._kept_s += sound.samples.size / sound.rate
        if self._kept_s <= LONGEST_S:
            self._sounds.put_nowait(sound)
        elif before <= LONGEST_S:
            _log.warning(
                "an answer of Home Assistant is longer than %g seconds; the rest is not played", LONGEST_S
            )

    def end(self) -> None:
        """That was all of it."""
        self._sounds.put_nowait(None)

    def hush(self) -> None:
        """Be silent, now."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _play(
        self, sounds: "asyncio.Queue[Sound | None]", played: Callable[[], Awaitable[None]]
    ) -> None:
        try:
            async with self._player() as playing:
                while (sound := await sounds.get()) is not None:
                    await playing.play(sound, _ignore)
        except DeviceError as exc:
            _log.warning("an answer of Home Assistant is not heard: %s", exc)
        await played()


def _ignore(_samples: Samples) -> None:
    """Nobody listens to what is played."""
