import json
from pathlib import Path

from runtime.api.scopes import Caller, Scope
from runtime.keyring import Keyring, file_of
from tests.support.house import environment, ingle


def test_a_key_is_made_shown_once_listed_and_taken_back(tmp_path: Path) -> None:
    around = environment(tmp_path)
    made = ingle("key", "add", "tablet", "--scope", "chat,command", environ=around)
    assert made.returncode == 0, made.stderr
    secret = made.stdout.decode().strip()
    assert b"ingle key remove tablet" in made.stderr
    held = Keyring(path=file_of(tmp_path)).holder(secret)
    assert held == Caller("tablet", frozenset({Scope.CHAT, Scope.COMMAND}))
    told = ingle("key", "list", "--json", environ=around)
    assert [(each["name"], each["scopes"]) for each in json.loads(told.stdout)] == [
        ("tablet", ["chat", "command"])
    ]
    assert secret.encode() not in told.stdout
    assert b"chat,command" in ingle("key", "list", environ=around).stdout
    assert ingle("key", "remove", "tablet", environ=around).returncode == 0
    assert ingle("key", "list", environ=around).stdout == b""


def test_what_is_no_scope_or_no_key_is_a_sentence(tmp_path: Path) -> None:
    around = environment(tmp_path)
    wrong = ingle("key", "add", "tablet", "--scope", "chat,root", environ=around)
    assert wrong.returncode == 2
    assert b"'root' is not one of chat, command, admin" in wrong.stderr
    gone = ingle("key", "remove", "tablet", environ=around)
    assert gone.returncode == 1
    assert gone.stderr.startswith(b"error: there is no key 'tablet'")
