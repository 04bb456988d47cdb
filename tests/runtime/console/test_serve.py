"""What `ingle serve` says to try can be tried as it stands."""

import shlex
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.app import Login, Started
from runtime.config import Broker
from runtime.console.serve import greeting
from runtime.mqtt.topics import Topics

OWN = Started(
    "tiny", "1", "", "127.0.0.1", 8080, None, Broker("127.0.0.1", 1883), Topics("home"), True, Login()
)
LOGIN = Login("inglenook-one", Path("/etc/ingle nook/password"), Path("/etc/ingle nook/ca.pem"))
FLEET = replace(OWN, broker=Broker("broker.example", 8883, tls=True), login=LOGIN)


def said(started: Started, program: str) -> list[str]:
    return [line for line in greeting(started).splitlines() if line.strip().startswith(program)]


def test_a_command_is_offered_in_every_way() -> None:
    assert said(OWN, "ingle command") == ['  ingle command "turn on the light"']
    chat, command = said(OWN, "mosquitto_pub")
    assert shlex.split(command)[-2:] == ["-m", "turn on the light"]
    assert "ingle/home/command" in shlex.split(command)
    assert "ingle/home/chat" in shlex.split(chat)


def test_nothing_is_offered_that_is_not_there() -> None:
    assert "command" not in greeting(replace(OWN, commands=False))
    assert "mosquitto" not in greeting(replace(OWN, broker=None))


def test_a_broker_with_a_login_is_reached_without_the_password_being_said() -> None:
    for line in (*said(FLEET, "mosquitto_pub"), *said(FLEET, "mosquitto_sub")):
        words = shlex.split(line)
        assert words[words.index("--cafile") + 1] == "/etc/ingle nook/ca.pem"
        assert words[words.index("-u") + 1] == "inglenook-one"
        assert words[words.index("-P") + 1] == "$(cat '/etc/ingle nook/password')", "read, not printed"


@pytest.mark.parametrize("key", [None, Path("/key.pem")])
def test_a_certificate_is_shown_with_its_key(key: Path | None) -> None:
    for line in said(replace(FLEET, login=Login(None, None, None, Path("/cert.pem"), key)), "mosquitto_pub"):
        words = shlex.split(line)
        assert words[words.index("--key") + 1] == str(key or "/cert.pem")
        assert "--tls-use-os-certs" in words
        assert "-P" not in words


def test_with_tls_what_is_to_be_tried_trusts_the_certificate_and_its_fingerprint_is_said() -> None:
    secret = replace(OWN, certificate=Path("/state/tls/certificate.pem"), fingerprint="AA:BB")
    (line,) = said(secret, "curl")
    words = shlex.split(line)
    assert words[words.index("--cacert") + 1] == "/state/tls/certificate.pem"
    assert "https://127.0.0.1:8080/v1/chat/completions" in words
    assert "SHA-256 AA:BB\n" in f"{greeting(secret)}\n"
