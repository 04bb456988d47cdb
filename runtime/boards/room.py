"""Boards on their lines, all at once: devices of the house while they are there, told what to do, and heard.

Knows boards, the registry and the border to dispatch. Which lines there are is the business of `lines.py`; what a
board means is in `entries.py`; how a line is kept is the bridge's.
"""

import asyncio
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final, assert_never

from firmware_bridge.board import AnyBoard
from firmware_bridge.errors import BridgeError, NotConnectedError, OutcomeUnknownError
from firmware_bridge.events import Changed, Connected, Disconnected, Event, Happened, Logged, Missed
from runtime.boards.absence import Absence
from runtime.boards.entries import SOURCE, board_id, entries, is_as_asked, states
from runtime.boards.lines import Line
from runtime.commands.registry.binding import Entry, Outgoing
from runtime.commands.registry.devices import shown
from runtime.commands.registry.live import Registry
from runtime.commands.registry.owned import Owned
from runtime.commands.registry.wiring import Found
from runtime.errors import DeviceError, DeviceRefusedError

_log = logging.getLogger(__name__)

_LEVELS: Final = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR)
_AGAIN_S: Final = 10.0
"""How long a line is left alone whose board cannot be spoken to, as one of another version."""
_LOOK_S: Final = 1.0
"""So often it is looked whether a board is where its owner says."""
Told = Callable[[str, AnyBoard, Event], None]
"""Is told what a board says, and its id, once its devices are as it says."""
_GONE: Final = Disconnected("it is not on its line any more")


class BoardRoom:
    """All boards. A channel: what is sent returns once its board has done it."""

    def __init__(
        self,
        lines: AsyncIterator[Line],
        registry: Registry,
        *,
        told: Told | None = None,
        answer_s: float = 5.0,
        owned: Mapping[str, Owned] | None = None,
    ) -> None:
        """`lines`: where boards are, as they come; `told` hears what they say.

        `answer_s`: how long a board has to do what it is told; `owned`: what the owner says of devices, by id.
        """
        self._owned = owned or {}
        self._lines = lines
        self._registry = registry
        self._told = told or _nobody
        self._answer_s = answer_s
        self._boards: dict[str, AnyBoard] = {}
        """Those that have said who they are, by id."""

    @property
    def boards(self) -> Mapping[str, AnyBoard]:
        """Those that have said who they are, by id."""
        return self._boards

    async def run(self, stop: asyncio.Event) -> None:
        """Keep every line until `stop` is set."""
        async with asyncio.TaskGroup() as tasks:
            keeping = tasks.create_task(self._keep_all(), name="boards")
            await stop.wait()
            keeping.cancel()

    async def send(self, outgoing: Outgoing) -> None:
        """See `Channel.send`."""
        board_name, _, name = outgoing.address.partition("/")
        board = self._boards.get(board_name)
        if board is None or not board.connected:
            raise DeviceError(f"the board {board_name} is not connected; look at its plug")
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

    async def _keep_all(self) -> None:
        kept: dict[str, asyncio.Task[None]] = {}
        async with asyncio.TaskGroup() as tasks:
            async for line in self._lines:
                if line.address not in kept or kept[line.address].done():
                    keeping = self._keep_named(line) if line.named else self._keep_found(line)
                    kept[line.address] = tasks.create_task(keeping, name=f"board {line.address}")

    async def _keep_named(self, line: Line) -> None:
        """Where a board has to be: for ever, and saying so while there is none."""
        while True:
            board = line.board()
            missing = asyncio.create_task(_miss(line, board), name=f"board missing {line.address}")
            try:
                await self._keep(line, board)
            except BridgeError as exc:
                _log.warning("%s: %s", line.label, exc)
            finally:
                missing.cancel()
            await asyncio.sleep(_AGAIN_S)

    async def _keep_found(self, line: Line) -> None:
        """Where a board may be: left alone if it says nothing that we understand, until it is plugged in again."""
        try:
            await self._keep(line, line.board())
        except BridgeError as exc:
            _log.info("%s is left alone until it is plugged in again: %s", line.address, exc)

    async def _keep(self, line: Line, board: AnyBoard) -> None:
        """One line, whatever is plugged into it."""
        known = ""
        listening = board.events()
        async with board:
            try:
                async for event in listening:
                    before, known = known, self._hear(board, known, event, line.label)
                    if before not in {"", known}:
                        self._told(before, board, _GONE)
                    if known:
                        self._told(known, board, event)
            finally:
                self._leave(board, known)
                if known:
                    self._told(known, board, _GONE)

    def _hear(self, board: AnyBoard, known: str, event: Event, label: str = "") -> str:
        """Take note of what a board tells; the id by which it is known from now on.

        `label`: what to call it in the log until then.
        """
        match event:
            case Connected(about, complaints):
                return self._enter(board, known, board_id(about), complaints)
            case Disconnected(reason):
                _log.info("board %s is away: %s", known or label, reason)
                self._reachable(board, known, there=False)
            case Changed(name, value):
                described = board.capabilities.get(name)
                for capability, state in () if described is None else states(described, value):
                    self._registry.heard(f"{known}.{name}", capability, state, time.time())
            case Happened():
                pass
            case Logged(level, text):
                _log.log(_LEVELS[min(level, 3)], "board %s: %s", known or label, text)
            case Missed(count):
                _log.warning(
                    "board %s told more than could be heard; %d events are lost", known or label, count
                )
            case _:
                assert_never(event)
        return known

    def _enter(self, board: AnyBoard, before: str, name: str, complaints: Sequence[str]) -> str:
        """Its devices are there. A board that describes others than before has only those."""
        for each in complaints:
            _log.warning("board %s: %s", name, each)
        if self._boards.get(name, board) is not board:
            _log.warning("a second board calls itself %s; give one of them a serial number", name)
            return ""
        self._leave(board, before)
        about = board.about
        if about is None:
            return ""
        self._boards[name] = board
        firmware, can = _shown(about.firmware), ", ".join(board.capabilities)
        _log.info(
            "board %s is here%s: %s", name, firmware and f", firmware {firmware}", can or "it can nothing"
        )
        for entry in entries(about, board.capabilities.values()):
            self._put(entry)
        for capability, value in board.values.items():
            self._hear(board, name, Changed(capability, value))
        return name

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

    def _leave(self, board: AnyBoard, name: str) -> None:
        if self._boards.get(name) is not board:
            return
        del self._boards[name]
        for device in [each for each in self._registry.house.devices if each.startswith(f"{name}.")]:
            self._registry.drop(SOURCE, device)

    def _reachable(self, board: AnyBoard, name: str, *, there: bool) -> None:
        if self._boards.get(name) is board:
            for device in [each for each in self._registry.house.devices if each.startswith(f"{name}.")]:
                self._registry.reachable(device, there)


async def _miss(line: Line, board: AnyBoard) -> None:
    """Say why no board answers on a line that has to have one."""
    absence = Absence()
    while True:
        if why := absence.look(asyncio.get_running_loop().time(), board.trouble):
            _log.warning("no board at %s: %s", line.label, why)
        await asyncio.sleep(_LOOK_S)


def _shown(text: str) -> str:
    return "".join(each if each.isprintable() else "?" for each in text)


def _nobody(_name: str, _board: AnyBoard, _event: Event) -> None:
    """Where nobody is told."""
