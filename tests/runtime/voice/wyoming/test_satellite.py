"""The appliance as a satellite: what Home Assistant hears of the room, and what the room hears of Home Assistant."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from types import TracebackType
from typing import Self

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.pipeline import PipelineStage, RunPipeline
from wyoming.satellite import PauseSatellite, RunSatellite, StreamingStarted, StreamingStopped
from wyoming.snd import Played
from wyoming.vad import VoiceStopped
from wyoming.wake import Detection

from runtime.errors import DeviceError
from runtime.voice.border import FRAME, RATE, Samples, Sound, Woken
from runtime.voice.wyoming.satellite.lent import About, Lent
from runtime.voice.wyoming.satellite.room import LentRoom
from runtime.voice.wyoming.satellite.turn import State, Turn
from runtime.voice.wyoming.server import beside, listening
from tests.support.mqtt import until
from tests.support.wyoming import LIMITS, WORDS, Peer, WakeSimulator

QUIET = np.zeros(FRAME, np.float32)
LOUD = np.full(FRAME, 0.5, np.float32)


class Microphone:
    """Implements `Source`: hears what a test says, and can be pulled out."""

    def __init__(self) -> None:
        self.heard: asyncio.Queue[Samples | None] = asyncio.Queue()
        self.opened = self.closed = 0

    def say(self, *frames: Samples) -> None:
        for frame in frames:
            self.heard.put_nowait(frame)

    def pull(self) -> None:
        self.heard.put_nowait(None)

    async def frames(self) -> AsyncGenerator[Samples, None]:
        self.opened += 1
        try:
            while (frame := await self.heard.get()) is not None:
                yield frame
            raise DeviceError("the microphone is not there; plug one in")
        finally:
            self.closed += 1


class Card:
    """Implements `Playing`, and by its maker `Player`: keeps what is played."""

    def __init__(self) -> None:
        self.played: list[Sound] = []
        self.answers = 0
        self.hushed = 0
        self.failure: DeviceError | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def __aenter__(self) -> Self:
        if self.failure is not None:
            raise self.failure
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.answers += kind is None
        self.hushed += kind is not None

    async def play(self, sound: Sound, about_to: Callable[[Samples], None], /) -> None:
        about_to(sound.samples)
        await self.gate.wait()
        self.played.append(sound)


class House:
    """A satellite that serves, and what is around it."""

    def __init__(self, port: int, room: LentRoom, microphone: Microphone, card: Card) -> None:
        self.port, self.room, self.microphone, self.card = port, room, microphone, card

    @asynccontextmanager
    async def home_assistant(self) -> AsyncIterator[Peer]:
        """Somebody who has the room."""
        async with Peer(self.port) as one:
            await one.send(Describe(), RunSatellite())
            await one.until(Info)
            await until(lambda: self.room.state is State.WAITING)
            yield one


@asynccontextmanager
async def satellite(*, longest_s: float = 5.0, waits: Sequence[float] = (0.0,)) -> AsyncIterator[House]:
    microphone, card = Microphone(), Card()
    about = About("Kitchen", "1.2.3", WORDS)
    with beside() as aside:
        room = LentRoom(
            microphone,
            lambda: card,
            lambda: WakeSimulator(["okay_nabu"]),
            aside,
            longest_s=longest_s,
            waits=waits,
        )
        async with listening(partial(Lent, room, about), "127.0.0.1", 0, LIMITS) as port:
            running = asyncio.create_task(room.run())
            try:
                yield House(port, room, microphone, card)
            finally:
                running.cancel()
                await asyncio.wait({running})


async def test_it_says_what_it_is() -> None:
    async with satellite() as house, Peer(house.port) as one:
        await one.send(Describe(), Ping("there"))
        info, _ = await one.until(Info)
        assert (await one.until(Pong))[0].text == "there"
    assert info.satellite is not None
    assert (info.satellite.name, info.satellite.has_vad) == ("Kitchen", False)
    assert info.satellite.active_wake_words == ["okay_nabu", "alexa"]
    assert [each.phrase for each in info.wake[0].models] == ["okay nabu", "alexa"]
    assert (info.asr, info.tts, info.handle) == ([], [], [])


async def test_the_room_is_heard_from_a_wake_word_until_enough_was_heard() -> None:
    async with satellite() as house, house.home_assistant() as one:
        house.microphone.say(QUIET, QUIET, LOUD, LOUD, QUIET)
        detection, before = await one.until(Detection)
        assert (detection.name, before) == ("okay_nabu", [])
        asked, _ = await one.until(RunPipeline)
        assert (asked.start_stage, asked.end_stage) == (PipelineStage.ASR, PipelineStage.TTS)
        await one.until(StreamingStarted)
        heard = [(await one.until(AudioChunk))[0] for _ in range(2)]
        assert [(each.rate, each.width, each.channels, len(each.audio)) for each in heard] == [
            (RATE, 2, 1, 2 * FRAME)
        ] * 2
        await one.send(VoiceStopped(100), Transcript("turn on the light"))
        await one.until(StreamingStopped)
        house.microphone.say(QUIET, QUIET)
        await one.send(Ping("over"))
        assert (await one.until(Pong))[1] == []  # nothing of the room since
        assert house.room.state is State.WAITING


async def test_the_microphone_is_open_only_while_somebody_wants_the_room() -> None:
    async with satellite() as house:
        await asyncio.sleep(0.02)
        assert house.microphone.opened == 0
        async with house.home_assistant() as one:
            await until(lambda: house.microphone.opened == 1)
            await one.send(PauseSatellite())
            await until(lambda: house.room.state is State.AWAY)
            house.microphone.say(LOUD)
            await until(lambda: house.microphone.closed == 1)
            await one.send(RunSatellite())
            await until(lambda: house.microphone.opened == 2)
        await until(lambda: house.room.state is State.AWAY)
        house.microphone.say(LOUD)
        await until(lambda: house.microphone.closed == 2)


async def test_an_answer_is_played_and_told_to_have_been() -> None:
    async with satellite() as house, house.home_assistant() as one:
        await one.send(AudioStart(22_050, 2, 1))
        for _ in range(50):  # all at once, as Home Assistant does, with its pings between
            await one.send(AudioChunk(22_050, 2, 1, b"\x00\x20" * 1024), Ping())
        await one.send(AudioStop())
        _, before = await one.until(Played)
        assert set(before) == {"pong"}
    assert (len(house.card.played), house.card.answers) == (50, 1)
    assert {each.rate for each in house.card.played} == {22_050}


async def test_a_wake_word_silences_what_is_said() -> None:
    async with satellite() as house, house.home_assistant() as one:
        house.card.gate.clear()
        await one.send(AudioStart(16_000, 2, 1), AudioChunk(16_000, 2, 1, b"ab" * 64), Ping())
        await one.until(Pong)
        house.microphone.say(QUIET, LOUD)
        await one.until(StreamingStarted)
        await until(lambda: house.card.hushed == 1)
        assert house.card.played == []


async def test_an_error_ends_the_turn_and_the_next_word_begins_another() -> None:
    async with satellite() as house, house.home_assistant() as one:
        for _ in range(2):
            house.microphone.say(QUIET, LOUD, LOUD)
            await one.until(Detection)
            await one.until(AudioChunk)
            await one.send(Error("no text", "stt-no-text-recognized"))
            await one.until(StreamingStopped)


async def test_what_nobody_ends_is_ended_here() -> None:
    async with satellite(longest_s=0.2) as house, house.home_assistant() as one:
        house.microphone.say(QUIET, *[LOUD] * 20)
        _, before = await one.until(AudioStop)
        assert before.count("audio-chunk") == pytest.approx(0.2 * RATE / FRAME, abs=1)
        await one.until(StreamingStopped)


async def test_a_microphone_that_is_pulled_out_is_looked_for_again(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with satellite() as house, house.home_assistant() as one:
            house.microphone.say(QUIET)
            house.microphone.pull()
            await until(lambda: house.microphone.opened == 2)
            house.microphone.say(QUIET, LOUD)
            await one.until(Detection)
    assert "plug one in; it is looked for again" in caplog.text


async def test_without_a_loudspeaker_it_is_said_and_home_assistant_goes_on(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with satellite() as house, house.home_assistant() as one:
        house.card.failure = DeviceError("the loudspeaker is not there; plug one in")
        await one.send(AudioStart(16_000, 2, 1), AudioChunk(16_000, 2, 1, b"ab"), AudioStop())
        await one.until(Played)
    assert "is not heard: the loudspeaker" in caplog.text


async def test_who_asks_last_has_the_room() -> None:
    async with satellite() as house, house.home_assistant() as one, house.home_assistant() as two:
        house.microphone.say(QUIET, LOUD)
        await two.until(Detection)
        await one.send(PauseSatellite(), AudioStart(16_000, 2, 1), Ping())  # it does not have it any more
        assert (await one.until(Pong))[1] == []
        assert house.room.state is State.STREAMING
        assert house.card.answers == 0


async def test_what_cannot_be_played_ends_that_connection() -> None:
    async with satellite() as house, house.home_assistant() as one:
        await one.send(AudioStart(16_000, 2, 1), AudioChunk(16_000, 2, 99, b"ab"))
        await one.until(Error)
        assert await one.event() is None
        await until(lambda: house.room.state is State.AWAY)


@given(
    st.lists(
        st.sampled_from(("run", "pause", "word", "loud", "quiet", "transcript", "voice-stopped", "error"))
    )
)
def test_nothing_of_the_room_is_sent_before_a_wake_word_or_after_the_end(steps: Sequence[str]) -> None:
    turn, open_to_them = Turn(10.0), False
    for step in steps:
        sent: list[str] = []
        match step:
            case "run":
                turn.begin()
            case "pause":
                turn.leave()
            case "word" | "loud" | "quiet":
                woken = Woken("okay_nabu", 0.9) if step == "word" else None
                sent = [each.event().type for each in turn.hear(LOUD, woken)]
            case _:
                sent = [each.event().type for each in turn.told(step)]
        if "detection" in sent:
            open_to_them = True
            assert step == "word"
        assert "audio-chunk" not in sent or open_to_them
        if "streaming-stopped" in sent or step == "pause":
            open_to_them = False
        assert open_to_them == (turn.state is State.STREAMING)
