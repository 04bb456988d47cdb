from collections.abc import Awaitable, Callable

import pytest

from runtime.commands.meaning import Meaning
from runtime.commands.registry.house import House
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from tests.support.commands_house import house

Understand = Callable[..., Awaitable[Meaning | None]]


@pytest.fixture(scope="session")
def rules() -> Rules:
    return Rules(("en", "zh-TW"))


@pytest.fixture
def understand(rules: Rules) -> Understand:
    """What the rules make of a sentence."""
    rooms = house()

    async def read(
        text: str, *, area: str | None = None, memory: Memory | None = None, within: House = rooms
    ) -> Meaning | None:
        reading = await rules.read(Sentence(text, area=area), within, memory or Memory())
        return None if reading is None else reading.meaning

    return read
