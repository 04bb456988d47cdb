"""The registry: who has which device, what is known of it, and what can be done with it now."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.meaning import Action
from runtime.commands.registry.binding import Entry, Outgoing
from runtime.commands.registry.devices import (
    Area,
    Capability,
    Device,
    Kind,
    Name,
    Options,
    Range,
    Switch,
    Value,
)
from runtime.commands.registry.house import House
from runtime.commands.registry.live import Registry
from runtime.errors import DeviceError


class Echo:
    """Sends what it is told, as text."""

    def outgoing(self, action: Action, house: House) -> tuple[Outgoing, ...]:
        return (Outgoing("mqtt", action.device, f"{action} of {len(house.devices)}".encode()),)


CAPABILITIES = (
    Capability("power", Switch()),
    Capability("brightness", Range(0, 100, 5, "%")),
    Capability("state", Options(("open", "closed")), also_read=("opening",)),
    Capability("value", Range(0, 50), settable=False),
    Capability("speed", Range(0, 100), readable=False),
)


def entry(
    device: str = "lamp", *, area: str | None = None, capabilities: tuple[Capability, ...] = CAPABILITIES
) -> Entry:
    return Entry(Device(device, (Name(device),), Kind.LIGHT, capabilities, area=area), Echo())


def test_a_snapshot_never_changes_and_is_the_same_until_something_does() -> None:
    registry = Registry()
    before = registry.house
    assert registry.house is before
    registry.put("toml", entry())
    after = registry.house
    assert (len(before.devices), len(after.devices)) == (0, 1)
    assert after.version > before.version
    registry.heard("lamp", "power", True, 1.0)
    heard = registry.house
    assert heard is registry.house
    assert heard.version == after.version, "a state is no other house"
    assert heard.devices is after.devices
    assert after.value("lamp", "power") is None
    assert heard.value("lamp", "power") is True
    with pytest.raises(TypeError):
        heard.states["lamp", "power"] = None  # type: ignore[index]  # that is the test


@pytest.mark.parametrize(
    ("capability", "value", "known"),
    [
        ("power", True, True),
        ("power", 1, None),
        ("power", "on", None),
        ("brightness", 55, 55),
        ("brightness", 101, None),
        ("brightness", float("nan"), None),
        ("brightness", True, None),
        ("state", "opening", "opening"),
        ("state", "ajar", None),
        ("value", 3.5, 3.5),
        ("speed", 5, None),
        ("nothing", 5, None),
    ],
)
def test_only_what_a_capability_can_be_at_is_known(capability: str, value: Value, known: Value) -> None:
    registry = Registry()
    registry.put("toml", entry())
    told: list[tuple[str, str, Value]] = []
    registry.watch(lambda *each: told.append(each))
    registry.heard("lamp", capability, value, 1.0)
    assert registry.house.value("lamp", capability) == known
    assert bool(told) is (known is not None)


def test_what_a_device_does_not_know_any_more_is_not_known() -> None:
    registry = Registry()
    registry.put("toml", entry())
    registry.heard("lamp", "power", True, 1.0)
    registry.heard("lamp", "power", None, 2.0)
    assert registry.house.value("lamp", "power") is None


def test_nothing_is_known_of_devices_that_there_are_not() -> None:
    registry = Registry()
    house = registry.house
    registry.heard("lamp", "power", True, 1.0)
    registry.reachable("lamp", there=False)
    registry.drop("toml", "lamp")
    assert registry.house is house


def test_the_first_source_keeps_a_device(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry()
    registry.put("toml", entry())
    for _ in range(5):
        registry.put("announce", entry(capabilities=()))
    registry.drop("announce", "lamp")
    assert registry.house.devices["lamp"].capabilities == CAPABILITIES
    assert registry.holds("toml", "lamp")
    assert len(caplog.messages) == 1
    registry.drop("toml", "lamp")
    registry.put("announce", entry(capabilities=()))
    assert registry.holds("announce", "lamp")


def test_there_are_only_so_many_devices(caplog: pytest.LogCaptureFixture) -> None:
    registry = Registry(most_devices=2)
    for i in range(5):
        registry.put("toml", entry(f"lamp{i}"))
    assert set(registry.house.devices) == {"lamp0", "lamp1"}
    assert len(caplog.messages) == 1
    registry.put("toml", entry("lamp1", area="hall"))
    assert registry.house.devices["lamp1"].area == "hall", "one that is there may change"


def test_a_device_that_goes_takes_along_what_was_known_of_it() -> None:
    registry = Registry()
    registry.put("toml", entry())
    registry.heard("lamp", "power", True, 1.0)
    registry.reachable("lamp", there=False)
    assert registry.house.away == {"lamp"}
    registry.drop("toml", "lamp")
    assert not registry.house.states
    assert not registry.house.away
    with pytest.raises(DeviceError, match="not there any more"):
        registry.outgoing(Action("lamp", "power", True))


def test_a_device_that_comes_again_keeps_what_is_known_unless_it_is_another() -> None:
    registry = Registry()
    registry.put("toml", entry())
    registry.heard("lamp", "power", True, 1.0)
    registry.put("toml", entry(area="hall"))
    assert registry.house.value("lamp", "power") is True
    registry.put("toml", entry(capabilities=(Capability("power", Options(("a",))),)))
    assert registry.house.value("lamp", "power") is None


@pytest.mark.parametrize(
    ("capability", "value", "why"),
    [
        ("power", "on", "on or off"),
        ("brightness", 101, "0 to 100"),
        ("brightness", -1, "0 to 100"),
        ("brightness", float("inf"), "number"),
        ("state", "opening", "open, closed"),
        ("value", 3, "no value to set"),
        ("tilt", 3, "no tilt to set"),
    ],
)
def test_nothing_outside_the_schema_is_sent(capability: str, value: Value, why: str) -> None:
    registry = Registry()
    registry.put("toml", entry())
    with pytest.raises(DeviceError, match=why):
        registry.outgoing(Action("lamp", capability, value))


@given(st.floats(0, 100))
def test_a_value_is_rounded_to_what_the_device_knows(value: float) -> None:
    registry = Registry()
    registry.put("toml", entry())
    (sent,) = registry.outgoing(Action("lamp", "brightness", value))
    number = float(sent.payload.split(b"=")[1].split()[0])
    assert number % 5 == 0
    assert abs(number - value) <= 2.5 or (number == 5 and 0 < value < 5), "a little is not nothing"
    assert bool(number) is bool(value)


def test_watchers_are_told_until_they_stop() -> None:
    registry = Registry()
    registry.put("toml", entry())
    told: list[Value] = []
    stop = registry.watch(lambda _device, _capability, value: told.append(value))
    registry.heard("lamp", "power", True, 1.0)
    registry.heard("lamp", "power", True, 2.0)
    stop()
    stop()
    registry.heard("lamp", "power", False, 3.0)
    assert told == [True, True]


def test_a_watcher_may_stop_while_it_is_told() -> None:
    registry = Registry()
    registry.put("toml", entry())
    told: list[Value] = []

    def once(_device: str, _capability: str, value: Value) -> None:
        told.append(value)
        stop()

    stop = registry.watch(once)
    registry.watch(lambda *_: None)
    registry.heard("lamp", "power", True, 1.0)
    registry.heard("lamp", "power", False, 1.0)
    assert told == [True]


def test_areas_are_found_by_any_of_their_names_and_made_where_there_is_none() -> None:
    registry = Registry()
    registry.put_area(Area("kitchen", (Name("Kitchen", "en"), Name("廚房", "zh-TW"))))
    assert registry.area_named("KITCHEN") == registry.area_named("廚房") == "kitchen"
    assert registry.area_named("Living Room") == "living_room"
    registry.put("toml", entry(area="living_room"))
    registry.put("toml", entry(area="kitchen"))
    assert set(registry.house.areas) == {"kitchen"}, "one that was made goes with its last device"
    registry.drop("toml", "lamp")
    assert set(registry.house.areas) == {"kitchen"}, "the owner's stays"
