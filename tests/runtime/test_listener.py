import socket
from pathlib import Path

import pytest
from aiohttp import web

from runtime.api.door import Door
from runtime.api.scopes import Caller, Scope
from runtime.config import Server
from runtime.errors import ConfigError
from runtime.keyring import add, file_of
from runtime.listener import ListenError, access, find_key, is_loopback, listen


@pytest.mark.parametrize(
    ("host", "alone"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),  # noqa: S104  compared, not bound
        ("::", False),
        ("192.168.1.2", False),
        ("kitchen.local", False),
    ],
)
def test_what_only_this_machine_can_reach(host: str, alone: bool, tmp_path: Path) -> None:  # noqa: FBT001  a table
    assert is_loopback(host) is alone
    key = find_key(Server(host=host), tmp_path, {})
    assert (key is None) is alone
    assert access(Server(host=host), key, tmp_path).asked is not alone


def test_a_key_that_is_named_is_asked_for_on_loopback_too(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    server = Server(key_file=tmp_path / "key")
    allowed = access(server, find_key(server, tmp_path, {}), tmp_path)
    assert allowed.asked
    assert allowed.keys is not None
    assert allowed.keys.holder("s3cret") == Caller()


def test_an_owner_can_have_a_key_asked_for_on_loopback(tmp_path: Path) -> None:
    server = Server(require_key=True)
    assert access(server, find_key(server, tmp_path, {}), tmp_path).asked


def test_keys_made_for_others_are_known_wherever_we_listen(tmp_path: Path) -> None:
    secret = add(file_of(tmp_path), "tablet", [Scope.CHAT])
    keys = access(Server(), None, tmp_path).keys
    assert keys is not None
    assert keys.holder(secret) == Caller("tablet", frozenset({Scope.CHAT}))


def test_a_credential_is_the_key(tmp_path: Path) -> None:
    (tmp_path / "api.key").write_text("s3cret\n")
    assert find_key(Server(), tmp_path, {"CREDENTIALS_DIRECTORY": str(tmp_path)}) == tmp_path / "api.key"


@pytest.mark.parametrize("key", ["schlüssel", " sp4ce", ""])
def test_a_key_that_no_header_can_carry_is_refused(tmp_path: Path, key: str) -> None:
    (tmp_path / "key").write_text(key)
    with pytest.raises(ConfigError) as caught:
        access(Server(), tmp_path / "key", tmp_path)
    assert not key or key not in str(caught.value)


def test_the_names_of_this_machine_are_let_in(tmp_path: Path) -> None:
    hosts = access(Server(host="Kitchen.local", allowed_hosts=("Oven.example.",)), None, tmp_path).hosts
    assert {"kitchen.local", "oven.example", socket.gethostname().lower()} <= hosts


async def test_a_taken_port_is_a_sentence_with_the_port_and_the_way_out() -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ListenError, match=f"port {port} on 127.0.0.1 is in use.*--port"):
            await listen(runner, Door(0, 0), Server(port=port))
    await runner.cleanup()


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid"])
async def test_an_address_that_is_not_ours_is_a_sentence(host: str) -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    with pytest.raises(ListenError, match=f"cannot listen on {host}.*--host"):
        await listen(runner, Door(0, 0), Server(host=host, port=0))
    await runner.cleanup()


async def test_port_zero_tells_what_it_became() -> None:
    runner = web.AppRunner(web.Application())
    await runner.setup()
    port = await listen(runner, Door(0, 0), Server(port=0))
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass
    await runner.cleanup()
