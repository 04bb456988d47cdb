"""Durations as Go writes them."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.wire.durations import seconds


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5m", 300),
        ("1h30m", 5400),
        ("-1s", -1),
        ("+2s", 2),
        ("1.5h", 5400),
        (".5s", 0.5),
        ("3.s", 3),
        ("300ms", 0.3),
        ("10us", 1e-5),
        ("10µs", 1e-5),
        ("10μs", 1e-5),
        ("2h45m30.5s", 9930.5),
        ("0", 0),
        ("-0", 0),
        ("0s", 0),
    ],
)
def test_durations(text: str, expected: float) -> None:
    found = seconds(text)
    assert found is not None
    assert math.isclose(found, expected)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "-1",
        "m",
        "5 m",
        "5m ",
        "5M",
        "1d",
        ".s",
        "1e3s",
        "s5",
        "--5s",
        "5s-3s",
        "\u0665s",
        "9" * 30 + "s",
    ],
)
def test_what_is_none(text: str) -> None:
    assert seconds(text) is None


@given(st.integers(0, 10**6), st.integers(0, 59), st.integers(0, 59), st.integers(0, 999))
def test_parts_add_up(hours: int, minutes: int, whole: int, thousandths: int) -> None:
    found = seconds(f"{hours}h{minutes}m{whole}.{thousandths:03d}s")
    assert found is not None
    assert math.isclose(found, hours * 3600 + minutes * 60 + whole + thousandths / 1000)


@given(st.text(max_size=200) | st.text("0123456789.hmsnuµ+-", max_size=200))
def test_whatever_comes_is_a_number_or_none(text: str) -> None:
    found = seconds(text)
    assert found is None or math.isfinite(found)
