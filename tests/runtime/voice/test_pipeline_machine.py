"""Whatever happens, in any order: never two recognitions, never speaking and listening; in the end it sleeps."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from runtime.voice.border import FRAME, RATE
from runtime.voice.events import (
    Answer,
    Awake,
    Deaf,
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
    Tick,
    Understood,
)
from runtime.voice.hearing import FRAME_S
from runtime.voice.pipeline import Pipeline
from tests.support.rooms import NABU, frame, transcribed

RULES = Rules(longest_s=4.0, patience_s=2.0, recognising_s=5.0, answering_s=5.0, speaking_s=10.0, rounds=2)
TEXTS = st.sampled_from(["turn on the light", "turn on the", "", "[music]", "Thank you.", "no"])
LEVELS = st.sampled_from([-80.0, -50.0, -30.0, -10.0])


class Conversations(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.pipeline = Pipeline(RULES)
        self.now = 0.0
        self.recognising: int | None = None
        self.answering: int | None = None
        self.turns: set[int] = set()
        self.asked_in_a_row = 0

    def step(self, given: object) -> None:
        for effect in self.pipeline.step(self.now, given):  # type: ignore[arg-type]  # rules give only inputs
            self.do(effect)

    def do(self, effect: Effect) -> None:
        match effect:
            case Recognise(turn, samples):
                assert self.recognising is None
                assert turn not in self.turns
                assert 0 < samples.size <= (RULES.longest_s + RULES.preroll_s) * RATE + FRAME
                self.turns.add(turn)
                self.recognising = turn
            case Answer(turn, transcription):
                assert self.answering is None
                assert turn in self.turns
                assert any(letter.isalnum() for letter in transcription.text)
                self.answering = turn
            case Stop(turn):
                assert turn in {self.recognising, self.answering}
                self.answering = None if turn == self.answering else self.answering
                self.recognising = None if turn == self.recognising else self.recognising
            case Nothing():
                assert self.pipeline.state is State.ASLEEP
                self.answering = None
            case Awake():
                assert self.pipeline.state is State.LISTENING

    @rule(
        frames=st.integers(1, 60),
        speech=st.sampled_from([0.0, 0.2, 0.45, 0.9]),
        level=LEVELS,
        woken=st.booleans(),
    )
    def hear(self, *, frames: int, speech: float, level: float, woken: bool) -> None:
        for number in range(frames):
            self.now += FRAME_S
            self.step(frame(speech, level, woken=NABU if woken and not number else None))

    @rule(woken=st.booleans(), pause=st.sampled_from([0, 10, 40]))
    def say(self, pause: int, *, woken: bool) -> None:
        """A word or two, and a pause that may end it."""
        for number in range(16 + pause):
            self.now += FRAME_S
            spoken = (0.9, -10.0) if number < 16 else (0.0, -70.0)
            self.step(frame(*spoken, woken=NABU if woken and not number else None))

    @rule()
    def press(self) -> None:
        self.step(Pressed())

    @rule()
    def release(self) -> None:
        self.step(Released())

    @precondition(lambda self: self.recognising is not None)
    @rule(text=TEXTS, doubt=st.sampled_from([0.0, 0.5, 0.9]), score=st.sampled_from([-0.2, -2.0]))
    def understand(self, text: str, doubt: float, score: float) -> None:
        turn, self.recognising = self.recognising, None
        self.step(Understood(turn or 0, transcribed(text, no_speech=doubt, score=score)))

    @precondition(lambda self: self.recognising is not None)
    @rule()
    def fail_to_understand(self) -> None:
        turn, self.recognising = self.recognising, None
        self.step(Failed(turn or 0))

    @precondition(lambda self: self.answering is not None)
    @rule(level=LEVELS)
    def sound(self, level: float) -> None:
        self.step(Sounding(self.answering or 0, level, "the light is on"))

    @precondition(lambda self: self.answering is not None)
    @rule(asks=st.booleans())
    def have_spoken(self, *, asks: bool) -> None:
        turn, self.answering = self.answering, None
        self.step(Spoken(turn or 0, asks))

    @precondition(lambda self: self.answering is not None)
    @rule()
    def fail_to_answer(self) -> None:
        self.step(Failed(self.answering or 0))
        assert self.answering is None

    @rule(turn=st.integers(0, 5), asks=st.booleans(), kind=st.integers(0, 3))
    def come_late(self, turn: int, kind: int, *, asks: bool) -> None:
        if turn in {self.recognising, self.answering}:
            return
        before = self.pipeline.state
        late = (
            Sounding(turn, -20.0),
            Spoken(turn, asks),
            Failed(turn),
            Understood(turn, transcribed("late")),
        )
        self.step(late[kind])
        assert self.pipeline.state is before

    @rule()
    def lose_the_microphone(self) -> None:
        self.step(Deaf())

    @rule(seconds=st.floats(0, 20))
    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.step(Tick())

    @invariant()
    def listens_or_speaks_or_sleeps(self) -> None:
        machine = self.pipeline
        assert (machine._saying is not None) == (machine.state in {State.LISTENING, State.RECOGNISING})
        assert (self.answering is not None) == (machine.state in {State.ANSWERING, State.SPEAKING})
        assert machine._reading == self.recognising

    @invariant()
    def holds_little(self) -> None:
        machine = self.pipeline
        assert len(machine._ring) * FRAME_S <= RULES.preroll_s + FRAME_S
        assert len(machine._spoken) <= 2_000
        if machine._saying is not None:
            assert machine._saying.samples.size <= (RULES.longest_s + RULES.preroll_s) * RATE + FRAME

    def teardown(self) -> None:
        """Nothing more comes, and it sleeps."""
        for _ in range(60):
            self.now += 1
            self.step(Tick())
        assert self.pipeline.state is State.ASLEEP
        assert self.recognising is None
        super().teardown()


TestConversations = Conversations.TestCase
TestConversations.settings = settings(max_examples=120, stateful_step_count=40, deadline=None)
