"""Who answers what is said, for each way in by which it can be said. Part of the composition root.

They are there before the model and the desk are, and say so to whoever speaks to them.
"""

import asyncio
import logging
from collections.abc import Iterator
from typing import Final

from runtime.commanding import Commanding
from runtime.completion import Completer
from runtime.config import Config
from runtime.errors import IngleError
from runtime.voice.answering import SpokenCommands, SpokenSettings
from runtime.voice.extra import needed
from runtime.voice.talking import ModelTalk
from runtime.voicing import Voicing

_log = logging.getLogger(__name__)

_MORE_S: Final = 10.0
"""How much longer than a command may wait to be begun its result is waited for."""


class Conversing:
    """One for the appliance."""

    def __init__(self, config: Config) -> None:
        self.voice = _spoken("voice", config)
        """What is said into a microphone of ours, or into the page's."""
        self.wyoming = _spoken("wyoming", config)
        """What Home Assistant hands on."""

    def __iter__(self) -> Iterator[SpokenCommands]:
        """All of them."""
        return iter((self.voice, self.wyoming))

    def talk_with(self, completer: Completer) -> None:
        """Have this model answer what is no command, if it is one to talk with."""
        if completer.chats:
            for each in self:
                each.talk_with(ModelTalk(completer))

    def shut(self, why: str) -> None:
        """Take none, for good."""
        for each in self:
            each.shut(why)


async def serve_wyoming(
    config: Config,
    voicing: Voicing,
    answerer: SpokenCommands,
    commanding: Commanding | None,
    stop: asyncio.Event,
) -> None:
    """Serve Home Assistant until `stop` is set. What cannot be had costs a line in the log, and nothing else."""
    try:
        with needed():
            from runtime.assist import serve_assist  # noqa: PLC0415  of the extra
        await serve_assist(config, voicing, answerer, commanding, stop)
    except IngleError as exc:
        _log.error("no Wyoming: %s", exc)


async def lend_room(config: Config, stop: asyncio.Event) -> None:
    """Be a satellite of Home Assistant until `stop` is set; likewise."""
    try:
        with needed():
            from runtime import assist  # noqa: PLC0415  of the extra
        await assist.lend_room(config, stop)
    except IngleError as exc:
        _log.error("no satellite: %s", exc)


def _spoken(name: str, config: Config) -> SpokenCommands:
    settings = SpokenSettings(
        languages=config.commands.languages,
        expiry_s=config.commands.expiry_s,
        within_s=config.commands.expiry_s + _MORE_S,
        letters=config.limits.command_letters,
    )
    return SpokenCommands(name, settings=settings, commands=config.commands.enabled)
