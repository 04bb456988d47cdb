"""Devices that announce themselves choose their names; no name takes over what people say."""

import pytest

from runtime.commands.registry.devices import (
    Area,
    Capability,
    Device,
    Kind,
    Name,
    Options,
    Press,
    Range,
    Switch,
)
from runtime.commands.registry.house import House
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from tests.support.said import short

NAMES = (
    "turn on the kitchen light", "lock the front door", "cancel the timer", "is the garage door open?",
    "don't turn on the TV", "don't", "yes", "the", "x", "kitchen light to 50%", "lights off", "open the pod bay",
    "Movie time", "Do not disturb", "打開電視", "好", "看電影", "不要開",
)  # fmt: skip
POWER = Capability("power", Switch())
BRIGHTNESS = Capability("brightness", Range(0, 100, 1, "%"))
DOOR = Capability("state", Options(("open", "closed", "stopped")))


def house(kind: Kind) -> House:
    captures = [Device(name, (Name(name),), kind, (Capability("activate", Press()),)) for name in NAMES]
    devices = [
        *captures,
        Device("light", (Name("Kitchen light"),), Kind.LIGHT, (POWER, BRIGHTNESS), "kitchen"),
        Device(
            "lock", (Name("Front door"),), Kind.LOCK, (Capability("state", Options(("locked", "unlocked"))),)
        ),
        Device("tv", (Name("TV"), Name("電視")), Kind.MEDIA_PLAYER, (POWER,)),
        Device("garage", (Name("Garage door"),), Kind.COVER, (DOOR,)),
    ]
    return House({"kitchen": Area("kitchen", (Name("Kitchen"),))}, {each.id: each for each in devices})


@pytest.mark.parametrize("kind", [Kind.SCENE, Kind.BUTTON])
@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("turn on the kitchen light", "light.power=on"),
        ("lock the front door", "lock.state=locked"),
        ("cancel the timer", "-"),
        ("is the garage door open?", '" The garage door has not told its state yet.'),
        ("don't turn on the TV", "! not_wanted"),
        ("don't turn the TV off", "! not_wanted"),
        ("don't", "! not_wanted"),
        ("yes", "none"),
        ("the", "none"),
        ("x", "none"),
        ("open the pod bay", "none"),
        ("set the kitchen light to 50%", "light.brightness=50"),
        ("lights off", "light.power=off"),
        ("打開電視", "tv.power=on"),
        ("不要開", "! not_wanted"),
        ("不要開電視", "! not_wanted"),
        ("好", "none"),
    ],
)
async def test_a_name_loses_to_every_other_reading(rules: Rules, kind: Kind, text: str, meant: str) -> None:
    reading = await rules.read(Sentence(text), house(kind), Memory())
    assert short(None if reading is None else reading.meaning) == meant


@pytest.mark.parametrize("name", ["Movie time", "Do not disturb", "看電影"])
async def test_a_name_that_is_one_is_enough(rules: Rules, name: str) -> None:
    reading = await rules.read(Sentence(name), house(Kind.SCENE), Memory())
    assert reading is not None
    assert short(reading.meaning) == f"{name}.activate="


@pytest.mark.parametrize("name", [each for each in NAMES if not each.endswith("?")])
async def test_whatever_it_is_called_it_can_be_activated(rules: Rules, name: str) -> None:
    verb = "activate " if name.isascii() else "啟動"
    reading = await rules.read(Sentence(f"{verb}{name}"), house(Kind.SCENE), Memory())
    assert reading is not None
    assert short(reading.meaning) == f"{name}.activate="
