"""Every service, driven by the reference library's client over a real connection."""

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.handle import Handled, NotHandled
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)
from wyoming.vad import VoiceStarted, VoiceStopped
from wyoming.wake import Detect, Detection, NotDetected

from runtime.commands.order import Status
from runtime.errors import BusyError, EngineError
from runtime.voice.border import Reading, Said, Transcription
from runtime.voice.wyoming.server import ServerLimits
from tests.support.sounds import silence, tone
from tests.support.voices import VOICE, VoicesSimulator
from tests.support.wyoming import LIMITS, AnswererSimulator, appliance, peer, peers

SPEECH = np.concatenate((silence(0.3), tone(300, 1.0), silence(0.8)))


async def test_describe_tells_of_everything_there_is() -> None:
    async with peer() as one:
        await one.send(Describe())
        info, _ = await one.until(Info)
    assert [each.name for each in info.asr[0].models] == ["whisper-test"]
    assert info.asr[0].models[0].languages == ["en"]
    assert [each.name for each in info.tts[0].voices] == [VOICE, "other"]
    assert [each.name for each in info.wake[0].models] == ["okay_nabu", "alexa"]
    assert info.handle[0].supports_home_control
    assert info.handle[0].version == "1.2.3"
    assert (info.intent, info.satellite) == ([], None)


async def test_an_appliance_that_has_little_tells_of_little() -> None:
    voices = VoicesSimulator()
    voices.recognizer, voices.voices = None, ()
    async with peer(appliance(voices=voices, wake=None, controls=False)) as one:
        await one.send(Describe())
        info, _ = await one.until(Info)
    assert (info.asr, info.tts, info.wake) == ([], [], [])
    assert not info.handle[0].supports_home_control


async def test_ping_comes_back() -> None:
    async with peer() as one:
        await one.send(Ping("hello"), Ping())
        assert (await one.until(Pong))[0].text == "hello"
        assert (await one.until(Pong))[0].text is None


@pytest.mark.parametrize(
    ("rate", "width", "channels"),
    [(16_000, 2, 1), (8_000, 1, 1), (44_100, 2, 2), (48_000, 4, 2), (22_050, 3, 1)],
)
async def test_sound_of_any_form_is_written_down(rate: int, width: int, channels: int) -> None:
    voices = VoicesSimulator("turn on the kitchen light")
    async with peer(appliance(voices=voices)) as one:
        await one.send(
            Transcribe(language="en", transcript_names=["Kitchen Light"], transcript_terms=["Nabu"])
        )
        await one.say(tone(440, 1.0, rate=rate), rate=rate, width=width, channels=channels)
        transcript, before = await one.until(Transcript)
    assert (transcript.text, transcript.language) == ("turn on the kitchen light", "en")
    assert [each for each in before if each.startswith("transcript")] == [
        "transcript-start",
        "transcript-chunk",
    ]
    (speech,) = voices.heard
    assert speech.samples.size == pytest.approx(16_000, abs=200)
    assert 0.4 < np.abs(speech.samples[2000:-2000]).max() < 0.6
    assert (speech.language, speech.hints, speech.best) == ("en", ("Kitchen Light", "Nabu"), 4)


async def test_one_connection_may_speak_several_times_and_need_not_say_what_for() -> None:
    voices = VoicesSimulator()
    async with peer(appliance(voices=voices)) as one:
        for _ in range(3):
            await one.say(tone(440, 0.2))
            await one.until(Transcript)
    assert [each.samples.size for each in voices.heard] == [3200] * 3


@pytest.mark.parametrize("seconds", [0.0, 1.0])
async def test_nothing_is_written_of_silence_and_no_model_is_asked(seconds: float) -> None:
    voices = VoicesSimulator("Thank you.")
    async with peer(appliance(voices=voices)) as one:
        await one.send(Transcribe())
        await one.say(silence(seconds))
        assert (await one.until(Transcript))[0].text == ""
    assert voices.heard == []


