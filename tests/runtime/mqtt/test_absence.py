"""When the appliance was last there."""

from pathlib import Path

import pytest

from runtime.mqtt.absence import LastThere


def test_a_moment_is_kept_until_a_later_one(tmp_path: Path) -> None:
    assert LastThere(tmp_path).read() is None
    LastThere(tmp_path).keep(12.5)
    LastThere(tmp_path).keep(None)
    assert LastThere(tmp_path).read() == 12.5


@pytest.mark.parametrize("words", ["", "soon", "nan", "inf", "\u00b2"])
def test_what_is_no_moment_is_none(tmp_path: Path, words: str) -> None:
    (tmp_path / "last-there").write_text(words, encoding="utf-8")
    assert LastThere(tmp_path).read() is None


def test_a_directory_that_takes_nothing_stops_nobody(tmp_path: Path) -> None:
    LastThere(tmp_path / "absent").keep(1.0)
    assert LastThere(tmp_path / "absent").read() is None
