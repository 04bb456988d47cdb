"""The boards of a configuration, wired into the house: where they are, and who hears of them. Decides nothing."""

import json
import logging
from collections.abc import AsyncIterator
from functools import partial

from firmware_bridge.board import AnyBoard
from firmware_bridge.client import Board
from firmware_bridge.ports import watch
from firmware_bridge.transport import transport
from runtime.boards.lines import Line, lines
from runtime.boards.room import BoardRoom
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.devices import Value
from runtime.commands.registry.live import Registry
from runtime.commands.registry.toml import HouseFile
from runtime.commands.registry.wiring import CHANNEL as DEVICES
from runtime.config.settings import Bridge, Config
from runtime.errors import ConfigError, DeviceError
from runtime.mqtt.devices import DeviceFeed

_log = logging.getLogger(__name__)


def board_room(
    config: Config, registry: Registry, feed: DeviceFeed | None, house: HouseFile
) -> BoardRoom | None:
    """The boards of a configuration; None where there are none, and none is looked for.

    Raises:
        ConfigError: an address is none.
    """
    if not config.bridge.boards and not config.bridge.find:
        return None
    happened = None if feed is None else partial(_happened, feed, config.mqtt.node)
    return BoardRoom(
        _lines(config.bridge), registry, happened=happened, answer_s=config.bridge.answer_s, owned=house.owned
    )


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


async def _happened(feed: DeviceFeed, node: str, name: str, value: Value) -> None:
    """Tell the broker that something happened on a board; nobody is owed it."""
    topic = f"ingle/{node}/board/{name.replace('.', '/')}"
    try:
        await feed.send(Outgoing(DEVICES, topic, json.dumps({"value": value}).encode()))
    except (DeviceError, TimeoutError) as exc:
        _log.info("%s was not told: %s", topic, exc)
