from pathlib import Path

import pytest

from runtime.config import Broker
from runtime.config.secret import find_secret, read_secret
from runtime.errors import ConfigError


def test_the_newline_of_an_editor_is_not_part_of_the_secret(tmp_path: Path) -> None:
    (tmp_path / "password").write_text("correct horse \r\n")
    assert read_secret(tmp_path / "password") == "correct horse "


@pytest.mark.parametrize(
    "data", [b"", b"\n", b"hunter2\nhunter3", b"hunter2\x00", b"\xffhunter2", b"hunter2" * 1000]
)
def test_what_is_no_secret_is_refused_without_showing_it(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "password").write_bytes(data)
    with pytest.raises(ConfigError) as caught:
        read_secret(tmp_path / "password")
    assert "password" in str(caught.value)
    assert "hunter" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"absent cannot be read \(No such file"):
        read_secret(tmp_path / "absent")


def test_the_configured_path_wins_over_the_credential(tmp_path: Path) -> None:
    environ = {"CREDENTIALS_DIRECTORY": str(tmp_path)}
    assert find_secret("mqtt.password", None, environ) is None
    (tmp_path / "mqtt.password").write_text("x")
    assert find_secret("mqtt.password", None, environ) == tmp_path / "mqtt.password"
    assert find_secret("mqtt.password", Path("/a"), environ) == Path("/a")
    assert find_secret("mqtt.password", None, {}) is None


@pytest.mark.parametrize(
    ("url", "broker", "text"),
    [
        ("mqtt://a", Broker("a", 1883), "mqtt://a:1883"),
        ("mqtts://a", Broker("a", 8883, tls=True), "mqtts://a:8883"),
        ("mqtt://[::1]:99/", Broker("::1", 99), "mqtt://[::1]:99"),
    ],
)
def test_a_broker_url(url: str, broker: Broker, text: str) -> None:
    assert Broker.parse(url) == broker
    assert str(broker) == text
