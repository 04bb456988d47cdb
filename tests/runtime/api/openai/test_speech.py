"""Speech over a real socket, by OpenAI's own client and without."""

import asyncio
import io
import shutil
import wave
from typing import Any

import aiohttp
import numpy as np
import openai
import pytest

from runtime.errors import EngineError
from runtime.limits import Limits
from runtime.voice.audio import read_wav
from runtime.voice.encoder import encoded
from tests.support.appliance import Appliance, appliance
from tests.support.engine import EngineSimulator
from tests.support.voices import VoicesSimulator

PATH = "/v1/audio/speech"
TEXT = "The light is on. It is late. Good night."


def client(served: Appliance) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="-", max_retries=0)


async def refused(served: Appliance, **fields: Any) -> tuple[int, dict[str, Any]]:
    async with served.client.post(PATH, json=fields) as response:
        return response.status, (await response.json())["error"]


async def test_the_official_client_gets_a_wav_file() -> None:
    voices = VoicesSimulator()
    async with appliance(EngineSimulator(), voices=voices) as served, client(served) as asking:
        answer = await asking.audio.speech.create(model="tts-1", voice="alloy", input=TEXT, speed=2.0)
        assert answer.response.headers["Content-Type"] == "audio/wav"
        assert read_wav(answer.content).size > 0
        with wave.open(io.BytesIO(answer.content)) as file:
            assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (22_050, 1, 2)
    assert voices.said[0].text == TEXT
    assert voices.said[0].voice is None
    assert voices.said[0].speed == 2.0


async def test_plain_numbers_have_the_rate_that_clients_play_them_at() -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator()) as served, client(served) as asking:
        said = await asking.audio.speech.create(
            model="tts-1", voice="alloy", input=TEXT, response_format="wav"
        )
        plain = await asking.audio.speech.create(
            model="speech", voice="other", input=TEXT, response_format="pcm"
        )
        seconds = read_wav(said.content).size / 16_000
        assert len(plain.content) / 2 / 24_000 == pytest.approx(seconds, abs=0.01)
        heard = np.frombuffer(plain.content, "<i2")
        crossings = np.count_nonzero(np.diff(np.signbit(heard)))
        assert crossings / 2 / seconds == pytest.approx(440, rel=0.02)


async def test_the_first_clause_is_there_before_the_last_is_computed() -> None:
    voices = VoicesSimulator()
    voices.speaking.clear()
    async with (
        appliance(EngineSimulator(), voices=voices) as served,
        served.client.post(PATH, json={"input": TEXT}) as response,
    ):
        assert response.status == 200
        assert len(await response.content.readexactly(1000)) == 1000
        assert voices.clauses == 1
        voices.speaking.set()
        await response.read()
        assert voices.clauses == 3
        assert voices.abandoned == 0


async def test_who_hangs_up_is_not_spoken_to() -> None:
    voices = VoicesSimulator()
    voices.speaking.clear()
    async with appliance(EngineSimulator(), voices=voices) as served:
        async with served.client.post(PATH, json={"input": TEXT}) as response:
            await response.content.readexactly(44)
            response.close()
        async with asyncio.timeout(30):
            while not voices.abandoned:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.01)
        assert voices.clauses == 1


@pytest.mark.parametrize(
    ("fields", "status", "param", "words"),
    [
        ({}, 400, "input", "send the words"),
        ({"input": "  "}, 400, "input", "send the words"),
        ({"input": 5}, 400, "input", "send a string"),
        ({"input": "x" * 5000}, 400, "input", "limits.spoken_letters"),
        ({"input": "hi", "voice": "no-such"}, 400, "voice", "no voice"),
        ({"input": "hi", "voice": 5}, 400, "voice", "send a string"),
        ({"input": "hi", "voice": {"id": 5}}, 400, "voice.id", "send a string"),
        ({"input": "hi", "model": "whisper-1"}, 404, "model", "no model"),
        ({"input": "hi", "speed": 0.1}, 400, "speed", "0.25"),
        ({"input": "hi", "response_format": "midi"}, 400, "response_format", "wav, pcm"),
        ({"input": "hi", "stream_format": "sse"}, 400, "stream_format", "leave it out"),
        ({"input": "hi", "instructions": "whisper"}, 400, "instructions", "leave it out"),
        ({"input": "hi", "respons_format": "wav"}, 400, "respons_format", "did you mean"),
        ({"input": "..."}, 400, None, "send words"),
    ],
)
async def test_what_cannot_be_said_is_refused(
    fields: dict[str, Any], status: int, param: str | None, words: str
) -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator()) as served:
        got, error = await refused(served, **fields)
    assert (got, error["param"]) == (status, param)
    assert words in error["message"]


async def test_a_voice_may_be_an_object_or_the_model() -> None:
    voices = VoicesSimulator()
    async with appliance(EngineSimulator(), voices=voices) as served:
        for fields in ({"voice": {"id": "other"}}, {"model": "other", "voice": "nova"}):
            async with served.client.post(PATH, json={"input": "hi", **fields}) as response:
                assert response.status == 200
                await response.read()
    assert [each.voice for each in voices.said] == ["other", "other"]


async def test_a_failure_before_the_first_clause_has_a_status_and_a_later_one_breaks_the_answer_off() -> None:
    voices = VoicesSimulator()
    voices.failure, voices.fail_after = EngineError("broken"), 0
    async with appliance(EngineSimulator(), voices=voices) as served:
        assert (await refused(served, input=TEXT))[0] == 500
        voices.fail_after = 1
        async with served.client.post(PATH, json={"input": TEXT}) as response:
            assert response.status == 200
            with pytest.raises(aiohttp.ClientError):
                await response.read()


async def test_without_a_voice_it_says_what_to_do() -> None:
    async with appliance(EngineSimulator()) as served:
        status, error = await refused(served, input="hi")
        assert status == 404
        assert "voice.enabled" in error["message"]


async def test_a_form_that_takes_a_program_is_refused_where_there_is_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    async with appliance(EngineSimulator(), voices=VoicesSimulator()) as served:
        status, error = await refused(served, input="hi", response_format="mp3")
        assert (status, error["param"]) == (400, "response_format")
        assert "ffmpeg" in error["message"]


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed (Debian package)")
@pytest.mark.parametrize(
    ("form", "magic"), [("mp3", b"\xff\xfb ID3"), ("opus", b"OggS"), ("flac", b"fLaC"), ("aac", b"\xff\xf1")]
)
async def test_other_forms_are_written_by_ffmpeg(form: str, magic: bytes) -> None:
    voices = VoicesSimulator()
    async with (
        appliance(EngineSimulator(), voices=voices) as served,
        served.client.post(PATH, json={"input": TEXT, "response_format": form}) as response,
    ):
        assert response.status == 200
        data = await response.read()
        assert len(data) > 500
        assert data[:2] in magic


async def test_a_program_that_fails_is_our_fault_and_leaves_nothing_behind() -> None:
    async def sound() -> Any:
        for _ in range(100):
            yield bytes(100_000)

    with pytest.raises(EngineError, match="cannot write mp3"):
        async for _ in encoded("/bin/false", "mp3", 22_050, sound()):
            pass


async def test_the_longest_text_is_the_owners_to_say() -> None:
    limits = Limits(spoken_letters=10, drain_seconds=0.1)
    async with appliance(EngineSimulator(), voices=VoicesSimulator(), limits=limits) as served:
        assert (await refused(served, input="eleven more"))[0] == 400