async def test_what_a_model_makes_of_noise_is_not_believed() -> None:
    voices = VoicesSimulator(Transcription((Reading("Thank you.", -2.0),), "en", 0.9, ()))
    async with peer(appliance(voices=voices)) as one:
        await one.say(tone(440, 0.5))
        assert (await one.until(Transcript))[0].text == ""


async def test_whether_somebody_speaks_is_told_meanwhile() -> None:
    async with peer() as one:
        await one.send(Transcribe())
        await one.say(SPEECH)
        started, _ = await one.until(VoiceStarted)
        stopped, _ = await one.until(VoiceStopped)
        await one.until(Transcript)
    assert started.timestamp is not None
    assert stopped.timestamp is not None
    assert 300 < started.timestamp < 500
    assert 1700 < stopped.timestamp < 2000


async def test_without_a_model_that_writes_down_sound_is_watched() -> None:
    async with peer(appliance(voices=None)) as one:
        await one.say(SPEECH[:-8000])
        await one.until(VoiceStarted)
        await one.until(VoiceStopped)


async def test_what_is_too_long_is_refused_and_what_was_held_is_let_go() -> None:
    limits = ServerLimits(recording_s=1.0, connection=LIMITS.connection)
    async with peers(limits=limits, count=2) as (one, other):
        await one.send(Transcribe())
        await one.say(tone(440, 2.0))
        error, _ = await one.until(Error)
        assert "longer than 1 seconds" in error.text
        assert await one.event() is None
        await other.say(tone(440, 0.9))
        await other.until(Transcript)


@pytest.mark.parametrize(
    "failure", [BusyError("4 are waiting; come back"), EngineError("it failed"), KeyError("x")]
)
async def test_a_failure_is_told_and_ends_the_connection(failure: Exception) -> None:
    voices = VoicesSimulator()
    voices.failure = failure
    async with peer(appliance(voices=voices)) as one:
        await one.say(tone(440, 0.2))
        error, _ = await one.until(Error)
        assert await one.event() is None
    assert error.code == {"BusyError": "busy", "EngineError": "failed"}.get(type(failure).__name__, "fault")


async def test_a_text_is_spoken_in_one_sound() -> None:
    voices = VoicesSimulator()
    async with peer(appliance(voices=voices)) as one:
        await one.send(Synthesize("The light is on. It is warm.", SynthesizeVoice("other")))
        start, _ = await one.until(AudioStart)
        _, between = await one.until(AudioStop)
    assert (start.rate, start.width, start.channels) == (22_050, 2, 1)
    assert set(between) == {"audio-chunk"}
    assert [(each.text, each.voice) for each in voices.said] == [("The light is on. It is warm.", "other")]


async def test_what_is_written_is_spoken_as_soon_as_a_clause_is_whole() -> None:
    voices = VoicesSimulator()
    async with peer(appliance(voices=voices)) as one:
        await one.send(SynthesizeStart(voice=SynthesizeVoice(language="en")))
        await one.send(SynthesizeChunk("The light "), SynthesizeChunk("is on. It"))
        await one.until(AudioChunk)
        assert [each.text for each in voices.said] == ["The light is on."]
        # Home Assistant sends the whole text once more, for servers that do not stream.
        await one.send(
            SynthesizeChunk(" is warm."), Synthesize("The light is on. It is warm."), SynthesizeStop()
        )
        _, between = await one.until(SynthesizeStopped)
    assert between.count("audio-stop") == 1
    assert "audio-start" not in between
    assert [(each.text, each.language) for each in voices.said] == [
        ("The light is on.", "en"),
        ("It is warm.", "en"),
    ]


@pytest.mark.parametrize("text", ["", "   ", "\n"])
async def test_nothing_to_say_ends_at_once(text: str) -> None:
    async with peer() as one:
        await one.send(Synthesize(text))
        assert (await one.until(AudioStop))[1] == ["audio-start"]


async def test_a_voice_that_is_not_there_is_refused() -> None:
    async with peer() as one:
        await one.send(Synthesize("Hello.", SynthesizeVoice("nobody")))
        assert "nobody" in (await one.until(Error))[0].text
        assert await one.event() is None


