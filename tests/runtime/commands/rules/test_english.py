"""Sentences that follow a template, each with exactly what it does."""

import pytest

from runtime.commands.meaning import Do, Meaning
from tests.runtime.commands.rules.conftest import Understand

KITCHEN_LIGHTS = ("kitchen.light", "kitchen.counter")
LIGHTS = (
    "kitchen.light", "kitchen.counter", "living.ceiling", "living.floor", "hall.light", "bedroom.desk",
    "bedroom.bedside", "study.desk", "bathroom.light",
)  # fmt: skip


def done(meaning: Meaning | None) -> list[str]:
    assert isinstance(meaning, Do), meaning
    return [str(each) for each in meaning.actions]


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        ("turn on the kitchen light", ["kitchen.light.power=on"]),
        ("Could you please switch the TV off?", ["living.tv.power=off"]),
        ("open the garage door", ["garage.door.state=open"]),
        ("turn off the lights in the kitchen", [f"{each}.power=off" for each in KITCHEN_LIGHTS]),
        ("turn on all the lights", [f"{each}.power=on" for each in LIGHTS]),
    ],
)
async def test_a_template_does_exactly_what_it_says(
    understand: Understand, text: str, actions: list[str]
) -> None:
    assert done(await understand(text)) == actions
