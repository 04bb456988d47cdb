"""The promises of the command topics, the test being the broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from runtime.commands.order import Order
from runtime.limits import Limits
from runtime.mqtt.commands import CommandService
from runtime.mqtt.orders import Reader
from runtime.mqtt.replies import DeviceTopics, Replies
from runtime.mqtt.topics import Topics
from tests.support.lamps import LampDesk, house, outgoing
from tests.support.mqtt import MemoryLink, until
from tests.support.recorded import RecordingChannel

LIMITS = Limits(commands_waiting=3, drain_seconds=0.5, request_bytes=2000)
TOPICS = Topics("home")
READER = Reader(Replies(devices=DeviceTopics(house, outgoing)), LIMITS, 30.0, answer=False, house=house)


@asynccontextmanager
async def serving(link: MemoryLink) -> AsyncIterator[tuple[LampDesk, RecordingChannel]]:
    stop, devices = asyncio.Event(), RecordingChannel()
    desk = LampDesk({"mqtt": devices}, {})
    service = CommandService(link, TOPICS, desk, READER, patience_s=0.1)
    desk.outboxes["mqtt"] = service
    tasks = [asyncio.create_task(each) for each in (service.run(stop), desk.run(stop))]
    await until(lambda: link.opened)
    link.up()
    try:
        yield desk, devices
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), 10)
        await service.close()


def said(link: MemoryLink) -> list[Any]:
    return [json.loads(each.payload) for each in link.published]


async def test_a_command_is_on_disk_before_it_is_acknowledged_and_gets_its_result() -> None:
    link = MemoryLink()
    async with serving(link) as (desk, devices):
        desk.writing.clear()
        delivery = link.deliver(b"turn on the kitchen light", topic=TOPICS.command)
        await asyncio.sleep(0.01)
        assert link.acknowledged == []
        desk.writing.set()
        await until(lambda: link.acknowledged == [delivery])
        await until(lambda: len(link.published) == 1)
    (result,) = said(link)
    assert (result["status"], result["node"], result["route"]) == ("sent", "home", "rules")
    assert result["actions"] == [{"device": "lamp0", "capability": "power", "value": True}]
    assert [each.address for each in devices.sent] == ["devices/lamp0/power/set"]
    assert link.published[0].topic == "ingle/home/command/result"
    assert link.published[0].content_type == "application/json"
    assert link.closed
    assert link.will is None
    for topic in ("ingle/home/command", "ingle/home/command/from/tablet"):
        assert link.hears(topic)
    assert not link.hears("ingle/other/command")


async def test_a_result_that_the_broker_bars_holds_nothing_up() -> None:
    link = MemoryLink()
    link.barred.add(TOPICS.command_result)
    async with serving(link) as (desk, devices):
        first = link.deliver(b"turn on the kitchen light", topic=TOPICS.command)
        second = link.deliver({"txet": "wrong"}, topic=TOPICS.command)
        third = link.deliver(b"set lamp 1 to 10", topic=TOPICS.command)
        await until(lambda: link.acknowledged == [first, second, third])
        await until(lambda: len(devices.sent) == 2)
        assert len(desk.orders) == 2


async def test_a_result_goes_where_it_was_asked_for_with_what_came_along() -> None:
    link = MemoryLink()
    async with serving(link):
        link.deliver(
            {"id": "a", "text": "set lamp 3 to 40"},
            topic=TOPICS.command,
            response_topic="clients/rr",
            correlation=b"\0x",
        )
        await until(lambda: len(link.published) == 1)
    (reply,) = link.published
    assert (reply.topic, reply.correlation, said(link)[0]["id"]) == ("clients/rr", b"\0x", "a")


async def test_acknowledgements_keep_the_order_in_which_commands_came() -> None:
    link = MemoryLink()
    async with serving(link) as (desk, _):
        desk.writing.clear()
        first = link.deliver({"id": "a", "text": "set lamp 1 to 1"}, topic=TOPICS.command)
        malformed = link.deliver({"id": "b"}, topic=TOPICS.command)
        stale = link.deliver(b"set lamp 2 to 2", topic=TOPICS.command, retained=True)
        await until(lambda: len(link.published) == 1)
        assert link.acknowledged == []
        desk.writing.set()
        await until(lambda: link.acknowledged == [first, malformed, stale])


async def test_a_refusal_is_told_before_the_message_is_acknowledged_and_the_next_command_works() -> None:
    link = MemoryLink()
    async with serving(link):
        link.confirming.clear()
        bad = link.deliver(b'{"id": "bad", "txet": "x"}', topic=TOPICS.command)
        await until(lambda: len(link.published) == 1)
        assert link.acknowledged == []
        link.confirming.set()
        good = link.deliver({"id": "good", "text": "set lamp 1 to 10"}, topic=TOPICS.command)
        await until(lambda: link.acknowledged == [bad, good])
        await until(lambda: len(link.published) == 2)
    refused, done = said(link)
    assert (refused["id"], refused["status"], refused["reason"]) == ("bad", "refused", "invalid")
    assert refused["param"] == "txet"
    assert "did you mean text?" in refused["text"]
    assert (done["id"], done["status"]) == ("good", "sent")


async def test_what_was_said_before_anyone_listened_is_dropped_with_a_line_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    link = MemoryLink()
    async with serving(link) as (desk, _):
        delivery = link.deliver(b"set lamp 1 to 10", topic=TOPICS.command, retained=True)
        await until(lambda: link.acknowledged == [delivery])
        assert desk.orders == []
        assert "said before anyone listened" in caplog.text


async def test_a_desk_that_is_busy_says_so_and_then_the_message_is_done_with() -> None:
    link = MemoryLink()
    async with serving(link) as (desk, _):
        desk.full = True
        delivery = link.deliver({"id": "a", "text": "set lamp 1 to 10"}, topic=TOPICS.command)
        await until(lambda: link.acknowledged == [delivery])
        desk.full = False
        link.deliver({"id": "a", "text": "set lamp 1 to 10"}, topic=TOPICS.command)
        await until(lambda: len(link.published) == 2)
    assert [each.get("reason", each["status"]) for each in said(link)] == ["busy", "sent"]


async def test_a_desk_that_is_busy_for_a_moment_is_asked_again() -> None:
    link = MemoryLink()
    async with serving(link) as (desk, _):
        desk.full = True
        link.deliver({"id": "a", "text": "set lamp 1 to 10"}, topic=TOPICS.command)
        await asyncio.sleep(0.02)
        desk.full = False
        await until(lambda: len(link.published) == 1)
    assert [each["status"] for each in said(link)] == ["sent"]


async def test_more_than_can_be_written_down_are_told_to_come_back() -> None:
    link = MemoryLink()
    async with serving(link) as (desk, _):
        desk.writing.clear()
        for number in range(5):
            link.deliver({"id": number, "text": "set lamp 1 to 10"}, topic=TOPICS.command)
        await until(lambda: len(link.published) == 2)
        desk.writing.set()
        await until(lambda: len(link.published) == 5)
        await until(lambda: len(link.acknowledged) == 5)
    assert [each.get("reason", each["status"]) for each in said(link)] == [
        "busy",
        "busy",
        "sent",
        "sent",
        "sent",
    ]


async def test_an_id_that_comes_again_is_answered_and_not_done_again() -> None:
    link = MemoryLink()
    async with serving(link) as (_, devices):
        for times in (1, 2):
            link.deliver({"id": "bell", "text": "ring the bell"}, topic=TOPICS.command)
            await until(lambda: len(link.published) == times)  # noqa: B023  awaited in the same turn
        link.deliver({"id": "bell", "text": "set lamp 1 to 10"}, topic=TOPICS.command)
        await until(lambda: len(link.published) == 3)
    assert len(devices.sent) == 1
    assert [each["status"] for each in said(link)].count("sent") == 2
    assert [each.get("reason") for each in said(link)].count("invalid") == 1


async def test_a_second_delivery_over_a_resumed_session_is_known_by_its_packet_and_payload() -> None:
    """Nobody gave an id. What the flag for duplicates says is not looked at."""
    link = MemoryLink()
    async with serving(link) as (desk, devices):
        link.deliver(b"ring the bell", topic=TOPICS.command, packet=9)
        await until(lambda: len(devices.sent) == 1)
        link.down()
        link.up(session_present=True)
        link.deliver(b"ring the bell", topic=TOPICS.command, packet=9, resumed=True)
        await until(lambda: len(link.results()) == 2)
        assert len(devices.sent) == 1
        link.deliver(
            b"ring the bell", topic=TOPICS.command, packet=9, resumed=True
        )  # the broker used it anew
        link.deliver(b"ring the bell", topic=TOPICS.command, packet=10, resumed=True)
        await until(lambda: len(devices.sent) == 3)
        assert len(desk.orders) == 3


async def test_the_same_words_are_another_command_on_a_connection_without_a_past() -> None:
    link = MemoryLink()
    async with serving(link) as (_, devices):
        for _ in range(2):
            link.deliver(b"ring the bell", topic=TOPICS.command, packet=1)
            link.down()
            link.up()
        await until(lambda: len(devices.sent) == 2)


async def test_a_desk_that_fails_says_so_and_the_next_command_works(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(LampDesk):
        async def take(self, order: Order) -> None:
            if order.id == "bad":
                raise ZeroDivisionError
            await super().take(order)

    link, stop = MemoryLink(), asyncio.Event()
    desk = Failing({"mqtt": RecordingChannel()}, {})
    service = CommandService(link, TOPICS, desk, READER)
    desk.outboxes["mqtt"] = service
    tasks = [asyncio.create_task(each) for each in (service.run(stop), desk.run(stop))]
    await until(lambda: link.opened)
    link.up()
    for order_id in ("bad", "good"):
        link.deliver({"id": order_id, "text": "set lamp 1 to 10"}, topic=TOPICS.command)
    await until(lambda: len(link.published) == 2)
    stop.set()
    await asyncio.gather(*tasks)
    by_id = {each["id"]: each for each in said(link)}
    assert (by_id["bad"]["status"], by_id["bad"]["reason"]) == ("failed", "failed")
    assert "ZeroDivisionError" not in by_id["bad"]["text"]
    assert by_id["good"]["status"] == "sent"
    assert "ZeroDivisionError" in caplog.text


async def test_what_comes_while_stopping_is_left_with_the_broker() -> None:
    link = MemoryLink()
    async with serving(link) as (desk, _):
        pass
    link.deliver(b"set lamp 1 to 10", topic=TOPICS.command)
    assert (desk.orders, link.acknowledged) == ([], [])


def fence(link: MemoryLink) -> bytes:
    return next(each.payload for each in link.published if each.topic == TOPICS.command_fence)


async def test_what_the_broker_kept_may_be_as_old_as_we_were_away() -> None:
    """Unless the broker was told how long it lasts: then it has counted."""
    link, clock = MemoryLink(), [1000.0]
    stop, desk = asyncio.Event(), LampDesk({"mqtt": RecordingChannel()}, {})
    service = CommandService(link, TOPICS, desk, READER, lambda: clock[0], last_there=990.0)
    running = asyncio.create_task(service.run(stop))
    await until(lambda: link.opened)

    async def left(order_id: str, **beside: Any) -> float:
        """How long an order that comes now may wait."""
        link.deliver({"id": order_id, "text": "set lamp 1 to 10"}, topic=TOPICS.command, **beside)
        await until(lambda: bool(desk.orders) and desk.orders[-1].id == order_id)
        return desk.orders[-1].expires_at - clock[0]

    link.up(session_present=True)
    assert await left("kept", resumed=True) == 20
    assert await left("counted", resumed=True, expiry_s=7) == 7
    await until(lambda: bool(link.published))
    link.deliver(b"that of an earlier run", topic=TOPICS.command_fence, resumed=True)
    assert await left("before the fence", resumed=True) == 20
    link.deliver(fence(link), topic=TOPICS.command_fence, resumed=True)
    assert await left("fresh", resumed=True) == 30
    before = fence(link)
    link.down()
    clock[0] += 3600
    link.up(session_present=True)
    assert await left("old", resumed=True) == 30 - 3600
    link.deliver(before, topic=TOPICS.command_fence, resumed=True)  # the broker had kept that, too
    assert await left("behind it", resumed=True) == 30 - 3600
    link.down()
    link.up()
    assert await left("of a session without a past") == 30
    link.down()
    link.up(session_present=True)
    clock[0] = 5.0  # the time of day was set back: nobody knows how long that was
    assert await left("unknown", resumed=True) < 30 - 1
    stop.set()
    await running
    await service.close()