async def test_a_wake_word_is_found_as_it_ends() -> None:
    async with peer() as one:
        await one.send(Detect())
        await one.send(AudioStart(16_000, 2, 1))
        for at in range(0, SPEECH.size, 1024):
            data = (SPEECH[at : at + 1024] * 32767).astype("<i2").tobytes()
            await one.send(AudioChunk(16_000, 2, 1, data))
        detection, _ = await one.until(Detection)
        await one.send(AudioStop(), Ping("over"))
        assert (await one.until(Pong))[1] == []
    assert detection.name == "okay_nabu"
    assert detection.timestamp is not None
    assert 300 <= detection.timestamp < 350


async def test_only_the_words_that_are_wanted_are_listened_for() -> None:
    async with peer() as one:
        await one.send(Detect(names=["alexa", "unheard of"]))
        await one.say(SPEECH)
        assert (await one.until(Detection))[0].name == "alexa"
        await one.send(Detect(names=["unheard of"]))
        assert "choose from okay_nabu, alexa" in (await one.until(Error))[0].text


async def test_a_sound_without_a_wake_word_is_told_to_be() -> None:
    async with peer() as one:
        await one.send(Detect())
        await one.say(silence(1.0))
        await one.until(NotDetected)


async def test_what_is_said_is_handled_once_in_the_session_of_its_satellite() -> None:
    answerer = AnswererSimulator()
    async with peer(appliance(answerer=answerer)) as one:
        context = {"conversation_id": "c1", "device_id": "d1", "satellite_id": "s1"}
        await one.send(Transcript("turn on the light", context, "en"))
        handled, before = await one.until(Handled)
        await one.send(Transcript("hello", {"conversation_id": "c1"}))
        await one.until(Handled)
        await one.send(Transcript("hello"))
        await one.until(Handled)
    assert (handled.text, handled.context) == ("Done: turn on the light", context)
    assert before == ["handled-start", "handled-chunk"]
    assert answerer.asked[0] == (("turn on the light",), "en", "satellite_id:s1")
    assert answerer.asked[1][2] == "conversation_id:c1"
    assert answerer.asked[2][2].startswith("wyoming:")


async def test_an_answer_comes_in_clauses_and_then_as_a_whole() -> None:
    answerer = AnswererSimulator(Said("It is blue.", "en"), Said("It scatters.", "en"))
    async with peer(appliance(answerer=answerer)) as one:
        await one.send(Transcript("why"))
        handled, before = await one.until(Handled)
    assert before == ["handled-start", "handled-chunk", "handled-chunk"]
    assert handled.text == "It is blue. It scatters."


async def test_what_was_not_done_is_told_as_not_handled() -> None:
    answerer = AnswererSimulator(Said("There is no such light.", "en", status=Status.REFUSED))
    async with peer(appliance(answerer=answerer)) as one:
        await one.send(Transcript("turn on the moon"))
        assert (await one.until(NotHandled))[0].text == "There is no such light."


async def test_the_other_readings_of_what_was_heard_are_looked_at_though_only_one_comes_back() -> None:
    found = Transcription(
        (Reading("turn on the lied", -0.2), Reading("turn on the light", -0.4)), "en", 0.0, ()
    )
    answerer = AnswererSimulator()
    async with peers(appliance(voices=VoicesSimulator(found), answerer=answerer), 2) as (asr, agent):
        await asr.say(tone(440, 0.5))
        heard, _ = await asr.until(Transcript)
        for _ in range(2):
            await agent.send(Transcript(heard.text))
            await agent.until(Handled)
    assert [texts for texts, _, _ in answerer.asked] == [
        ("turn on the lied", "turn on the light"),
        ("turn on the lied",),
    ]


async def test_what_is_not_known_is_left_alone() -> None:
    async with peer() as one:
        await one.client.write_event(Event("timer-started", {"id": "1"}))
        await one.send(Ping("still here"))
        assert (await one.until(Pong))[1] == []
