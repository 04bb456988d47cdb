"""Covers, valves and locks: what moves, where it is, and what is dangerous."""

import pytest

from runtime.commands.meaning import Action
from runtime.commands.registry.devices import Options
from runtime.errors import DeviceError
from tests.support.entities import entity, refusal

COVER = {
    "name": "Blind",
    "command_topic": "blind/set",
    "state_topic": "blind/state",
    "position_topic": "blind/position",
    "set_position_topic": "blind/set_position",
    "tilt_command_topic": "blind/tilt",
    "tilt_status_topic": "blind/tilt-state",
    "payload_open": "UP",
    "payload_close": "DOWN",
    "payload_stop": "HALT",
    "state_open": "open",
    "state_opening": "opening",
    "state_closed": "closed",
    "state_closing": "closing",
    "device_class": "blind",
}


def test_a_cover_is_opened_closed_stopped_and_placed() -> None:
    cover = entity("cover", COVER)
    assert cover.capability("state").domain == Options(("open", "closed", "stopped"))
    assert cover.sends("state", "open") == [("blind/set", "UP")]
    assert cover.sends("state", "closed") == [("blind/set", "DOWN")]
    assert cover.sends("state", "stopped") == [("blind/set", "HALT")]
    assert cover.sends("position", 30) == [("blind/set_position", "30")]
    assert cover.sends("tilt", 70) == [("blind/tilt", "70")]
    assert not cover.capability("state").dangerous


def test_a_cover_says_how_it_is() -> None:
    cover = entity("cover", COVER)
    assert cover.says("blind/state", "opening") == {"state": "opening"}
    assert cover.says("blind/position", "40") == {"state": "opening", "position": 40}
    assert cover.says("blind/tilt-state", "10")["tilt"] == 10
    assert cover.says("blind/state", "stopped")["state"] == "open"
    assert cover.says("blind/position", "0")["position"] == 0
    assert cover.says("blind/state", "stopped")["state"] == "closed"


def test_a_cover_without_positions_that_stops_is_where_it_was_going() -> None:
    config = {"command_topic": "a", "state_topic": "s"}
    assert entity("cover", config).says("s", "stopped") == {}
    for before, after in (("opening", "open"), ("closing", "closed"), ("open", "open")):
        cover = entity("cover", config)
        cover.says("s", before)
        assert cover.says("s", "stopped") == {"state": after}


def test_a_cover_of_positions_alone_is_opened_by_them() -> None:
    cover = entity(
        "cover", {"set_position_topic": "a/set", "position_topic": "a", "pos_open": 0, "pos_clsd": 100}
    )
    assert cover.sends("state", "open") == [("a/set", "0")]
    assert cover.sends("state", "closed") == [("a/set", "100")]
    assert cover.sends("position", 25) == [("a/set", "75")]
    assert cover.says("a", "100") == {"state": "closed", "position": 0}
    assert cover.says("a", "70") == {"state": "open", "position": 30}


def test_templates_of_a_cover_are_told_percent() -> None:
    config = {
        "command_topic": "a",
        "set_position_topic": "p",
        "set_position_template": '{"pos": {{ position }}}',
        "position_topic": "s",
        "position_template": "{{ value_json.pos }}",
        "tilt_command_topic": "t",
        "tilt_command_template": "T{{ tilt_position }}",
    }
    cover = entity("cover", config)
    assert cover.sends("position", 33) == [("p", {"pos": 33})]
    assert cover.sends("tilt", 5) == [("t", "T5")]
    assert cover.says("s", {"pos": 12})["position"] == 12


def test_a_cover_without_a_stop_cannot_be_stopped() -> None:
    cover = entity("cover", {"command_topic": "a", "payload_stop": None})
    assert cover.capability("state").domain == Options(("open", "closed"))
    with pytest.raises(DeviceError):
        cover.sends("state", "stopped")


@pytest.mark.parametrize("kind", ["garage", "gate", "door"])
def test_to_open_what_lets_somebody_in_is_dangerous(kind: str) -> None:
    cover = entity("cover", COVER | {"device_class": kind})
    assert cover.capability("state").dangerous == ("open",)
    assert cover.capability("position").always_dangerous
    assert not cover.capability("tilt").always_dangerous


@pytest.mark.parametrize(("component", "value"), [("cover", "open"), ("valve", "open"), ("lock", "locked")])
def test_what_moves_is_never_kept_by_the_broker(component: str, value: str) -> None:
    thing = entity(component, {"command_topic": "a", "retain": True})
    (message,) = thing.registry.outgoing(Action(thing.device.id, "state", value))
    assert not message.retain


