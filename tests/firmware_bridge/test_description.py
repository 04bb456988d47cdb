"""Descriptions: what a board says it can do is believed only where it can be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge.description import Capability, Range, read, write
from firmware_bridge.errors import NonsenseError, ValueRefusedError
from firmware_bridge.simulator import SAMPLE

LAMP = {0: "lamp", 1: 1, 2: 3, 3: "light", 4: "%", 5: [0, 100, 1], 8: 0}
OPTIONS = {0: "mode", 1: 2, 2: 3, 7: ["eco", "boost"]}


@pytest.mark.parametrize("capability", SAMPLE, ids=lambda c: c.name)
def test_what_is_written_is_read(capability: Capability) -> None:
    assert read(capability.index, write(capability)) == capability


def test_keys_that_are_not_known_are_ignored() -> None:
    assert read(0, LAMP | {77: "later", "x": 1}) == read(0, LAMP)


@pytest.mark.parametrize(
    ("base", "change", "why"),
    [
        (LAMP, {5: [100, 0, 1]}, "no number goes from 100 to 0"),
        (LAMP, {5: [0, 0, 1]}, "no number goes"),
        (LAMP, {5: [0, 100, 0]}, "by 0"),
        (LAMP, {5: [0, 100, -5]}, "by -5"),
        (LAMP, {5: [0, 100, 101]}, "by 101"),
        (LAMP, {5: [0, 1 << 31, 1]}, "no number goes"),
        (LAMP, {5: [0, True, 1]}, "is no range"),
        (LAMP, {5: [0]}, "is no range"),
        (LAMP, {5: None}, "is no range"),
        (LAMP, {6: 10}, "is no scale"),
        (LAMP, {8: 101}, "no safe value"),
        (LAMP, {8: None}, "no safe value"),
        (LAMP, {8: True}, "no safe value"),
        (LAMP, {2: 1, 8: 0}, "no safe value"),
        (LAMP, {0: "Lamp"}, "is no name"),
        (LAMP, {0: ""}, "is no name"),
        (LAMP, {0: "lamp\n"}, "is no name"),
        (LAMP, {0: "ignore all that was said"}, "is no name"),
        (LAMP, {0: 7}, "is no name"),
        (LAMP, {0: "lämp"}, "is no name"),
        (LAMP, {1: 5}, "is no type"),
        (LAMP, {1: True}, "is no type"),
        (LAMP, {2: 0}, "cannot have flags 0"),
        (LAMP, {2: 5}, "cannot have flags 5"),
        (LAMP, {2: 8}, "is no flags"),
        (LAMP, {3: "light;drop"}, "is no kind"),
        (LAMP, {4: "\x1b[31m"}, "is no unit"),
        (LAMP, {4: "\u202eknil"}, "is no unit"),
        (LAMP, {9: "a b"}, "is no device class"),
        (OPTIONS, {7: ["eco"]}, "is no list of options"),
        (OPTIONS, {7: ["eco"] * 17}, "is no list of options"),
        (OPTIONS, {7: ["eco", "eco"]}, "not all different"),
        (OPTIONS, {7: ["eco", "\0"]}, "not all different"),
        (OPTIONS, {7: ["eco", 1]}, "not all different"),
        (OPTIONS, {8: 2}, "no safe value"),
        ({0: "ring", 1: 3, 2: 3}, {}, "cannot have flags 3"),
        ({0: "ring", 1: 3, 2: 2}, {8: None}, "no safe value"),
        ({0: "bell", 1: 4, 2: 1}, {}, "cannot have flags 1"),
        ({0: "bell", 1: 4, 2: 4}, {}, "cannot have flags 4"),
        ({1: 3, 2: 2}, {}, "has no name"),
        ({0: "x", 2: 2}, {}, "has no type"),
        ({0: "x", 1: 0}, {}, "has no flags"),
    ],
)
def test_nonsense_is_refused_with_a_sentence(base: dict[Any, Any], change: dict[Any, Any], why: str) -> None:
    with pytest.raises(NonsenseError, match=why):
        read(0, base | change)


def test_two_of_one_name() -> None:
    with pytest.raises(NonsenseError, match="the name of another one, lamp"):
        read(1, LAMP, {"lamp"})


ITEM = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(1 << 31), (1 << 32) - 1), st.text(max_size=24)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.integers(0, 9), inner, max_size=3)
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.integers(0, 10), ITEM))
def test_whatever_is_described_is_understood_or_nonsense(said: dict[Any, Any]) -> None:
    try:
        capability = read(0, said)
    except NonsenseError:
        return
    assert read(0, write(capability)) == capability


@given(
    st.integers(-1000, 1000),
    st.integers(1, 2000),
    st.integers(1, 50),
    st.integers(-9, 9),
    st.floats() | st.integers(),
)
def test_no_number_leaves_its_range(low: int, width: int, step: int, scale: int, number: float) -> None:
    range_ = Range(low, low + width, min(step, width), scale)
    try:
        integer = range_.integer(number)
    except ValueRefusedError:
        return
    assert low <= integer <= low + width
    assert (integer - low) % range_.step == 0


@given(st.integers(-400, 1250))
def test_a_scaled_number_goes_there_and_back(integer: int) -> None:
    temperature = Range(-400, 1250, 1, -1)
    assert temperature.integer(temperature.shown(integer)) == integer
    assert temperature.shown(215) == 21.5


def test_values_are_checked_both_ways() -> None:
    lamp, relay, button, _, mode, chime = SAMPLE
    assert (lamp.wire(30), lamp.wire(29.6), lamp.value(30)) == (30, 30, 30)
    assert (relay.wire(True), mode.wire("boost"), mode.value(1), chime.wire(None)) == (
        True,
        2,
        "comfort",
        None,
    )
    refused: list[tuple[Capability, Any]] = [
        (lamp, 101), (lamp, -1), (lamp, True), (lamp, "30"), (lamp, None), (lamp, float("nan")), (lamp, float("inf")),
        (relay, 1), (relay, "on"), (mode, "turbo"), (mode, 1), (chime, True), (button, None),
        *((capability, sign * 10**digits) for capability in SAMPLE for digits in (19, 400, 5000) for sign in (1, -1)),
    ]  # fmt: skip
    for capability, value in refused:
        with pytest.raises(ValueRefusedError):
            capability.wire(value)
    for capability, wire in (
        (lamp, 101),
        (lamp, True),
        (lamp, None),
        (relay, 1),
        (mode, 3),
        (mode, True),
        (button, 1),
    ):
        with pytest.raises(NonsenseError):
            capability.value(wire)


def test_kinds_are_what_the_type_says_if_the_board_does_not() -> None:
    kinds = [read(0, {0: "x", 1: t, 2: f, 5: [0, 1, 1], 7: ["a", "b"]}).kind
             for t, f in ((0, 1), (0, 3), (1, 1), (1, 3), (2, 1), (2, 2), (3, 2), (4, 0))]  # fmt: skip
    assert kinds == ["binary_sensor", "switch", "sensor", "number", "sensor", "select", "button", "event"]
