"""Recordings over a real socket, by OpenAI's own client and by whoever sends what no client would."""

import asyncio
import io
import json
import random
from typing import Any

import aiohttp
import openai
import pytest

from runtime.errors import BusyError, EngineError
from runtime.limits import Limits
from runtime.voice.audio import write_wav
from runtime.voice.border import RATE
from runtime.voice.pcm import Encoding, Form
from tests.support.appliance import Appliance, appliance
from tests.support.engine import EngineSimulator
from tests.support.keys import locked
from tests.support.sounds import silence, tone, wav, written
from tests.support.voices import VoicesSimulator, transcription

PATH = "/v1/audio/transcriptions"
SAID = transcription("Turn on the light.", "Then --> wait & see.")
WAV = write_wav(tone(440, 0.5))
BOUNDARY = "frontier"


def client(served: Appliance) -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="-", max_retries=0)


async def send(served: Appliance, file: bytes = WAV, **fields: str) -> tuple[int, str]:
    """Status and text of the answer to a form."""
    form = aiohttp.FormData()
    form.add_field("file", file, filename="said.wav")
    for name, value in fields.items():
        form.add_field(name.replace("__", "[]"), value)
    async with served.client.post(PATH, data=form) as response:
        return response.status, await response.text()


def part(name: str, value: bytes, *headers: str) -> bytes:
    head = "\r\n".join((f'Content-Disposition: form-data; name="{name}"', *headers))
    return f"--{BOUNDARY}\r\n{head}\r\n\r\n".encode() + value + b"\r\n"


async def post(served: Appliance, body: bytes, boundary: str = BOUNDARY) -> tuple[int, dict[str, Any]]:
    """Status and error of the answer to a body as it is."""
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    async with served.client.post(PATH, data=body, headers=headers) as response:
        told = await response.json()
        return response.status, told.get("error", told)


async def test_the_official_client_gets_every_form() -> None:
    voices = VoicesSimulator(SAID)
    async with appliance(EngineSimulator(), voices=voices) as served, client(served) as asking:
        create = asking.audio.transcriptions.create
        short = await create(
            file=("said.wav", WAV), model="whisper-1", language="en", prompt="Kitchen light, Hall"
        )
        assert short.text == SAID.text
        assert short.usage is not None
        assert short.usage.type == "duration"
        assert voices.heard[0].language == "en"
        assert voices.heard[0].hints == ("Kitchen light", "Hall")
        assert voices.heard[0].seconds == pytest.approx(0.5)
        assert await create(file=WAV, model="whisper-test", response_format="text") == f"{SAID.text}\n"
        assert await create(file=WAV, model="whisper-test", response_format="srt") == (
            "1\n00:00:00,000 --> 00:00:01,000\nTurn on the light.\n\n"
            "2\n00:00:01,000 --> 00:00:02,000\nThen → wait & see.\n"
        )
        assert await create(file=WAV, model="whisper-test", response_format="vtt") == (
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nTurn on the light.\n\n"
            "00:00:01.000 --> 00:00:02.000\nThen → wait &amp; see.\n"
        )
        full = await create(
            file=WAV, model="whisper-1", response_format="verbose_json", timestamp_granularities=["segment"]
        )
        assert (full.text, full.language, full.duration) == (SAID.text, "en", 0.5)
        assert full.segments is not None
        assert [(each.start, each.end) for each in full.segments] == [(0, 1), (1, 2)]
        assert full.segments[0].avg_logprob == pytest.approx(-0.2)
        assert full.segments[0].no_speech_prob == pytest.approx(0.1)


async def test_a_stream_has_the_text_in_pieces_and_then_all_of_it() -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator(SAID)) as served, client(served) as asking:
        stream = await asking.audio.transcriptions.create(file=WAV, model="whisper-1", stream=True)
        events = [event async for event in stream]
        deltas = [each.delta for each in events if each.type == "transcript.text.delta"]
        assert len(deltas) == 2
        assert "".join(deltas) == SAID.text
        assert events[-1].type == "transcript.text.done"
        assert events[-1].text == SAID.text


