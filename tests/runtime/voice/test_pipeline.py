"""What becomes of what a room sounds like, one thing after the other."""

import pytest

from runtime.voice.border import RATE
from runtime.voice.events import (
    Answer,
    Awake,
    Deaf,
    Dropped,
    Effect,
    Failed,
    Nothing,
    Pressed,
    Recognise,
    Released,
    Rules,
    Sounding,
    Spoken,
    State,
    Stop,
    Understood,
)
from runtime.voice.hearing import FRAME_S
from tests.support.rooms import NABU, Room, frame, transcribed


def only(done: list[Effect], kind: type) -> Effect:
    (found,) = [each for each in done if isinstance(each, kind)]
    return found


def recognised(done: list[Effect]) -> Recognise:
    found = only(done, Recognise)
    assert isinstance(found, Recognise)
    return found


def play(
    room: Room, seconds: float, *, played: float = -20.0, gain: float = -15.0, **heard: float
) -> list[Effect]:
    """The loudspeaker plays; the room hears it so much quieter, or what is given."""
    turn = next(each.turn for each in reversed(room.done) if isinstance(each, Answer))
    done = []
    for _ in range(round(seconds / FRAME_S)):
        room.step(Sounding(turn, played, "The light in the kitchen is on"))
        room.now += FRAME_S
        done += room.step(frame(heard.get("speech", 0.9), heard.get("level", played + gain)))
    return done


def answering() -> Room:
    room = Room()
    room.say_something()
    assert room.state is State.ANSWERING
    return room


def speaking() -> Room:
    room = answering()
    play(room, 2.0)
    assert room.state is State.SPEAKING
    return room


def turn_of(room: Room) -> int:
    return next(each.turn for each in reversed(room.done) if isinstance(each, Answer))


def test_from_the_wake_word_to_the_answer_and_back_to_sleep() -> None:
    room = Room()
    assert room.wake() == [Awake(NABU)]
    assert room.speak(1.5) == []
    heard = recognised(room.hear(0.4))
    assert heard.samples.size / RATE == pytest.approx(0.1 + 1.5 + 0.32, abs=0.1)
    assert room.understand("turn on the light") == [Answer(heard.turn, transcribed("turn on the light"))]
    assert play(room, 1.0) == []
    assert room.step(Spoken(heard.turn)) == []
    assert room.state is State.ASLEEP


def test_what_is_said_in_a_sleeping_room_is_nobodys_business() -> None:
    room = Room()
    assert room.speak(60) == []
    assert room.state is State.ASLEEP


def test_what_was_said_just_before_is_kept_and_what_was_said_earlier_is_not() -> None:
    room = Room()
    room.wake()
    room.hear(2.0, mark=0.25)
    room.speak(1.0, mark=0.5)
    samples = recognised(room.hear(0.4, mark=0.125)).samples
    before = (samples == 0.25).sum() / RATE
    assert before == pytest.approx(0.2, abs=0.1)
    assert (samples == 0.5).sum() / RATE == pytest.approx(1.0, abs=FRAME_S)


def test_nobody_speaks() -> None:
    room = Room()
    room.wake()
    assert room.hear(6) == [Nothing(Dropped.NOBODY)]
    assert room.state is State.ASLEEP


def test_the_end_of_the_wake_word_is_no_command() -> None:
    room = Room()
    room.wake()
    assert room.speak(0.19) == []
    assert room.hear(1.0) == []
    room.speak(1.0)
    assert recognised(room.hear(0.4))


def test_a_pause_that_was_looked_into_too_early_does_no_harm() -> None:
    room = Room()
    room.wake()
    room.speak(1.0)
    first = recognised(room.hear(0.35))
    room.speak(1.0)  # before the text is there
    assert room.understand("turn on the light") == []
    second = recognised(room.hear(0.4))
    assert second.samples.size - first.samples.size == pytest.approx(1.35 * RATE, abs=RATE / 8)
    assert only(room.understand("turn on the light in the hall"), Answer)


@pytest.mark.parametrize("text", ["turn on the", "set the light to", "in the kitchen,", "把"])
def test_half_a_sentence_is_waited_for(text: str) -> None:
    room = Room()
    room.wake()
    room.speak(1.0)
    room.hear(0.4)
    assert room.understand(text) == []
    assert room.hear(0.6) == []
    room.speak(0.5)
    room.hear(0.4)
    assert only(room.understand("turn on the light"), Answer)


def test_half_a_sentence_is_answered_in_the_end() -> None:
    room = Room()
    room.wake()
    room.speak(1.0)
    room.hear(0.4)
    room.understand("turn on the")
    assert only(room.hear(1.0), Answer) == Answer(1, transcribed("turn on the"))


def test_who_never_stops_is_cut_off() -> None:
    room = Room()
    room.wake()
    done = room.speak(20)
    assert recognised(done).samples.size / RATE == pytest.approx(15, abs=0.1)
    assert room.state is State.RECOGNISING


