"""Hearing and speaking as front ends have it: bounded, in turn, on threads of their own."""

import asyncio
import threading
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import cast

import pytest

from runtime.commands.registry.devices import Area, Device, Kind, Name
from runtime.commands.registry.house import House
from runtime.config import Config, Voice
from runtime.engine.turns import Turns
from runtime.errors import BundleError, BusyError, CallerError, ConfigError, EngineError
from runtime.limits import Limits
from runtime.voice.border import Recognizer, Sound, Speech, Utterance
from runtime.voice.tts.choose import Cast
from runtime.voice.tts.choose import Voice as Speaking
from runtime.voicing import Listener, Voicing, voices_of
from tests.support.recognizers import RecognizerSimulator
from tests.support.sounds import silence, tone
from tests.support.speakers import SpeakerSimulator

SPEECH = Speech(tone(300, 0.5))


class Room:
    """An appliance that hears and speaks, as far as this goes."""

    def __init__(self, voicing: Voicing, ears: RecognizerSimulator, mouth: SpeakerSimulator) -> None:
        self.voicing, self.ears, self.mouth = voicing, ears, mouth
        self.house = House()

    async def said(self, text: str, **more: object) -> list[Sound]:
        return [sound async for sound in self.voicing.speak(Utterance(text, **more))]  # type: ignore[arg-type]


@asynccontextmanager
async def room(limits: Limits | None = None, *, listens: bool = True) -> AsyncIterator[Room]:
    ears, mouth = RecognizerSimulator(), SpeakerSimulator()
    cast_ = Cast([Speaking("hummer", "en-US", lambda: mouth), Speaking("brummer", "de", lambda: mouth)])
    listener = Listener("whisper-test", ("en",), lambda: ears) if listens else None
    there: Room
    voicing = Voicing(cast_, listener, limits or Limits(), lambda: there.house)
    there = Room(voicing, ears, mouth)
    try:
        yield there
    finally:
        ears.going.set()
        mouth.going.set()
        await voicing.close()


async def test_a_text_is_spoken_in_words_a_clause_at_a_time() -> None:
    async with room() as there:
        sounds = await there.said("It is **21** °C. <think>Hm.</think>Fine.")
    assert [sound.rate for sound in sounds] == [24_000, 24_000]
    assert [each.text for each in there.mouth.said] == ["It is twenty-one degrees Celsius. Fine."]


async def test_a_text_in_another_language_is_spoken_by_who_speaks_it() -> None:
    async with room() as there:
        await there.said("Hallo", language="de-AT")
        assert there.mouth.said[0].voice == "brummer"
        with pytest.raises(CallerError, match=r"nothing here speaks .zh.*espeak-ng"):
            await there.said("客廳的燈")
        with pytest.raises(CallerError, match="did you mean hummer"):
            await there.said("Hello", voice="humer")


async def test_nothing_is_said_where_there_is_nothing_to_say() -> None:
    async with room() as there:
        assert await there.said("```x = 1```") == []


async def test_computing_happens_on_threads_of_their_own() -> None:
    async with room() as there:
        await there.said("One. Two. Three.")
        await there.voicing.transcribe(SPEECH)
    threads = there.mouth.threads | there.ears.threads
    assert len(threads) == 2
    assert threading.current_thread().name not in threads


async def test_leaving_off_leaves_off_between_clauses() -> None:
    async with room() as there:
        sounds = cast("AsyncGenerator[Sound, None]", there.voicing.speak(Utterance("One. Two. Three. Four.")))
        async with aclosing(sounds):
            await anext(sounds)
        assert await there.said("Five.")
        assert there.mouth.clauses <= 3


async def test_cancelling_frees_the_place() -> None:
    async with room(Limits(speech_waiting=1)) as there:
        there.mouth.going.clear()
        tasks = [asyncio.create_task(there.said("One. Two.")) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError, match=r"limits\.speech_waiting"):
            await there.said("One.")
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        there.mouth.going.set()
        assert len(await there.said("One.")) == 1


