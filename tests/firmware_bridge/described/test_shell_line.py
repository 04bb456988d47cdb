"""Boards with a shell over SMP: told in commands, done when the command ended well, each once."""

import asyncio

import pytest

from firmware_bridge.described.boards import read
from firmware_bridge.errors import NotConnectedError, OutcomeUnknownError, RefusedError
from firmware_bridge.events import Connected, Disconnected
from tests.support.described import Outlet, in_simulated_time, until

pytest.importorskip("smpclient", reason="smpclient is not installed; script/check installs it")

from firmware_bridge.smp.simulator import SimulatedSmpBoard, new_flash

CELLAR = """
[[board]]
name = "cellar"
at = "socket://127.0.0.1:7777"
speaks = "smp"

[[board.capability]]
name = "valve"
type = "switch"
set = "valve set {value}"
get = "valve get"
tells = "valve is {value}"
safe = false

[[board.capability]]
name = "level"
type = "number"
min = 0
max = 300
set = "level set {value}"

[[board.capability]]
name = "odd"
type = "press"
set = "say 'never closed"
"""


class Cellar(SimulatedSmpBoard):
    """A board with a shell of its own."""

    def __init__(self) -> None:
        super().__init__(new_flash(), shell=self.shell)
        self.acted: list[str] = []
        self.valve = "0"

    def reset(self) -> None:
        self.valve = "0"

    def shell(self, argv: list[str]) -> tuple[int, str]:
        match argv:
            case ["valve", "set", word]:
                self.valve = word
                self.acted.append(" ".join(argv))
                return 0, "done\n"
            case ["valve", "get"]:
                return 0, f"valve is {self.valve}\n"
            case ["level", "set", word] if int(word) <= 100:
                self.acted.append(" ".join(argv))
                return 0, ""
        return -22, "no such command"


@in_simulated_time
async def test_a_shell_is_a_board() -> None:
    board = Cellar()
    outlet = Outlet(board)
    async with read(CELLAR)[0].open(lambda *_: outlet) as talking:
        assert talking.values == {"valve": False}
        assert await talking.set("valve", value=True) is True
        assert await talking.get("valve") is True
        assert await talking.set("level", 40) == 40
        with pytest.raises(RefusedError, match="no such command"):
            await talking.set("level", 300)
        with pytest.raises(RefusedError):
            await talking.set("odd")
        assert board.acted == ["valve set 0", "valve set 1", "level set 40"]
    assert board.acted[-1] == "valve set 0"


@in_simulated_time
async def test_a_cut_is_an_outcome_unknown_and_nothing_is_done_twice() -> None:
    board = Cellar()
    outlet = Outlet(board)
    async with read(CELLAR)[0].open(lambda *_: outlet, patient=True) as talking:
        told = talking.events()
        for number in range(5):
            await until(told, Connected)
            setting = asyncio.create_task(talking.set("level", number))
            await asyncio.sleep(0.001 * number)
            await outlet.cut()
            try:
                await setting
            except (OutcomeUnknownError, NotConnectedError):
                await until(told, Disconnected)
    levels = [line for line in board.acted if line.startswith("level")]
    assert len(levels) == len(set(levels))
