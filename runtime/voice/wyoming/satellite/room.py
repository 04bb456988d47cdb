"""One room, lent to Home Assistant: its microphone is open while that is there, and only then.

Who says `run-satellite` last has it: Home Assistant that was restarted leaves an old connection behind.
"""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import Final, Protocol

from wyoming.event import Eventable
from wyoming.snd import Played

from runtime.errors import DeviceError
from runtime.voice.border import Samples, Sound, WakeWord
from runtime.voice.wyoming.border import Aside, Send
from runtime.voice.wyoming.frames import Frame
from runtime.voice.wyoming.satellite.mouth import Mouth, Player
from runtime.voice.wyoming.satellite.turn import State, Turn
from runtime.voice.wyoming.sound import form_of

_log = logging.getLogger(__name__)

WAITS: Final = (1.0, 2.0, 5.0, 15.0, 60.0)
"""Seconds until a microphone that is gone is looked for again; the last, from then on."""


class Source(Protocol):
    """What is listened to; `runtime.voice.microphone.Microphone`."""

    def frames(self) -> AsyncGenerator[Samples, None]:
        """FRAME samples at a time.

        Raises (at any iteration):
            SoundCardError: it is not there, or not any more.
        """
        ...


class LentRoom:
    """`run` it beside the server whose conversations use it."""

    def __init__(
        self,
        microphone: Source,
        player: Player,
        wake: Callable[[], WakeWord],
        aside: Aside,
        *,
        longest_s: float = 30.0,
        waits: Sequence[float] = WAITS,
    ) -> None:
        """`wake` loads models, when the room is first listened to."""
        self._microphone = microphone
        self._mouth = Mouth(player)
        self._wake = wake
        self._aside = aside
        self._waits = waits
        self._turn = Turn(longest_s)
        self._send: Send | None = None
        """To who has the room."""
        self._wanted = asyncio.Event()
        self._failures = 0
        """Of the microphone, one after the other."""

    @property
    def state(self) -> State:
        """What becomes of what the room says."""
        return self._turn.state

    async def take(self, frame: Frame, send: Send) -> None:
        """Follow an event of somebody's.

        Raises:
            CallerError: it is a sound that cannot be played.
            OSError, TimeoutError: they are gone.
        """
        if frame.type == "run-satellite":
            self._lend(send)
        elif self._send != send:
            return  # they do not have the room
        elif frame.type == "pause-satellite":
            self.leave(send)
        elif frame.type.startswith("audio-"):
            self._say(frame)
        else:
            for event in self._turn.told(frame.type):
                await send(event)

    def leave(self, send: Send) -> None:
        """Somebody is gone, or wants nothing now: if they had the room, nobody has."""
        if self._send == send:
            self._send = None
            self._wanted.clear()
            self._turn.leave()
            self._mouth.hush()

    async def run(self) -> None:
        """Listen while it is wanted, until cancelled. A microphone that is gone is looked for again.

        Raises:
            EngineError, NoVoiceError, ConfigError, PolicyError: no wake word can be listened for.
        """
        try:
            while True:
                await self._wanted.wait()
                try:
                    await self._listen()
                except DeviceError as exc:
                    wait = self._waits[min(self._failures, len(self._waits) - 1)]
                    self._failures += 1
                    _log.warning("%s; it is looked for again in %g s", exc, wait)
                    await asyncio.sleep(wait)
        finally:
            self._mouth.hush()

    def _lend(self, send: Send) -> None:
        if self._send is not None and self._send != send:
            _log.info("another Home Assistant has the room now")
            self.leave(self._send)
        self._send = send
        self._turn.begin()
        self._wanted.set()

    async def _listen(self) -> None:
        """Until the room is not wanted any more."""
        wake = await self._aside(self._wake)
        async with aclosing(self._microphone.frames()) as frames:
            async for frame in frames:
                self._failures = 0
                if not self._wanted.is_set():
                    return
                woken = await self._aside(partial(wake.feed, frame))
                if woken is not None:
                    self._mouth.hush()
                await self._tell(self._turn.hear(frame, woken))

    async def _tell(self, events: Sequence[Eventable]) -> None:
        send = self._send
        try:
            for event in events:
                if send is not None:
                    await send(event)
        except (OSError, TimeoutError):  # their connection ends by itself
            if send is not None:
                self.leave(send)

    def _say(self, frame: Frame) -> None:
        match frame.type:
            case "audio-start":
                self._mouth.begin(lambda: self._tell([Played()]))
            case "audio-chunk":
                form = form_of(frame, None)
                self._mouth.say(Sound(form.mono(frame.payload), form.rate))
            case _:
                self._mouth.end()
