"""Languages that the package has templates for, and we have none."""

from dataclasses import replace

import pytest

from runtime.commands.registry.devices import Name
from runtime.commands.registry.house import House
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from tests.support.commands_house import house
from tests.support.said import short


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(("de", "fr"))


def german_house() -> House:
    rooms = house()
    light, kitchen = rooms.devices["kitchen.light"], rooms.areas["kitchen"]
    light = replace(light, names=(*light.names, Name("Küchenlampe", "de")))
    kitchen = replace(kitchen, names=(*kitchen.names, Name("Küche", "de"), Name("cuisine", "fr")))
    return replace(
        rooms,
        devices={**rooms.devices, "kitchen.light": light},
        areas={**rooms.areas, "kitchen": kitchen},
    )


@pytest.mark.parametrize(
    ("text", "language", "meant"),
    [
        ("Schalte die Küchenlampe ein", "de", "kitchen.light.power=on"),
        ("Licht in der Küche aus", "de-AT", "kitchen.light.power=off kitchen.counter.power=off"),
        ("Küchenlampe auf 40 Prozent", "de", "kitchen.light.brightness=40"),
        ("Küchenlampe auf vierzig Prozent", "de", "kitchen.light.brightness=40"),
        ("Ist die Küchenlampe an?", "de", '" Yes, the Küchenlampe is on.'),
        ("Schalte die Küchenlampe nicht ein", "de", "! not_wanted"),
        ("éteins la lumière de la cuisine", "fr", "kitchen.light.power=off kitchen.counter.power=off"),
    ],
)
async def test_another_language(rules: Rules, text: str, language: str, meant: str) -> None:
    reading = await rules.read(Sentence(text, language), german_house(), Memory())
    assert short(None if reading is None else reading.meaning) == meant
