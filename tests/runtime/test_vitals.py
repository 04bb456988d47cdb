"""What the board tells of itself, on boards that the tests make up."""

from pathlib import Path

import pytest

from runtime.vitals import Strain, Throttling, hottest, resident, throttling


def test_the_hottest_place_is_the_temperature(tmp_path: Path) -> None:
    assert hottest(tmp_path) is None
    for number, words in enumerate(("41500", "63250", "nonsense")):
        zone = tmp_path / f"sys/class/thermal/thermal_zone{number}"
        zone.mkdir(parents=True)
        (zone / "temp").write_text(words)
    assert hottest(tmp_path) == 63.25


@pytest.mark.parametrize(
    ("bits", "told"),
    [
        ("0\n", Throttling()),
        ("1", Throttling(now=(Strain.LOW_VOLTAGE,))),
        ("50005", Throttling((Strain.LOW_VOLTAGE, Strain.THROTTLED), (Strain.LOW_VOLTAGE, Strain.THROTTLED))),
        ("80000", Throttling(before=(Strain.HOT,))),
        ("what", None),
    ],
)
def test_a_pi_tells_what_slows_it_down(tmp_path: Path, bits: str, told: Throttling | None) -> None:
    assert throttling(tmp_path) is None
    firmware = tmp_path / "sys/devices/platform/soc/soc:firmware"
    firmware.mkdir(parents=True)
    (firmware / "get_throttled").write_text(bits)
    assert throttling(tmp_path) == told


def test_memory_is_told_where_the_kernel_tells_it(tmp_path: Path) -> None:
    assert resident(tmp_path) is None
    assert (resident() or 0) > 1 << 20