def test_who_is_cut_off_while_an_earlier_part_is_recognised_is_recognised_whole() -> None:
    room = Room()
    room.wake()
    room.speak(5)
    first = recognised(room.hear(0.4))
    assert room.speak(20) == []
    assert room.state is State.RECOGNISING
    whole = recognised(room.step(Understood(first.turn, transcribed("part of it"))))
    assert whole.samples.size > first.samples.size
    assert only(room.understand("all of it"), Answer) == Answer(whole.turn, transcribed("all of it"))


@pytest.mark.parametrize(
    ("text", "no_speech", "score", "why"),
    [
        ("", 0.0, -0.1, Dropped.EMPTY),
        (" . ", 0.0, -0.1, Dropped.EMPTY),
        ("[BLANK_AUDIO]", 0.0, -0.1, Dropped.EMPTY),
        ("(music) ♪ la la ♪", 0.0, -0.1, Dropped.EMPTY),
        ("Thank you.", 0.5, -0.3, Dropped.PHANTOM),
        ("you", 0.4, -0.3, Dropped.PHANTOM),
        ("謝謝觀看", 0.4, -0.3, Dropped.PHANTOM),
        ("turn off the alarm", 0.8, -1.4, Dropped.PHANTOM),
    ],
)
def test_what_nobody_said_is_not_acted_on(text: str, no_speech: float, score: float, why: Dropped) -> None:
    room = Room()
    room.wake()
    room.speak(1.0)
    room.hear(0.4)
    assert room.understand(text, no_speech=no_speech, score=score) == [Nothing(why)]
    assert room.state is State.ASLEEP


@pytest.mark.parametrize("text", ["Thank you.", "turn off the alarm"])
def test_what_somebody_surely_said_is_answered(text: str) -> None:
    room = Room()
    room.wake()
    room.speak(1.0)
    room.hear(0.4)
    assert only(room.understand(text, no_speech=0.01, score=-1.4), Answer)


def test_speech_that_is_hardly_there_is_not_recognised() -> None:
    room = Room()
    room.wake()
    assert room.hear(3.0, speech=0.9, level=-70) == []
    assert room.hear(3.0, level=-80) == [Nothing(Dropped.QUIET)]


def test_a_question_is_answered_without_the_wake_word_and_as_shortly_as_can_be() -> None:
    room = speaking()
    assert room.step(Spoken(turn_of(room), asks=True)) == [Awake()]
    room.hear(0.6)
    room.speak(0.16)
    assert recognised(room.hear(0.4)).samples.size / RATE == pytest.approx(0.8, abs=0.2)
    assert only(room.understand("No."), Answer)


def test_the_same_is_too_short_for_a_command() -> None:
    room = Room()
    room.wake()
    room.hear(0.6)
    room.speak(0.16)
    assert room.hear(6) == [Nothing(Dropped.NOBODY)]


def test_the_echo_of_a_question_is_no_answer_to_it() -> None:
    room = speaking()
    room.step(Spoken(turn_of(room), asks=True))
    room.speak(0.19)
    assert room.hear(6) == [Nothing(Dropped.NOBODY)]


def test_questions_without_end_have_one() -> None:
    room = speaking()
    for _ in range(room.rules.rounds):
        room.step(Spoken(turn_of(room), asks=True))
        room.hear(0.3)
        room.speak(0.5)
        room.hear(0.4)
        room.understand("yes")
        assert room.state is State.ANSWERING
    room.step(Spoken(turn_of(room), asks=True))
    assert room.state is State.ASLEEP


def test_who_speaks_up_is_let_in_from_the_first_word() -> None:
    room = speaking()
    done = play(room, 0.5, speech=0.95, level=-18.0)
    assert done == [Stop(turn_of(room)), Awake()]
    room.speak(0.3)
    samples = recognised(room.hear(0.4)).samples
    assert samples.size / RATE > 0.3 + 0.5
    assert only(room.understand("stop"), Answer)


def test_a_word_during_playback_is_enough() -> None:
    room = speaking()
    assert only(play(room, 0.3, speech=0.95, level=-18.0), Stop)
    assert recognised(room.hear(0.4))
    assert only(room.understand("stop"), Answer)


def test_what_the_loudspeaker_says_neither_interrupts_nor_wakes() -> None:
    room = speaking()
    assert play(room, 10.0, speech=0.99) == []
    room.step(Sounding(turn_of(room), -20.0))
    room.now += FRAME_S
    assert room.step(frame(0.99, -35.0, woken=NABU)) == []
    room.step(Spoken(turn_of(room)))
    room.now += 0.1
    assert room.step(frame(0.99, -35.0, woken=NABU)) == []
    assert room.state is State.ASLEEP
    room.hear(0.5)
    assert room.step(frame(0.99, -25.0, woken=NABU)) == [Awake(NABU)]


