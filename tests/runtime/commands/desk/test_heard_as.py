"""Which of several readings of one utterance is done: the likeliest that is understood, and never a guess or a yes."""

from pathlib import Path

import pytest

from runtime.commands.desk.heard_as import MOST
from runtime.commands.interpret import Interpreter
from runtime.commands.meaning import (
    Cannot,
    Interpretation,
    Meaning,
    Option,
    Reason,
    Route,
    Tell,
    Which,
)
from runtime.commands.order import Status
from runtime.commands.registry.house import House
from runtime.commands.rules.clarified import Clarified
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from tests.support.desk import BLIND_40, LAMP_OFF, LAMP_ON, UNLOCK, desk_in


class Understanding:
    """Implements `Interpreter`: a table of sentences, each with the route by which it is understood."""

    def __init__(self, table: dict[str, tuple[Meaning, Route]]) -> None:
        self._table = table
        self.heard: list[str] = []

    async def interpret(
        self, sentence: Sentence, house: House, memory: Memory, *, answer: bool = False
    ) -> tuple[Interpretation, Memory]:
        del house, answer
        self.heard.append(sentence.text)
        if sentence.text == "yes" and memory.asked is not None:
            return Interpretation(memory.asked.options[0].meaning, Route.SESSION, 1.0), Memory()
        lost = (Cannot(Reason.NOT_UNDERSTOOD, "I did not understand."), Route.NONE)
        meaning, route = self._table.get(sentence.text, lost)
        return Interpretation(meaning, route, 1.0), Memory(
            asked=meaning if isinstance(meaning, Which) else None
        )


WHICH = Which("Which one?", (Option("the lamp", LAMP_ON), Option("the blind", BLIND_40)))


@pytest.mark.parametrize(
    ("table", "texts", "carried"),
    [
        ({"a": (LAMP_ON, Route.RULES), "b": (BLIND_40, Route.RULES)}, "ab", ["lamp/power=True"]),
        ({"b": (LAMP_ON, Route.RULES), "c": (BLIND_40, Route.RULES)}, "abc", ["lamp/power=True"]),
        ({"a": (LAMP_ON, Route.CHOICE), "b": (BLIND_40, Route.RULES)}, "ab", ["lamp/power=True"]),
        ({"a": (WHICH, Route.CHOICE), "b": (BLIND_40, Route.RULES)}, "ab", ["blind/position=40"]),
        ({"a": (WHICH, Route.RULES), "b": (BLIND_40, Route.RULES)}, "ab", []),
        ({"b": (LAMP_ON, Route.CHOICE)}, "ab", []),
        ({"a": (Cannot(Reason.NOT_WANTED, "no"), Route.NONE), "b": (LAMP_ON, Route.RULES)}, "ab", []),
        ({"b": (LAMP_ON, Route.RULES), "c": (Cannot(Reason.NOT_WANTED, "no"), Route.NONE)}, "abc", []),
        ({"b": (LAMP_ON, Route.RULES), "c": (LAMP_OFF, Route.RULES)}, "abc", []),
        ({"b": (Tell("It is on."), Route.ASKING), "c": (LAMP_OFF, Route.RULES)}, "abc", []),
    ],
    ids=[
        "the likeliest",
        "the likeliest that is understood",
        "a sure choice of the likeliest",
        "rather than a guess at what to ask",
        "not before a question that is surely to be asked",
        "no guess at what was perhaps heard",
        "not what was said not to do",
        "not where another reading says don't",
        "not where readings want opposites",
        "an answer to a question",
    ],
)
async def test_which_reading_is_done(
    table: dict[str, tuple[Meaning, Route]], texts: str, carried: list[str], tmp_path: Path
) -> None:
    async with desk_in(tmp_path, understanding=Understanding(table)) as around:
        await around.ask(texts[0], otherwise=tuple(texts[1:]))
        assert around.channel.carried == carried


async def test_only_a_few_readings_are_looked_at(tmp_path: Path) -> None:
    understanding = Understanding({"z": (LAMP_ON, Route.RULES)})
    async with desk_in(tmp_path, understanding=understanding) as around:
        result = await around.ask("a", otherwise=(*"bcdefghz",))
        assert result.status is Status.REFUSED
        assert len(understanding.heard) == 1 + MOST


async def test_what_is_dangerous_is_confirmed_by_the_likeliest_reading_alone(tmp_path: Path) -> None:
    understanding = Understanding({"b": (UNLOCK, Route.RULES)})
    async with desk_in(tmp_path, understanding=understanding) as around:
        assert (await around.ask("a", otherwise=("b",))).status is Status.ASKED
        assert (await around.ask("yet", otherwise=("yes",))).status is not Status.SENT
        assert around.channel.carried == []


async def test_an_order_that_comes_again_is_done_once_whichever_reading_it_was(tmp_path: Path) -> None:
    async with desk_in(tmp_path, understanding=Understanding({"b": (LAMP_ON, Route.RULES)})) as around:
        order = around.order("a", otherwise=("b",))
        await around.desk.take(order)
        await around.outbox.results(order.id)
        await around.desk.take(order)
        await around.outbox.results(order.id, 2)
        assert around.channel.carried == ["lamp/power=True"]


async def test_with_real_rules_a_misheard_name_is_found_among_the_others(tmp_path: Path) -> None:
    real = Interpreter((Clarified(), Rules(("en",))), ())
    async with desk_in(tmp_path, understanding=real) as around:
        heard = ("turn on the desk lamb", "turn on the desk lamps please no", "turn on the desk lamp")
        await around.ask(heard[0], otherwise=heard[1:])
        assert around.channel.carried == ["lamp/power=True"]
