"""Whatever comes on a command topic, the next command is taken."""

import asyncio
import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from runtime.commands.order import Order
from runtime.limits import Limits
from runtime.mqtt.intake import Intake
from runtime.mqtt.link import Delivery, Publication
from runtime.mqtt.orders import Reader
from runtime.mqtt.replies import Replies
from runtime.mqtt.results import Results
from runtime.mqtt.topics import Source
from tests.support.lamps import LampDesk, house
from tests.support.mqtt import MemoryLink, until

TOPIC = "ingle/home/command"
LIMITS = Limits(commands_waiting=3, request_bytes=2000)
READER = Reader(Replies(), LIMITS, 30.0, answer=False, house=house)

surrogates = st.text(st.characters() | st.characters(categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | surrogates,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(surrogates, inner, max_size=3),
    max_leaves=5,
)
fields = st.dictionaries(
    surrogates | st.sampled_from(["id", "text", "device", "capability", "value", "reply_to", "session"]),
    values | surrogates,
    max_size=4,
)


class Mouth:
    """Hears what is said; fails, or waits, where the test says so."""

    def __init__(self) -> None:
        self.said: list[Publication] = []
        self.fails = False
        self.open = asyncio.Event()
        self.open.set()

    async def say(self, publication: Publication) -> None:
        await self.open.wait()
        if self.fails:
            raise ValueError("the test says so")
        self.said.append(publication)


def intake(link: MemoryLink, desk: LampDesk, mouth: Mouth, reader: Reader = READER) -> Intake:
    return Intake(link, desk, reader, Results("home"), mouth.say, lambda: 1000.0, patience_s=0.01)


async def opened(link: MemoryLink, taking: Intake) -> None:
    await link.open([], None, lambda event: taking.receive(event) if isinstance(event, Delivery) else None)
    link.up()


async def taken_after(payload: bytes) -> None:
    link, desk, mouth = MemoryLink(), LampDesk({}, {}), Mouth()
    taking = intake(link, desk, mouth)
    await opened(link, taking)
    first = link.deliver(payload, topic=TOPIC)
    second = link.deliver({"id": "the next", "text": "set lamp 1 to 10"}, topic=TOPIC)
    await until(lambda: link.acknowledged == [first, second])
    assert desk.orders[-1].text == "set lamp 1 to 10"
    for each in mouth.said:
        assert json.loads(each.payload)["status"] in {"refused", "failed"}
    await taking.finish(1.0)


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=200) | fields.map(lambda each: json.dumps(each).encode()))
@example(b'{"\\ud800": 1}')
@example(b'{"text": "x", "id": "\\ud800"}')
@example(b'{"text": "x", "reply_to": "\\udfff"}')
def test_after_any_message_the_next_command_is_taken(payload: bytes) -> None:
    asyncio.run(taken_after(payload))


class Broken(Reader):
    """Fails on what only it knows."""

    def order(self, delivery: Delivery, source: Source, now: float, *, again: bool) -> Order:
        if delivery.payload == b"bad":
            raise ZeroDivisionError
        return super().order(delivery, source, now, again=again)


async def test_a_reader_or_a_link_that_fails_holds_up_nobody(caplog: pytest.LogCaptureFixture) -> None:
    link, desk, mouth = MemoryLink(), LampDesk({}, {}), Mouth()
    taking = intake(link, desk, mouth, Broken(Replies(), LIMITS, 30.0, answer=False, house=house))
    await opened(link, taking)
    bad = link.deliver(b"bad", topic=TOPIC)
    await until(lambda: link.acknowledged == [bad])
    assert json.loads(mouth.said[0].payload)["reason"] == "failed"
    mouth.fails = True
    worse = link.deliver(b"", topic=TOPIC)
    good = link.deliver(b"set lamp 1 to 10", topic=TOPIC)
    await until(lambda: link.acknowledged == [bad, worse, good])
    assert len(desk.orders) == 1
    assert "nobody could be told why" in caplog.text
    await taking.finish(1.0)


async def test_a_flood_that_nobody_wants_acknowledged_is_dropped_with_one_line(
    caplog: pytest.LogCaptureFixture,
) -> None:
    link, desk, mouth = MemoryLink(), LampDesk({}, {}), Mouth()
    taking = intake(link, desk, mouth)
    await opened(link, taking)
    mouth.open.clear()
    desk.writing.clear()
    for _ in range(2000):
        link.deliver(b"set lamp 1 to 10", topic=TOPIC, qos=0)
    wanted = link.deliver(b"set lamp 2 to 10", topic=TOPIC)
    mouth.open.set()
    desk.writing.set()
    await until(lambda: link.acknowledged == [wanted])
    await taking.finish(1.0)
    assert len(desk.orders) + len(mouth.said) < 300
    dropped = [each for each in caplog.messages if each.startswith("dropped")]
    assert len(dropped) == 1
    told = 2001 - len(desk.orders) - len(mouth.said)
    assert f"dropped {told} messages with QoS 0" in dropped[0]
