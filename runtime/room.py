"""The room that the appliance itself listens to, put together from the configuration. Part of the composition root."""

import asyncio
import logging

from runtime.config import Config
from runtime.errors import IngleError
from runtime.voice.border import Answerer, Voices
from runtime.voice.events import Rules
from runtime.voice.hearing import Hearing
from runtime.voice.listening import Notice, Room, unnoticed
from runtime.voice.loudspeaker import Loudspeaker
from runtime.voice.microphone import Microphone
from runtime.voice.pipeline import Pipeline
from runtime.voice.vad import SileroActivity
from runtime.voice.wake import WakeWords

_log = logging.getLogger(__name__)


def room_of(
    config: Config,
    voices: Voices,
    answerer: Answerer,
    *,
    wake: bool = True,
    notice: Notice = unnoticed,
) -> Room:
    """What hears the configured microphone and answers from the configured loudspeaker; `wake`: by wake words.

    Raises:
        ConfigError, PolicyError: a wake word is not to be had, or not under this policy.
        NoVoiceError: what listens is not installed.
        EngineError: it cannot be loaded.
    """
    settings = config.voice
    words = WakeWords(settings.wake_words, threshold=settings.wake_threshold, policy=config.policy)
    rules = Rules(speech=settings.speech_threshold, pause_s=settings.pause_s, longest_s=settings.longest_s)
    return Room(
        hearing=Hearing(SileroActivity(), words if wake else None, threshold=settings.speech_threshold),
        pipeline=Pipeline(rules),
        voices=voices,
        answerer=answerer,
        microphone=Microphone(settings.microphone),
        loudspeaker=Loudspeaker(settings.loudspeaker),
        notice=notice,
    )


async def serve_room(config: Config, voices: Voices, answerer: Answerer, stop: asyncio.Event) -> None:
    """Listen to the room until `stop` is set. What cannot be had costs a line in the log, and nothing else."""
    try:
        room = await asyncio.to_thread(room_of, config, voices, answerer)
        _log.info("listening to the room; say %s", " or ".join(config.voice.wake_words))
        listening = asyncio.create_task(room.listen(), name="voice.room.listening")
        stopped = asyncio.create_task(stop.wait(), name="voice.room.stopped")
        try:
            await asyncio.wait({listening, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            listening.cancel()
            stopped.cancel()
            await asyncio.wait({listening, stopped})
        if not listening.cancelled():
            listening.result()
    except IngleError as exc:
        _log.error("nothing listens to the room: %s", exc)
