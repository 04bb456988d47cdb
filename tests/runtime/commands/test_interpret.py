"""The order of the stages, and what becomes of sentences of several clauses. Stages here know clauses by heart."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.interpret import Interpreter
from runtime.commands.meaning import (
    Action,
    Cannot,
    Do,
    Interpretation,
    Meaning,
    Option,
    Reason,
    Route,
    Tell,
    Which,
)
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Switch
from runtime.commands.registry.house import House
from runtime.commands.sentence import NOTHING_SAID, Memory, Reading, Sentence

ON = Do((Action("lamp", "power", value=True),))
FAN = Do((Action("fan", "power", value=True),))
OFF = Do((Action("lamp", "power", value=False),))
WHICH = Which("The lamp or the fan?", (Option("the lamp", ON), Option("the fan", FAN)))
POWER = (Capability("power", Switch()),)
HOUSE = House(
    devices={
        "lamp": Device("lamp", (Name("lamp"),), Kind.LIGHT, POWER),
        "fan": Device("fan", (Name("fan"),), Kind.FAN, POWER),
    }
)


class ByHeart:
    """A stage that knows these texts and no other."""

    def __init__(self, name: str, route: Route, known: Mapping[str, Meaning | str]) -> None:
        self.name = name
        self._route = route
        self._known = known
        self.asked: list[str] = []

    async def read(self, sentence: Sentence, house: House, memory: Memory) -> Reading | None:
        assert house is HOUSE
        self.asked.append(sentence.text)
        meaning = self._known.get(sentence.text)
        if isinstance(meaning, str):
            return Reading(Do((Action(memory.devices[0], "power", value=False),)), self._route)
        return None if meaning is None else Reading(meaning, self._route, 0.9)


RULES: Mapping[str, Meaning | str] = {
    "turn on the lamp": ON,
    "turn on the fan": FAN,
    "turn off the lamp": OFF,
    "turn off the lamp in ten minutes": Do(OFF.actions, 600.0),
    "turn it off": "what was spoken of",
    "is the lamp on": Tell("The lamp is on.", ("lamp",)),
    "is the fan on": Tell("The fan is off.", ("fan",)),
    "turn something on": WHICH,
    "don't turn on the lamp": ON,
}


async def understood(text: str, **likely: Meaning) -> tuple[Interpretation, Memory]:
    interpreter = Interpreter(
        (ByHeart("rules", Route.RULES, RULES),), (ByHeart("choice", Route.CHOICE, likely),)
    )
    return await interpreter.interpret(Sentence(text), HOUSE, NOTHING_SAID)


async def test_the_first_stage_that_knows_is_believed() -> None:
    found, memory = await understood("  turn on\tthe lamp ", **{"turn on the lamp": FAN})
    assert (found.meaning, found.route) == (ON, Route.RULES)
    assert list(found.ms) == ["rules"]
    assert memory.devices == ("lamp",)


async def test_a_question_is_repeated_once() -> None:
    interpreter = Interpreter((ByHeart("rules", Route.RULES, RULES),))
    _, memory = await interpreter.interpret(Sentence("turn something on"), HOUSE, NOTHING_SAID)
    found, memory = await interpreter.interpret(Sentence("gloop"), HOUSE, memory)
    assert isinstance(found.meaning, Which)
    assert (found.meaning.options, memory.asked) == (WHICH.options, WHICH)
    assert found.meaning.question == "That is no answer that I understand. The lamp or the fan?"
    found, memory = await interpreter.interpret(Sentence("gloop"), HOUSE, memory)
    assert isinstance(found.meaning, Cannot)
    assert memory.asked is None


async def test_a_command_is_no_answer_and_the_question_is_gone() -> None:
    interpreter = Interpreter((ByHeart("rules", Route.RULES, RULES),))
    _, memory = await interpreter.interpret(Sentence("turn something on"), HOUSE, NOTHING_SAID)
    found, memory = await interpreter.interpret(Sentence("turn on the fan"), HOUSE, memory)
    assert (found.meaning, memory.asked) == (FAN, None)


async def test_what_no_stage_knows_is_not_done() -> None:
    found, _ = await understood("gloop")
    assert isinstance(found.meaning, Cannot)
    assert found.meaning.reason is Reason.NOT_UNDERSTOOD
    assert list(found.ms) == ["rules", "choice"]


async def test_a_likely_stage_is_not_asked_what_is_not_wanted() -> None:
    found, _ = await understood("please don't light it", **{"please don't light it": ON})
    assert isinstance(found.meaning, Cannot)
    assert found.meaning.reason is Reason.NOT_WANTED


async def test_a_rule_does_not_do_what_is_not_wanted_either() -> None:
    found, _ = await understood("don't turn on the lamp")
    assert isinstance(found.meaning, Cannot)
    assert found.meaning.reason is Reason.NOT_WANTED


async def test_clauses_are_done_together() -> None:
    found, memory = await understood("turn on the lamp and turn on the fan")
    assert found.meaning == Do((*ON.actions, *FAN.actions))
    assert memory.devices == ("lamp", "fan")


async def test_it_is_what_the_clause_before_spoke_of() -> None:
    found, _ = await understood("is the fan on and turn it off")
    assert isinstance(found.meaning, Cannot)  # one asks, one does: one at a time
    interpreter = Interpreter((ByHeart("rules", Route.RULES, RULES),))
    found, _ = await interpreter.interpret(Sentence("turn it off"), HOUSE, Memory(("fan",)))
    assert found.meaning == Do((Action("fan", "power", value=False),))


async def test_one_clause_that_is_not_understood_keeps_all_from_being_done() -> None:
    found, memory = await understood("turn on the lamp and open the gloop")
    assert isinstance(found.meaning, Cannot)
    assert "open the gloop" in found.meaning.text
    assert memory.asked is None


async def test_a_sentence_that_takes_back_what_it_said_is_not_followed() -> None:
    found, _ = await understood("turn on the lamp and turn off the lamp")
    assert isinstance(found.meaning, Cannot)


async def test_what_is_not_wanted_behind_a_command_is_left_out_of_it() -> None:
    found, _ = await understood("turn on the fan but don't turn on the lamp")
    assert found.meaning == FAN


async def test_a_sentence_that_begins_with_what_is_not_wanted_does_nothing() -> None:
    found, _ = await understood("don't turn on the lamp and turn on the fan")  # both, or only the one?
    assert isinstance(found.meaning, Cannot)
    assert found.meaning.reason is Reason.NOT_WANTED


async def test_a_time_in_any_words_is_none_of_the_choices_business() -> None:
    for text in ("give me ten minutes and then lights out", "lights out once 10 minutes have passed"):
        found, _ = await understood(text, **{"lights out": OFF})
        assert found.meaning == Do(OFF.actions, 600.0), text
    found, _ = await understood("give me ten minutes and then lights out", **{"lights out": WHICH})
    assert isinstance(found.meaning, Which)
    assert [option.meaning.after_s for option in found.meaning.options] == [600.0, 600.0]


async def test_what_speaks_of_a_time_that_is_not_understood_is_not_done_now() -> None:
    for text in ("let there be light for ten minutes", "light for 10 minutes please, lamp"):
        found, _ = await understood(text, **{text: ON, "let there be light": ON})
        assert isinstance(found.meaning, Cannot), text


async def test_a_language_that_nobody_set_up_is_not_guessed_at() -> None:
    text = "把客廳的電視和風扇關掉"
    found, _ = await understood(text, **{text: ON})
    assert isinstance(found.meaning, Cannot)
    assert "commands.languages" in found.meaning.text


async def test_two_times_are_said_one_at_a_time() -> None:
    found, _ = await understood("turn on the fan and turn off the lamp in ten minutes")
    assert isinstance(found.meaning, Cannot)


async def test_two_questions_have_one_answer() -> None:
    found, memory = await understood("is the lamp on and is the fan on")
    assert found.meaning == Tell("The lamp is on. The fan is off.", ("lamp", "fan"))
    assert memory.devices == ("lamp", "fan")


async def test_the_answer_to_a_question_brings_the_other_clauses_along() -> None:
    found, memory = await understood("turn off the lamp and turn something on")
    which = found.meaning
    assert isinstance(which, Which)
    assert [option.meaning for option in which.options] == [
        Do((*OFF.actions, *FAN.actions))
    ]  # the lamp contradicts
    assert memory.asked == which


async def test_a_model_may_speak_where_nothing_is_to_be_done() -> None:
    class Talks:
        async def answer(self, text: str, language: str) -> str:
            return f"{text}? In {language}, hm."

    interpreter = Interpreter((ByHeart("rules", Route.RULES, RULES),), answering=Talks())
    found, _ = await interpreter.interpret(Sentence("who are you"), HOUSE, NOTHING_SAID, answer=True)
    assert (found.meaning, found.route) == (Tell("who are you? In en, hm."), Route.ANSWER)
    found, _ = await interpreter.interpret(Sentence("who are you"), HOUSE, NOTHING_SAID)
    assert isinstance(found.meaning, Cannot)
    found, _ = await interpreter.interpret(Sentence("turn on the lamp"), HOUSE, NOTHING_SAID, answer=True)
    assert found.meaning == ON


@given(
    st.text(max_size=600)
    | st.lists(
        st.sampled_from([each for each, meant in RULES.items() if not isinstance(meant, str)]), max_size=4
    ).map(" and ".join)
)
async def test_what_is_meant_of_any_text_was_said_in_it(text: str) -> None:
    found, _ = await understood(text)
    knows = [meaning for known, meaning in RULES.items() if known in text]
    assert knows or isinstance(found.meaning, Cannot)
    if isinstance(found.meaning, Do):
        said = {action for each in knows if isinstance(each, Do) for action in each.actions}
        assert set(found.meaning.actions) <= said
