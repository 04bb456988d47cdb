"""What Home Assistant is told of a board: in words that it takes, and that lead back to what the board takes."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.description import Capability, Flag, Range, Type, read
from firmware_bridge.messages import About
from firmware_bridge.simulator import SAMPLE
from runtime.boards.classes import fits
from runtime.boards.entries import board_id, entries
from runtime.boards.guarded import guarded
from runtime.boards.homeassistant import Announcer
from runtime.commands.meaning import Action
from runtime.commands.order import ReplyTo
from runtime.commands.policy.bounds import within
from runtime.commands.policy.scope import Scope
from runtime.commands.registry.binding import Entry
from runtime.commands.registry.devices import Area, Name
from runtime.commands.registry.homeassistant.discovery import discovered
from runtime.commands.registry.homeassistant.message import filters
from runtime.commands.registry.homeassistant.neighbour import Thing
from runtime.commands.registry.live import Registry
from runtime.commands.registry.owned import Owned
from runtime.commands.registry.wiring import Found
from runtime.errors import DeviceError
from runtime.limits import Limits
from runtime.mqtt.topics import check_topic, matches
from runtime.wire.commands import OrderReader
from runtime.wire.fields import Fields
from tests.support.hass import Entity

NODE = "Living_room"
ABOUT = About(1, "Uno kitchen", "1.2", "7", 1)
TOPIC = "ingle/Living_room/command/from/homeassistant"
MOST = 1 << 17

WORD = st.from_regex(r"[a-z][a-z0-9_]{0,8}", fullmatch=True)
HOSTILE = st.sampled_from(
    ["{{ 7 * 7 }}", "{% set x %}", "#", "+/#", '"}', "a'b\"c\\", "None", "廚房", "on/off"]
)
SHOWN = (HOSTILE | st.text(min_size=1, max_size=12)).filter(
    lambda text: text.isprintable() and bool(text.strip())
)
KIND = st.sampled_from(["light", "fan", "cover", "valve", "lock", "scene", "humidifier", "siren", "elevator"])
OPENINGS = st.sampled_from([["open", "closed"], ["closed", "open", "stopped"], ["locked", "unlocked"]])
BOTH = Flag.READ | Flag.SET


@st.composite
def capabilities(draw: st.DrawFn) -> list[Capability]:
    """What a board may describe, however odd, within what the protocol allows."""
    found: list[Capability] = []
    for index, name in enumerate(draw(st.lists(WORD, max_size=5, unique=True))):
        kind = draw(st.sampled_from(Type))
        flags = {Type.PRESS: [Flag.SET], Type.EVENT: [Flag(0)]}.get(kind, [Flag.READ, Flag.SET, BOTH])
        said: dict[int, Any] = {0: name, 1: int(kind), 2: int(draw(st.sampled_from(flags)))}
        if draw(st.booleans()):
            said[3] = draw(KIND)
        if draw(st.booleans()):
            said[9] = draw(st.sampled_from(["temperature", "garage", "doorbell", "nonsense", "outlet"]))
        if kind is Type.NUMBER:
            low = draw(st.integers(-1000, 1000))
            high = low + draw(st.integers(1, 5000))
            said |= {5: [low, high, draw(st.integers(1, high - low))], 6: draw(st.integers(-4, 3))}
            if draw(st.booleans()):
                said[4] = draw(SHOWN)
        if kind in {Type.OPTIONS, Type.EVENT}:
            said[7] = draw(OPENINGS | st.lists(SHOWN, min_size=2, max_size=5, unique=True))
        found.append(read(index, said))
    return found


def house(
    described: Sequence[Capability], about: About = ABOUT, owned: Mapping[str, Owned] | None = None
) -> Registry:
    registry = Registry()
    for entry in entries(about, described):
        said = (owned or {}).get(entry.device.id)
        found = Found(entry) if said is None else said.of(Found(entry))
        if found is not None:
            registry.put("bridge", found.entry)
    return registry


def announcer(*dangerous: Scope) -> Announcer:
    return Announcer(NODE, "inglenook_living_room", "0.1", lambda device: guarded(device, dangerous))


def messages(
    described: Sequence[Capability],
    about: About = ABOUT,
    *,
    owned: Mapping[str, Owned] | None = None,
    by: Announcer | None = None,
) -> dict[str, bytes]:
    registry = house(described, about, owned)
    return (by or announcer()).messages(about, described, registry.house, owned or {})


def shown(described: Capability, **beside: Any) -> Entity:
    ((topic, payload),) = messages([described], **beside).items()
    return Entity(topic, payload)


def told(registry: Registry, payload: str) -> tuple[str, Any]:
    """What the board is told of a payload, all of the way: read, held to the bounds, worded."""
    reader = OrderReader(Limits(), 30.0, answer=False, house=lambda: registry.house)
    order = reader.order(
        Fields(json.loads(payload)), "1", ReplyTo("mqtt", ""), sender="homeassistant", now=0.0
    )
    assert order.action is not None
    action, _, _ = within(order.action, registry.house)
    (outgoing,) = registry.outgoing(action)
    return outgoing.address.partition("/")[2], json.loads(outgoing.payload)


@given(capabilities())
def test_whatever_home_assistant_can_send_is_a_value_that_the_board_takes(
    described: list[Capability],
) -> None:
    registry, by_name = house(described), {each.name: each for each in described}
    for topic, payload in messages(described).items():
        entity = Entity(topic, payload)
        for key, value in entity.config.items():
            if key.endswith("command_topic") or key == "set_position_topic":
                assert value == TOPIC
        for sent in entity.everything():
            name, value = told(registry, sent)
            assert name == topic.split("/")[-2]
            by_name[name].wire(value)


@given(capabilities(), SHOWN, SHOWN)
def test_texts_of_a_board_get_into_no_topic_and_no_template(
    described: list[Capability], name: str, serial: str
) -> None:
    about = About(1, name, "{{ 1 }}", serial, len(described))
    for topic, payload in messages(described, about).items():
        assert check_topic(topic) == topic
        assert any(matches(each, topic) for each in filters("homeassistant"))
        for key, value in json.loads(payload).items():
            if key.endswith("topic"):
                assert check_topic(value) == value
            if "template" in key:
                assert "7 * 7" not in value
                assert "set x" not in value
        assert json.loads(payload)["device"]["name"] == name


@given(capabilities())
def test_another_appliance_reads_the_same_devices(described: list[Capability]) -> None:
    registry = house(described)
    for topic, payload in messages(described).items():
        came = discovered("homeassistant", topic, payload, MOST, "elsewhere")
        assert not came.faults
        if "/event/" in topic:
            assert not came.found
            continue
        (found,) = came.found
        thing = announcer().thing(topic)
        assert thing is not None
        ours, theirs = registry.house.devices[thing.device], found.entry.device
        assert theirs.name in {
            f"Uno kitchen {thing.name}".replace("_", " "),
            *(each.text for each in ours.names),
        }
        for each in ours.capabilities:
            read_back = theirs.capability(each.name)
            if read_back is None:  # only of kinds that Home Assistant has with other words
                assert topic.split("/")[1] != ours.kind
                continue
            assert read_back.readable == each.readable
            assert type(read_back.domain) is type(each.domain)
        copy = Registry()
        copy.put("homeassistant", found.entry)
        for device, capability in copy.house.settable():
            for value in (True, False, None, 0.0, 1.0, 50.0, 100.0, "open", "closed", "locked"):
                if capability.domain.check(value) is None:
                    for sent in copy.outgoing(Action(device.id, capability.name, value)):
                        assert sent.address == TOPIC
                        assert told(registry, sent.payload.decode())[0] == thing.name


def test_a_lamp_in_percent_comes_back_as_it_went() -> None:
    registry = house(SAMPLE)
    ours = registry.house.devices["uno-kitchen-7.lamp"]
    (topic,) = (each for each in messages(SAMPLE) if "/lamp/" in each)
    (found,) = discovered("homeassistant", topic, messages(SAMPLE)[topic], MOST).found
    theirs = found.entry.device
    assert (theirs.kind, theirs.capabilities) == (ours.kind, ours.capabilities)
    for level in range(101):
        said = json.dumps({"value": level}).encode()
        heard = [value for each in found.reports for value in each.read(said, lambda _: None)]
        assert sorted(heard, key=str) == sorted([level > 0, float(level)], key=str)


def test_what_the_board_of_the_examples_is() -> None:
    kinds = {topic.split("/")[3]: topic.split("/")[1] for topic in messages(SAMPLE)}
    assert kinds == {
        "lamp": "light",
        "relay": "binary_sensor",  # dangerous, and nobody could be asked
        "button": "event",
        "temperature": "sensor",
        "mode": "select",
        "chime": "button",
    }


def test_what_home_assistant_needs_of_an_entity_is_there() -> None:
    lamp = shown(SAMPLE[0])
    assert lamp["unique_id"] == "ingle_Living__room_uno-kitchen-7.lamp"
    assert lamp["default_entity_id"] == "light.uno_kitchen_7_lamp"
    assert lamp["device"] == {
        "identifiers": ["ingle_Living__room_uno-kitchen-7"],
        "name": "Uno kitchen",
        "via_device": "inglenook_living_room",
        "sw_version": "1.2",
        "serial_number": "7",
    }
    assert [each["topic"] for each in lamp["availability"]] == [
        "ingle/Living_room/status",
        "ingle/Living_room/board/uno-kitchen-7",
    ]
    assert (lamp["availability_mode"], lamp["qos"], lamp["retain"]) == ("all", 1, None)
    assert json.loads(lamp.send("on", 77))["value"] == 30
    assert json.loads(lamp.send("on", 1))["value"] == 1, "a little is not nothing"
    assert lamp.shows('{"value": 30}', "brightness_template") == "76"
    assert lamp.shows('{"value": 0}', "state_template") == "off"


@pytest.mark.parametrize("name", ["x\nobey", "x\u202eyebo", "x\x1b[2J", "x" * 101])
def test_a_name_that_hides_something_names_nothing(name: str) -> None:
    about = About(1, name, name, name, 1)
    relay = read(0, {0: "relay", 1: 0, 2: 3})
    (device,) = house([relay], about).house.devices.values()
    assert [each.text for each in device.names] == ["relay"]
    (payload,) = messages([relay], about).values()
    board = json.loads(payload)["device"]
    assert board["name"] == board_id(about)
    assert not {"sw_version", "serial_number"} & set(board)


def test_an_event_is_of_a_type() -> None:
    button = shown(SAMPLE[2])
    assert button["event_types"] == ["pressed"]
    assert json.loads(button.shows('{"value": null}')) == {"event_type": "pressed"}
    turned = shown(Capability(0, "dial", Type.EVENT, Flag(0), "event", options=("{{ left }}", "right")))
    assert json.loads(turned.shows('{"value": "{{ left }}"}')) == {"event_type": "{{ left }}"}


def test_an_option_that_looks_like_a_template_stays_a_text() -> None:
    mode = shown(Capability(0, "mode", Type.OPTIONS, BOTH, "select", options=("{{ 7 * 7 }}", 'a"}')))
    assert json.loads(mode.send("set", "{{ 7 * 7 }}"))["value"] == "{{ 7 * 7 }}"
    assert json.loads(mode.send("set", 'a"}'))["value"] == 'a"}'
    assert mode.shows('{"value": "{{ 7 * 7 }}"}') == "{{ 7 * 7 }}"


@pytest.mark.parametrize(
    "scope",
    [
        Scope(devices=("*.lamp",)),
        Scope(kinds=("light",), values=("100",)),
        Scope(capabilities=("power",), values=("on",)),
    ],
    ids=str,
)
def test_what_the_policy_guards_is_only_read(scope: Scope) -> None:
    lamp = shown(SAMPLE[0], by=announcer(scope))
    assert (lamp.component, lamp["command_topic"]) == ("sensor", None)


def test_a_rule_about_others_leaves_it_settable() -> None:
    assert shown(SAMPLE[0], by=announcer(Scope(values=("open",)))).component == "light"


def test_a_lock_is_only_read_unless_its_owner_says_otherwise() -> None:
    door = Capability(0, "door", Type.OPTIONS, BOTH, "lock", options=("locked", "unlocked"))
    assert shown(door).component == "sensor"
    unafraid = {"uno-kitchen-7.door": Owned("uno-kitchen-7.door", dangerous=False)}
    lock = shown(door, owned=unafraid)
    assert lock.component == "lock"
    assert json.loads(lock.send("unlock"))["value"] == "unlocked"
    assert lock.shows('{"value": "locked"}') == lock["state_locked"]


def test_its_owners_words_are_home_assistants() -> None:
    owned = {
        "uno-kitchen-7.lamp": Owned("uno-kitchen-7.lamp", (Name("Reading light"),)),
        "uno-kitchen-7.chime": Owned("uno-kitchen-7.chime", ignore=True),
        "uno-kitchen-7.button": Owned("uno-kitchen-7.button", ignore=True),
    }
    registry = house(SAMPLE, owned=owned)
    registry.put_area(Area("study", (Name("Study"),)))
    lamp = registry.house.devices["uno-kitchen-7.lamp"]
    (entry,) = (each for each in entries(ABOUT, SAMPLE) if each.device.id == lamp.id)
    registry.put("bridge", Entry(replace(lamp, area="study"), entry.binding))
    said = announcer().messages(ABOUT, SAMPLE, registry.house, owned)
    assert not any("chime" in topic or "button" in topic for topic in said)
    config = json.loads(next(payload for topic, payload in said.items() if "/lamp/" in topic))
    assert (config["name"], config["device"]["suggested_area"]) == ("Reading light", "Study")


def test_a_class_that_home_assistant_would_refuse_is_left_out() -> None:
    fahrenheit = Capability(
        0, "t", Type.NUMBER, Flag.READ, unit="°F", range=Range(0, 9), device_class="temperature"
    )
    wrong = Capability(
        0, "t", Type.NUMBER, Flag.READ, unit="degrees", range=Range(0, 9), device_class="temperature"
    )
    assert shown(fahrenheit)["device_class"] == "temperature"
    assert shown(wrong)["device_class"] is None
    assert shown(wrong)["unit_of_measurement"] == "degrees"
    assert fits("binary_sensor", "motion")
    assert not fits("light", "motion")


@given(st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True), SHOWN, SHOWN, WORD)
def test_a_name_for_home_assistant_leads_back_to_one_thing(
    node: str, name: str, serial: str, word: str
) -> None:
    thing = Thing(node, board_id(About(1, name, "", serial, 1)), word)
    assert Thing.at(f"light.{thing.owner}.{thing.name}") == thing


HOSTILE_WORDS = [
    {"text": "unlock the door"},
    {"device": "uno-1.door", "capability": "state", "value": "unlocked"},
    {"device": "uno-1.lamp", "capability": "power", "value": True, "confirms": "token"},
    {"device": "uno-1.lamp", "capability": "power", "value": True, "reply_to": "elsewhere"},
]


@pytest.mark.parametrize("said", HOSTILE_WORDS, ids=str)
def test_nobody_is_made_to_say_more_to_an_appliance_than_a_value(said: dict[str, Any]) -> None:
    config = {
        "command_topic": "ingle/a/command/from/homeassistant",
        "payload_on": json.dumps(said),
        "payload_off": "x",
    }
    came = discovered(
        "homeassistant", "homeassistant/switch/ingle_a_uno-1/lamp/config", json.dumps(config).encode(), MOST
    )
    registry = Registry()
    registry.put("homeassistant", came.found[0].entry)
    device = came.found[0].entry.device.id
    for value in (True, False):
        with pytest.raises(DeviceError, match="more than a value of its own"):
            registry.outgoing(Action(device, "power", value))


@pytest.mark.parametrize(
    ("owner", "topic"),
    [
        ("ingle_a_uno-1", "ingle/b/command/from/homeassistant"),
        ("ingle_a_uno-1", "ingle/a/command"),
        ("ingle_a_uno-1", "ingle/a/command/from/hermes"),
        ("ingle_a_uno-1", "ingle/any/command"),
        ("uno", "ingle/a/command/from/homeassistant"),
    ],
)
def test_no_other_topic_of_an_appliance_is_a_devices(owner: str, topic: str) -> None:
    config = json.dumps({"command_topic": topic}).encode()
    came = discovered("homeassistant", f"homeassistant/switch/{owner}/lamp/config", config, MOST)
    assert not came.found
    assert came.faults


def test_what_hangs_on_our_own_lines_is_no_device_of_others() -> None:
    for topic, payload in messages(SAMPLE).items():
        assert discovered("homeassistant", topic, payload, MOST, NODE).found == ()
        assert not discovered("homeassistant", topic, payload, MOST, NODE).faults
