"""What Home Assistant is served over Wyoming, and the room it is lent, by a configuration; of the composition root.

Needs the libraries of the extra `voice` to be imported.
"""

import asyncio
import logging
from collections.abc import Coroutine
from functools import partial
from typing import Any

import runtime
from runtime.commanding import Commanding
from runtime.config import Config
from runtime.errors import ConfigError
from runtime.listener import is_loopback
from runtime.voice.answering import SpokenCommands
from runtime.voice.loudspeaker import Loudspeaker
from runtime.voice.microphone import Microphone
from runtime.voice.vad import SileroActivity
from runtime.voice.wake import WORDS, WakeWords
from runtime.voice.wyoming.announce import announced, reachable
from runtime.voice.wyoming.border import Appliance, Understanding, WakeService
from runtime.voice.wyoming.satellite.lent import About, Lent
from runtime.voice.wyoming.satellite.room import LentRoom
from runtime.voice.wyoming.server import ServerLimits, beside, listening, serving
from runtime.voicing import Voicing

_log = logging.getLogger(__name__)


async def serve_assist(
    config: Config,
    voicing: Voicing,
    answerer: SpokenCommands,
    commanding: Commanding | None,
    stop: asyncio.Event,
) -> None:
    """Serve until `stop` is set, and be found, where the owner lets others in at all.

    Raises:
        WyomingListenError: the port is taken or may not be used, or the address is not ours.
    """
    host = config.voice.wyoming_host
    limits = ServerLimits(recording_s=config.limits.speech_seconds)
    appliance = appliance_of(config, voicing, answerer, commanding)
    async with serving(appliance, host, config.voice.wyoming_port, limits) as port:
        _log.info("Home Assistant is served over Wyoming on %s, port %d", host, port)
        if not is_loopback(host):
            _log.warning("Wyoming knows no keys: whoever reaches port %d may command the house", port)
        async with announced(config.mqtt.node, _addresses(config), port):
            await stop.wait()


async def lend_room(config: Config, stop: asyncio.Event) -> None:
    """Be a satellite until `stop` is set.

    Raises:
        WyomingListenError: the port is taken or may not be used, or the address is not ours.
        ConfigError, PolicyError, NoVoiceError, EngineError: no wake word can be listened for.
    """
    settings, node = config.voice, config.mqtt.node
    wake = _wake(config)
    if settings.microphone is None or wake is None:
        raise ConfigError(
            "a satellite has a microphone and wake words; set voice.microphone and voice.wake_words"
        )
    words = wake
    with beside() as aside:
        room = LentRoom(
            Microphone(settings.microphone),
            Loudspeaker(settings.loudspeaker).open,
            lambda: words.make([name for name, _, _ in words.words]),
            aside,
        )
        talk = partial(Lent, room, About(node, runtime.__version__, words))
        async with listening(talk, settings.wyoming_host, settings.satellite_port) as port:
            _log.info("Home Assistant may ask for this room on %s, port %d", settings.wyoming_host, port)
            if not is_loopback(settings.wyoming_host):
                _log.warning(
                    "Wyoming knows no keys: whoever reaches port %d may hear the room after a wake word", port
                )
            async with announced(f"{node} satellite", _addresses(config), port):
                await _until(stop, room.run())


async def _until(stop: asyncio.Event, work: Coroutine[Any, Any, None]) -> None:
    """Work until `stop` is set; raises what the work does."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
    finally:
        for each in (working, stopping):
            each.cancel()
        await asyncio.wait({working, stopping})


def appliance_of(
    config: Config, voicing: Voicing, answerer: SpokenCommands, commanding: Commanding | None
) -> Appliance:
    """What there is to be served."""
    understanding = None
    if commanding is not None:
        understanding = Understanding(commanding.interpreter, lambda: commanding.house)
    return Appliance(
        voices=voicing,
        answerer=answerer,
        understanding=understanding,
        wake=_wake(config),
        activity=SileroActivity,
        languages=config.commands.languages,
        spoken=lambda voice: (voicing.language_of(voice),),
        version=runtime.__version__,
        controls=commanding is not None,
    )


def _wake(config: Config) -> WakeService | None:
    """The words that the owner wants, of those there are."""
    words = [WORDS[name] for name in config.voice.wake_words if name in WORDS]
    if not words:
        return None
    make = partial(WakeWords, threshold=config.voice.wake_threshold, policy=config.policy)
    return WakeService([(each.name, each.phrase, each.languages) for each in words], make)


def _addresses(config: Config) -> tuple[str, ...]:
    """Where others find us: nowhere, unless the owner lets them."""
    return reachable(config.voice.wyoming_host) if config.voice.zeroconf else ()
