"""An order's life on a good day, and what happens to orders that are refused."""

from pathlib import Path

from runtime.commands.order import Status
from tests.support.desk import desk_in


async def test_a_command_reaches_its_device_once_and_its_sender_hears_of_it(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        result = await around.ask("blind 40")
        assert (result.status, result.text) == (Status.SENT, "Set the blind to 40%.")
        assert around.channel.carried == ["blind/position=40"]
        assert result.ms.keys() >= {"journal", "send"}


async def test_a_device_that_tells_its_state_makes_it_done(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        around.channel.after = lambda _: around.registry.say("lamp", "power", value=True)
        result = await around.ask("lamp on")
        assert (result.status, result.confirmed) == (Status.DONE, True)
