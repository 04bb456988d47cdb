"""The socket that the page is spoken to over, as a page uses it, and as nobody should."""

import asyncio
import base64
import json
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import numpy as np
import pytest
from aiohttp import WSMsgType

from runtime.api.kiosk.listening import Listening
from runtime.api.kiosk.voice import PATH, PROTOCOL
from runtime.api.scopes import Caller, Scope
from runtime.errors import BusyError, EngineError
from runtime.limits import ClientLimits, Limits
from runtime.voice.border import RATE, Reading, Samples, Transcription
from runtime.voice.events import Dropped
from runtime.voice.pcm import pcm16
from runtime.voice.saying import Due
from tests.support.appliance import Appliance, appliance
from tests.support.engine import EngineSimulator
from tests.support.keys import locked
from tests.support.sounds import silence, tone
from tests.support.voices import LoudIsSpeech, VoicesSimulator, transcription

Socket = aiohttp.ClientWebSocketResponse
SPOKEN = tone(440, 1.0)


@asynccontextmanager
async def pressed(served: Appliance, **query: str) -> AsyncGenerator[Socket, None]:
    """A socket on which it is listened."""
    async with served.client.ws_connect(PATH, params=query, protocols=[PROTOCOL]) as socket:
        assert socket.protocol == PROTOCOL
        assert (await told(socket))["type"] == "listening"
        yield socket


async def told(socket: Socket) -> dict[str, Any]:
    """The next object."""
    message = await socket.receive(timeout=30)
    assert message.type is WSMsgType.TEXT, message
    return dict(message.json())


async def speak(socket: Socket, samples: Samples, piece: int = 1024) -> None:
    for begin in range(0, samples.size, piece):
        await socket.send_bytes(pcm16(samples[begin : begin + piece]))


async def end(socket: Socket) -> dict[str, Any]:
    """Let go of the button; what was made of it."""
    await socket.send_json({"type": "end"})
    assert await told(socket) == {"type": "ended"}
    return await told(socket)


async def read_aloud(socket: Socket) -> tuple[list[dict[str, Any]], bytes]:
    """What comes until it is done: objects, and sound."""
    objects, sound = [], b""
    while True:
        message = await socket.receive(timeout=30)
        if message.type is WSMsgType.BINARY:
            sound += message.data
            continue
        objects.append(message.json())
        if objects[-1]["type"] in {"done", "error"}:
            return objects, sound


async def closed(socket: Socket) -> bool:
    return (await socket.receive(timeout=30)).type in {WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING}


async def test_what_is_said_while_the_button_is_held_comes_back_as_text_and_the_answer_as_sound() -> None:
    voices = VoicesSimulator("Turn on the light.")
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served, language="en") as socket,
    ):
        await speak(socket, SPOKEN)
        heard = await end(socket)
        assert heard["type"] == "heard"
        assert heard["text"] == "Turn on the light."
        assert heard["readings"] == ["Turn on the light."]
        for piece in ("Turned on", " the light. It ", "is late."):
            await socket.send_json({"type": "say", "text": piece})
        await socket.send_json({"type": "done"})
        objects, sound = await read_aloud(socket)
        assert [each["type"] for each in objects] == ["sound", "said", "said", "done"]
        assert [each["text"] for each in objects if each["type"] == "said"] == [
            "Turned on the light.",
            "It is late.",
        ]
        assert objects[0]["rate"] == 22_050
        assert len(sound) > 22_050 / 4
        assert await closed(socket)
    assert voices.heard[0].seconds == pytest.approx(1.0, abs=0.05)
    assert voices.heard[0].language == "en"


async def test_markup_thoughts_and_code_are_not_read_aloud() -> None:
    voices = VoicesSimulator()
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await speak(socket, SPOKEN)
        await end(socket)
        await socket.send_json({"type": "say", "text": "<think>hm. hm.</think>Yes.\n```\nx = 1\n```\n"})
        await socket.send_json({"type": "done"})
        await read_aloud(socket)
    assert [each.text for each in voices.said] == ["Yes."]


@pytest.mark.parametrize(("busy", "last"), [(2, "done"), (30, "error")])
async def test_others_who_are_spoken_to_are_waited_for_within_bounds(busy: int, last: str) -> None:
    voices = VoicesSimulator()
    voices.busy = busy
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await speak(socket, SPOKEN)
        await end(socket)
        await socket.send_json({"type": "say", "text": "One thing. Another."})
        await socket.send_json({"type": "done"})
        objects, _ = await read_aloud(socket)
        assert objects[-1]["type"] == last
        assert len(voices.said) == (2 if last == "done" else 0)