@pytest.mark.parametrize(
    ("form", "channels"),
    [
        (Form(8_000), 1),
        (Form(44_100, 2), 2),
        (Form(48_000, 2, Encoding.F32), 2),
        (Form(16_000, 1, Encoding.U8), 1),
    ],
)
async def test_sound_of_any_form_is_heard_as_one(form: Form, channels: int) -> None:
    file = wav(form, written(tone(440, 1.0, rate=form.rate), form.encoding, channels))
    voices = VoicesSimulator()
    async with appliance(EngineSimulator(), voices=voices) as served:
        assert (await send(served, file))[0] == 200
    assert voices.heard[0].seconds == pytest.approx(1.0, abs=0.01)


async def test_a_large_file_that_comes_without_a_length_is_taken_as_it_comes() -> None:
    samples = silence(100.0)

    async def body() -> Any:
        yield part("file", write_wav(samples))
        yield f"--{BOUNDARY}--\r\n".encode()

    voices = VoicesSimulator("")
    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    async with (
        appliance(EngineSimulator(), voices=voices) as served,
        served.client.post(PATH, data=body(), headers=headers) as response,
    ):
        assert response.status == 200
        assert (await response.json())["text"] == ""
    assert voices.heard[0].samples.size == samples.size


@pytest.mark.parametrize(
    ("fields", "param", "words"),
    [
        ({"response_format": "diarized_json"}, "response_format", "json, text, srt, vtt, verbose_json"),
        ({"timestamp_granularities__": "word"}, "timestamp_granularities[]", "send segment"),
        ({"temperature": "0.7"}, "temperature", "send 0"),
        ({"temperature": "warm"}, "temperature", "send 0"),
        ({"stream": "true", "response_format": "srt"}, "stream", "send json"),
        ({"stream": "perhaps"}, "stream", "true or false"),
        ({"include__": "logprobs"}, "include[]", "leave it out"),
        ({"known_speaker_names__": "Ann"}, "known_speaker_names[]", "leave it out"),
        ({"chunking_strategy": '{"type": "server_vad"}'}, "chunking_strategy", "leave it out"),
        ({"language": "xx"}, "language", "not understood"),
        ({"reponse_format": "text"}, "reponse_format", "did you mean response_format"),
        ({"prompt": "x" * 20_000}, "prompt", "send less"),
    ],
)
async def test_what_is_not_served_is_refused_by_name(fields: dict[str, str], param: str, words: str) -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator()) as served:
        status, text = await send(served, WAV, **fields)
    error = json.loads(text)["error"]
    assert (status, error["param"]) == (400, param)
    assert words in error["message"]


async def test_a_model_that_is_not_there_is_not_found() -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator()) as served:
        status, text = await send(served, model="whisper-large-v3")
    assert status == 404
    assert json.loads(text)["error"]["code"] == "model_not_found"
    assert "whisper-test" in text


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (b"", "the WAV file"),
        (b"RIFF", "the WAV file"),
        (b"ID3\x04" + bytes(4000), "MP3"),
        (b"\x1aE\xdf\xa3" + bytes(4000), "WebM"),
        (WAV[:44], "no sound in it"),
        (WAV[:30], "the WAV file"),
        (WAV.replace(b"\x80>\0\0", b"\xff\xff\xff\xff"), "samples a second"),
    ],
)
async def test_what_is_no_sound_is_refused_with_what_to_send(file: bytes, words: str) -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator()) as served:
        status, text = await send(served, file)
    error = json.loads(text)["error"]
    assert (status, error["param"]) == (400, "file")
    assert words in error["message"]


