"""Devices as an owner writes them down, and as they announce themselves: the same keys, the same care."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.commands.registry.announce import announced
from runtime.commands.registry.devices import Kind, Name, Options, Press, Range, Switch, Text, Value
from runtime.commands.registry.tables import CapabilityTable, DeviceTable
from runtime.commands.registry.toml import HouseFile, house_file
from runtime.commands.registry.wiring import Presence, Sign
from runtime.errors import ConfigError, DeviceError
from tests.support.entities import MOST, Told, told


def announce(table: object, device: str = "thing") -> Told:
    payload = table if isinstance(table, bytes) else json.dumps(table).encode()
    found = announced(f"ingle/devices/{device}", payload, MOST)
    assert found is not None
    return told(found)


def house(folder: Path, text: str) -> HouseFile:
    (folder / "house.toml").write_text(text)
    return house_file(folder / "house.toml")


SHORTEST = """
[[devices]]
id = "kitchen_light"
kind = "light"
area = "kitchen"
topic = "kitchen/light/set"
"""


def test_the_shortest_useful_device_has_four_lines(tmp_path: Path) -> None:
    (found,) = house(tmp_path, SHORTEST).devices
    light = told(found)
    assert light.device.name == "kitchen light"
    assert light.found.area_name == "kitchen"
    assert light.sends("power", True) == [("kitchen/light/set", "ON")]
    assert not light.capability("power").readable


WHOLE = """
[[areas]]
id = "kitchen"
names = ["Kitchen", { text = "廚房", language = "zh-TW" }]
floor = "ground floor"

[[devices]]
id = "kitchen_light"
kind = "light"
names = ["Ceiling light", { text = "吸頂燈", language = "zh-TW" }]
area = "Kitchen"
topic = "zigbee2mqtt/kitchen/set"
state_topic = "zigbee2mqtt/kitchen"
field = "state"
availability_topic = "zigbee2mqtt/kitchen/availability"

[devices.capabilities.brightness]
field = "brightness"
wire = { low = 0, high = 254 }

