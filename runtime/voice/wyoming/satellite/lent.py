"""What is said on one connection to a satellite, and what the satellite tells of itself."""

from dataclasses import dataclass

from wyoming.info import Attribution, Info, Satellite, WakeModel, WakeProgram
from wyoming.ping import Pong

from runtime.voice.wyoming.border import Send, WakeService
from runtime.voice.wyoming.frames import Frame
from runtime.voice.wyoming.info import NAME
from runtime.voice.wyoming.satellite.room import LentRoom
from runtime.voice.wyoming.satellite.turn import State


@dataclass(frozen=True, slots=True)
class About:
    """What Home Assistant shows of it."""

    name: str
    version: str
    wake: WakeService


class Lent:
    """One connection's; implements `Talk` of the server."""

    def __init__(self, room: LentRoom, about: About, send: Send) -> None:
        self._room = room
        self._about = about
        self._send = send

    @property
    def listening(self) -> bool:
        """Whether the room is heard for somebody: a connection is kept open for that."""
        return self._room.state is not State.AWAY

    def at_once(self, frame: Frame) -> Info | Pong:
        """The answer to `describe` or `ping`."""
        if frame.type == "describe":
            return _info(self._about)
        text = frame.data.get("text")
        return Pong(text if isinstance(text, str) else None)

    async def take(self, frame: Frame) -> None:
        """Follow an event; raises as `LentRoom.take`."""
        await self._room.take(frame, self._send)

    def close(self) -> None:
        """It is over."""
        self._room.leave(self._send)


def _info(about: About) -> Info:
    us = Attribution(NAME, "")
    words = [name for name, _, _ in about.wake.words]
    models = [
        WakeModel(
            name=name,
            description=phrase,
            phrase=phrase,
            languages=list(languages),
            attribution=us,
            installed=True,
            version=about.version,
        )
        for name, phrase, languages in about.wake.words
    ]
    program = WakeProgram(
        name=NAME,
        description="Listens for a wake word",
        models=models,
        attribution=us,
        installed=True,
        version=about.version,
    )
    satellite = Satellite(
        name=about.name,
        description=about.name,
        attribution=us,
        installed=True,
        version=about.version,
        has_vad=False,
        active_wake_words=words,
        max_active_wake_words=len(words),
        supports_trigger=False,
    )
    return Info(wake=[program], satellite=satellite)
