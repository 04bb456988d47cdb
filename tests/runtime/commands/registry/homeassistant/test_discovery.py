"""Discovery messages as such: topics, short keys, devices of several entities, names, ids, and whatever comes."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.commands.registry.devices import Domain, Options, Range, Switch, Value
from runtime.commands.registry.homeassistant.abbreviations import DEVICE, ENTITY
from runtime.commands.registry.homeassistant.discovery import COMPONENTS, Discovered, discovered
from runtime.commands.registry.wiring import Found, Presence, Sign
from runtime.errors import DeviceError
from tests.support.discovery_samples import SAMPLES
from tests.support.entities import MOST, entity, refusal, told


def hear(topic: str, message: object) -> Discovered:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    return discovered("homeassistant", topic, payload, MOST)


def test_short_keys_and_the_base_topic_are_written_out() -> None:
    short = {
        "~": "shed/1",
        "name": "Shed",
        "stat_t": "~/state",
        "cmd_t": "set/~",
        "pl_on": "1",
        "pl_off": "0",
        "val_tpl": "{{ value }}",
        "avty": [{"t": "~/there", "pl_avail": "yes", "pl_not_avail": "no"}],
        "dev": {"ids": "x", "sa": "Garden"},
    }
    switch = entity("switch", short)
    assert switch.sends("power", True) == [("set/shed/1", "1")]
    assert switch.says("shed/1/state", "0") == {"power": False}
    assert switch.found.presence == Presence((Sign("shed/1/there", "yes", "no"),))
    assert switch.found.area_name == "Garden"


def test_no_short_key_stands_for_two() -> None:
    assert not set(ENTITY) & set(ENTITY.values())
    assert not set(DEVICE) & set(DEVICE.values())


DEVICE_MESSAGE: dict[str, Any] = {
    "dev": {"ids": "ea334450945afc", "name": "Kitchen", "mf": "Bla", "sa": "Kitchen"},
    "o": {"name": "bla2mqtt", "sw": "2.1", "url": "https://example.test"},
    "~": "kitchen",
    "avty_t": "~/status",
    "cmps": {
        "lamp": {"p": "light", "cmd_t": "~/lamp/set", "uniq_id": "1", "name": None},
        "warm": {"p": "sensor", "stat_t": "~/warm", "unit_of_meas": "°C", "name": "Temperature"},
        "fan": {"p": "fan", "cmd_t": "~/#", "name": "Fan"},
        "gone": {"p": "button"},
        "vacuum": {"p": "vacuum", "cmd_t": "x"},
    },
    "stat_t": "kitchen/state",
    "qos": 2,
}


def test_a_device_has_all_its_entities_and_a_bad_one_spoils_no_other() -> None:
    came = hear("homeassistant/device/0AFFD2/config", DEVICE_MESSAGE)
    lamp, warm = came.found
    assert [each.entry.device.id for each in came.found] == [
        "light.0affd2.lamp_" + lamp.entry.device.id[-8:],
        "sensor.0affd2.warm_" + warm.entry.device.id[-8:],
    ]
    assert [each.entry.device.name for each in came.found] == ["Kitchen", "Kitchen Temperature"]
    assert {each.area_name for each in came.found} == {"Kitchen"}
    assert lamp.topics == {"kitchen/state", "kitchen/status"}, "what all share, and the lamp does not say"
    assert warm.topics == {"kitchen/warm", "kitchen/status"}
    (fault,) = came.faults
    assert "wildcard" in fault
    assert "fan" in fault


@pytest.mark.parametrize(
    ("device", "entity_name", "name"),
    [
        ("Lamp", None, "Lamp"),
        ("Lamp", "Power", "Lamp Power"),
        ("Lamp", "Lamp", "Lamp"),
        ("Lamp", "Lamp power", "Lamp power"),
        (None, "Power", "Power"),
        ("燈", "電源", "燈 電源"),
        ("Lamp", ..., "Lamp"),
        (None, ..., "switch thing"),
    ],
)
def test_names_are_joined_as_home_assistant_does(device: str | None, entity_name: Any, name: str) -> None:
    config: dict[str, Any] = {"command_topic": "a", "device": {"name": device} if device else {}}
    config |= {} if entity_name is ... else {"name": entity_name}
    assert entity("switch", config).device.name == name


@pytest.mark.parametrize(
    ("config", "wanted"),
    [
        ({"default_entity_id": "switch.kettle"}, "switch.kettle"),
        ({"object_id": "kettle"}, "switch.kettle"),
        ({"obj_id": "k", "def_ent_id": "switch.kettle"}, "switch.kettle"),
        ({}, "switch.thing"),
    ],
)
def test_ids_are_the_devices_own_wish(config: dict[str, Any], wanted: str) -> None:
    switch = entity("switch", config | {"command_topic": "a"})
    assert switch.device.id == wanted
    assert switch.found.spare_id == "switch.thing"


def test_other_ids_do_not_become_the_same() -> None:
    ids = {
        entity("switch", {"command_topic": "a", "object_id": each}).device.id
        for each in ("a b", "A B", "a_b")
    }
    assert len(ids) == 3


@pytest.mark.parametrize("config", [{"entity_category": "config"}, {"enabled_by_default": False}])
def test_what_is_for_setting_up_is_left_alone(config: dict[str, Any]) -> None:
    came = hear("homeassistant/button/reset/config", config | {"command_topic": "factory/reset"})
    assert came == Discovered()


@pytest.mark.parametrize(
    ("topic", "message"),
    [
        ("homeassistant/vacuum/x/config", {"command_topic": "a"}),
        ("homeassistant/switch/x/config", b""),
        ("homeassistant/switch/x/config", b" "),
        ("homeassistant/sensor/inglenook_home/waiting/config", {"state_topic": "ingle/home/status"}),
    ],
)
def test_what_is_nothing_to_us_is_passed_over(topic: str, message: object) -> None:
    assert hear(topic, message) == Discovered()


@pytest.mark.parametrize(
    ("message", "why"),
    [
        (b"x" * (MOST + 1), "bytes"),
        (b"\xff", "UTF-8"),
        (b"[1]", "not a JSON object"),
        (b'{"a": NaN}', "NaN"),
        (b'{"command_topic": "a", "command_topic": "b"}', "twice"),
        (b"[" * 100_000, "nests"),
        ({"command_topic": "a", "name": "x\ny"}, "cannot be shown"),
        ({"command_topic": "a", "name": "\u202eevil"}, "cannot be shown"),
        ({"command_topic": "a", "name": "x" * 101}, "characters"),
        ({"command_topic": "a", "name": ["x"]}, "name is no text"),
        ({"command_topic": "a/+/b"}, "wildcard"),
        ({"command_topic": "$SYS/x"}, "broker's"),
        ({"command_topic": "a", "state_topic": "$share/g/x"}, "broker's"),
        ({"command_topic": "a\0b"}, "cannot be shown"),
        ({"command_topic": "x" * 300}, "bytes"),
        ({"command_topic": "homeassistant/light/x/config"}, "announced"),
        ({"command_topic": "a", "command_template": "{% include 'x' %}"}, "template"),
        ({"command_topic": "a", "command_template": "x" * 5000}, "characters"),
        ({"command_topic": "a", "availability": "x"}, "availability"),
        ({"command_topic": "a", "availability": [{}] * 20}, "availability"),
        ({"command_topic": "a", "availability_topic": "b", "availability_mode": "most"}, "availability_mode"),
        ({"command_topic": "a", "device": {"suggested_area": "x\n"}}, "cannot be shown"),
    ],
)
def test_hostile_messages_are_left_out_with_a_reason(message: object, why: str) -> None:
    assert why in refusal("switch", message)


@pytest.mark.parametrize(
    "topic", ["homeassistant/switch/config", "homeassistant/switch/a b/config", "other/x"]
)
def test_other_topics_are_no_discovery(topic: str) -> None:
    assert hear(topic, {"command_topic": "a"}).faults


@pytest.mark.parametrize("size", [0, 201])
def test_a_device_has_so_many_entities(size: int) -> None:
    came = hear(
        "homeassistant/device/x/config", {"components": {str(i): {"p": "switch"} for i in range(size)}}
    )
    assert not came.found
    assert len(came.faults) == (size > 0)


_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False) | st.sampled_from([1e308, 1e-320, -1e308]),
    st.sampled_from(
        ["a", "a/set", "ingle/home/command", "$SYS/x", "a/+", "#", "{{ value }}", "{{", "json", "~", ""]
    ),
    st.text(max_size=8),
)
_KEYS = st.sampled_from(
    sorted({*ENTITY, *ENTITY.values(), "name", "~", "schema", "min", "max", "step", "modes"})
)
_TABLES = st.dictionaries(
    _KEYS,
    st.recursive(
        _LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3)
    ),
)
_COMPONENTS = st.sampled_from([*COMPONENTS, "device", "vacuum"])


def sound(found: Found) -> None:
    device = found.entry.device
    assert 1 <= len(device.id) <= 64
    assert device.names[0].text.isprintable()
    topics = set(found.topics)
    setters = found.entry.binding.setters  # type: ignore[attr-defined]  # discovery makes no other
    assert set(setters) == {each.name for each in device.capabilities if each.settable}
    topics |= _topics(list(setters.values()))
    for topic in topics:
        assert topic
        assert not set(topic) & set("+#\0")
        assert not topic.startswith(("$", "ingle/", "hermes/"))


SAID = [
    *(
        b"",
        b"ON",
        b"1e400",
        b"1e300",
        b"-1e300",
        b"1e-320",
        b"0",
        b"nan",
        b"[]",
        b"null",
        b"1,2,3",
        b"\xff",
        b"9" * 400,
    ),
    b'{"state": "ON", "brightness": 1e300, "color": {"r": 1e300, "g": 0, "b": 0}, "position": -1e300}',
    b'{"state": [], "brightness": {}, "color": {"x": null}, "color_temp": 1e-320, "effect": 5}',
]


def steadfast(found: Found) -> None:
    """Whatever the device says or is told, the worst is a DeviceError; and nothing impossible is known of it."""
    thing = told(found)
    for report in found.reports:
        for payload in SAID:
            with contextlib.suppress(DeviceError):
                thing.says(report.topic, payload)
    for capability, domain in [(each.name, each.domain) for each in thing.device.capabilities]:
        known = thing.registry.value(thing.device.id, capability)
        also = thing.capability(capability).also_read
        assert known is None or known in also or domain.check(known) is None
    for capability, domain in [
        (each.name, each.domain) for each in thing.device.capabilities if each.settable
    ]:
        for value in _some(domain):
            with contextlib.suppress(DeviceError):
                assert all(isinstance(payload, str | dict) for _, payload in thing.sends(capability, value))


def _some(domain: Domain) -> list[Value]:
    match domain:
        case Range():
            return [domain.low, domain.high, (domain.low + domain.high) / 2, domain.low + domain.step]
        case Options():
            return list(domain.values)
        case Switch():
            return [True, False]
        case _:
            return [None]


def _topics(parts: list[Any]) -> set[str]:
    """Every topic that setters hold, however they are put together."""
    found: set[str] = set()
    for part in parts:
        if isinstance(part, tuple | list):
            found |= _topics(list(part))
        elif hasattr(part, "__dataclass_fields__"):
            values = {name: getattr(part, name) for name in part.__dataclass_fields__}
            found |= {values["topic"]} if "topic" in values else set()
            found |= _topics(list(values.values()))
    return found


@settings(max_examples=200, deadline=None)
@given(_COMPONENTS, _TABLES)
def test_whatever_an_object_holds_it_makes_a_sound_device_or_none(
    component: str, table: dict[str, Any]
) -> None:
    for each in hear(f"homeassistant/{component}/x/config", table).found:
        sound(each)


@pytest.mark.parametrize("name", SAMPLES)
def test_whatever_a_device_says_nothing_impossible_is_known_of_it(name: str) -> None:
    component, config = SAMPLES[name]
    for each in hear(f"homeassistant/{component}/x/config", config).found:
        sound(each)
        steadfast(each)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(list(SAMPLES.values())), _TABLES)
def test_what_is_broken_in_a_sound_message_breaks_nothing_else(
    sample: tuple[str, dict[str, Any]], table: dict[str, Any]
) -> None:
    component, config = sample
    for each in hear(f"homeassistant/{component}/x/config", config | table).found:
        sound(each)
        steadfast(each)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_whatever_bytes_come_nothing_is_raised(payload: bytes) -> None:
    hear("homeassistant/light/x/config", payload)
    hear("homeassistant/device/x/config", payload)


@pytest.mark.parametrize(
    "keys",
    [{"command_topic": "ingle/home/command"}, {"command_topic": "x", "state_topic": "ingle/home/status"}],
)
def test_another_that_names_a_topic_of_ours_is_left_out_with_a_reason(keys: dict[str, str]) -> None:
    heard = hear("homeassistant/switch/x/config", keys)
    assert heard.found == ()
    assert "topics under ingle/ are ours" in heard.faults[0]