def test_a_loudspeaker_that_was_turned_up_interrupts_itself_once_and_commands_nothing() -> None:
    room = speaking()
    assert only(play(room, 0.5, gain=0.0), Stop)
    recognised(room.hear(0.4))
    assert room.understand("light in the kitchen") == [Nothing(Dropped.ECHO)]
    room.say_something()
    assert play(room, 20.0, gain=0.0) == []


def test_the_wake_word_interrupts_an_answer_that_is_awaited_or_spoken() -> None:
    for room in (answering(), speaking()):
        room.now += FRAME_S
        assert room.step(frame(0.9, -15.0, woken=NABU)) == [Stop(turn_of(room)), Awake(NABU)]


def test_what_comes_late_of_a_turn_that_was_left_off_changes_nothing() -> None:
    room = speaking()
    late = turn_of(room)
    play(room, 0.5, speech=0.95, level=-18.0)
    for each in (Sounding(late, -20.0), Spoken(late), Failed(late), Spoken(late, asks=True)):
        assert room.step(each) == []
        assert room.state is State.LISTENING


def test_a_button_is_held() -> None:
    room = Room()
    room.hear(1.0)
    assert room.step(Pressed()) == [Awake()]
    room.speak(0.5)
    assert room.hear(3.0) == []
    room.speak(0.5)
    heard = recognised(room.step(Released()))
    assert heard.samples.size / RATE == pytest.approx(4.3, abs=0.1)
    assert room.state is State.RECOGNISING
    assert room.understand("yes") == [Answer(heard.turn, transcribed("yes"))]


def test_a_button_that_is_held_for_ever_has_an_end() -> None:
    room = Room()
    room.step(Pressed())
    assert recognised(room.speak(20))


def test_a_button_that_was_pressed_while_nobody_spoke() -> None:
    room = Room()
    room.step(Pressed())
    room.hear(1.0)
    assert room.step(Released()) == [Nothing(Dropped.NOBODY)]


def test_a_button_silences() -> None:
    room = speaking()
    assert room.step(Pressed()) == [Stop(turn_of(room)), Awake()]
    assert room.step(Released()) == [Nothing(Dropped.NOBODY)]


def test_a_button_pressed_while_it_listens_holds_it() -> None:
    room = Room()
    room.wake()
    room.speak(0.5)
    assert room.step(Pressed()) == []
    assert room.hear(4.0) == []
    assert recognised(room.step(Released()))


@pytest.mark.parametrize("released", [Released()])
def test_a_button_that_was_not_held_is_let_go(released: Released) -> None:
    for room in (Room(), answering(), speaking()):
        assert room.step(released) == []


def test_whatever_does_not_come_is_not_waited_for_for_ever() -> None:
    room = Room()
    room.wake()
    room.speak(1.0)
    first = recognised(room.hear(0.4))
    assert room.wait(200) == [Nothing(Dropped.NOBODY), Stop(first.turn)]
    for room in (answering(), speaking()):
        turn = turn_of(room)
        assert room.wait(200) == [Stop(turn), Nothing(Dropped.LATE)]
        assert room.state is State.ASLEEP


def test_an_answer_that_never_ends_is_left_off() -> None:
    room = answering()
    done = play(room, 300, speech=0.0)
    assert [each for each in done if isinstance(each, Stop)] == [Stop(turn_of(room))]
    assert room.state is State.ASLEEP


def test_a_recognition_that_hangs_does_not_make_the_house_deaf() -> None:
    room = Room()
    room.wake()
    room.speak(16)
    first = recognised(room.done)
    assert room.hear(31) == [Stop(first.turn), Nothing(Dropped.FAILED)]
    room.wake()
    room.speak(1.0)
    assert recognised(room.hear(0.4)).turn != first.turn


def test_a_recognition_that_fails_is_tried_once_more_and_no_more() -> None:
    room = Room()
    room.wake()
    room.speak(1.0)
    first = recognised(room.hear(0.4))
    assert room.step(Failed(first.turn)) == []
    second = recognised(room.hear(1.0))
    assert room.step(Failed(second.turn)) == [Nothing(Dropped.FAILED)]


def test_an_answer_that_fails_ends_it() -> None:
    room = answering()
    assert room.step(Failed(turn_of(room))) == [Nothing(Dropped.FAILED)]
    assert room.state is State.ASLEEP


def test_a_microphone_that_goes_away_ends_listening_and_nothing_else() -> None:
    room = Room()
    room.wake()
    assert room.step(Deaf()) == [Nothing(Dropped.DEAF)]
    room = answering()
    assert room.step(Deaf()) == []
    assert room.state is State.ANSWERING


def test_the_owner_s_pause_is_the_measure_of_all() -> None:
    room = Room(Rules(pause_s=2.0))
    room.wake()
    room.speak(1.0)
    assert room.hear(1.1) == []
    assert recognised(room.hear(0.3))
