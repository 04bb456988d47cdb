"""Devices over MQTT: found, heard, told, gone. On a link that the test plays, and over a real mosquitto."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from runtime.commands.meaning import Action
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.live import Registry
from runtime.commands.registry.toml import HouseFile, house_file
from runtime.errors import DeviceError
from runtime.limits import Limits
from runtime.mqtt.client import PahoLink
from runtime.mqtt.devices import SESSION, DeviceFeed
from runtime.mqtt.link import Endpoint, Patience
from tests.support.mqtt import MemoryLink, Mosquitto, Person, running_mosquitto, until

LAMP = {"name": "Desk lamp", "command_topic": "desk/set", "state_topic": "desk/state", "uniq_id": "d1"}
LAMP_TOPIC = "homeassistant/light/desk/config"


@asynccontextmanager
async def feeding(
    link: Any, registry: Registry, *, limits: Limits | None = None, house: HouseFile | None = None
) -> AsyncIterator[DeviceFeed]:
    feed = DeviceFeed(link, registry, limits or Limits(), house=house)
    stop = asyncio.Event()
    task = asyncio.create_task(feed.run(stop))
    try:
        if isinstance(link, MemoryLink):
            await until(lambda: link.opened)
            link.up()
        else:
            await until(lambda: feed.connected)
        yield feed
    finally:
        stop.set()
        await task


@pytest.fixture
def link() -> MemoryLink:
    return MemoryLink(SESSION)


def reads(registry: Registry, device: str, capability: str) -> Any:
    return registry.house.value(device, capability)


async def test_a_discovered_lamp_is_there_is_heard_and_goes(link: MemoryLink) -> None:
    registry = Registry()
    async with feeding(link, registry):
        link.deliver(LAMP, topic=LAMP_TOPIC)
        await until(lambda: "light.desk" in registry.house.devices)
        await until(lambda: link.hears("desk/state"))
        link.deliver(b"ON", topic="desk/state")
        await until(lambda: reads(registry, "light.desk", "power") is True)
        link.deliver(b"", topic=LAMP_TOPIC)
        await until(lambda: not registry.house.devices)
        await until(lambda: not link.hears("desk/state"))
        assert not registry.house.states


async def test_a_device_that_announces_itself_is_there(link: MemoryLink) -> None:
    registry = Registry()
    told = {"kind": "light", "area": "Study", "topic": "study/lamp/set", "state_topic": "study/lamp"}
    async with feeding(link, registry):
        link.deliver(told, topic="ingle/devices/lamp")
        await until(lambda: "lamp" in registry.house.devices)
        device = registry.house.devices["lamp"]
        assert device.area == "study"
        assert registry.house.areas["study"].names[0].text == "Study"
        link.deliver(b"OFF", topic="study/lamp")
        await until(lambda: reads(registry, "lamp", "power") is False)
        link.deliver(b"", topic="ingle/devices/lamp")
        await until(lambda: not registry.house.devices)
        assert not registry.house.areas, "an area that nobody wrote down goes with its last device"


async def test_the_owners_devices_are_there_before_any_connection(link: MemoryLink, tmp_path: Path) -> None:
    (tmp_path / "house.toml").write_text(
        '[[devices]]\nid = "lamp"\nkind = "light"\narea = "Study"\ntopic = "a/set"\nstate_topic = "a"\n'
    )
    registry = Registry()
    house = house_file(tmp_path / "house.toml")
    DeviceFeed(link, registry, Limits(), house=house)
    assert registry.house.devices["lamp"].area == "study"


async def test_a_device_of_the_owner_is_not_taken_over(
    link: MemoryLink, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "house.toml").write_text('[[devices]]\nid = "lamp"\nkind = "light"\ntopic = "a/set"\n')
    registry = Registry()
    async with feeding(link, registry, house=house_file(tmp_path / "house.toml")):
        for _ in range(3):
            link.deliver({"kind": "lock", "topic": "evil"}, topic="ingle/devices/lamp")
        link.deliver({"kind": "lock", "topic": "other"}, topic="ingle/devices/other")
        await until(lambda: "other" in registry.house.devices)
    assert registry.outgoing(Action("lamp", "power", True))[0].address == "a/set"
    assert len([each for each in caplog.messages if "lamp" in each]) == 1


async def test_the_owner_has_the_last_word_on_what_is_discovered(
    link: MemoryLink, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "house.toml").write_text(
        """
        [[discovered]]
        id = "cover.door"
        names = ["Tor", { text = "車庫門", language = "zh-TW" }]
        area = "Garage"
        device_class = "garage"
        [[discovered]]
        id = "switch.opener"
        dangerous = { power = ["on"] }
        [[discovered]]
        id = "light.desk"
        dangerous = true
        [[discovered]]
        id = "switch.away"
        ignore = true
        [[discovered]]
        id = "switch.typo"
        dangerous = { powr = ["on"] }
        """
    )
    registry = Registry()
    async with feeding(link, registry, house=house_file(tmp_path / "house.toml")) as feed:
        for component, name in [
            *(("switch", each) for each in ("opener", "away", "typo")),
            ("cover", "door"),
        ]:
            link.deliver({"command_topic": name}, topic=f"homeassistant/{component}/{name}/config")
        link.deliver(LAMP, topic=LAMP_TOPIC)
        await until(lambda: len(link.acknowledged) == 5 and not feed._waiting)
    devices = registry.house.devices
    assert set(devices) == {"cover.door", "switch.opener", "light.desk"}
    assert [each.text for each in devices["cover.door"].names] == ["Tor", "車庫門"]
    assert registry.house.areas[devices["cover.door"].area or ""].names[0].text == "Garage"
    assert devices["cover.door"].capabilities[0].dangerous == ("open",)
    assert devices["switch.opener"].capabilities[0].dangerous == (True,)
    assert devices["light.desk"].capabilities[0].always_dangerous
    assert "powr" in caplog.text


async def test_the_same_name_from_two_topics_is_two_devices(link: MemoryLink) -> None:
    registry = Registry()
    async with feeding(link, registry):
        for topic, command in (("homeassistant/light/a/config", "a"), ("homeassistant/light/b/config", "b")):
            link.deliver(LAMP | {"default_entity_id": "light.lamp", "cmd_t": command}, topic=topic)
        await until(lambda: len(registry.house.devices) == 2)
        assert set(registry.house.devices) == {"light.lamp", "light.b"}


async def test_a_changed_description_takes_the_place_of_the_old_one(link: MemoryLink) -> None:
    registry = Registry()
    async with feeding(link, registry):
        link.deliver(LAMP, topic=LAMP_TOPIC)
        await until(lambda: link.hears("desk/state"))
        link.deliver(LAMP | {"state_topic": "desk/other"}, topic=LAMP_TOPIC)
        await until(lambda: link.hears("desk/other"))
        assert not link.hears("desk/state")
        assert len(registry.house.devices) == 1


async def test_a_description_that_comes_again_changes_nothing(link: MemoryLink) -> None:
    registry = Registry()
    async with feeding(link, registry):
        link.deliver(LAMP, topic=LAMP_TOPIC)
        await until(lambda: bool(registry.house.devices))
        version = registry.house.version
        link.deliver(LAMP, topic=LAMP_TOPIC)
        link.deliver(LAMP | {"name": "Other"}, topic="homeassistant/light/other/config")
        await until(lambda: len(registry.house.devices) == 2)
        assert registry.house.version == version + 1


async def test_a_description_that_breaks_leaves_the_device_as_it_was(
    link: MemoryLink, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry()
    async with feeding(link, registry):
        link.deliver(LAMP, topic=LAMP_TOPIC)
        await until(lambda: bool(registry.house.devices))
        for bad in (b"{", b"[]", b"\xff", json.dumps(LAMP | {"cmd_t": "a/#"}).encode()):
            link.deliver(bad, topic=LAMP_TOPIC)
            await until(lambda: LAMP_TOPIC in caplog.text)
        link.deliver(LAMP, topic="homeassistant/light/second/config")
        await until(lambda: len(registry.house.devices) == 2)
        assert "light.desk" in registry.house.devices


async def test_there_are_only_so_many_devices(link: MemoryLink, caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry(most_devices=3)
    async with feeding(link, registry):
        for i in range(10):
            config = {"command_topic": f"c/{i}", "state_topic": f"s/{i}"}
            link.deliver(config, topic=f"homeassistant/switch/s{i}/config")
        await until(lambda: any("limits.devices" in each for each in caplog.messages))
        await until(lambda: link.hears("s/2"))
        assert len(registry.house.devices) == 3
        assert not link.hears("s/3")
    assert len([each for each in caplog.messages if "limits.devices" in each]) == 1


async def test_what_was_taken_away_while_we_were_not_connected_goes(link: MemoryLink) -> None:
    registry = Registry()
    async with feeding(link, registry) as feed:
        link.deliver(LAMP, topic=LAMP_TOPIC, retained=True)
        link.deliver(LAMP, topic="homeassistant/light/gone/config", retained=True)
        link.deliver(LAMP, topic="homeassistant/light/fleeting/config")
        await until(lambda: len(registry.house.devices) == 3)
        link.down()
        link.up()
        link.deliver(LAMP, topic=LAMP_TOPIC, retained=True)
        await until(lambda: not feed._waiting)
        feed.forget_unheard()
        assert set(registry.house.devices) == {"light.desk", "light.fleeting"}


async def test_a_broker_that_forgot_everything_takes_nothing_away(link: MemoryLink) -> None:
    registry = Registry()
    async with feeding(link, registry) as feed:
        link.deliver(LAMP, topic=LAMP_TOPIC, retained=True)
        await until(lambda: bool(registry.house.devices))
        link.down()
        link.up()
        feed.forget_unheard()
        assert set(registry.house.devices) == {"light.desk"}


async def test_rooms_of_devices_that_are_not_taken_are_not_made(link: MemoryLink) -> None:
    registry = Registry(most_devices=1)
    async with feeding(link, registry) as feed:
        for i in range(5):
            device = {"command_topic": "c", "device": {"suggested_area": f"Room {i}"}}
            link.deliver(device, topic=f"homeassistant/switch/s{i}/config")
        link.deliver({"kind": "light", "topic": "a", "area": "Attic"}, topic="ingle/devices/lamp")
        await until(lambda: len(link.acknowledged) == 6 and not feed._waiting)
    assert set(registry.house.areas) == {"room_0"}


async def test_entities_of_this_appliance_are_left_alone(
    link: MemoryLink, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry()
    with caplog.at_level(logging.WARNING):
        async with feeding(link, registry):
            config = {"command_topic": "ingle/home/command", "options": ["a"]}
            link.deliver(config, topic="homeassistant/select/inglenook_home/model/config")
            link.deliver(LAMP, topic=LAMP_TOPIC)
            await until(lambda: bool(registry.house.devices))
    assert set(registry.house.devices) == {"light.desk"}
    assert not caplog.messages


async def test_who_names_a_topic_of_ours_is_left_out_with_a_line_in_the_log(
    link: MemoryLink, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry()
    with caplog.at_level(logging.WARNING):
        async with feeding(link, registry):
            for _ in range(2):
                link.deliver({"command_topic": "ingle/home/command"}, topic="homeassistant/switch/x/config")
            link.deliver(LAMP, topic=LAMP_TOPIC)
            await until(lambda: bool(registry.house.devices))
    assert set(registry.house.devices) == {"light.desk"}
    (line,) = caplog.messages
    assert "homeassistant/switch/x/config" in line
    assert "topics under ingle/ are ours" in line


async def test_where_a_device_speaks_is_known(link: MemoryLink) -> None:
    registry = Registry()
    async with feeding(link, registry) as feed:
        link.deliver(LAMP | {"avty_t": "desk/there"}, topic=LAMP_TOPIC)
        await until(lambda: bool(registry.house.devices))
        assert feed.hears("desk/state")
        assert feed.hears("desk/there")
        assert not feed.hears("desk/set")


async def test_availability_is_heard(link: MemoryLink) -> None:
    registry = Registry()
    async with feeding(link, registry):
        link.deliver(LAMP | {"avty_t": "desk/there"}, topic=LAMP_TOPIC)
        await until(lambda: link.hears("desk/there"))
        assert not registry.house.away, "it has not said so"
        link.deliver(b"offline", topic="desk/there")
        await until(lambda: registry.house.away == {"light.desk"})
        link.deliver(b"online", topic="desk/there")
        await until(lambda: not registry.house.away)


async def test_a_device_that_no_longer_tells_whether_it_is_there_counts_as_there(link: MemoryLink) -> None:
    registry = Registry()
    async with feeding(link, registry):
        link.deliver(LAMP | {"avty_t": "desk/there"}, topic=LAMP_TOPIC)
        await until(lambda: link.hears("desk/there"))
        link.deliver(b"offline", topic="desk/there")
        await until(lambda: registry.house.away == {"light.desk"})
        link.deliver(LAMP, topic=LAMP_TOPIC)
        await until(lambda: not registry.house.away)


@pytest.mark.parametrize(
    ("component", "keys", "first", "then"),
    [("binary_sensor", {"off_delay": 0.2}, True, False), ("sensor", {"expire_after": 0.2}, "ON", None)],
)
async def test_what_holds_for_a_while_is_not_believed_for_ever(
    link: MemoryLink, component: str, keys: dict[str, float], first: object, then: object
) -> None:
    registry = Registry()
    async with feeding(link, registry):
        link.deliver({"state_topic": "s", **keys}, topic=f"homeassistant/{component}/x/config")
        await until(lambda: link.hears("s"))
        link.deliver(b"ON", topic="s")
        await until(lambda: reads(registry, f"{component}.x", "value") == first)
        await until(lambda: reads(registry, f"{component}.x", "value") == then)


async def test_a_flood_of_states_leaves_the_last_one_and_lets_others_run(link: MemoryLink) -> None:
    registry = Registry()
    turns = 0
    async with feeding(link, registry):
        link.deliver(LAMP, topic=LAMP_TOPIC)
        await until(lambda: link.hears("desk/state"))
        for i in range(20_000):
            link.deliver(b"ON" if i % 2 else b"OFF", topic="desk/state")
        while reads(registry, "light.desk", "power") is not True:
            turns += 1
            await asyncio.sleep(0)
    assert turns < 100


async def test_a_flood_of_discoveries_lets_others_run(link: MemoryLink) -> None:
    registry, seen = Registry(), set()
    async with feeding(link, registry):
        for i in range(400):
            topic = f"homeassistant/light/l{i}/config"
            link.deliver(LAMP | {"uniq_id": f"d{i}", "name": f"Lamp {i}"}, topic=topic)
        while len(registry.house.devices) < 400:
            seen.add(len(registry.house.devices))
            await asyncio.sleep(0)
    assert len(seen) > 3


async def test_what_is_larger_than_may_be_is_not_kept_until_it_is_read(
    link: MemoryLink, caplog: pytest.LogCaptureFixture
) -> None:
    registry = Registry()
    async with feeding(link, registry, limits=Limits(device_bytes=1000)):
        link.deliver(LAMP, topic=LAMP_TOPIC)
        await until(lambda: "light.desk" in registry.house.devices)
        link.deliver(b" " * 1001, topic=LAMP_TOPIC)
        link.deliver(b" " * 1002, topic="desk/state")
        await until(lambda: len(caplog.messages) == 2)
        assert "1001 bytes; 1000 are the most" in caplog.messages[0]
        assert "limits.device_bytes" in caplog.messages[1]
        assert "light.desk" in registry.house.devices


async def test_nothing_is_sent_while_the_broker_is_away(link: MemoryLink) -> None:
    async with feeding(link, Registry()) as feed:
        link.down()
        with pytest.raises(DeviceError, match="desk/set"):
            await feed.send(Outgoing("mqtt", "desk/set", b"ON"))
        assert not link.published


async def test_what_the_broker_bars_was_not_sent(link: MemoryLink) -> None:
    async with feeding(link, Registry()) as feed:
        link.barred.add("desk/set")
        with pytest.raises(DeviceError, match="desk/set"):
            await feed.send(Outgoing("mqtt", "desk/set", b"ON"))
        await feed.send(Outgoing("mqtt", "other/set", b"ON"))


async def test_a_connection_that_ends_in_between_leaves_it_open(link: MemoryLink) -> None:
    async with feeding(link, Registry()) as feed:
        link.confirming.clear()
        sending = asyncio.create_task(feed.send(Outgoing("mqtt", "desk/set", b"ON")))
        await until(lambda: bool(link.published))
        link.down()
        with pytest.raises(TimeoutError):
            await sending


@asynccontextmanager
async def over(broker: Mosquitto, registry: Registry, *, version5: bool) -> AsyncIterator[DeviceFeed]:
    patience = Patience(greeting=2.0, first_retry=(1, 1), longest_retry=(1, 1))
    endpoint = Endpoint(broker.address, version5=version5)
    link = PahoLink(endpoint, "devices", Limits(), patience, SESSION)
    async with feeding(link, registry) as feed:
        yield feed


@pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed")
@pytest.mark.parametrize("version5", [True, False])
async def test_over_a_real_broker(tmp_path: Path, version5: bool) -> None:  # noqa: FBT001  pytest gives it by name
    registry = Registry()
    json_lamp = {
        "schema": "json",
        "~": "zigbee2mqtt/hall",
        "cmd_t": "~/set",
        "stat_t": "~",
        "sup_clrm": ["brightness"],
        "dev": {"ids": ["0x1"], "name": "Hall", "sa": "Hall"},
        "name": None,
        "def_ent_id": "light.hall",
    }
    async with (
        running_mosquitto(tmp_path) as broker,
        Person(broker.address, "zigbee2mqtt/hall/set") as person,
    ):
        person.say("homeassistant/light/0x1/light/config", json_lamp, retain=True)
        person.say("zigbee2mqtt/hall", {"state": "OFF", "brightness": 128}, retain=True)
        async with over(broker, registry, version5=version5) as feed:
            await until(lambda: reads(registry, "light.hall", "brightness") == 50)
            assert reads(registry, "light.hall", "power") is False
            for each in registry.outgoing(Action("light.hall", "brightness", 20)):
                await feed.send(each)
            assert await person.hear() == {"state": "ON", "brightness": 51}
            # A second entity on the same topic: what is retained there is heard for it, too.
            sensor = {
                "stat_t": "zigbee2mqtt/hall",
                "val_tpl": "{{ value_json.brightness }}",
                "unit_of_meas": "x",
            }
            person.say("homeassistant/sensor/0x1/level/config", sensor, retain=True)
            await until(lambda: reads(registry, "sensor.0x1.level", "value") == 128)
            person.say("homeassistant/light/0x1/light/config", b"", retain=True)
            await until(lambda: "light.hall" not in registry.house.devices)
            broker.stop()
            await until(lambda: not feed.connected)
            with pytest.raises(DeviceError):
                await feed.send(Outgoing("mqtt", "desk/set", b"ON"))
            await broker.start()
            await until(lambda: feed.connected)
            await feed.send(Outgoing("mqtt", "zigbee2mqtt/hall/set", b'{"state": "ON"}'))
            assert await person.hear() == {"state": "ON"}


@pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed")
async def test_a_flood_over_a_real_broker_loses_no_command_and_ends_with_the_last_state(
    tmp_path: Path,
) -> None:
    registry = Registry()
    async with running_mosquitto(tmp_path) as broker, Person(broker.address, "lamp/+/set") as person:
        for i in range(50):
            lamp = {"cmd_t": f"lamp/{i}/set", "stat_t": f"lamp/{i}"}
            person.say(f"homeassistant/light/l{i}/config", lamp, retain=True)
        async with over(broker, registry, version5=True) as feed:
            await until(lambda: len(registry.house.devices) == 50)
            for turn in range(100):
                for i in range(50):
                    person.say(f"lamp/{i}", b"ON" if turn % 2 else b"OFF", qos=0)
                person.say(f"homeassistant/switch/bad{turn}/config", b"{", qos=0)
            for i in range(50):
                for each in registry.outgoing(Action(f"light.l{i}", "power", True)):
                    await feed.send(each)
            heard = [await person.hear_message() for _ in range(50)]
            assert {(each.topic, each.payload) for each in heard} == {
                (f"lamp/{i}/set", b"ON") for i in range(50)
            }
            assert person.heard_nothing_more()
            await until(lambda: all(reads(registry, f"light.l{i}", "power") is True for i in range(50)))