async def test_a_tap_ends_with_the_silence_behind_what_was_said() -> None:
    voices = VoicesSimulator("Turn on the light.")
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await speak(socket, tone(440, 0.2))
        await socket.send_json({"type": "let_go"})
        await speak(socket, SPOKEN)
        await speak(socket, silence(1.5))
        assert await told(socket) == {"type": "ended"}
        assert (await told(socket))["text"] == "Turn on the light."
        assert 1.2 <= voices.heard[-1].seconds < 2.0  # from its beginning, before the button was let go


async def test_half_a_sentence_is_waited_for() -> None:
    said = iter(["Turn on the", "Turn on the light."])
    voices = VoicesSimulator(lambda _: transcription(next(said)))
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await socket.send_json({"type": "let_go"})
        await speak(socket, SPOKEN)
        await speak(socket, silence(0.4))
        async with asyncio.timeout(30):
            while not voices.heard:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.01)
        await speak(socket, SPOKEN)
        await speak(socket, silence(1.5))
        assert await told(socket) == {"type": "ended"}
        assert (await told(socket))["text"] == "Turn on the light."


async def test_a_tap_behind_which_nobody_speaks_comes_to_nothing() -> None:
    voices = VoicesSimulator("you")
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await socket.send_json({"type": "let_go"})
        await speak(socket, silence(6.0))
        assert await told(socket) == {"type": "ended"}
        assert await told(socket) == {"type": "nothing", "why": "nobody"}
        assert await closed(socket)
    assert voices.heard == []


@pytest.mark.parametrize("activity", [LoudIsSpeech, None])
@pytest.mark.parametrize("seconds", [0.0, 1.0])
async def test_no_text_is_made_of_silence(activity: Any, seconds: float) -> None:
    voices = VoicesSimulator("Thank you.")
    async with (
        appliance(EngineSimulator(), voices=voices, activity=activity) as served,
        pressed(served) as socket,
    ):
        await speak(socket, silence(seconds))
        assert await end(socket) == {"type": "nothing", "why": "nobody"}
    assert voices.heard == []


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (transcription(""), "empty"),
        (transcription("[music]"), "empty"),
        (transcription("Thank you.", no_speech=0.5), "phantom"),
        (Transcription((Reading("The lamp", -1.4),), "en", 0.8, ()), "phantom"),
    ],
)
async def test_no_text_is_made_of_what_is_no_speech(said: Transcription, why: str) -> None:
    async with (
        appliance(EngineSimulator(), voices=VoicesSimulator(said), activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await speak(socket, SPOKEN)
        assert await end(socket) == {"type": "nothing", "why": why}


async def test_sound_of_another_rate_is_heard_as_well() -> None:
    voices = VoicesSimulator()
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served, rate="48000") as socket,
    ):
        await speak(socket, tone(440, 1.0, rate=48_000))
        assert (await end(socket))["type"] == "heard"
    assert voices.heard[0].seconds == pytest.approx(1.0, abs=0.1)


async def test_a_language_that_the_model_does_not_understand_is_not_insisted_on() -> None:
    voices = VoicesSimulator()
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served, language="zh-TW") as socket,
    ):
        await speak(socket, SPOKEN)
        assert (await end(socket))["type"] == "heard"
    assert voices.heard[0].language is None


async def test_thirty_seconds_are_enough_for_anybody() -> None:
    voices = VoicesSimulator()
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await speak(socket, tone(440, 31.0), 16_000)
        assert await told(socket) == {"type": "ended"}
        assert (await told(socket))["type"] == "heard"
    assert voices.heard[0].seconds == pytest.approx(30.0, abs=0.1)


async def test_who_hangs_up_while_it_is_listened_or_read_or_spoken_is_let_go() -> None:
    voices = VoicesSimulator()
    limits = Limits(voice_streams=1, drain_seconds=0.1)
    async with appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech, limits=limits) as served:
        async with pressed(served) as socket:
            await speak(socket, SPOKEN)
        voices.listening.clear()
        async with seat(served) as socket:
            await speak(socket, SPOKEN)
            await socket.send_json({"type": "end"})
            assert await told(socket) == {"type": "ended"}
        voices.listening.set()
        voices.speaking.clear()
        async with seat(served) as socket:
            await speak(socket, SPOKEN)
            await end(socket)
            await socket.send_json({"type": "say", "text": "One thing! another thing."})
            await socket.send_json({"type": "done"})
            assert (await told(socket))["type"] == "sound"
        async with seat(served):
            assert voices.abandoned == 1


@asynccontextmanager
async def seat(served: Appliance) -> AsyncGenerator[Socket, None]:
    """The only place, as soon as whoever hung up has left it."""
    async with asyncio.timeout(30):
        while True:
            try:
                async with pressed(served) as socket:
                    yield socket
                    return
            except aiohttp.WSServerHandshakeError as exc:
                assert exc.status == 503  # noqa: PT017  the other one is not gone yet
                await asyncio.sleep(0.02)


