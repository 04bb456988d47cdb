"""Sentences of the owner's own."""

from pathlib import Path

import pytest

from runtime.commands.meaning import Route
from runtime.commands.rules.owner import Sentences
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from runtime.errors import ConfigError
from tests.support.commands_house import house
from tests.support.said import short

FILE = """
[[sentence]]
say = ["film night", "(start|begin) the film [now]"]
do = [
    { device = "living.floor", capability = "brightness", value = 20 },
    { device = "living.tv", capability = "power", value = "on" },
    { device = "living.blinds", capability = "state", value = "closed" },
]

[[sentence]]
say = ["good night house", "don't disturb me"]
do = [{ device = "scene.night", capability = "activate" }]

[[sentence]]
say = ["我要睡了"]
language = "zh-TW"
do = [{ device = "hall.light", capability = "power", value = false }]

[[sentence]]
say = ["who are you"]
answer = "I am this house."

[[sentence]]
say = ["turn on the kitchen light"]
do = [{ device = "kitchen.counter", capability = "power", value = true }]

[[sentence]]
say = ["warm up the sauna"]
do = [{ device = "sauna", capability = "power", value = true }]

[[sentence]]
say = ["blinding light"]
do = [
    { device = "hall.light", capability = "power", value = true },
    { device = "kitchen.light", capability = "brightness", value = 500 },
]
"""


@pytest.fixture(scope="module")
def rules() -> Rules:
    return Rules(("en", "zh-TW"), Sentences.read(FILE))


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("film night", "living.floor.brightness=20 living.tv.power=on living.blinds.state=closed"),
        ("Please start the film!", "living.floor.brightness=20 living.tv.power=on living.blinds.state=closed"),
        ("begin the film in ten minutes",
         "living.floor.brightness=20 living.tv.power=on living.blinds.state=closed +600"),
        ("good night house", "scene.night.activate="),
        ("don't disturb me", "scene.night.activate="),
        ("我要睡了", "hall.light.power=off"),
        ("who are you", '" I am this house.'),
        ("turn on the kitchen light", "kitchen.counter.power=on"),
        ("warm up the sauna", "! no_such_device"),
        ("blinding light", "! out_of_range"),
    ],
)  # fmt: skip
async def test_what_the_owner_wrote_comes_first(rules: Rules, text: str, meant: str) -> None:
    reading = await rules.read(Sentence(text), house(), Memory())
    assert reading is not None
    assert (short(reading.meaning), reading.route) == (meant, Route.OWNER)


async def test_a_part_of_a_sentence_is_not_the_sentence(rules: Rules) -> None:
    assert await rules.read(Sentence("film night is on friday"), house(), Memory()) is None


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('[[sentence]]\nsay = ["a"]\ndone = []', "unknown key 'done'"),
        ("[[sentence]]\ndo = []", "lacks the key 'say'"),
        ('[[sentence]]\nsay = []\nanswer = "b"', "says nothing"),
        ('[[sentence]]\nsay = ["a"]', "needs either do or answer"),
        ('[[sentence]]\nsay = ["a {name}"]\nanswer = "b"', "which are for templates of ours"),
        ('[[sentence]]\nsay = "a"\nanswer = "b"', "say"),
        ('[[sentences]]\nsay = ["a"]', "unknown key 'sentences'"),
        ("sentence", "is not valid TOML"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_meant_is_refused(text: str, complaint: str) -> None:
    with pytest.raises(ConfigError, match=complaint):
        Sentences.read(text)


@pytest.mark.parametrize(
    "template", ["(start the film", "[now", "now]", "now)", "()", "[]", "(a|b))", "[( ]"]
)
def test_a_template_that_cannot_be_read_is_refused_when_the_file_is(template: str) -> None:
    first = '[[sentence]]\nsay = ["a"]\nanswer = "yes"\n'
    with pytest.raises(ConfigError, match=r"^mine\.toml: sentence\[1\] has .*cannot be read"):
        Sentences.read(f'{first}[[sentence]]\nsay = ["b", "{template}"]\nanswer = "yes"', "mine.toml")


def test_a_file_is_read_from_disk(tmp_path: Path) -> None:
    path = tmp_path / "sentences.toml"
    path.write_text(FILE, "utf-8")
    assert len(Sentences.file(path).sentences) == 7
    with pytest.raises(ConfigError, match=r"cannot be read"):
        Sentences.file(tmp_path / "none.toml")
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="UTF-8"):
        Sentences.file(path)
