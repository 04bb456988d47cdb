import stat
import threading
from pathlib import Path

import pytest

from runtime.errors import ConfigError
from runtime.keyfile import ensure_key


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = ensure_key(tmp_path)
    key = path.read_text()
    assert path == tmp_path / "keys" / "api.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(key.strip()) >= 43
    assert ensure_key(tmp_path).read_text() == key
    assert [child.name for child in path.parent.iterdir()] == ["api.key"]


def test_every_appliance_has_another(tmp_path: Path) -> None:
    assert ensure_key(tmp_path / "a").read_text() != ensure_key(tmp_path / "b").read_text()


def test_a_state_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("not a directory")
    with pytest.raises(ConfigError, match=r"server\.key_file"):
        ensure_key(tmp_path)


def test_an_emptied_key_is_refused(tmp_path: Path) -> None:
    ensure_key(tmp_path).write_text("")
    with pytest.raises(ConfigError, match="one line of text"):
        ensure_key(tmp_path)


def test_two_that_start_at_once_agree(tmp_path: Path) -> None:
    ready = threading.Barrier(8)
    seen: list[str] = []

    def start() -> None:
        ready.wait()
        seen.append(ensure_key(tmp_path).read_text())

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 8
    assert len(set(seen)) == 1
