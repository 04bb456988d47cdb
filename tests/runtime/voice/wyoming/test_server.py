"""A Wyoming server among strangers: whatever they send, leave unread or cut off, others are served."""

import asyncio
import contextlib
import json
import os
import socket
from dataclasses import replace

import numpy as np
import pytest
from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart
from wyoming.error import Error
from wyoming.handle import Handled
from wyoming.info import Describe, Info
from wyoming.ping import Ping, Pong
from wyoming.tts import Synthesize

from runtime.voice.border import Samples
from runtime.voice.wyoming.connection import ConnectionLimits
from runtime.voice.wyoming.frames import Frame, encode
from runtime.voice.wyoming.server import ServerLimits, WyomingListenError, serving
from tests.support.mqtt import until
from tests.support.sounds import tone
from tests.support.voices import VoicesSimulator
from tests.support.wyoming import (
    LIMITS,
    ActivitySimulator,
    AnswererSimulator,
    Peer,
    appliance,
    peer,
    peers,
    types,
)


def limits(**connection: float) -> ServerLimits:
    return replace(LIMITS, connection=ConnectionLimits(linger_s=0.2, **connection))  # type: ignore[arg-type]  # by name


async def raw(port: int, data: bytes) -> bytes:
    """What comes back to these bytes, until they hang up or a while has passed."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    back = b""
    try:
        with contextlib.suppress(OSError, TimeoutError):
            writer.write(data)
            await writer.drain()
            async with asyncio.timeout(2):
                while piece := await reader.read(1 << 16):
                    back += piece
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    return back


async def answers(port: int) -> bool:
    """Whether somebody else is served."""
    async with Peer(port) as one:
        await one.send(Describe())
        return bool((await one.until(Info))[0].asr)


HOSTILE = {
    "another protocol": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303") + os.urandom(64) + b"\n",
    "noise": bytes(range(256)) * 20,
    "an endless header": b"x" * 200_000,
    "a header of nothing": b"\n",
    "a list": b"[]\n",
    "a lying data length": b'{"type": "describe", "data_length": 99999999999}\n',
    "a negative length": b'{"type": "audio-chunk", "payload_length": -5}\n',
    "a payload of a gigabyte": b'{"type": "audio-chunk", "payload_length": 1073741824}\n' + b"x" * 100_000,
    "data that is no JSON": b'{"type": "transcribe", "data_length": 4}\nabcd',
    "deep data": b'{"type": "transcribe", "data_length": 2000}\n' + b"[" * 1000 + b"]" * 1000,
    "a chunk of no form": encode(Frame("audio-chunk", {}, b"ab")),
    "a form of nobody": encode(Frame("audio-start", {"rate": 1, "width": 2, "channels": 1})),
    "a form of words": encode(Frame("audio-start", {"rate": "16000", "width": [], "channels": {}})),
    "channels without end": encode(Frame("audio-start", {"rate": 16000, "width": 2, "channels": 60000})),
    "a text of numbers": encode(Frame("synthesize", {"text": 3})),
    "half a surrogate": b'{"type": "transcript", "data": {"text": "\\ud800"}}\n',
    "a voice of numbers": encode(Frame("synthesize", {"text": "hello", "voice": 3})),
    "SSML": encode(Frame("synthesize", {"text": "<speak/>", "text_format": "ssml"})),
    "names that are no list": encode(Frame("transcribe", {"transcript_names": "kitchen"})),
    "words that are no list": encode(Frame("detect", {"names": "okay_nabu"})),
    "words that are no words": encode(Frame("detect", {"names": [[]]})),
}


@pytest.mark.parametrize("data", HOSTILE.values(), ids=HOSTILE)
async def test_what_cannot_be_followed_is_told_and_ends_that_connection_alone(data: bytes) -> None:
    async with serving(appliance(), "127.0.0.1", 0, limits()) as port:
        back = await raw(port, data)
        assert json.loads(back.splitlines()[0])["type"] == "error"
        assert await answers(port)


async def test_a_form_that_changes_midway_is_refused() -> None:
    data = encode(Frame("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, b"ab"))
    other = encode(Frame("audio-chunk", {"rate": 8000, "width": 2, "channels": 1}, b"ab"))
    async with serving(appliance(), "127.0.0.1", 0, limits()) as port:
        assert b"changes midway" in await raw(port, data + other)


SESSION = b"".join(
    (
        encode(Frame("describe")),
        encode(Frame("transcribe", {"language": "en"})),
        encode(Frame("audio-start", {"rate": 16000, "width": 2, "channels": 1})),
        encode(Frame("audio-chunk", {"rate": 16000, "width": 2, "channels": 1}, b"\x00\x40" * 64)),
        encode(Frame("audio-stop")),
        encode(Frame("synthesize", {"text": "Hello."})),
    )
)


async def test_who_leaves_at_any_byte_leaves_nothing_behind() -> None:
    voices = VoicesSimulator()
    async with serving(appliance(voices=voices), "127.0.0.1", 0, limits()) as port:

        async def cut(end: int) -> None:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(SESSION[:end])
            with contextlib.suppress(OSError):
                await writer.drain()
            writer.transport.abort()
            del reader

        for start in range(0, len(SESSION), 16):
            await asyncio.gather(*(cut(end) for end in range(start, min(start + 16, len(SESSION)))))
        assert await answers(port)
        async with Peer(port) as one:
            await one.say(tone(440, 0.2))
            assert (await one.until(Transcript))[0].text == "hello"


async def test_a_hang_up_ends_what_was_being_worked_on() -> None:
    voices = VoicesSimulator()
    voices.speaking.clear()
    async with serving(appliance(voices=voices), "127.0.0.1", 0, limits()) as port:
        async with Peer(port) as one:
            await one.send(Synthesize("One! Two! Three!"))
            await one.until(AudioStart)
        await until(lambda: voices.abandoned == 1)
        assert await answers(port)


async def test_describe_and_ping_are_answered_while_all_else_waits() -> None:
    voices, answerer = VoicesSimulator(), AnswererSimulator()
    voices.listening.clear()
    answerer.gate.clear()
    async with peers(appliance(voices=voices, answerer=answerer), 12) as [*busy, other]:
        for number, each in enumerate(busy):
            if number % 2:
                await each.say(tone(440, 0.1))
            else:
                await each.send(Transcript("hello"))
            await each.send(Ping(str(number)), Describe())
        for number, each in enumerate(busy):  # on the connections that wait
            pong, before = await each.until(Pong)
            assert (pong.text, set(before) <= {"handled-start", "voice-started"}) == (str(number), True)
            await each.until(Info)
        await other.send(Describe())
        assert (await other.until(Info))[1] == []
        voices.listening.set()
        answerer.gate.set()
        for number, each in enumerate(busy):
            if number % 2:
                await each.until(Transcript)
            else:
                await each.until(Handled)


async def test_what_is_looked_for_in_sound_never_runs_on_the_event_loop() -> None:
    """While every thread computes, `describe` is answered: the loop is free."""
    gate = asyncio.Event()
    loop = asyncio.get_running_loop()

    class Slow(ActivitySimulator):
        def feed(self, given: Samples) -> float:
            del given
            asyncio.run_coroutine_threadsafe(gate.wait(), loop).result(20)
            return 0.0

    async with peers(appliance(activity=Slow), 5) as [*busy, other]:
        for each in busy:
            await each.send(Transcribe())
            await each.say(tone(440, 0.1))
        for _ in range(3):
            await other.send(Describe())
            await other.until(Info)
        gate.set()
        for each in busy:
            await each.until(Transcript)


async def test_two_hundred_connections_are_bounded_and_who_waits_longest_idle_gives_way() -> None:
    async with serving(appliance(), "127.0.0.1", 0, replace(limits(), connections=16)) as port:
        opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(200)]
        assert await answers(port)
        for reader, _ in opened[:185]:  # 16 places, one of which another has had since
            async with asyncio.timeout(5):
                with contextlib.suppress(ConnectionResetError):
                    assert await reader.read() == b""
        for _, writer in opened:
            writer.transport.abort()


async def test_where_all_are_busy_another_is_told_to_come_back() -> None:
    answerer = AnswererSimulator()
    async with serving(
        appliance(answerer=answerer), "127.0.0.1", 0, replace(limits(), connections=2)
    ) as port:
        answerer.gate.clear()
        async with Peer(port) as one, Peer(port) as two:
            for each in (one, two):
                await each.send(Transcript("hello"), Ping())
                await each.until(Pong)
            async with Peer(port) as three:
                error, _before = await three.until(Error)
                assert (error.code, await three.event()) == ("busy", None)
            answerer.gate.set()
            for each in (one, two):
                await each.until(Handled)


async def test_who_does_not_read_is_left_and_never_holds_up_others() -> None:
    voices = VoicesSimulator(rate=48_000)
    async with serving(appliance(voices=voices), "127.0.0.1", 0, limits(stall_s=0.3)) as port:
        slow = socket.create_connection(("127.0.0.1", port))
        slow.setblocking(False)
        text = "A sentence that is long enough to fill what the kernel holds. " * 60
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(slow, encode(Frame("synthesize", {"text": text})))
        assert await answers(port)
        async with Peer(port) as other:
            await other.say(tone(440, 0.1))
            await other.until(Transcript)
        got = 0
        await asyncio.sleep(0.5)
        with contextlib.suppress(ConnectionResetError):
            while data := await asyncio.wait_for(loop.sock_recv(slow, 1 << 20), 5):
                got += len(data)
        slow.close()
        assert voices.clauses < 60, got


async def test_who_says_nothing_whole_for_long_is_left() -> None:
    async with serving(appliance(), "127.0.0.1", 0, limits(idle_s=0.2)) as port:
        for data in (b"", b'{"type": "desc', encode(Frame("a", {}, b"xyz"))[:-1]):
            assert await raw(port, data) == b""


async def test_who_falls_silent_amid_a_recording_is_left_and_what_was_held_is_let_go() -> None:
    async with peer(limits=limits(idle_s=0.2)) as one:
        await one.send(Transcribe(), AudioStart(16_000, 2, 1))
        await one.client.write_event(AudioChunk(16_000, 2, 1, bytes(64)).event())
        assert await one.rest() == []


async def test_who_waits_for_an_answer_is_not_left_however_long_it_takes() -> None:
    answerer = AnswererSimulator()
    answerer.gate.clear()
    async with peer(appliance(answerer=answerer), limits(idle_s=0.1)) as one:
        await one.send(Transcript("hello"))
        await asyncio.sleep(0.4)
        answerer.gate.set()
        await one.until(Handled)
        assert types(await one.rest()) == ["handled-stop"]


async def test_the_end_of_the_server_is_the_end_of_every_connection() -> None:
    answerer = AnswererSimulator()
    answerer.gate.clear()
    async with serving(appliance(answerer=answerer), "127.0.0.1", 0, limits()) as port:
        every = [Peer(port) for _ in range(3)]
        for each in every:
            await each.__aenter__()
            await each.send(Transcript("hello"), Ping())
            await each.until(Pong)
    for each in every:
        await each.rest()
        await each.client.disconnect()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)


async def test_a_port_that_is_taken_is_a_sentence() -> None:
    async with serving(appliance(), "127.0.0.1", 0) as port:
        with pytest.raises(WyomingListenError, match=f"port {port} on 127.0.0.1 is in use"):
            async with serving(appliance(), "127.0.0.1", port):
                pass
    with pytest.raises(WyomingListenError, match="wyoming_host"):
        async with serving(appliance(), "no.such.host.invalid", 0):
            pass


async def test_what_is_held_of_sound_is_let_go_when_its_speaker_leaves() -> None:
    one_at_a_time = replace(limits(), recording_s=1.0)
    chunk = {"rate": 16000, "width": 2, "channels": 1}
    sound = (tone(440, 0.9) * 32767).astype(np.int16).tobytes()
    async with serving(appliance(), "127.0.0.1", 0, one_at_a_time) as port:
        for _ in range(6):  # two of a second is all that is held
            async with Peer(port) as one:
                await one.client.write_event(Transcribe().event())
                one.client._writer.write(encode(Frame("audio-chunk", chunk, sound)))  # type: ignore[union-attr]  # it is open
                await one.send(Ping())
                await one.until(Pong)
        async with Peer(port) as last:
            await last.say(tone(440, 0.9))
            assert (await last.until(Transcript))[0].text == "hello"
