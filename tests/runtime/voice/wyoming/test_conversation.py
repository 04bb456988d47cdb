"""Whatever events come in whatever order with whatever in them: they are followed, left alone, or refused by name."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

from hypothesis import example, given, settings
from hypothesis import strategies as st
from wyoming.event import Eventable

from runtime.errors import IngleError
from runtime.voice.wyoming.border import AT_ONCE, Talk
from runtime.voice.wyoming.conversation import Conversation, Shared
from runtime.voice.wyoming.frames import Frame, FrameLimits, FrameReader, encode
from runtime.voice.wyoming.lately import Lately
from runtime.voice.wyoming.room import Room
from runtime.voice.wyoming.satellite.lent import About, Lent
from runtime.voice.wyoming.satellite.room import LentRoom
from tests.runtime.voice.wyoming.test_intent import REAL
from tests.runtime.voice.wyoming.test_satellite import Card, Microphone
from tests.support.wyoming import WORDS, WakeSimulator, appliance

T = TypeVar("T")

TYPES = (
    *("describe", "ping", "transcribe", "detect", "audio-start", "audio-chunk", "audio-stop", "synthesize"),
    *("synthesize-start", "synthesize-chunk", "synthesize-stop", "transcript", "recognize", "unheard-of"),
    *("run-satellite", "pause-satellite", "voice-stopped", "error", "select-program"),
)
FIELDS = (
    *("text", "language", "name", "names", "voice", "text_format", "context", "rate", "width", "channels"),
    *("timestamp", "transcript_names", "transcript_terms"),
)
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.sampled_from(
        (-1, 0, 1, 2, 3, 4, 8000, 16000, 48000, 10**9, 0.5, "en", "text", "hello.", "okay_nabu", "other")
    ),
    lambda each: st.lists(each, max_size=2) | st.dictionaries(st.sampled_from(FIELDS), each, max_size=2),
    max_leaves=4,
)
frames = st.builds(
    Frame,
    st.sampled_from(TYPES),
    st.dictionaries(st.sampled_from(FIELDS), anything, max_size=4),
    st.binary(max_size=40),
)
SOUND = {"rate": 8000, "width": 2, "channels": 1}


async def here(work: Callable[[], T]) -> T:
    """Implements `Aside`."""
    return work()


async def follow(
    talk: Callable[[Callable[[Eventable], object]], Talk], sent: Sequence[Frame]
) -> list[Eventable]:
    """What comes back, up to a refusal."""
    back: list[Eventable] = []

    async def send(event: Eventable) -> None:
        back.append(event)

    one = talk(send)
    with suppress(IngleError):
        for frame in sent:
            if frame.type in AT_ONCE:
                back.append(one.at_once(frame))
            else:
                await one.take(frame)
    one.close()
    return back


def readable(events: Sequence[Eventable]) -> None:
    """Each can stand on a line."""
    for event in (each.event() for each in events):
        line = encode(Frame(event.type, event.data, event.payload or b""))
        assert [each.type for each in FrameReader(FrameLimits()).feed(line)] == [event.type]


@settings(max_examples=60)
@given(st.lists(frames, max_size=8))
@example([Frame("audio-chunk", SOUND, b"abc"), Frame("audio-chunk", SOUND, b"d"), Frame("audio-stop")])
@example([Frame("audio-stop"), Frame("transcribe"), Frame("audio-stop")])
@example(
    [Frame("synthesize-stop"), Frame("synthesize-start"), Frame("synthesize-start"), Frame("synthesize-stop")]
)
def test_services_follow_or_refuse(sent: Sequence[Frame]) -> None:
    async def run() -> int:
        room = Room(1.0, 2.0)
        shared = Shared(appliance(understanding=REAL), here, room, Lately())
        readable(await follow(partial(Conversation, shared), sent))
        return room.taken

    assert asyncio.run(run()) == 0


@settings(max_examples=60)
@given(st.lists(frames, max_size=8))
def test_a_satellite_follows_or_refuses(sent: Sequence[Frame]) -> None:
    async def run() -> None:
        room = LentRoom(Microphone(), Card, partial(WakeSimulator, ["okay_nabu"]), here)
        readable(await follow(partial(Lent, room, About("Kitchen", "1", WORDS)), sent))
        await asyncio.sleep(0)

    asyncio.run(run())
