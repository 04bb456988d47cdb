"""The time moves from the system prompt to the turn it was told with; nothing is lost, and nothing made up."""

from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.completion import Message, ToolCall
from runtime.completion.moments import Moments

NEW = "Current time is 10:00:{:02d}. Today's date is 2026-11-23."
OLD = "The current time is 10:00:{:02d}.\nToday's date is 11/23/26."
RULES = "You are a voice assistant.\nAnswer in plain text."
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
LINES = st.lists(WORDS.filter(lambda text: "\n" not in text and "\r" not in text), min_size=1, max_size=4)


def system(sentence: str, *, first: bool = False) -> Message:
    return Message("system", f"{sentence}\n{RULES}" if first else f"{RULES}\n{sentence}\nBe kind.")


def lines(messages: tuple[Message, ...]) -> Counter[tuple[str, str]]:
    return Counter((line, "") for message in messages for line in message.content.split("\n"))


@pytest.mark.parametrize("sentence", [NEW.format(1), OLD.format(1)])
@pytest.mark.parametrize("first", [True, False])
def test_it_moves_to_the_beginning_of_the_turn(sentence: str, first: bool) -> None:  # noqa: FBT001  pytest gives it
    said = Moments().settle((system(sentence, first=first), Message("user", "Hello")))
    assert said == (
        Message("system", RULES if first else f"{RULES}\nBe kind."),
        Message("user", f"{sentence}\nHello"),
    )


@pytest.mark.parametrize(
    "sentence",
    [
        "Current time is 10:00. Today's date is 2026-11-23.",
        "Current time is 10:00:00. Today's date is 2026-11-23. Be kind.",
        "The Current time is 10:00:00. Today's date is 2026-11-23.",
        "current time is 10:00:00. today's date is 2026-11-23.",
        "Current time is \u0661\u0660:00:00. Today's date is 2026-11-23.",
        "It is ten o'clock.",
    ],
)
def test_what_is_not_the_sentence_to_the_letter_stays(sentence: str) -> None:
    messages = (system(sentence), Message("user", "Hello"))
    assert Moments().settle(messages) is messages


@pytest.mark.parametrize("around", ["{}\n\nb", "a\n{}", "a\n\n{}", "a\n{}\n", "a\n{}\n\n", "a\n\n{}\n\nb"])
def test_its_lines_go_and_no_other(around: str) -> None:
    said = Moments().settle((Message("system", around.format(NEW.format(1))), Message("user", "Hello")))
    left = around.split("\n")
    left.remove("{}")
    assert said[0].content.split("\n") == left


def test_a_system_prompt_that_is_nothing_else_stays() -> None:
    messages = (Message("system", NEW.format(1)), Message("user", "Hello"))
    assert Moments().settle(messages) == messages


def test_what_a_user_says_of_the_time_stays() -> None:
    messages = (Message("system", RULES), Message("user", NEW.format(1)))
    assert Moments().settle(messages) is messages


def test_nobody_said_anything() -> None:
    messages = (system(NEW.format(1)), Message("assistant", "Hello"))
    assert Moments().settle(messages) is messages


def test_an_earlier_turn_keeps_its_time_and_a_conversation_only_grows() -> None:
    moments = Moments()
    first = moments.settle((system(NEW.format(1)), Message("user", "One")))
    second = moments.settle(
        (system(NEW.format(30)), Message("user", "One"), Message("assistant", "Uno"), Message("user", "Two"))
    )
    assert second[:2] == first
    assert second[3].content == f"{NEW.format(30)}\nTwo"


def test_between_calls_of_tools_the_time_stays_that_of_the_turn() -> None:
    moments = Moments()
    turn = Message("user", "Light on")
    call = Message("assistant", "", (ToolCall("a", "on", {"x": 1}),))
    first = moments.settle((system(NEW.format(1)), turn))
    second = moments.settle((system(NEW.format(9)), turn, call, Message("tool", "{}", tool_call_id="a")))
    assert second[:2] == first
    tomorrow = "Current time is 10:00:09. Today's date is 2026-11-24."
    third = moments.settle((system(tomorrow), turn, call, Message("tool", "{}", tool_call_id="a")))
    assert third[1].content == f"{tomorrow}\nLight on"


def test_the_same_words_at_another_time_are_another_turn() -> None:
    moments = Moments()
    for second in (1, 30):
        said = moments.settle((system(NEW.format(second)), Message("user", "Light on")))
        assert said[1].content == f"{NEW.format(second)}\nLight on"


def test_one_clients_time_is_never_anothers() -> None:
    moments = Moments()
    one, two = Message("user", "One"), Message("user", "Two")
    moments.settle((system(NEW.format(1)), one), "a")
    said = moments.settle((system(NEW.format(2)), one, Message("assistant", "Uno"), two), "b")
    assert said[1] == one


def test_what_is_kept_is_bounded() -> None:
    moments = Moments()
    for number in range(3000):
        moments.settle((system(NEW.format(1)), Message("user", str(number))))
    assert len(moments._told) == 1024
    follow = (system(NEW.format(2)), Message("user", "0"), Message("assistant", "a"), Message("user", "b"))
    assert moments.settle(follow)[1] == Message("user", "0")


@dataclass
class Speaker:
    """A conversation as a caller would carry it on: it never learns that anything moves."""

    rules: list[str]
    place: int
    said: list[Message] = field(default_factory=list)

    def asks(self, sentence: str) -> tuple[Message, ...]:
        place = min(self.place, len(self.rules))
        prompt = [*self.rules[:place], sentence, *self.rules[place:]]
        return (Message("system", "\n".join(prompt)), *self.said)


@given(LINES, st.integers(0, 4), st.lists(st.tuples(WORDS, st.booleans(), WORDS), min_size=1, max_size=5))
def test_nothing_is_lost_and_nothing_is_made_up(
    rules: list[str], place: int, turns: list[tuple[str, bool, str]]
) -> None:
    moments, speaker = Moments(), Speaker(rules, place)
    told: list[str] = []
    before: tuple[Message, ...] = ()
    for number, (words, calls, answer) in enumerate(turns):
        speaker.said.append(Message("user", words))
        told.append(NEW.format(number))
        rounds: list[tuple[Message, ...]] = [()]
        if calls:
            rounds.append((Message("assistant", "", (ToolCall("i", "f", {}),)), Message("tool", "{}")))
        for more in rounds:
            speaker.said += more
            asked = speaker.asks(told[-1])
            seen = moments.settle(asked)
            if not "".join(rules).strip():
                assert seen == asked
                continue
            # Each line that was sent is there once, and besides only what was told with earlier turns.
            earlier = Counter((line, "") for sentence in told[:-1] for line in sentence.split("\n"))
            assert lines(seen) == lines(asked) + earlier
            assert [each.role for each in seen] == [each.role for each in asked]
            assert [replace(each, content="") for each in seen] == [
                replace(each, content="") for each in asked
            ]
            assert seen[: len(before)] == before
            before = seen
        speaker.said.append(Message("assistant", answer))
