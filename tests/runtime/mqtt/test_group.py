"""Who does what one of a group has left, and for how long."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.limits import Limits
from runtime.mqtt.commands import CommandService
from runtime.mqtt.group import Grace, Group, GroupService
from runtime.mqtt.orders import Reader
from runtime.mqtt.replies import Replies
from runtime.mqtt.topics import Topics
from tests.support.lamps import LampDesk, house
from tests.support.mqtt import MemoryLink, until
from tests.support.recorded import RecordingChannel

nodes = st.frozensets(st.text("abc123-_", min_size=1, max_size=4), min_size=1, max_size=6)


@given(nodes, st.data())
def test_all_name_the_same_heir_and_only_those_who_lose_theirs_get_another(
    there: frozenset[str], data: st.DataObject
) -> None:
    gone = data.draw(st.text("abc", min_size=1))
    heir = Group("g", "x").heir(gone, there)
    assert heir in there
    assert Group("g", "y").heir(gone, there) == heir
    for other in there - {heir}:
        assert Group("g", "x").heir(gone, there - {other}) == heir


def test_nobody_is_the_heir_where_nobody_is() -> None:
    assert Group("g", "x").heir("gone", frozenset()) is None


class Broker:
    """The links of one appliance, by their client ids, each time anew."""

    def __init__(self) -> None:
        self.links: dict[str, MemoryLink] = {}

    def connect(self, client_id: str) -> MemoryLink:
        self.links[client_id] = MemoryLink()
        return self.links[client_id]

    @property
    def own(self) -> MemoryLink:
        return self.links["inglenook-up.one.group"]

    @property
    def other(self) -> MemoryLink:
        return self.links["inglenook-up.two.group"]

    def says(self, node: str, state: str, group: str = "up") -> None:
        """A status, as all of the group hear it."""
        said = {"state": state, "node": node, "group": group}
        self.own.deliver(said, topic=f"ingle/{node}/status", qos=0)


@asynccontextmanager
async def member() -> AsyncIterator[tuple[Broker, GroupService, LampDesk]]:
    broker, stop = Broker(), asyncio.Event()
    desk = LampDesk({"mqtt": RecordingChannel()}, {})
    limits = Limits(drain_seconds=1, group_members=10)
    reader = Reader(Replies(), limits, 30.0, answer=False, house=house)
    commands = CommandService(MemoryLink(), Topics("one"), desk, reader)
    service = GroupService(Group("up", "one"), broker.connect, commands.intake, limits, Grace(0.01, 0.02))
    task = asyncio.create_task(service.run(stop))
    await until(lambda: broker.own.opened)
    broker.own.up()
    broker.says("one", "online")
    try:
        yield broker, service, desk
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)
        assert broker.own.closed


async def test_shared_commands_are_taken_and_the_subscription_ends_with_the_service() -> None:
    async with member() as (broker, service, desk):
        assert service.connected
        assert broker.own.hears("ingle/any/command")
        assert broker.own.hears("ingle/any/command/from/tablet")
        delivery = broker.own.deliver(b"set lamp 1 to 10", topic="ingle/any/command")
        await until(lambda: broker.own.acknowledged == [delivery])
        assert desk.orders[0].shared
    assert not broker.own.hears("ingle/any/command")


async def test_the_session_of_one_that_went_down_is_resumed_until_it_is_back() -> None:
    async with member() as (broker, service, desk):
        broker.says("two", "online")
        broker.says("two", "offline")
        await until(lambda: service.stands_in_for == {"two"})
        await until(lambda: broker.other.opened)
        broker.other.up(session_present=True)
        assert broker.other.subscriptions == {}
        assert set(broker.other.unsubscribed) == set(Group("up", "one").shared)
        left = broker.other.deliver(b"set lamp 1 to 10", topic="ingle/any/command", resumed=True)
        await until(lambda: broker.other.acknowledged == [left])
        assert desk.orders[0].expires_at - desk.orders[0].received_at > 20
        broker.says("two", "online")
        await until(lambda: broker.other.closed and not service.stands_in_for)


async def test_who_comes_back_soon_is_left_alone_and_so_are_others_groups() -> None:
    async with member() as (broker, service, _):
        broker.says("two", "offline")
        broker.says("two", "online")
        broker.says("three", "offline", group="down")
        broker.own.deliver(b"", topic="ingle/four/status", qos=0)
        broker.own.deliver(b"nonsense", topic="ingle/five/status", qos=0)
        await asyncio.sleep(0.1)
        assert list(broker.links) == ["inglenook-up.one.group"]
        assert service.stands_in_for == frozenset()


async def test_a_session_that_somebody_else_takes_is_given_up_and_tried_again_while_it_is_ours() -> None:
    async with member() as (broker, service, _):
        broker.says("two", "offline")
        await until(lambda: "inglenook-up.two.group" in broker.links and broker.other.opened)
        first = broker.other
        first.up(session_present=True)
        first.down()
        await until(lambda: broker.other is not first and broker.other.opened)
        assert first.closed
        assert service.stands_in_for == {"two"}
        status = json.dumps({"state": "online", "node": "two", "group": "up"}).encode()
        broker.own.deliver(status, topic="ingle/two/status", qos=0)
        await until(lambda: broker.other.closed)


async def test_no_more_members_are_known_than_may_be(caplog: pytest.LogCaptureFixture) -> None:
    async with member() as (broker, service, _):
        names = [f"more{number}" for number in range(100)]
        for state in ("online", "offline"):
            for each in names:
                broker.says(each, state)
        await until(lambda: len(service.stands_in_for) == 9)  # and we are one of ten
        assert service.stands_in_for == set(names[:9])
        assert sum("limits.group_members" in each for each in caplog.messages) == 91
        broker.own.deliver(b" " * 5000, topic="ingle/more1/status", qos=0)
        broker.says("more0", "offline", group="down")
        broker.says("late", "offline")
        await until(lambda: service.stands_in_for == {"late", *names[1:9]})
