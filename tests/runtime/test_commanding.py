"""The command room put together: what it does without."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from runtime.commanding import find_encoder, prepare, understanding
from runtime.commands.interpret import Interpreter
from runtime.commands.meaning import Cannot, Route
from runtime.commands.registry.house import House
from runtime.commands.sentence import Memory, Reading, Sentence
from runtime.commands.shortlist.likeness import Vectors
from runtime.config import Commands, Config
from runtime.errors import ConfigError
from runtime.owned import Owned
from tests.support.commands_house import house
from tests.support.house import furnish

UNRULY = "would you let some light into the place where I cook"


class Counting:
    """An encoder that says how many texts it was asked for at a time; all are alike."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def answers(self, texts: Sequence[str]) -> Vectors:
        self.asked.append(len(texts))
        return np.ones((len(texts), 4), np.float32)


def test_an_encoder_that_cannot_be_used_costs_a_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bundle = furnish(tmp_path)  # a model that writes, and encodes nothing
    assert find_encoder(Config(commands=Commands(encoder=bundle.reference)), tmp_path) is None
    assert "by their words alone: " in caplog.text
    assert bundle.manifest.name in caplog.text


async def test_what_is_prepared_is_not_computed_again_for_the_first_command() -> None:
    encoder = Counting()
    interpreter = understanding(("en", "zh-TW"), encoder)
    await prepare(interpreter, house(), ("en", "zh-TW"))
    assert sum(encoder.asked) > 100
    encoder.asked.clear()
    found, _ = await interpreter.interpret(Sentence(UNRULY), house(), Memory())
    assert found.route is Route.CHOICE
    assert encoder.asked == [1], "the sentence alone"


async def test_a_command_that_comes_meanwhile_waits_rather_than_computing_the_same() -> None:
    encoder = Counting()
    interpreter = understanding(("en",), encoder)
    preparing = prepare(interpreter, house(), ("en",))
    await asyncio.gather(preparing, interpreter.interpret(Sentence(UNRULY), house(), Memory()))
    together = sum(encoder.asked)
    alone = Counting()
    await prepare(understanding(("en",), alone), house(), ("en",))
    assert together == sum(alone.asked) + 1


def test_a_folder_that_was_named_is_there(tmp_path: Path) -> None:
    assert Owned.read(Config(), tmp_path) == Owned()
    with pytest.raises(ConfigError, match=r"nonexist, which is no folder; make it"):
        Owned.read(Config(commands=Commands(folder=tmp_path / "nonexist")), tmp_path)


def test_a_rule_that_misses_what_the_house_file_has_is_refused(tmp_path: Path) -> None:
    (tmp_path / "house.toml").write_text('[[areas]]\nid = "kitchen"\n')
    (tmp_path / "policy.toml").write_text('[[dangerous]]\nareas = ["Kitchen"]\n')
    with pytest.raises(ConfigError, match=r"policy\.toml: dangerous\[0\]\.areas has 'Kitchen'"):
        Owned.read(Config(commands=Commands(folder=tmp_path)), tmp_path)


async def test_a_house_without_devices_is_prepared_and_asked_in_vain() -> None:
    interpreter = understanding(("en", "zh-TW"), Counting())
    await prepare(interpreter, House(), ("en", "zh-TW"))
    found, _ = await interpreter.interpret(Sentence(UNRULY), House(), Memory())
    assert isinstance(found.meaning, Cannot)


class Broken:
    """Implements `Stage`: a fault of ours."""

    name = "broken"

    async def read(self, sentence: Sentence, _house: House, _memory: Memory) -> Reading | None:
        raise IndexError(sentence.text)


async def test_what_cannot_be_prepared_stops_nothing(caplog: pytest.LogCaptureFixture) -> None:
    await prepare(Interpreter((Broken(),)), house(), ("en",))
    assert "the first command will take longer" in caplog.text
