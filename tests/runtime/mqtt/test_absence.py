"""When the appliance was last there."""

from pathlib import Path

import pytest

from runtime.mqtt.absence import LastThere


def test_a_moment_is_kept_until_a_later_one(tmp_path: Path) -> None:
    assert LastThere(tmp_path).read() is None
    LastThere(tmp_path).keep(12.5)
    LastThere(tmp_path).keep(None)
    assert LastThere(tmp_path).read() == 12.5
    assert [each.name for each in tmp_path.iterdir()] == ["last-there"]


def test_what_a_power_cut_left_half_written_changes_nothing(tmp_path: Path) -> None:
    there = LastThere(tmp_path)
    there.keep(12.5)
    (tmp_path / "last-there").chmod(0o400)  # nobody writes into what is there: it is put in its place
    before = (tmp_path / "last-there").stat().st_ino
    there.keep(13.5)
    assert there.read() == 13.5
    assert (tmp_path / "last-there").stat().st_ino != before


@pytest.mark.parametrize("words", ["", "soon", "nan", "inf", "\u00b2"])
def test_what_is_no_moment_is_none(tmp_path: Path, words: str) -> None:
    (tmp_path / "last-there").write_text(words, encoding="utf-8")
    assert LastThere(tmp_path).read() is None


def test_a_directory_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    LastThere(tmp_path / "absent").keep(1.0)
    assert LastThere(tmp_path / "absent").read() is None