async def test_more_than_may_wait_to_be_heard_are_told_to_come_back() -> None:
    async with room(Limits(speech_waiting=1)) as there:
        there.ears.going.clear()
        tasks = [asyncio.create_task(there.voicing.transcribe(SPEECH)) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await there.voicing.transcribe(SPEECH)
        there.ears.going.set()
        assert [each.text for each in await asyncio.gather(*tasks)] == [there.ears.text] * 2


async def test_the_names_of_the_house_are_hints_as_they_are_now() -> None:
    async with room() as there:
        await there.voicing.transcribe(SPEECH)
        lamp = Device("lamp", (Name("Reading lamp"), Name("lamp")), Kind.LIGHT, ())
        there.house = House({"den": Area("den", (Name("Den"),))}, {"lamp": lamp})
        await there.voicing.transcribe(Speech(SPEECH.samples, hints=("Kitchen", "Den")))
    assert [each.hints for each in there.ears.heard] == [(), ("Kitchen", "Den", "Reading lamp", "lamp")]


@pytest.mark.parametrize(
    ("speech", "why"),
    [
        (Speech(silence(3)), "3 seconds .* limits.speech_seconds"),
        (Speech(silence(0.1), "xx"), "whisper-test does not understand 'xx', only en"),
    ],
)
async def test_what_cannot_be_heard_is_refused(speech: Speech, why: str) -> None:
    async with room(Limits(speech_seconds=2)) as there:
        with pytest.raises(CallerError, match=why):
            await there.voicing.transcribe(speech)
    assert not there.ears.heard


async def test_a_text_that_is_too_long_is_refused() -> None:
    async with room(Limits(spoken_letters=10)) as there:
        with pytest.raises(CallerError, match=r"limits\.spoken_letters"):
            await there.said("word " * 3)


async def test_where_nothing_listens_it_says_what_does() -> None:
    async with room(listens=False) as there:
        assert (there.voicing.recognizer, there.voicing.languages) == (None, ())
        with pytest.raises(CallerError, match="ingle pull whisper"):
            await there.voicing.transcribe(SPEECH)
        await there.voicing.warm()


async def test_a_failure_is_the_callers_who_met_it() -> None:
    async with room() as there:
        there.mouth.failure = there.ears.failure = EngineError("broken")
        with pytest.raises(EngineError, match="broken"):
            await there.said("One.")
        with pytest.raises(EngineError, match="broken"):
            await there.voicing.transcribe(SPEECH)
        there.mouth.failure = there.ears.failure = None
        assert await there.said("One.")


async def test_what_does_not_load_is_told_and_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    ears, attempts = RecognizerSimulator(), iter([False, True])

    def load() -> Recognizer:
        if not next(attempts):
            raise BundleError("it is damaged; pull it again")
        return ears

    voicing = Voicing(Cast([]), Listener("whisper-test", ("en",), load), Limits())
    await voicing.warm()
    assert "it is damaged; pull it again" in caplog.text
    assert "nothing here can speak" in caplog.text
    assert (await voicing.transcribe(Speech(silence(0.1), "en-GB"))).text == ears.text
    with pytest.raises(CallerError, match=r"pip install .* `apt install espeak-ng`"):
        await anext(aiter(voicing.speak(Utterance("Hello"))))
    await voicing.close()


async def test_the_owner_may_want_none_of_it(tmp_path: Path) -> None:
    async with voices_of(Config(), tmp_path, Turns()) as voicing:
        assert voicing is None


async def test_a_voice_that_is_not_there_is_refused_with_the_nearest(tmp_path: Path) -> None:
    pytest.importorskip("hibari")
    with pytest.raises(ConfigError, match=r"voice\.speaker.*'hart'.*did you mean heart"):
        async with voices_of(Config(voice=Voice(enabled=True, speaker="hart")), tmp_path, Turns()):
            pass