async def test_one_too_many_is_told_to_come_back() -> None:
    limits = Limits(voice_streams=1, drain_seconds=0.1)
    async with (
        appliance(EngineSimulator(), voices=VoicesSimulator(), limits=limits) as served,
        pressed(served),
        served.client.get(PATH, headers=handshake()) as response,
    ):
        assert response.status == 503
        assert "limits.voice_streams" in (await response.json())["error"]["message"]


async def test_one_client_has_only_so_many() -> None:
    clients = ClientLimits(answers=1)
    async with (
        appliance(EngineSimulator(), voices=VoicesSimulator(), clients=clients) as served,
        pressed(served),
        served.client.get(PATH, headers=handshake()) as response,
    ):
        assert response.status == 429


def handshake(**more: str) -> dict[str, str]:
    return {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        **{name.replace("_", "-"): value for name, value in more.items()},
    }


@pytest.mark.parametrize(
    ("headers", "query", "status"),
    [
        ({}, {}, 426),
        (handshake(Origin="https://evil.example"), {}, 403),
        (handshake(Origin="null"), {}, 403),
        (handshake(Sec_Fetch_Site="cross-site"), {}, 403),
        (handshake(Host="evil.example"), {}, 403),
        (handshake(), {"rate": "0"}, 400),
        (handshake(), {"rate": "9999999"}, 400),
        (handshake(), {"rate": "-16000"}, 400),
        (handshake(), {"rate": "fast"}, 400),
    ],
)
async def test_who_is_no_page_of_ours_does_not_come_in(
    headers: dict[str, str], query: dict[str, str], status: int
) -> None:
    async with (
        appliance(EngineSimulator(), voices=VoicesSimulator()) as served,
        served.client.get(PATH, headers=headers, params=query) as response,
    ):
        assert response.status == status
        assert (await response.json())["error"]["message"]


async def test_without_anything_that_listens_it_says_so() -> None:
    async with (
        appliance(EngineSimulator()) as served,
        served.client.get(PATH, headers=handshake()) as response,
    ):
        assert response.status == 404


def offered(key: str) -> str:
    return f"inglenook.key.{base64.urlsafe_b64encode(key.encode()).decode().rstrip('=')}"


async def test_the_key_is_among_the_protocols_since_a_page_can_put_it_nowhere_else() -> None:
    async with appliance(EngineSimulator(), voices=VoicesSimulator(), access=locked("sesame-7")) as served:
        for wrong in (None, "wrong", "sesame-77"):
            protocols = PROTOCOL if wrong is None else f"{PROTOCOL}, {offered(wrong)}"
            headers = handshake(Sec_WebSocket_Protocol=protocols)
            async with served.client.get(PATH, headers=headers) as response:
                assert response.status == 401
        for broken in ("inglenook.key.", "inglenook.key.%%%", "inglenook.key._w"):
            headers = handshake(Sec_WebSocket_Protocol=f"{PROTOCOL}, {broken}")
            async with served.client.get(PATH, headers=headers) as response:
                assert response.status == 401
        async with served.client.ws_connect(PATH, protocols=[PROTOCOL, offered("sesame-7")]) as socket:
            assert socket.protocol == PROTOCOL
            assert (await told(socket))["type"] == "listening"


@pytest.mark.parametrize(("scope", "status"), [(Scope.CHAT, 101), (Scope.COMMAND, 101), (Scope.ADMIN, 403)])
async def test_a_key_has_to_be_good_for_talking_or_commanding(scope: Scope, status: int) -> None:
    class Known:
        def holder(self, shown: str) -> Caller | None:
            return Caller("tablet", frozenset({scope})) if shown == "k" else None

    access = locked("owner")
    access = type(access)(access.hosts, Known(), asked=True)
    async with appliance(EngineSimulator(), voices=VoicesSimulator(), access=access) as served:
        headers = handshake(Sec_WebSocket_Protocol=f"{PROTOCOL}, {offered('k')}")
        async with served.client.get(PATH, headers=headers) as response:
            assert response.status == status


@pytest.mark.parametrize("failure", [BusyError("two wait already; try again"), EngineError("broken")])
async def test_a_failure_is_told_in_a_sentence(failure: Exception) -> None:
    voices = VoicesSimulator()
    voices.failure = failure
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await speak(socket, SPOKEN)
        problem = await end(socket)
        assert problem["type"] == "error"
        assert problem["message"]
        assert problem["status"] == (503 if isinstance(failure, BusyError) else 500)
        assert await closed(socket)


