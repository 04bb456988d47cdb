"""The boards of a configuration, wired into the house: where they are, and who hears of them. Decides nothing."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

import runtime
from firmware_bridge.board import AnyBoard
from firmware_bridge.client import Board
from firmware_bridge.described.boards import DescribedBoard
from firmware_bridge.errors import BoardsFileError
from firmware_bridge.found import FoundTransport
from firmware_bridge.ports import Port, watch
from firmware_bridge.transport import transport
from runtime.boards.guarded import guarded
from runtime.boards.homeassistant import Announcer
from runtime.boards.lines import Line, Pulled, lines
from runtime.boards.publishing import SESSION, Publishing
from runtime.boards.room import BoardRoom
from runtime.commands.registry.live import Registry
from runtime.config.settings import Bridge, Config
from runtime.errors import ConfigError
from runtime.mqtt.appliance import device_id
from runtime.mqtt.client import PahoLink
from runtime.mqtt.link import Endpoint
from runtime.mqtt.topics import client_id
from runtime.owned import Owned


def board_room(
    config: Config, registry: Registry, owned: Owned, publishing: Publishing | None
) -> BoardRoom | None:
    """The boards of a configuration; None where there are none, and none is looked for.

    Raises:
        ConfigError: an address is none, or is said of two boards.
    """
    settings = config.bridge
    if not _wanted(settings, owned):
        return None
    told = None if publishing is None else publishing.heard
    return BoardRoom(
        _lines(settings, owned.boards),
        registry,
        told=told,
        answer_s=settings.answer_s,
        owned=owned.house.owned,
    )


def board_publishing(
    config: Config, endpoint: Endpoint | None, registry: Registry, owned: Owned
) -> Publishing | None:
    """What tells the broker of them; None where there are none, or no broker."""
    if endpoint is None or not _wanted(config.bridge, owned):
        return None
    settings = config.mqtt
    announcer = Announcer(
        settings.node,
        device_id(settings.node),
        runtime.__version__,
        lambda device: guarded(device, owned.policy.dangerous),
        settings.discovery_prefix,
    )
    link = PahoLink(endpoint, client_id(settings.node, "boards"), config.limits, session=SESSION)
    one_place = "+" not in settings.discovery_prefix
    announce = settings.announces and one_place
    return Publishing(link, announcer, lambda: registry.house, owned.house.owned, announce=announce)


def _wanted(settings: Bridge, owned: Owned) -> bool:
    return bool(settings.boards) or bool(owned.boards) or settings.find


def check_addresses(settings: Bridge, described: Sequence[DescribedBoard]) -> None:
    """See that each place where a board is said to be can be one; nothing is opened.

    Raises:
        ConfigError: an address is none, or is said of two boards.
    """
    for address in settings.boards:
        try:
            transport(address)
        except ValueError as exc:
            raise ConfigError(f"bridge.boards: {exc}") from exc
    for each in described:
        if each.at in settings.boards:
            raise ConfigError(
                f"bridge.boards names {each.at}, where boards.toml says {each.name} is; name it once"
            )
        try:
            each.open()
        except (ValueError, BoardsFileError) as exc:
            raise ConfigError(f"boards.toml: {each.name}: {exc}") from exc


def _lines(settings: Bridge, described: Sequence[DescribedBoard]) -> AsyncIterator[Line | Pulled]:
    def board(address: str) -> AnyBoard:
        return Board(transport(address), patient=True, answer_s=settings.answer_s)

    def found(port: Port) -> AnyBoard:
        return Board(FoundTransport(transport(port.address), port), answer_s=settings.answer_s)

    check_addresses(settings, described)
    named = [
        *(Line(each, partial(board, each)) for each in settings.boards),
        *(
            Line(each.at, partial(each.open, patient=True, answer_s=settings.answer_s), called=each.name)
            for each in described
        ),
    ]
    return lines(named, watch() if settings.find else None, found)