async def test_a_recording_beyond_the_bounds_is_refused_in_bytes_or_in_seconds() -> None:
    limits = Limits(audio_bytes=50_000, speech_seconds=1.0, drain_seconds=0.1)
    voices = VoicesSimulator()
    async with appliance(EngineSimulator(), voices=voices, limits=limits) as served:
        status, text = await send(served, write_wav(silence(2.0)))
        assert (status, json.loads(text)["error"]["code"]) == (413, "request_too_large")
        assert "limits.audio_bytes" in text

        async def body() -> Any:
            yield part("file", bytes(60_000))

        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        async with served.client.post(PATH, data=body(), headers=headers) as response:
            assert response.status == 413
        status, text = await send(served, write_wav(silence(1.4)))
        assert status == 400
        assert "longer than 1 seconds" in text
    assert voices.heard == []


async def test_two_hours_at_a_low_rate_are_refused_without_being_held() -> None:
    file = wav(Form(4_000, 1, Encoding.U8), bytes([128]) * 4_000 * 7_200)
    voices = VoicesSimulator()
    async with appliance(EngineSimulator(), voices=voices) as served:
        status, text = await send(served, file)
    assert status == 400
    assert "longer than 600 seconds" in text
    assert voices.heard == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no form at all",
        b"\r\n" * 5000,
        f"--{BOUNDARY}--\r\n".encode(),
        part("file", WAV),  # never closed
        part("file", WAV)[:60],
        part("model", b"whisper-1") + f"--{BOUNDARY}--\r\n".encode(),
        part("file", WAV) + part("file", WAV) + f"--{BOUNDARY}--\r\n".encode(),
        part("file", WAV) + part("model", b"a") + part("model", b"b") + f"--{BOUNDARY}--\r\n".encode(),
        b"".join(part(f"x{n}", b"y") for n in range(100))
        + part("file", WAV)
        + f"--{BOUNDARY}--\r\n".encode(),
        part("model", b"\xff\xfe") + part("file", WAV) + f"--{BOUNDARY}--\r\n".encode(),
        part("file", b"YWJj", "Content-Transfer-Encoding: base64") + f"--{BOUNDARY}--\r\n".encode(),
        part("file", b"x", "Content-Encoding: gzip") + f"--{BOUNDARY}--\r\n".encode(),
        part("file", b"x", "Content-Type: multipart/mixed; boundary=inner") + f"--{BOUNDARY}--\r\n".encode(),
        part("file", b"x", "Content-Type: multipart/mixed") + f"--{BOUNDARY}--\r\n".encode(),
        part("file", WAV, *(f"X-{n}: y" for n in range(500))) + f"--{BOUNDARY}--\r\n".encode(),
        part("file", WAV, f"X: {'y' * 20_000}") + f"--{BOUNDARY}--\r\n".encode(),
        part("_charset_", b"no-such-charset") + part("file", WAV) + f"--{BOUNDARY}--\r\n".encode(),
        part("", WAV) + f"--{BOUNDARY}--\r\n".encode(),
        f"--{BOUNDARY}\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
    ],
)
async def test_a_form_that_is_none_is_refused(body: bytes) -> None:
    voices = VoicesSimulator()
    async with appliance(EngineSimulator(), voices=voices) as served:
        status, error = await post(served, body)
    assert status == 400, error
    assert error["message"]
    assert voices.heard == []


