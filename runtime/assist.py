"""What Home Assistant's Assist is served by a configuration, over Wyoming. Part of the composition root.

Needs the libraries of the extra `voice` to be imported.
"""

import asyncio
import logging
from functools import partial

import runtime
from runtime.commanding import Commanding
from runtime.config import Config
from runtime.listener import is_loopback
from runtime.voice.answering import SpokenCommands
from runtime.voice.vad import SileroActivity
from runtime.voice.wake import WORDS, WakeWords
from runtime.voice.wyoming.announce import announced, reachable
from runtime.voice.wyoming.border import Appliance, Understanding, WakeService
from runtime.voice.wyoming.server import ServerLimits, serving
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
    settings = config.voice
    limits = ServerLimits(recording_s=config.limits.speech_seconds)
    appliance = appliance_of(config, voicing, answerer, commanding)
    async with serving(appliance, settings.wyoming_host, settings.wyoming_port, limits) as port:
        _tell(settings.wyoming_host, port)
        addresses = reachable(settings.wyoming_host) if settings.zeroconf else ()
        async with announced(config.mqtt.node, addresses, port):
            await stop.wait()


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


def _tell(host: str, port: int) -> None:
    _log.info("Home Assistant is served over Wyoming on %s, port %d", host, port)
    if not is_loopback(host):
        _log.warning("Wyoming knows no keys: whoever reaches port %d may command the house", port)