[devices.capabilities.effect]
topic = "zigbee2mqtt/kitchen/effect"
options = ["blink", "breathe"]
retain = true
"""


def test_everything_there_is_to_say(tmp_path: Path) -> None:
    whole = house(tmp_path, WHOLE)
    assert whole.areas[0].names == (Name("Kitchen"), Name("廚房", "zh-TW"))
    assert whole.areas[0].floor == "ground floor"
    light = told(whole.devices[0])
    assert light.device.names[1] == Name("吸頂燈", "zh-TW")
    assert light.sends("power", False) == [("zigbee2mqtt/kitchen/set", {"state": "OFF"})]
    assert light.sends("brightness", 50) == [("zigbee2mqtt/kitchen/set", {"brightness": 127})]
    assert light.sends("effect", "blink") == [("zigbee2mqtt/kitchen/effect", "blink")]
    assert light.says("zigbee2mqtt/kitchen", {"state": "ON", "brightness": 254}) == {
        "power": True,
        "brightness": 100,
    }
    assert light.found.presence == Presence((Sign("zigbee2mqtt/kitchen/availability"),))


@pytest.mark.parametrize(
    ("kind", "capability", "value", "sent"),
    [
        ("switch", "power", True, "ON"),
        ("fan", "power", False, "OFF"),
        ("cover", "state", "closed", "CLOSE"),
        ("cover", "state", "stopped", "STOP"),
        ("valve", "state", "open", "OPEN"),
        ("lock", "state", "locked", "LOCK"),
        ("climate", "temperature", 21.5, "21.5"),
        ("scene", "activate", None, "ON"),
        ("button", "activate", None, "PRESS"),
        ("media_player", "power", True, "ON"),
    ],
)
def test_what_each_kind_is_usually_sent(kind: str, capability: str, value: Value, sent: str) -> None:
    assert announce({"kind": kind, "topic": "a"}).sends(capability, value) == [("a", sent)]


def test_a_word_of_its_own_for_two_values_leaves_the_third_as_usual() -> None:
    blind = announce({"kind": "cover", "topic": "a", "payloads": {"open": "UP", "closed": "DOWN"}})
    assert [blind.sends("state", each) for each in ("open", "closed", "stopped")] == [
        [("a", "UP")],
        [("a", "DOWN")],
        [("a", "STOP")],
    ]


@pytest.mark.parametrize(
    ("table", "name", "domain"),
    [
        ({"kind": "number", "topic": "a", "range": {"low": 1, "high": 9}}, "value", Range(1, 9)),
        ({"kind": "select", "topic": "a", "options": ["x", "y"]}, "value", Options(("x", "y"))),
        ({"kind": "sensor", "state_topic": "a"}, "value", Text()),
        (
            {"kind": "sensor", "state_topic": "a", "range": {"low": -40, "high": 60, "unit": "°C"}},
            "value",
            ...,
        ),
        ({"kind": "binary_sensor", "state_topic": "a"}, "value", Switch()),
        ({"kind": "light", "topic": "a", "press": True}, "power", Press()),
        ({"kind": "light", "topic": "a", "capabilities": {"volume": {"topic": "v"}}}, "volume", ...),
        (
            {"kind": "light", "topic": "a", "capabilities": {"own": {"topic": "v", "switch": True}}},
            "own",
            Switch(),
        ),
        (
            {"kind": "cover", "topic": "a", "payloads": {"open": "1", "closed": "0"}},
            "state",
            Options(("open", "closed", "stopped")),
        ),
        (
            {"kind": "cover", "topic": "a", "options": ["open", "closed"], "payloads": {"open": "1"}},
            "state",
            Options(("open", "closed")),
        ),
    ],
)
def test_what_values_a_capability_has(table: dict[str, Any], name: str, domain: Any) -> None:
    found = announce(table).capability(name).domain
    assert isinstance(found, Range) if domain is ... else found == domain


@pytest.mark.parametrize(
    ("said", "value"),
    [("ON", True), ("on", True), ("true", True), ("1", True), ("OFF", False), ("off", False), ("0", False)],
)
def test_usual_words_are_understood(said: str, value: object) -> None:
    light = announce({"kind": "light", "topic": "a", "state_topic": "s"})
    assert light.says("s", said) == {"power": value}


def test_own_words_come_before_usual_ones() -> None:
    table = {
        "kind": "switch",
        "topic": "a",
        "state_topic": "s",
        "payloads": {"on": "0", "off": "1"},
        "states": {"on": "running"},
    }
    switch = announce(table)
    assert switch.sends("power", True) == [("a", "0")]
    assert switch.says("s", "0") == {"power": True}
    assert switch.says("s", "1") == {"power": False}
    assert switch.says("s", "running") == {"power": True}


def test_a_sensor_with_a_unit_tells_numbers() -> None:
    sensor = announce({"kind": "sensor", "state_topic": "s", "unit": "°C"})
    assert sensor.says("s", "-12.25") == {"value": -12.25}
    assert not sensor.capability("value").settable


@pytest.mark.parametrize(
    ("wire", "percent", "sent"),
    [
        ({"low": 0, "high": 254}, 50, "127"),
        ({"low": 0, "high": 254}, 0, "0"),
        ({"low": 0, "high": 20}, 1, "1"),
        ({"low": 20, "high": 0}, 1, "19"),
        ({"low": 0, "high": 1, "step": 0.01}, 33, "0.33"),
        ({"low": 0, "high": 1, "step": 0}, 33, "0.33"),
        ({"low": 1, "high": 0, "step": 0.01}, 25, "0.75"),
    ],
)
def test_a_device_may_count_otherwise(wire: dict[str, float], percent: float, sent: str) -> None:
    light = announce(
        {"kind": "light", "capabilities": {"brightness": {"topic": "b", "state_topic": "s", "wire": wire}}}
    )
    assert light.sends("brightness", percent) == [("b", sent)]
    if percent in {50, 33, 25}:
        assert light.says("s", sent) == {"brightness": percent}


def test_templates_word_and_read() -> None:
    table = {
        "kind": "climate",
        "topic": "t/set",
        "template": '{"target": {{ value }}}',
        "state_topic": "t",
        "state_template": "{{ value_json.target }}",
    }
    climate = announce(table)
    assert climate.sends("temperature", 21) == [("t/set", {"target": 21})]
    assert climate.says("t", {"target": 20.5}) == {"temperature": 20.5}


@pytest.mark.parametrize(
    ("table", "capability", "dangerous", "always"),
    [
        ({"kind": "lock"}, "state", ("unlocked",), False),
        ({"kind": "lock", "dangerous": False}, "state", (), False),
        ({"kind": "lock", "dangerous": ["locked"]}, "state", ("locked",), False),
        ({"kind": "cover"}, "state", (), False),
        ({"kind": "cover", "device_class": "garage"}, "state", ("open",), False),
        ({"kind": "valve", "device_class": "gas"}, "state", ("open",), False),
        ({"kind": "switch", "dangerous": ["on"]}, "power", (True,), False),
        ({"kind": "switch", "dangerous": [False]}, "power", (False,), False),
        ({"kind": "button", "dangerous": True}, "activate", (), True),
        ({"kind": "number", "range": {"low": 0, "high": 9}, "dangerous": [9]}, "value", (9.0,), False),
    ],
)
def test_what_is_dangerous(
    table: dict[str, Any],
    capability: str,
    dangerous: tuple[Value, ...],
    always: bool,  # noqa: FBT001  a table's
) -> None:
    found = announce({"topic": "a", **table}).capability(capability)
    assert found.dangerous == dangerous
    assert found.always_dangerous is always


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("device = 1\n", "did you mean devices?"),
        ("[devices]\nid = 1\n", "[[devices]]"),
        (SHORTEST.replace("topic", "topik"), "did you mean 'topic'"),
        (SHORTEST.replace("kind", "kinds"), "did you mean 'kind'"),
        (SHORTEST.replace('kind = "light"\n', ""), "lacks the key 'kind'"),
        (SHORTEST.replace('"light"', '"lamp"'), "kind is 'lamp'"),
        (SHORTEST.replace("kitchen_light", "Kitchen Light"), "id is 'Kitchen Light'"),
        (SHORTEST + SHORTEST, "twice"),
        (SHORTEST + 'names = ["a\\nb"]\n', "cannot be shown"),
        (SHORTEST + "names = [1]\n", "names[0]"),
        (SHORTEST + "options = []\n", "options"),
        (SHORTEST + "switch = true\npress = true\n", "more than one"),
        (SHORTEST + "range = { low = 5, high = 1 }\n", "range"),
        (SHORTEST + "range = { low = 0, high = 1, step = -1 }\n", "range"),
        (SHORTEST + "range = { low = nan, high = 1 }\n", "range"),
        (SHORTEST + "range = { low = 0 }\n", "lacks the key 'high'"),
        (SHORTEST + "wire = { low = 0, high = 0 }\nrange = { low = 0, high = 9 }\n", "wire"),
        (SHORTEST + 'unit = "°C"\n', "what is set needs a range"),
        (SHORTEST + 'payloads = { open = "x" }\n', "'open'"),
        (SHORTEST + "payloads = { on = 1 }\n", "payloads.on"),
        (SHORTEST + 'template = "{{"\n', "template"),
        (SHORTEST + 'state_topic = "a/#"\n', "wildcard"),
        (SHORTEST + 'dangerous = ["sometimes"]\n', "dangerous"),
        (SHORTEST + '[devices.capabilities.power]\ntopic = "a"\n', "power is described twice"),
        (SHORTEST + '[devices.capabilities.Power]\ntopic = "a"\n', "'Power'"),
        (SHORTEST + '[devices.capabilities.own]\ntopic = "a"\n', "values are not known"),
        (SHORTEST + '[devices.capabilities.brightness]\ntopik = "a"\n', "did you mean 'topic'"),
        (SHORTEST + "[devices.capabilities.brightness]\nretain = true\n", "no topic"),
        ('[[areas]]\nid = "kitchens"\n' + SHORTEST, "did you mean 'kitchens'"),
        ('[[areas]]\nid = "kitchen"\nflor = "x"\n', "did you mean 'floor'"),
        ('[[areas]]\nid = "a"\n[[areas]]\nid = "a"\n', "twice"),
        ('[[devices]]\nid = "a"\nkind = "light"\n', "it can do nothing"),
        ('[[devices]]\nid = "a"\nkind = "sensor"\ntopic = "x"\n', "state_topic in place"),
        ('[[discovered]]\nid = "a"\nignored = true\n', "did you mean 'ignore'"),
        ('[[discovered]]\nid = "A b"\n', "id is 'A b'"),
        ('[[discovered]]\nid = "a"\nnames = [""]\n', "discovered[0]"),
        ('[[discovered]]\nid = "a"\ndangerous = { power = 1 }\n', "dangerous.power"),
        ('[[discovered]]\nid = "kitchen_light"\n' + SHORTEST, "twice"),
        ('[[areas]]\nid = "hall"\n[[discovered]]\nid = "a"\narea = "hal"\n', "did you mean 'hall'"),
        ("[[devices", "not valid TOML"),
    ],
)
def test_a_mistake_in_a_house_file_is_told_with_its_place(tmp_path: Path, text: str, why: str) -> None:
    with pytest.raises(ConfigError) as refused:
        house(tmp_path, text)
    assert why in str(refused.value)
    assert "house.toml" in str(refused.value)


def test_a_mistake_says_in_which_device(tmp_path: Path) -> None:
    second = (
        SHORTEST.replace("kitchen_light", "hall_light") + '[devices.capabilities.brightness]\ntopic = "#"\n'
    )
    with pytest.raises(
        ConfigError, match=r"house\.toml: devices\[1\] \(hall_light\): brightness: topic is '#'"
    ):
        house(tmp_path, SHORTEST + second)


@pytest.mark.parametrize("content", [b"\xff\xfe", None])
def test_a_file_that_cannot_be_read_says_so(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "house.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"house\.toml"):
        house_file(path)


def test_an_empty_announcement_takes_a_device_away() -> None:
    assert announced("ingle/devices/lamp", b"", MOST) is None


LAMP = {"kind": "light", "topic": "lamp/set"}


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b" " * (10 << 20), "bytes"),
        (b"\xff", "UTF-8"),
        (b"lamp", "not JSON"),
        (b"[]", "not an object"),
        (b"null", "not an object"),
        (b'{"kind": "light", "kind": "lock"}', "twice"),
        (b"[" * 50_000, "nests"),
        (LAMP | {"id": "other"}, "other"),
        (LAMP | {"colour": 1}, "'colour'"),
        (LAMP | {"names": ["x"] * 17}, "16"),
        (LAMP | {"names": ["x" * 101]}, "100"),
        (LAMP | {"names": ["x\r\ny"]}, "cannot be shown"),
        (LAMP | {"names": ["\u0000"]}, "cannot be shown"),
        (LAMP | {"names": ["a\u202eb"]}, "cannot be shown"),
        (LAMP | {"names": ["\ud800"]}, "cannot be shown"),
        (LAMP | {"names": [""]}, "characters"),
        (LAMP | {"area": "a\nb"}, "cannot be shown"),
        (LAMP | {"topic": "#"}, "wildcard"),
        (LAMP | {"topic": "$SYS/broker"}, "broker's"),
        (LAMP | {"topic": "ingle/home/command"}, "ours"),
        (LAMP | {"topic": "ingle/devices/other"}, "ours"),
        (LAMP | {"topic": "Ingle /x"}, "ours"),
        (LAMP | {"topic": "hermes/nlu/query"}, "ours"),
        (LAMP | {"topic": "homeassistant/lock/x/config"}, "announced"),
        (LAMP | {"topic": ""}, "topic"),
        (LAMP | {"topic": "x" * 257}, "256"),
        (LAMP | {"topic": "\ud800"}, "cannot be shown"),
        (LAMP | {"capabilities": {f"c{i}": {"topic": "a", "switch": True} for i in range(33)}}, "32"),
        (LAMP | {"options": ["x"] * 2}, "different"),
        (LAMP | {"options": [str(i) for i in range(101)]}, "100"),
        (LAMP | {"payloads": {"on": "x" * 201}}, "200"),
        ({"kind": "lock", "topic": "a", "retain": True}, "retain"),
        (LAMP | {"template": "{% include 'x' %}"}, "template"),
        (LAMP | {"capabilities": {"x": 1}}, "not an object"),
    ],
)
def test_a_hostile_announcement_is_refused_with_a_reason(payload: Any, why: str) -> None:
    with pytest.raises(DeviceError, match=why) as refused:
        announce(payload)
    assert len(str(refused.value)) < 500
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("device", ["", "a/b", "A", "x" * 65, "a b", "\n"])
def test_a_device_is_announced_under_an_id(device: str) -> None:
    with pytest.raises(DeviceError, match="the last level"):
        announce(LAMP, device)


_KEYS = st.sampled_from(
    [*DeviceTable.__dataclass_fields__, *CapabilityTable.__dataclass_fields__, "low", "high"]
)
_LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(["a", "a/#", "ingle/x", "{{ value }}", "on", "brightness", *Kind]),
    st.text(max_size=8),
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(_KEYS | st.text(max_size=5), inner, max_size=3)
    ),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from(Kind), st.dictionaries(_KEYS, _VALUES, max_size=6))
def test_whatever_is_announced_is_a_device_or_a_reason(kind: Kind, table: dict[str, Any]) -> None:
    for base in ({"kind": kind}, {"kind": kind, "topic": "a", "state_topic": "b"}):
        payload = json.dumps(base | table).encode()
        try:
            found = announced("ingle/devices/thing", payload, MOST)
        except DeviceError:
            continue
        assert found is not None
        assert not any(set(topic) & set("+#") or topic.startswith(("$", "ingle/")) for topic in found.topics)
