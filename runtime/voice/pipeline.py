"""From what the room sounds like to a conversation: a state machine without clock, threads or I/O.

Frames and what else happens go in with the time, what is to be done comes out. It never listens for commands while it
speaks: a person who speaks up then is let in by the level of their voice (`echo.py`), and it stops. Every state ends
by itself, so that nothing that fails to happen leaves the house deaf.
"""

from typing import Final, assert_never

from runtime.voice.border import Samples, Transcription, Woken
from runtime.voice.echo import EchoGate
from runtime.voice.endpoint import Endpoint
from runtime.voice.events import (
    Answer,
    Awake,
    Deaf,
    Dropped,
    Effect,
    Failed,
    Input,
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
from runtime.voice.hearing import FRAME_S, Heard
from runtime.voice.ring import Ring
from runtime.voice.said import echoes, phantom, unfinished, words_of
from runtime.voice.saying import Due, Saying

_NEVER: Final = float("inf")
_REMEMBERED: Final = 2_000
"""Letters of what was said, to know them again."""
_INTERRUPTION_S: Final = 0.25
"""So much speech, louder than the loudspeaker, interrupts it."""


class Pipeline:
    """One room: one microphone, one loudspeaker, one conversation at a time."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.state = State.ASLEEP
        self._rules = Rules() if rules is None else rules
        self._turn = 0
        """Of what was recognised last."""
        self._reading: int | None = None
        """The turn that is being recognised, whether or not its text is still wanted."""
        self._reading_until = 0.0
        self._until = _NEVER
        """When the state ends by itself."""
        self._silent_by = _NEVER
        """When speaking does."""
        self._saying: Saying | None = None
        self._rounds = 0
        self._ring = Ring(round(self._rules.preroll_s / FRAME_S))
        self._echo = EchoGate()
        self._interruption = Endpoint(self._rules.speech)
        self._spoken = ""
        """What the loudspeaker said last."""
        self._deaf_until = -_NEVER

    def step(self, now: float, given: Input) -> list[Effect]:
        """What is to be done now that this has happened, in this order. `now`: seconds that never go back."""
        match given:
            case Heard():
                done = self._hear(now, given)
            case Pressed():
                done = self._press(now)
            case Released():
                done = self._release(now)
            case Understood():
                done = self._understand(now, given)
            case Sounding():
                done = self._sound(now, given)
            case Spoken():
                done = self._end(now, given)
            case Failed():
                done = self._fail(now, given.turn)
            case Deaf():
                done = self._sleep(now, Dropped.DEAF) if self.state is State.LISTENING else []
            case Tick():
                done = []
            case _:
                assert_never(given)
        return done + self._expire(now)

    def _hear(self, now: float, heard: Heard) -> list[Effect]:
        louder = self._echo.hear(heard.level)
        if self._saying is not None and self.state is State.LISTENING:
            if heard.woken is not None and not self._saying.held:
                self._rounds = 0
                return self._listen(now, [heard.samples], woken=heard.woken)
            return self._follow(now, self._saying.feed(now, heard))
        self._ring.push(heard.samples)
        if self.state is State.SPEAKING:
            return self._overhear(now, heard, louder=louder)
        if heard.woken is None or self.state is State.RECOGNISING or now < self._deaf_until:
            return []
        stop: list[Effect] = [Stop(self._turn)] if self.state is State.ANSWERING else []
        self._rounds = 0
        self._ring.keep(round(self._rules.preroll_woken_s / FRAME_S))
        return stop + self._listen(now, self._ring.take(), woken=heard.woken)

    def _overhear(self, now: float, heard: Heard, *, louder: bool) -> list[Effect]:
        """Somebody may speak up while the loudspeaker does."""
        self._interruption.feed(heard.speech if louder else 0.0)
        if self._interruption.silent_s >= self._rules.early_s:
            self._interruption.reset()
        woken = heard.woken if louder or self._interruption.begun else None
        if woken is None and self._interruption.voiced_s < _INTERRUPTION_S:
            return []
        endpoint = Endpoint(self._rules.speech) if woken else self._interruption
        if woken:
            self._ring.keep(round(self._rules.preroll_woken_s / FRAME_S))
        done = self._listen(
            now, self._ring.take(), woken=woken, short=True, interrupts=True, endpoint=endpoint
        )
        return [Stop(self._turn), *done]

    def _listen(
        self,
        now: float,
        before: list[Samples],
        *,
        woken: Woken | None = None,
        held: bool = False,
        short: bool = False,
        interrupts: bool = False,
        deaf_s: float = 0.0,
        endpoint: Endpoint | None = None,
    ) -> list[Effect]:
        rules = self._rules
        self._saying = Saying(
            rules,
            now,
            before,
            held=held,
            short=short,
            interrupts=interrupts,
            deaf_s=deaf_s,
            endpoint=endpoint,
        )
        self.state = State.LISTENING
        self._until = now + deaf_s + rules.patience_s + rules.longest_s + rules.late_s
        return [Awake(woken)]

    def _follow(self, now: float, due: Due) -> list[Effect]:
        match due:
            case Due.MORE:
                return []
            case Due.LOOK:
                return self._read(now)
            case Due.OVER:
                return self._over(now)
            case Due.NOBODY:
                return self._sleep(now, Dropped.NOBODY)
            case _:
                assert_never(due)

    def _read(self, now: float) -> list[Effect]:
        """Have what was said so far recognised, if nothing else is."""
        assert self._saying is not None  # noqa: S101  there is one in the states that this is called in
        if self._reading is not None or self._saying.dropped is not None:
            return []
        self._turn += 1
        self._reading = self._saying.looked = self._turn
        self._reading_until = now + self._rules.recognising_s
        return [Recognise(self._turn, self._saying.samples)]

    def _over(self, now: float) -> list[Effect]:
        """Nobody says any more."""
        assert self._saying is not None  # noqa: S101  there is one in the states that this is called in
        if self._saying.text is not None:
            return self._answer(now, self._saying.text)
        if (why := self._saying.dropped) is not None:
            return self._sleep(now, why)
        self.state, self._until = State.RECOGNISING, now + 2 * self._rules.recognising_s
        awaited = self._reading is not None and self._reading == self._saying.looked
        return [] if awaited else self._read(now)

    def _understand(self, now: float, given: Understood) -> list[Effect]:
        if given.turn != self._reading:
            return []
        self._reading = None
        if self._saying is None:
            return []
        if self._saying.looked == given.turn:
            self._saying.text = given.transcription
            if self.state is State.RECOGNISING or not unfinished(words_of(given.transcription)):
                return self._answer(now, given.transcription)
            return []
        return self._over(now) if self.state is State.RECOGNISING else []

    def _answer(self, now: float, said: Transcription) -> list[Effect]:
        if not words_of(said):
            return self._sleep(now, Dropped.EMPTY)
        if phantom(said):
            return self._sleep(now, Dropped.PHANTOM)
        if self._saying is not None and self._saying.interrupts:
            if echoes(words_of(said), self._spoken):
                return self._sleep(now, Dropped.ECHO)
            self._echo.settle(itself=False)
        self._saying, self._spoken = None, ""
        self.state, self._until = State.ANSWERING, now + self._rules.answering_s
        self._silent_by = now + self._rules.answering_s + self._rules.speaking_s
        return [Answer(self._turn, said)]

    def _sound(self, now: float, given: Sounding) -> list[Effect]:
        self._echo.play(given.level)
        if not self._answers(given.turn):
            return []
        if self.state is State.ANSWERING:
            self.state = State.SPEAKING
            self._interruption = Endpoint(self._rules.speech)
        if not self._spoken.endswith(given.text):
            self._spoken = f"{self._spoken} {given.text}"[-_REMEMBERED:]
        self._until = min(self._silent_by, now + self._rules.answering_s)
        return []

    def _end(self, now: float, given: Spoken) -> list[Effect]:
        if not self._answers(given.turn):
            return []
        self._quiet(now)
        if not given.asks or self._rounds >= self._rules.rounds:
            return []
        self._rounds += 1
        self._ring.take()  # the end of the question itself
        return self._listen(now, [], short=True, deaf_s=self._rules.echo_s)

    def _press(self, now: float) -> list[Effect]:
        match self.state:
            case State.RECOGNISING:
                return []
            case State.LISTENING if self._saying is not None:
                self._saying.hold()
                return []
            case _:
                stop: list[Effect] = [] if self.state is State.ASLEEP else [Stop(self._turn)]
                before = [] if self.state is State.SPEAKING else self._ring.take()
                self._rounds = 0
                return stop + self._listen(now, before, held=True)

    def _release(self, now: float) -> list[Effect]:
        if self.state is State.LISTENING and self._saying is not None and self._saying.held:
            return self._over(now)
        return []

    def _fail(self, now: float, turn: int) -> list[Effect]:
        if self._answers(turn):
            return self._sleep(now, Dropped.FAILED)
        if turn != self._reading:
            return []
        self._reading = None
        if self.state is not State.RECOGNISING or self._saying is None:
            return []
        return self._sleep(now, Dropped.FAILED) if self._saying.looked == turn else self._over(now)

    def _expire(self, now: float) -> list[Effect]:
        """What takes too long ends."""
        done: list[Effect] = []
        if self._reading is not None and now >= self._reading_until:
            done += [Stop(self._reading), *self._fail(now, self._reading)]
        if now < self._until:
            return done
        if self.state in {State.ANSWERING, State.SPEAKING}:
            done.append(Stop(self._turn))
        return done + self._sleep(now, Dropped.NOBODY if self.state is State.LISTENING else Dropped.LATE)

    def _answers(self, turn: int) -> bool:
        return turn == self._turn and self.state in {State.ANSWERING, State.SPEAKING}

    def _sleep(self, now: float, why: Dropped) -> list[Effect]:
        if self._saying is not None and self._saying.interrupts:
            self._echo.settle(itself=True)
        self._quiet(now)
        return [Nothing(why)]

    def _quiet(self, now: float) -> None:
        if self.state is State.SPEAKING:
            self._deaf_until = now + self._rules.refractory_s
        self.state, self._saying, self._until = State.ASLEEP, None, _NEVER
