"""The whole loop of a room: real voice activity, a real wake word, the real `arecord` and `aplay`."""

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from runtime.errors import BusyError
from runtime.voice.alsa import SoundCardError
from runtime.voice.border import FRAME, RATE, Answerer, Said, Samples
from runtime.voice.events import Awake, Dropped, Nothing, Sounding, State, Stop
from runtime.voice.hearing import Heard, Hearing
from runtime.voice.listening import Noticed, Room, Source
from runtime.voice.loudspeaker import Loudspeaker
from runtime.voice.microphone import Microphone
from runtime.voice.pipeline import Pipeline
from runtime.voice.vad import SileroActivity
from runtime.voice.wake import WakeWords
from tests.support.alsa import Cards, needs_alsa
from tests.support.espeak import needs_espeak, spoken
from tests.support.sounds import silence
from tests.support.voices import VoicesSimulator

pytestmark = [needs_alsa, needs_espeak]


@pytest.fixture
def cards(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cards:
    return Cards(tmp_path, monkeypatch)


class AnswererSimulator:
    """Says what it was told to say; remembers what it heard."""

    def __init__(self, *clauses: Said) -> None:
        self.clauses = clauses
        self.heard: list[tuple[str, ...]] = []
        self.failure: Exception | None = None

    async def answer(
        self, texts: Sequence[str], *, language: str | None, session: str
    ) -> AsyncGenerator[Said, None]:
        assert (language, session) == ("en", "room")
        self.heard.append(tuple(texts))
        if self.failure is not None:
            raise self.failure
        for clause in self.clauses:
            yield clause


class Script:
    """A microphone that hears one thing after the other, each when it is let; in between there is silence."""

    def __init__(self) -> None:
        self._frames: list[Samples] = []
        self.failures = 0
        self.opened = 0
        self.heard_s = 0.0

    def say(self, *sounds: Samples) -> None:
        whole = np.concatenate((*sounds, silence(FRAME / RATE)))
        self._frames += [whole[at : at + FRAME] for at in range(0, whole.size - FRAME + 1, FRAME)]

    async def frames(self) -> AsyncGenerator[Samples, None]:
        self.opened += 1
        while self.failures == 0:
            await asyncio.sleep(0 if self._frames else FRAME / RATE / 2)
            self.heard_s += FRAME / RATE
            yield self._frames.pop(0) if self._frames else np.zeros(FRAME, np.float32)
        self.failures -= 1
        raise SoundCardError("arecord", "hw:1", "No such device")


class Watched:
    """All that was noticed; waits for what is to come."""

    def __init__(self) -> None:
        self.noticed: list[Noticed] = []
        self.states: list[State] = []
        self._more = asyncio.Event()

    def __call__(self, state: State, what: Noticed) -> None:
        if not isinstance(what, Heard | Sounding):
            self.noticed.append(what)
        if not self.states or self.states[-1] is not state:
            self.states.append(state)
        self._more.set()

    async def until(self, there: Callable[[], bool]) -> None:
        async with asyncio.timeout(30):
            while not there():
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def listened(
    microphone: Source, answerer: Answerer, voices: VoicesSimulator, *, waits: Sequence[float] = ()
) -> AsyncIterator[tuple[Room, Watched]]:
    watched = Watched()
    room = Room(
        hearing=Hearing(SileroActivity(), WakeWords(["okay_nabu"])),
        pipeline=Pipeline(),
        voices=voices,
        answerer=answerer,
        microphone=microphone,
        loudspeaker=Loudspeaker("loudspeaker"),
        notice=watched,
        clock=(lambda: microphone.heard_s) if isinstance(microphone, Script) else time.monotonic,
    )
    listening = asyncio.create_task(room.listen(waits))
    try:
        yield room, watched
    finally:
        listening.cancel()
        await asyncio.wait({listening})


def command() -> Iterator[Samples]:
    yield from (
        silence(1),
        spoken("okay nabu"),
        silence(0.3),
        spoken("turn on the kitchen light"),
        silence(2),
    )


async def test_what_is_said_into_a_microphone_is_answered_from_a_loudspeaker(cards: Cards) -> None:
    cards.hear(np.concatenate(list(command())))
    voices = VoicesSimulator("Turn on the kitchen light.")
    answerer = AnswererSimulator(Said("The kitchen light is on.", "en"))
    async with listened(Microphone("microphone"), answerer, voices) as (_, watched):
        await watched.until(lambda: watched.states[-2:] == [State.SPEAKING, State.ASLEEP])
    assert answerer.heard == [("Turn on the kitchen light.",)]
    (heard,) = voices.heard
    assert 1.0 < heard.seconds < 3.5
    assert cards.played(22_050).size > 0
    assert watched.states[:3] == [State.ASLEEP, State.LISTENING, State.ANSWERING]


async def test_a_question_is_answered_by_one_word(cards: Cards) -> None:
    microphone = Script()
    voices = VoicesSimulator("Unlock the door.")
    answerer = AnswererSimulator(Said("Shall I?", "en", asks=True))
    async with listened(microphone, answerer, voices) as (room, watched):
        microphone.say(*command())
        await watched.until(lambda: watched.states[-2:] == [State.SPEAKING, State.LISTENING])
        answerer.clauses = ()
        microphone.say(silence(0.3), spoken("no"), silence(1))
        await watched.until(lambda: len(answerer.heard) == 2)
        await watched.until(lambda: room.state is State.ASLEEP)
    assert voices.heard[1].seconds < 2
    assert cards.played(22_050).size > 0


async def test_who_speaks_up_silences_it(cards: Cards) -> None:
    microphone = Script()
    answerer = AnswererSimulator(*[Said("It goes on and on.", "en")] * 60)
    async with listened(microphone, answerer, VoicesSimulator()) as (_, watched):
        microphone.say(*command())
        await watched.until(lambda: State.SPEAKING in watched.states)
        for _ in range(60):
            microphone.say(silence(FRAME / RATE))
        await asyncio.sleep(1.5)  # it learns how loud it is itself
        microphone.say(spoken("stop it now, please"), silence(1))
        await watched.until(lambda: any(isinstance(each, Stop) for each in watched.noticed))
        await watched.until(lambda: len(answerer.heard) == 2)
    assert cards.played(22_050).size / 22_050 < 20


async def test_silence_is_never_recognised(cards: Cards) -> None:
    microphone, voices, answerer = Script(), VoicesSimulator("Thank you."), AnswererSimulator()
    async with listened(microphone, answerer, voices) as (_, watched):
        microphone.say(silence(1), spoken("okay nabu"), silence(8))
        await watched.until(lambda: any(isinstance(each, Awake) for each in watched.noticed))
        await watched.until(lambda: len(microphone._frames) == 0)
        microphone.say(silence(3))
        await watched.until(lambda: len(microphone._frames) == 0)
    assert voices.heard == []
    assert answerer.heard == []
    assert cards.played(22_050).size == 0


async def test_a_microphone_that_was_unplugged_is_looked_for_until_it_is_back(
    cards: Cards, caplog: pytest.LogCaptureFixture
) -> None:
    microphone, voices = Script(), VoicesSimulator("Turn on the kitchen light.")
    microphone.failures = 4
    answerer = AnswererSimulator()
    async with listened(microphone, answerer, voices, waits=(0.01, 0.02)) as (_, watched):
        microphone.say(*command())
        await watched.until(lambda: bool(answerer.heard))
    assert microphone.opened == 5
    assert cards.played(22_050).size == 0
    complaints = [record.message for record in caplog.records]
    assert len(complaints) == 4
    assert complaints[0].startswith("the microphone ('hw:1') is not there; plug one in")
    assert complaints[-1].endswith("looked for again in 0.02 s")


async def test_without_patience_a_microphone_that_is_not_there_is_an_error(cards: Cards) -> None:
    room = Room(
        hearing=Hearing(SileroActivity(), None),
        pipeline=Pipeline(),
        voices=VoicesSimulator(),
        answerer=AnswererSimulator(),
        microphone=Microphone("nothing"),
        loudspeaker=Loudspeaker("loudspeaker"),
    )
    with pytest.raises(SoundCardError, match="is not there"):
        await room.listen(())
    assert cards.played(22_050).size == 0


async def test_what_fails_is_told_and_the_house_listens_again(cards: Cards) -> None:
    microphone, voices, answerer = Script(), VoicesSimulator("Hello."), AnswererSimulator()
    answerer.failure = BusyError("the model is busy; say it again")
    async with listened(microphone, answerer, voices) as (room, watched):
        microphone.say(*command())
        await watched.until(lambda: Nothing(Dropped.FAILED) in watched.noticed)
        assert answerer.failure in watched.noticed
        answerer.failure = None
        microphone.say(silence(1), *command())
        await watched.until(lambda: len(answerer.heard) == 2)
        await watched.until(lambda: room.state is State.ASLEEP)
    assert cards.played(22_050).size == 0


async def test_a_button_is_as_good_as_a_wake_word(cards: Cards) -> None:
    microphone, voices, answerer = Script(), VoicesSimulator("Yes."), AnswererSimulator()
    async with listened(microphone, answerer, voices) as (room, watched):
        room.press()
        microphone.say(silence(0.2), spoken("turn on the light"), silence(0.2))
        await watched.until(lambda: not microphone._frames)
        room.release()
        await watched.until(lambda: bool(answerer.heard))
    assert cards.played(22_050).size == 0