async def test_an_answer_that_is_too_long_to_be_read_aloud_is_left_off() -> None:
    limits = Limits(spoken_letters=20, drain_seconds=0.1)
    async with (
        appliance(
            EngineSimulator(), voices=VoicesSimulator(), activity=LoudIsSpeech, limits=limits
        ) as served,
        pressed(served) as socket,
    ):
        await speak(socket, SPOKEN)
        await end(socket)
        for _ in range(3):
            await socket.send_json({"type": "say", "text": "Ten words. "})
        objects, _ = await read_aloud(socket)
        assert objects[-1]["type"] == "error"


@pytest.mark.parametrize(
    "sent",
    [
        "",
        "{",
        "[]",
        "1",
        '"say"',
        "{}",
        '{"type": "shout"}',
        '{"type": 1}',
        '{"type": "say", "text": "hi"}',
        "[" * 50,
    ],
)
async def test_what_is_no_message_ends_it_with_a_sentence(sent: str) -> None:
    async with (
        appliance(EngineSimulator(), voices=VoicesSimulator(), activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await socket.send_str(sent)
        problem = await told(socket)
        assert (problem["type"], problem["status"]) == ("error", 400)
        assert await closed(socket)


async def test_a_message_beyond_bounds_closes_the_socket() -> None:
    async with (
        appliance(EngineSimulator(), voices=VoicesSimulator(), activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await socket.send_bytes(bytes(1 << 17))
        assert await closed(socket)


async def test_who_says_nothing_at_all_is_not_waited_for() -> None:
    limits = Limits(stall_seconds=0.2, drain_seconds=0.1)
    async with (
        appliance(
            EngineSimulator(), voices=VoicesSimulator(), activity=LoudIsSpeech, limits=limits
        ) as served,
        pressed(served) as socket,
    ):
        assert (await told(socket))["type"] == "error"
        assert await closed(socket)


async def test_an_appliance_that_stops_says_so() -> None:
    voices = VoicesSimulator()
    voices.listening.clear()
    async with (
        appliance(EngineSimulator(), voices=voices, activity=LoudIsSpeech) as served,
        pressed(served) as socket,
    ):
        await speak(socket, SPOKEN)
        await socket.send_json({"type": "end"})
        assert await told(socket) == {"type": "ended"}
        stopping = asyncio.create_task(served.runner.cleanup())
        problem = await told(socket)
        assert problem["type"] == "error"
        assert "shutting down" in problem["message"]
        await socket.close()
        await stopping


async def test_whatever_comes_up_the_next_one_is_heard() -> None:
    chance = random.Random(5)
    kinds = [{"type": each} for each in ("end", "done", "let_go", "say")]
    async with appliance(EngineSimulator(), voices=VoicesSimulator(), activity=LoudIsSpeech) as served:
        for _ in range(60):
            async with pressed(served) as socket:
                for _ in range(chance.randint(1, 6)):
                    if chance.random() < 0.5:
                        await socket.send_bytes(chance.randbytes(chance.randint(0, 3000)))
                    else:
                        await socket.send_str(json.dumps(chance.choice(kinds)))
        async with pressed(served) as socket:
            await speak(socket, SPOKEN)
            assert (await end(socket))["type"] == "heard"


def test_the_beginning_before_a_tap_is_kept() -> None:
    listening = Listening(RATE, LoudIsSpeech())
    assert listening.feed(pcm16(tone(440, 0.3))) is Due.MORE
    listening.let_go()
    assert listening.feed(pcm16(tone(440, 0.5))) is Due.MORE
    assert listening.dropped is None
    assert listening.samples.size / RATE == pytest.approx(0.8, abs=0.07)
    assert listening.feed(pcm16(silence(0.4))) is Due.LOOK
    number = listening.look()
    assert listening.awaits(number)
    listening.told(number, transcription("Turn on the light."))
    assert listening.feed(pcm16(silence(0.1))) is Due.OVER
    assert listening.text is not None


def test_a_look_is_of_no_use_once_more_was_said() -> None:
    listening = Listening(RATE, LoudIsSpeech())
    listening.let_go()
    listening.feed(pcm16(SPOKEN))
    assert listening.feed(pcm16(silence(0.4))) is Due.LOOK
    number = listening.look()
    listening.feed(pcm16(SPOKEN))
    assert not listening.awaits(number)
    listening.told(number, transcription("Turn on the light."))
    assert listening.text is None


def test_without_anything_that_tells_speech_a_hand_ends_it() -> None:
    listening = Listening(RATE, None)
    assert not listening.ends_by_itself
    listening.let_go()
    assert listening.feed(pcm16(np.concatenate((SPOKEN, silence(5.0))))) is Due.MORE
    assert listening.dropped is None
    quiet = Listening(RATE, None)
    quiet.feed(pcm16(silence(1.0)))
    assert quiet.dropped is Dropped.NOBODY
