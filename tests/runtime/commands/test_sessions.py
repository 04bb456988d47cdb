from runtime.commands.meaning import Which
from runtime.commands.sentence import NOTHING_SAID, Memory
from runtime.commands.sessions import Sessions

LAMP = Memory(("lamp",), Which("which one?"), "turn on the light")


def test_each_session_of_each_sender_has_a_memory_of_its_own() -> None:
    sessions = Sessions(10)
    sessions.remember("kitchen", "", LAMP, 0.0)
    assert sessions.recall("kitchen", "", 1.0) == LAMP
    assert sessions.recall("kitchen", "other", 1.0) == NOTHING_SAID
    assert sessions.recall("", "", 1.0) == NOTHING_SAID


def test_a_question_waits_for_a_minute_and_it_means_something_for_five() -> None:
    sessions = Sessions(10)
    sessions.remember("", "", LAMP, 0.0)
    assert sessions.recall("", "", 59.0).asked is not None
    assert sessions.recall("", "", 61.0) == Memory(("lamp",))
    assert sessions.recall("", "", 301.0) == NOTHING_SAID


def test_the_session_that_was_silent_longest_is_forgotten_first() -> None:
    sessions = Sessions(2)
    sessions.remember("", "a", LAMP, 0.0)
    sessions.remember("", "b", LAMP, 1.0)
    sessions.remember("", "a", LAMP, 2.0)
    sessions.remember("", "c", LAMP, 3.0)
    assert [sessions.recall("", name, 3.0) == LAMP for name in "abc"] == [True, False, True]
