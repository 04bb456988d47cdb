"""Keys for others over HTTP: made once, good for no more than whose key made them, dead at once when taken back."""

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from runtime.api.access import Access
from runtime.api.scopes import Scope
from runtime.audit import AuditFile
from runtime.keyring import KeyFile, Keyring, file_of
from tests.support.appliance import Appliance, appliance
from tests.support.engine import EngineSimulator

PATH = "/v1/admin/keys"
OWNER = "sesame-7"


@dataclass
class There:
    """An appliance that asks for keys, and its files."""

    served: Appliance
    keys: KeyFile
    audit: Path

    async def ask(
        self, method: str, path: str = PATH, *, key: str = OWNER, body: Any = None
    ) -> tuple[int, Any]:
        """Status and JSON."""
        shown = {"Authorization": f"Bearer {key}"}
        async with self.served.client.request(method, path, json=body, headers=shown) as response:
            return response.status, await response.json()


@pytest.fixture
async def there(tmp_path: Path) -> AsyncGenerator[There, None]:
    path, audit = file_of(tmp_path), tmp_path / "audit.jsonl"
    access = Access(keys=Keyring(OWNER, path), asked=True)
    log = AuditFile(audit, 1 << 20)
    async with appliance(EngineSimulator(), access=access, keys=KeyFile(path), audit=log) as served:
        yield There(served, KeyFile(path), audit)
    log.close()


async def test_a_key_is_shown_once_opens_and_opens_no_more(there: There) -> None:
    status, made = await there.ask("POST", body={"name": "tablet", "scopes": ["command", "chat"]})
    assert status == 200
    assert (made["name"], made["scopes"]) == ("tablet", ["chat", "command"])
    key = made["key"]
    assert (await there.ask("GET", "/v1/models", key=key))[0] == 200
    status, listed = await there.ask("GET")
    (only,) = listed["data"]
    assert (only["name"], only["scopes"], len(only["made"])) == ("tablet", ["chat", "command"], 10)
    assert set(only) == {"name", "scopes", "made"}
    assert await there.ask("DELETE", f"{PATH}/tablet") == (200, {"name": "tablet", "deleted": True})
    assert (await there.ask("GET", "/v1/models", key=key))[0] == 401
    assert (await there.ask("GET"))[1]["data"] == []


async def test_a_key_chats_where_nothing_is_said(there: There) -> None:
    assert (await there.ask("POST", body={"name": "guest"}))[1]["scopes"] == ["chat"]


async def test_who_looks_after_models_gives_away_no_more_than_that(there: There) -> None:
    helper = there.keys.add("helper", [Scope.ADMIN])
    status, refused = await there.ask("POST", key=helper, body={"name": "x", "scopes": ["admin", "command"]})
    assert (status, refused["error"]["code"]) == (403, "insufficient_scope")
    assert "not good for command itself" in refused["error"]["message"]
    status, _ = await there.ask("POST", key=helper, body={"name": "x", "scopes": ["admin"]})
    assert status == 200
    assert [key.name for key in there.keys.listed()] == ["helper", "x"]


@pytest.mark.parametrize("scope", [Scope.CHAT, Scope.COMMAND])
@pytest.mark.parametrize(
    ("method", "path"), [("GET", PATH), ("POST", PATH), ("DELETE", f"{PATH}/x"), ("GET", "/v1/admin/logs")]
)
async def test_others_are_shut_out(there: There, scope: Scope, method: str, path: str) -> None:
    key = there.keys.add("guest", [scope])
    status, refused = await there.ask(method, path, key=key, body={"name": "mine", "scopes": ["admin"]})
    assert (status, refused["error"]["code"]) == (403, "insufficient_scope")
    assert [key.name for key in there.keys.listed()] == ["guest"]


@pytest.mark.parametrize(
    ("body", "param", "words"),
    [
        ({}, "name", "name is missing"),
        ({"name": 7}, "name", "send a string"),
        ({"name": "../x"}, "name", "use up to 32 of a-z"),
        ({"name": "taken"}, "name", "there is a key 'taken'"),
        ({"name": "x", "scopes": []}, "scopes", "send a list of chat, command, admin"),
        ({"name": "x", "scopes": "chat"}, "scopes", "send a list of chat, command, admin"),
        ({"name": "x", "scopes": ["root"]}, "scopes", "choose among chat, command, admin"),
        ({"name": "x", "scopes": [["chat"]]}, "scopes", "choose among chat, command, admin"),
        ([], None, "send an object"),
    ],
)
async def test_what_cannot_be_made_is_said(there: There, body: Any, param: str | None, words: str) -> None:
    there.keys.add("taken", [Scope.CHAT])
    status, refused = await there.ask("POST", body=body)
    assert (status, refused["error"]["param"]) == (400, param)
    assert words in refused["error"]["message"]


async def test_what_is_not_there_cannot_be_taken_back(there: There) -> None:
    status, refused = await there.ask("DELETE", f"{PATH}/nobody")
    assert (status, refused["error"]["code"]) == (404, "key_not_found")
    assert (await there.ask("DELETE", f"{PATH}/..%2Fkeys"))[0] == 404


async def test_a_damaged_file_is_a_sentence(there: There) -> None:
    there.keys.add("tablet", [Scope.CHAT])
    there.keys.path.write_bytes(b"{")
    for method, body in (("GET", None), ("POST", {"name": "x"})):
        status, refused = await there.ask(method, body=body)
        assert (status, refused["error"]["code"]) == (500, "keys_unusable")
        assert "make them anew with `ingle key add`" in refused["error"]["message"]


async def test_who_made_and_removed_whose_key_is_written_down_without_it(there: There) -> None:
    made = (await there.ask("POST", body={"name": "tablet", "scopes": ["chat"]}))[1]["key"]
    await there.ask("DELETE", f"{PATH}/tablet")
    await there.ask("DELETE", f"{PATH}/tablet")
    entries = [json.loads(line) for line in there.audit.read_bytes().splitlines()]
    assert [(entry["method"], entry.get("did")) for entry in entries] == [
        ("POST", "made the key tablet for chat"),
        ("DELETE", "removed the key tablet"),
        ("DELETE", None),
    ]
    assert made.encode() not in there.audit.read_bytes()


@pytest.mark.parametrize("path", ["/kiosk/live", "/kiosk/logs"])
async def test_who_looks_on_with_a_key_that_is_taken_back_sees_no_more(there: There, path: str) -> None:
    shown = {"Authorization": f"Bearer {there.keys.add('guest', Scope)}"}
    async with there.served.client.get(path, headers=shown) as response:
        assert await response.content.readany()
        there.keys.remove("guest")
        async with asyncio.timeout(30):
            await response.read()
    async with there.served.client.get(path, headers=shown) as response:
        assert response.status == 401


async def test_keys_are_kept_where_somebody_keeps_them() -> None:
    async with appliance(EngineSimulator()) as served:
        async with served.client.get(PATH) as response:
            assert (await response.json())["data"] == []
        async with served.client.post(PATH, json={"name": "x"}) as response:
            assert response.status == 400
            assert "ingle key add x" in await response.text()
        async with served.client.delete(f"{PATH}/x") as response:
            assert response.status == 400
