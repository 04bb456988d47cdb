"""The boards of a configuration, wired into the house: where they are, and who hears of them. Decides nothing."""

from collections.abc import AsyncIterator
from functools import partial

import runtime
from firmware_bridge.board import AnyBoard
from firmware_bridge.client import Board
from firmware_bridge.ports import watch
from firmware_bridge.transport import transport
from runtime.boards.guarded import guarded
from runtime.boards.homeassistant import Announcer
from runtime.boards.lines import Line, lines
from runtime.boards.publishing import SESSION, Publishing
from runtime.boards.room import BoardRoom
from runtime.commands.policy.settings import PolicySettings
from runtime.commands.registry.live import Registry
from runtime.commands.registry.toml import HouseFile
from runtime.config.settings import Bridge, Config
from runtime.errors import ConfigError
from runtime.mqtt.appliance import device_id
from runtime.mqtt.client import PahoLink
from runtime.mqtt.link import Endpoint
from runtime.mqtt.topics import client_id


def board_room(
    config: Config, registry: Registry, house: HouseFile, publishing: Publishing | None
) -> BoardRoom | None:
    """The boards of a configuration; None where there are none, and none is looked for.

    Raises:
        ConfigError: an address is none.
    """
    settings = config.bridge
    if not _wanted(settings):
        return None
    told = None if publishing is None else publishing.heard
    return BoardRoom(_lines(settings), registry, told=told, answer_s=settings.answer_s, owned=house.owned)


def board_publishing(
    config: Config, endpoint: Endpoint | None, registry: Registry, house: HouseFile, policy: PolicySettings
) -> Publishing | None:
    """What tells the broker of them; None where there are none, or no broker."""
    if endpoint is None or not _wanted(config.bridge):
        return None
    settings = config.mqtt
    announcer = Announcer(
        settings.node,
        device_id(settings.node),
        runtime.__version__,
        lambda device: guarded(device, policy.dangerous),
        settings.discovery_prefix,
    )
    link = PahoLink(endpoint, client_id(settings.node, "boards"), config.limits, session=SESSION)
    one_place = "+" not in settings.discovery_prefix
    announce = settings.announces and one_place
    return Publishing(link, announcer, lambda: registry.house, house.owned, announce=announce)


def _wanted(settings: Bridge) -> bool:
    return bool(settings.boards) or settings.find


def _lines(settings: Bridge) -> AsyncIterator[Line]:
    def board(address: str, *, patient: bool) -> AnyBoard:
        return Board(transport(address), patient=patient, answer_s=settings.answer_s)

    for address in settings.boards:
        try:
            transport(address)
        except ValueError as exc:
            raise ConfigError(f"bridge.boards: {exc}") from exc
    named = [Line(each, partial(board, each, patient=True)) for each in settings.boards]
    return lines(named, watch() if settings.find else None, partial(board, patient=False))
