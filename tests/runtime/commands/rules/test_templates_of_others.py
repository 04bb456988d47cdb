"""Sentences drawn from the package's own templates, over the names of the house: each is understood as it was meant.

What is left out on purpose is listed: names alone, statements, a room and a number that may be degrees, and Chinese
words for kinds of lamp, which the package takes for any light.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hassil.expression import (
    Alternative,
    Expression,
    ListReference,
    Permutation,
    RuleReference,
    Sequence,
    TextChunk,
)
from hassil.intents import Intents, TextSlotList
from home_assistant_intents import get_intents

from runtime.commands.language.names import name_of
from runtime.commands.language.normalise import plain
from runtime.commands.language.question import asks
from runtime.commands.meaning import Do
from runtime.commands.rules.recogniser import CARRIED_OUT
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from tests.support.commands_house import house

HOUSE = house()
SEED = 20261123
NUMBERS = {"temperature": "21", "color_temperature": "3000"}
LAMPS = re.compile("壁燈|崁燈|嵌燈|桌燈|檯燈|床頭燈|吸頂燈")


@dataclass(frozen=True)
class Drawn:
    text: str
    intent: str
    device: str | None
    """Id of the device whose name was drawn."""


class Drawer:
    """Draws sentences of templates."""

    def __init__(self, language: str, seed: int = SEED) -> None:
        raw = get_intents(language)
        assert raw is not None
        self.language = language
        self.intents = Intents.from_dict(raw)
        self.random = random.Random(seed)

    def sentences(self) -> Iterator[Drawn]:
        for intent in CARRIED_OUT:
            for block in self.intents.intents[intent].data:
                domains = block.requires_context.get("domain", [])
                for template in block.sentences:
                    lists = set(template.list_names(self.intents.expansion_rules))
                    devices = [
                        each
                        for each in HOUSE.devices.values()
                        if (not domains or each.kind.value in domains) and ("area" not in lists or each.area)
                    ]
                    if "zone" in lists or ("name" in lists and not devices):
                        continue
                    device = self.random.choice(devices or list(HOUSE.devices.values()))
                    area = HOUSE.areas[device.area or "kitchen"]
                    said = {
                        "name": name_of(device, self.language),
                        "area": name_of(area, self.language),
                        "floor": str(area.floor).removesuffix(" floor"),
                    }
                    text = self.text(template.expression, said)
                    yield Drawn(" ".join(text.split()), intent, device.id if "name" in lists else None)

    def text(self, part: Expression, said: dict[str, str]) -> str:
        match part:
            case TextChunk():
                return part.original_text
            case Alternative(items):
                return self.text(self.random.choice(items), said)
            case Sequence(items):
                return "".join(self.text(each, said) for each in items)
            case Permutation(items):
                return " ".join(self.text(each, said) for each in self.random.sample(items, len(items)))
            case RuleReference():
                return self.text(self.intents.expansion_rules[part.rule_name].expression, said)
            case ListReference():
                return self.listed(part.list_name, said)
        raise TypeError(part)

    def listed(self, name: str, said: dict[str, str]) -> str:
        values = self.intents.slot_lists.get(name)
        if isinstance(values, TextSlotList):
            return self.text(self.random.choice(values.values).text_in, said)
        return said.get(name) or NUMBERS.get(name, "40")


def left_out(drawn: Drawn, language: str) -> bool:
    text = re.sub(r"^(?:the|my|our) ", "", plain(drawn.text, language))
    if drawn.intent == "HassGetState" and not asks(text, language):
        return True
    if text in {plain(name.text, language) for each in HOUSE.devices.values() for name in each.names}:
        return True
    if drawn.intent == "HassLightSet" and re.search(r"40$|40 brightness$", text):
        return not re.search("light|lamp|bright|亮|燈|照明", text)
    return bool(LAMPS.search(text))


@pytest.mark.parametrize("language", ["en", "zh-TW"])
async def test_what_the_package_understands_is_understood(language: str) -> None:
    rules, drawer, counted = Rules((language,)), Drawer(language), 0
    for _ in range(2):
        for drawn in drawer.sentences():
            reading = await rules.read(Sentence(drawn.text, language), HOUSE, Memory())
            if left_out(drawn, language):
                continue
            counted += 1
            assert reading is not None, drawn
            if isinstance(reading.meaning, Do) and drawn.device is not None:
                assert {action.device for action in reading.meaning.actions} == {drawn.device}, drawn
    assert counted > 350
