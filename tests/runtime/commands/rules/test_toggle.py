"""The opposite of how something is, and what is said where there is none."""

import pytest

from tests.runtime.commands.rules.conftest import Understand
from tests.support.commands_house import STATES, house
from tests.support.said import short


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("toggle the kitchen light", "kitchen.light.power=off"),
        ("flip the floor lamp", "living.floor.power=on"),
        ("toggle the light in the hall", "hall.light.power=on"),
        ("toggle the front door", "none"),
        ("切換立燈", "living.floor.power=on"),
        ("切換走廊的燈", "hall.light.power=on"),
    ],
)
async def test_it_becomes_the_opposite(understand: Understand, text: str, meant: str) -> None:
    assert short(await understand(text)) == meant


@pytest.mark.parametrize("text", ["toggle the hall light", "切換走廊燈"])
async def test_what_has_not_told_its_state_has_no_opposite(understand: Understand, text: str) -> None:
    silent = house({key: value for key, value in STATES.items() if key != ("hall.light", "power")})
    assert short(await understand(text, within=silent)) == "! not_understood"


async def test_how_it_is_later_is_not_known(understand: Understand) -> None:
    assert short(await understand("toggle the hall light in ten minutes")) == "! not_understood"


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("make the study darker", "nothing was done; turn it on first"),
        ("make the study brighter", "nothing was done; turn it on first"),
        ("把書房的燈調暗一點", "什麼都沒做；請先打開"),
    ],
)
async def test_what_is_off_in_a_room_is_left_and_it_says_what_to_say(
    understand: Understand, text: str, part: str
) -> None:
    assert part in short(await understand(text))
