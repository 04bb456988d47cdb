import stat
import threading
from pathlib import Path

import pytest

from runtime.api.scopes import EVERYTHING, Caller, Scope
from runtime.errors import ConfigError
from runtime.keyring import Keyring, add, file_of, listed, remove


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return file_of(tmp_path)


def test_a_key_is_known_by_its_hash_alone_and_to_its_owner_alone(path: Path) -> None:
    secret = add(path, "tablet", [Scope.CHAT, Scope.COMMAND])
    assert secret.startswith("ingle-")
    assert len(secret) >= 49
    assert secret.encode() not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert Keyring(path=path).holder(secret) == Caller("tablet", frozenset({Scope.CHAT, Scope.COMMAND}))
    (key,) = listed(path)
    assert (key.name, key.scopes) == ("tablet", frozenset({Scope.CHAT, Scope.COMMAND}))


def test_what_is_nobodys_key_is_nobodys(path: Path) -> None:
    secret = add(path, "tablet", [Scope.CHAT])
    ring = Keyring("owner's", path)
    for shown in ("", secret[:-1], secret + "x", secret.upper(), "owner", "\udcff", "x" * 8000):
        assert ring.holder(shown) is None
    assert ring.holder("owner's") == Caller("", EVERYTHING)


def test_a_running_appliance_notices_keys_that_come_and_go(path: Path) -> None:
    ring = Keyring("owner's", path)
    secret = add(path, "tablet", [Scope.CHAT])
    other = add(path, "phone", [Scope.ADMIN])
    assert ring.holder(secret) is not None
    remove(path, "tablet")
    assert ring.holder(secret) is None
    assert ring.holder(other) == Caller("phone", frozenset({Scope.ADMIN}))
    path.unlink()
    assert ring.holder(other) is None


@pytest.mark.parametrize(
    "damage",
    [
        b"", b"\x00" * 64, b"{", b"[]", b'{"keys": 7}', b'{"keys": [7]}', b'{"keys": [{}]}',
        b'{"keys": [{"name": "a", "scopes": ["root"], "sha256": "' + b"0" * 64 + b'", "made": ""}]}',
        b'{"keys": [{"name": "a", "scopes": ["chat"], "sha256": "00", "made": ""}]}',
    ],
)  # fmt: skip
def test_a_damaged_file_opens_nothing_and_says_so(
    path: Path, damage: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    secret = add(path, "tablet", [Scope.CHAT])
    ring = Keyring("owner's", path)
    assert ring.holder(secret) is not None
    path.with_suffix(".new").write_bytes(damage)
    path.with_suffix(".new").replace(path)
    assert ring.holder(secret) is None
    assert ring.holder("owner's") is not None
    assert "is damaged" in caplog.text
    with pytest.raises(ConfigError, match="make them anew"):
        Keyring(path=path)


@pytest.mark.parametrize(
    "name", ["", "Tablet", "7", "-a", "a b", "a/b", "::1", "192.168.1.2", "a" * 33, "ä", "a\n"]
)
def test_a_name_cannot_pass_for_an_address_or_a_path(path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match="cannot be called"):
        add(path, name, [Scope.CHAT])


def test_a_name_is_given_once_and_taken_back_once(path: Path) -> None:
    add(path, "tablet", [Scope.CHAT])
    with pytest.raises(ConfigError, match="there is a key 'tablet'"):
        add(path, "tablet", [Scope.ADMIN])
    remove(path, "tablet")
    with pytest.raises(ConfigError, match="no key 'tablet'"):
        remove(path, "tablet")
    with pytest.raises(ConfigError, match="name a scope"):
        add(path, "tablet", [])


def test_keys_made_at_once_are_all_kept(path: Path) -> None:
    ready = threading.Barrier(8)

    def make(number: int) -> None:
        ready.wait()
        add(path, f"key{number}", [Scope.CHAT])

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {key.name for key in listed(path)} == {f"key{number}" for number in range(8)}
    assert sorted(each.name for each in path.parent.iterdir()) == ["keys.json", "keys.json.lock"]


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("no folder")
    with pytest.raises(ConfigError, match="run this as the user of the appliance"):
        add(file_of(tmp_path), "tablet", [Scope.CHAT])