def test_what_a_switch_is_told_is_kept_if_it_says_so() -> None:
    thing = entity("switch", {"command_topic": "a", "retain": True})
    (message,) = thing.registry.outgoing(Action(thing.device.id, "power", True))
    assert message.retain


VALVE = {"command_topic": "heater/valve/set", "state_topic": "heater/valve/state"}


def test_a_valve_is_opened_and_closed() -> None:
    valve = entity("valve", VALVE)
    assert valve.sends("state", "open") == [("heater/valve/set", "OPEN")]
    assert valve.sends("state", "closed") == [("heater/valve/set", "CLOSE")]
    assert valve.says("heater/valve/state", "closing") == {"state": "closing"}
    assert valve.says("heater/valve/state", {"state": "open"}) == {"state": "open"}
    assert valve.says("heater/valve/state", {"position": 3}) == {"state": "open"}


def test_a_valve_stops_if_it_says_so() -> None:
    assert "stopped" not in entity("valve", VALVE).capability("state").domain.values  # type: ignore[union-attr]  # options
    assert entity("valve", VALVE | {"payload_stop": "STOP"}).sends("state", "stopped") == [
        ("heater/valve/set", "STOP")
    ]


def test_a_valve_of_positions_counts_both_ways() -> None:
    valve = entity("valve", VALVE | {"reports_position": True, "position_closed": 40, "position_open": 140})
    assert valve.sends("position", 0) == [("heater/valve/set", "40")]
    assert valve.sends("state", "open") == [("heater/valve/set", "140")]
    assert valve.sends("state", "closed") == [("heater/valve/set", "40")]
    assert valve.says("heater/valve/state", "90") == {"state": "open", "position": 50}
    assert valve.says("heater/valve/state", "40") == {"state": "closed", "position": 0}
    assert valve.says("heater/valve/state", {"state": "opening", "position": 50}) == {
        "state": "opening",
        "position": 10,
    }


def test_a_gas_valve_is_dangerous_to_open() -> None:
    assert entity("valve", VALVE | {"device_class": "gas"}).capability("state").dangerous == ("open",)
    assert not entity("valve", VALVE | {"device_class": "water"}).capability("state").dangerous


LOCK = {
    "name": "Frontdoor",
    "state_topic": "frontdoor",
    "command_topic": "frontdoor/set",
    "payload_lock": "LOCK",
    "payload_unlock": "UNLOCK",
    "state_locked": "LOCK",
    "state_unlocked": "UNLOCK",
    "value_template": "{{ value_json.x }}",
}


def test_a_lock_is_locked_and_unlocked_and_to_unlock_is_dangerous() -> None:
    lock = entity("lock", LOCK)
    assert lock.capability("state").domain == Options(("locked", "unlocked"))
    assert lock.capability("state").dangerous == ("unlocked",)
    assert lock.sends("state", "locked") == [("frontdoor/set", "LOCK")]
    assert lock.sends("state", "unlocked") == [("frontdoor/set", "UNLOCK")]


def test_a_lock_with_a_latch_can_be_opened_and_that_is_dangerous_too() -> None:
    lock = entity("lock", LOCK | {"payload_open": "OPEN"})
    assert lock.capability("state").dangerous == ("unlocked", "open")
    assert lock.sends("state", "open") == [("frontdoor/set", "OPEN")]


def test_a_lock_says_how_it_is() -> None:
    lock = entity("lock", LOCK)
    assert lock.says("frontdoor", {"x": "LOCK"}) == {"state": "locked"}
    assert lock.says("frontdoor", {"x": "UNLOCKING"}) == {"state": "unlocking"}
    assert lock.says("frontdoor", {"x": "JAMMED"}) == {"state": "jammed"}
    assert lock.says("frontdoor", {"x": None}) == {}, "it does not know"
    with pytest.raises(DeviceError, match="none of"):
        lock.says("frontdoor", {"x": "ajar"})


def test_a_template_words_what_a_lock_is_told() -> None:
    lock = entity("lock", LOCK | {"command_template": '{"do": "{{ value }}"}'})
    assert lock.sends("state", "locked") == [("frontdoor/set", {"do": "LOCK"})]


@pytest.mark.parametrize(
    ("component", "config", "why"),
    [
        ("cover", {"name": "x"}, "no topic"),
        ("cover", COVER | {"position_open": 5, "position_closed": 5}, "position_open"),
        ("cover", COVER | {"tilt_min": 5, "tilt_max": 5}, "tilt_min"),
        ("valve", VALVE | {"reports_position": True, "position_open": 0}, "position_open"),
        ("lock", {"state_topic": "a"}, "no topic"),
    ],
)
def test_what_cannot_be_moved_is_left_out_with_a_reason(
    component: str, config: dict[str, object], why: str
) -> None:
    assert why in refusal(component, config)