async def test_whatever_becomes_of_a_form_on_the_way_is_an_answer_and_no_fault() -> None:
    whole = part("model", b"whisper-1") + part("file", WAV[:2000]) + f"--{BOUNDARY}--\r\n".encode()
    chance = random.Random(8)
    async with appliance(EngineSimulator(), voices=VoicesSimulator()) as served:
        for _ in range(300):
            spoilt = bytearray(whole)
            for _ in range(chance.randint(1, 4)):
                at = chance.randrange(len(spoilt))
                match chance.randrange(3):
                    case 0:
                        spoilt[at] = chance.randrange(256)
                    case 1:
                        del spoilt[at : at + chance.randint(1, 40)]
                    case _:
                        spoilt[at:at] = chance.choice([b"\r\n", b"--", BOUNDARY.encode(), b"\0", b":"])
            status, error = await post(served, bytes(spoilt))
            assert status in {200, 400, 404}, (bytes(spoilt[:200]), error)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("application/json", 415),
        ("audio/wav", 415),
        ("multipart/mixed; boundary=x", 415),
        ("multipart/form-data", 400),
        (f"multipart/form-data; boundary={'x' * 80}", 400),
    ],
)
async def test_another_type_is_refused(kind: str, status: int) -> None:
    async with (
        appliance(EngineSimulator(), voices=VoicesSimulator()) as served,
        served.client.post(PATH, data=WAV, headers={"Content-Type": kind}) as response,
    ):
        assert response.status == status
        assert "form" in (await response.json())["error"]["message"]


async def test_a_form_that_comes_too_slowly_is_given_up() -> None:
    limits = Limits(body_seconds=0.2, drain_seconds=0.1)

    async def body() -> Any:
        yield part("file", WAV)
        await asyncio.sleep(30)
        yield b""

    headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
    async with (
        appliance(EngineSimulator(), voices=VoicesSimulator(), limits=limits) as served,
        served.client.post(PATH, data=body(), headers=headers) as response,
    ):
        assert response.status == 408


async def test_failures_have_their_status() -> None:
    voices = VoicesSimulator()
    async with appliance(EngineSimulator(), voices=voices) as served:
        for failure, expected in ((BusyError("busy; come back"), 503), (EngineError("broken"), 500)):
            voices.failure = failure
            assert (await send(served))[0] == expected
        voices.failure = None
        assert (await send(served))[0] == 200


async def test_one_recording_at_a_time_is_in_memory_and_one_too_many_is_told_to_come_back() -> None:
    voices = VoicesSimulator()
    voices.listening.clear()
    limits = Limits(queue_depth=2, drain_seconds=0.1)
    async with appliance(EngineSimulator(), voices=voices, limits=limits) as served:
        sent = [asyncio.create_task(send(served)) for _ in range(3)]
        done, waiting = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        assert [each.result()[0] for each in done] == [503]
        async with asyncio.timeout(30):
            while not voices.heard:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)  # the other one had the time, too
        assert len(voices.heard) == 1
        voices.listening.set()
        assert [(await each)[0] for each in waiting] == [200, 200]


async def test_without_anything_that_listens_it_says_what_to_do() -> None:
    async with appliance(EngineSimulator()) as served:
        status, text = await send(served)
        assert status == 404
        assert "voice.enabled" in text
        async with served.client.get("/v1/models") as response:
            assert {each["meta"]["task"] for each in (await response.json())["data"]} == {"generate"}


async def test_what_listens_and_speaks_is_listed() -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator()) as served, client(served) as asking:
        listed = {each.id: each async for each in await asking.models.list()}
        assert set(listed) == {"tiny", "whisper-test", "speech"}
        assert listed["speech"].to_dict()["meta"] == {
            "task": "speak",
            "converses": False,
            "loaded": True,
            "voices": ["hummer", "other"],
        }
        assert (await asking.models.retrieve("whisper-test")).id == "whisper-test"
        with pytest.raises(openai.NotFoundError):
            await asking.models.retrieve("no-such")


async def test_translations_are_refused_by_a_sentence() -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator()) as served, client(served) as asking:
        with pytest.raises(openai.BadRequestError, match="to have it translated"):
            await asking.audio.translations.create(file=io.BytesIO(WAV), model="whisper-1")


async def test_a_key_for_chats_is_needed() -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator(), access=locked("sesame-7")) as served:
        assert (await send(served))[0] == 401


def test_the_rate_that_is_listened_at_is_the_one_that_is_recorded() -> None:
    assert len(WAV) == 44 + RATE  # half a second of 16 bits
