"""Boards on their lines, all at once: devices of the house while they are there, told what to do, and heard.

Knows boards, the registry and the border to dispatch. Which lines there are is the business of `lines.py`, for how
long each is kept that of `keeping.py`; what a board means is in `entries.py`; how a link is kept is the bridge's.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final, assert_never

from firmware_bridge.board import AnyBoard
from firmware_bridge.description import Value
from firmware_bridge.errors import BridgeError, NotConnectedError, OutcomeUnknownError
from firmware_bridge.events import Changed, Connected, Disconnected, Event, Happened, Logged, Missed
from runtime.boards.entries import SOURCE, board_id, entries, is_as_asked, states
from runtime.boards.keeping import keep_all
from runtime.boards.lines import Line, Pulled
from runtime.commands.registry.binding import Entry, Outgoing
from runtime.commands.registry.devices import shown
from runtime.commands.registry.live import Registry
from runtime.commands.registry.owned import Owned
from runtime.commands.registry.wiring import Found
from runtime.errors import DeviceError, DeviceRefusedError

_log = logging.getLogger(__name__)

_LEVELS: Final = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
_MOVED_S: Final = 10.0
"""A board is on its new line for so long at most before it is noticed that it left the old one."""
Told = Callable[[str, AnyBoard, Event], None]
"""Is told what a board says, and its id, once its devices are as it says."""
_GONE: Final = Disconnected("it is not on its line any more")


@dataclass(eq=False, slots=True)
class _Place:
    """A line, and the board that was there last."""

    board: AnyBoard
    known: str = ""
    """The id by which its devices are in the house, also while it is away."""
    claimed: str = ""
    """The id that another place had when the board said it is this one."""
    since: float = 0.0
    """When it said so first."""


class BoardRoom:
    """All boards. A channel: what is sent returns once its board has done it."""

    def __init__(
        self,
        lines: AsyncIterator[Line | Pulled],
        registry: Registry,
        *,
        told: Told | None = None,
        answer_s: float = 5.0,
        owned: Mapping[str, Owned] | None = None,
        moved_s: float = _MOVED_S,
    ) -> None:
        """`lines`: where boards are, as they come; `told` hears what they say.

        `answer_s`: how long a board has to do what it is told; `owned`: what the owner says of devices, by id;
        `moved_s`: two that say they are the same board for longer are two.
        """
        self._moved_s = moved_s
        self._owned = owned or {}
        self._lines = lines
        self._registry = registry
        self._told = told or _nobody
        self._answer_s = answer_s
        self._places: dict[str, _Place] = {}
        """By address."""
        self._entered: dict[str, _Place] = {}
        """Those of boards that have said who they are, by id."""

    @property
    def boards(self) -> Mapping[str, AnyBoard]:
        """Those that have said who they are, by id."""
        return {name: place.board for name, place in self._entered.items()}

    async def run(self, stop: asyncio.Event) -> None:
        """Keep every line until `stop` is set."""
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(keep_all(self._lines, self._keep), name="boards")
            await stop.wait()
            keeping.cancel()
        for place in self._places.values():
            self._leave(place)

    async def send(self, outgoing: Outgoing) -> None:
        """See `Channel.send`."""
        board_name, _, name = outgoing.address.partition("/")
        place = self._entered.get(board_name)
        if place is None or not place.board.connected:
            raise DeviceError(f"the board {board_name} is not connected; look at its plug")
        board = place.board
        described, asked = board.capabilities.get(name), json.loads(outgoing.payload)
        try:
            said = await board.set(name, asked, answer_s=self._answer_s)
        except OutcomeUnknownError as exc:
            raise TimeoutError(str(exc)) from exc
        except NotConnectedError as exc:
            raise DeviceError(str(exc)) from exc
        except BridgeError as exc:
            raise DeviceRefusedError(str(exc)) from exc
        if described is not None and not is_as_asked(described, asked, said):
            # it may have been so, and be safe again since: to tell it once more would be to do it twice
            why = f"{outgoing.address} was told {shown(asked)} and is {shown(said)}; look at it"
            _log.warning("%s", why)
            raise TimeoutError(why)

    async def _keep(self, line: Line, board: AnyBoard) -> None:
        """One line, whatever is plugged into it. Once it is not kept its devices are away."""
        place = self._places.setdefault(line.address, _Place(board))
        listening = board.events()
        try:
            async with board:
                async for event in listening:
                    self._take(place, board, event, line.label)
        finally:
            if place.board is board and (name := place.known):
                self._take(place, board, _GONE, line.label)
                self._hand_over(name, left=True)

    def _take(self, place: _Place, board: AnyBoard, event: Event, label: str) -> None:
        """Take note of what a board tells, then tell others. `label`: what to call it in the log until it is known."""
        before = place.known
        if isinstance(event, Missed):  # what was missed may be that it came, or went
            called = before or label
            _log.warning("board %s told more than could be heard; %d events are lost", called, event.count)
            event = _as_it_is(board)
        self._hear(place, board, event, label)
        if before not in {"", place.known}:
            self._told(before, board, _GONE)
        if place.known:
            self._told(place.known, board, event)
        if before and isinstance(event, Connected | Disconnected):
            self._hand_over(before)

    def _hear(self, place: _Place, board: AnyBoard, event: Event, label: str) -> None:
        match event:
            case Connected():
                self._enter(place, board, event)
            case Disconnected(reason):
                _log.info("board %s is away: %s", place.known or label, reason)
                self._reachable(place, there=False)
            case Changed(name, value):
                self._is_now(place, name, value)
            case Happened():
                pass
            case Logged(level, text):
                _log.log(_LEVELS[min(level, 3)], "board %s: %s", place.known or label, text)
            case Missed():
                pass
            case _:
                assert_never(event)

    def _enter(self, place: _Place, board: AnyBoard, connected: Connected) -> None:
        """Its devices are there. A board that describes others than before has only those."""
        place.board, about = board, connected.about
        name = board_id(about)
        for each in connected.complaints:
            _log.warning("board %s: %s", name, each)
        self._leave(place)
        holder = self._entered.get(name)
        if holder is not None and holder.board.connected:
            if place.claimed != name:
                place.claimed, place.since = name, time.monotonic()
            _log.warning("a second board calls itself %s; give one of them a serial number", name)
            return
        if holder is not None:
            self._leave(holder)
        self._entered[name] = place
        place.known, place.claimed = name, ""
        firmware, can = _shown(about.firmware), ", ".join(board.capabilities)
        _log.info(
            "board %s is here%s: %s", name, firmware and f", firmware {firmware}", can or "it can nothing"
        )
        for entry in entries(about, board.capabilities.values()):
            self._put(entry)
        for capability, value in board.values.items():
            self._is_now(place, capability, value)

    def _hand_over(self, name: str, *, left: bool = False) -> None:
        """Let a board be who it says it is, now that who was it is away: for good, or because it is the same board.

        Two that were there together for longer are two, and one does not do what was meant for the other.
        """
        holder = self._entered.get(name)
        if holder is not None and holder.board.connected:
            return
        latest = time.monotonic() - self._moved_s
        for address, place in self._places.items():
            if place.claimed == name and place.board.connected and place.board.about is not None:
                if left or holder is None or place.since > latest:
                    self._take(place, place.board, _as_it_is(place.board), address)
                return

    def _is_now(self, place: _Place, name: str, value: Value) -> None:
        described = place.board.capabilities.get(name)
        for capability, state in () if described is None else states(described, value):
            self._registry.heard(f"{place.known}.{name}", capability, state, time.time())

    def _put(self, entry: Entry) -> None:
        """A device as its owner has it."""
        owned = self._owned.get(entry.device.id)
        if owned is None:
            self._registry.put(SOURCE, entry)
            return
        try:
            found = owned.of(Found(entry))
        except DeviceError as exc:  # rather not there than without the confirmation that was asked for
            _log.warning("what the house file says of %s does not fit it: %s", entry.device.id, exc)
            return
        if found is not None:
            device = found.entry.device
            if found.area_name is not None and self._registry.takes(SOURCE, device.id):
                device = replace(device, area=self._registry.area_named(found.area_name))
            self._registry.put(SOURCE, replace(found.entry, device=device))

    def _leave(self, place: _Place) -> None:
        if self._entered.get(place.known) is place:
            del self._entered[place.known]
            for device in self._devices(place):
                self._registry.drop(SOURCE, device)
        place.known = ""

    def _reachable(self, place: _Place, *, there: bool) -> None:
        if place.known:
            for device in self._devices(place):
                self._registry.reachable(device, there)

    def _devices(self, place: _Place) -> list[str]:
        return [each for each in self._registry.house.devices if each.startswith(f"{place.known}.")]


def _as_it_is(board: AnyBoard) -> Connected | Disconnected:
    """What a board would say now of whether it is there."""
    if board.connected and board.about is not None:
        return Connected(board.about, ())
    return Disconnected("it is not connected now")


def _shown(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def _nobody(_name: str, _board: AnyBoard, _event: Event) -> None:
    """Where nobody is told."""
