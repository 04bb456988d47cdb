import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.language.relative import AMOUNTS, changed
from runtime.commands.registry.devices import Range, Value

PERCENT = Range(0, 100, 1, "%")
DEGREES = Range(7, 30, 0.5, "°C")


@pytest.mark.parametrize(
    ("domain", "now", "up", "amount", "by", "value"),
    [
        (PERCENT, 50.0, True, "small", None, 60),
        (PERCENT, 50.0, True, "", None, 70),
        (PERCENT, 50.0, False, "large", None, 10),
        (PERCENT, 95.0, True, "", None, 100),
        (PERCENT, 5.0, False, "", None, 0),
        (PERCENT, 50.0, True, "", 7.0, 57),
        (DEGREES, 20.0, True, "small", None, 20.5),
        (DEGREES, 20.0, False, "", None, 19),
        (DEGREES, 20.0, True, "", 0.3, 20.5),
        (Range(1, 10, 1), 5.0, True, "", None, 6),
        (Range(2200, 6500, 50, "K"), 4000.0, False, "", None, 3500),
        (PERCENT, None, True, "", None, None),
        (PERCENT, True, True, "", None, None),
        (PERCENT, "bright", True, "", None, None),
    ],
)
def test_a_change_is_a_value(
    domain: Range,
    now: Value,
    up: bool,  # noqa: FBT001  a column of the table
    amount: str,
    by: float | None,
    value: float | None,
) -> None:
    assert changed(domain, now, up=up, amount=amount, by=by) == value


@given(
    st.floats(-1e6, 1e6),
    st.floats(0.1, 1e6),
    st.sampled_from([0.1, 0.5, 1.0, 50.0]),
    st.sampled_from(["%", "°C", "K", ""]),
    st.floats(0, 1),
    st.booleans(),
    st.sampled_from(AMOUNTS),
)
def test_a_change_never_leaves_the_range(
    low: float,
    width: float,
    step: float,
    unit: str,
    part: float,
    up: bool,  # noqa: FBT001  drawn
    amount: str,
) -> None:
    domain = Range(low, low + width, step, unit)
    value = changed(domain, low + part * width, up=up, amount=amount)
    assert value is not None
    assert domain.check(value) is None
