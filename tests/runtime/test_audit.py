"""The audit log: what is in it, how large it gets, and what a kill leaves."""

import itertools
import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from runtime.api.access import Access
from runtime.api.allowance import Spent
from runtime.api.audit import Audit, Entry
from runtime.api.scopes import Scope
from runtime.audit import AuditFile, audit_of
from runtime.config import Logging
from runtime.errors import ConfigError
from runtime.keyring import Keyring, add, file_of
from tests.support.appliance import appliance, script
from tests.support.engine import EngineSimulator

ENTRY = Entry(0.0, "1", "tablet", "10.0.0.2", "POST", "/v1/commands", 200, 0.25, Spent())


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


async def ask(audit: Audit, access: Access | None = None, **headers: str) -> None:
    """One chat, one bad path, one look at what is open."""
    async with appliance(EngineSimulator(script("Paris.")), audit=audit, access=access) as served:
        body = {"messages": [{"role": "user", "content": "Where is the \u2028 treasure?"}]}
        async with served.client.post("/v1/chat/completions", json=body, headers=headers) as response:
            await response.read()
        for path in ("/nope/treasure?where=cellar", "/health", "/"):
            async with served.client.get(path, headers=headers) as response:
                await response.read()


async def test_a_line_says_who_asked_for_what_and_not_what_was_said(tmp_path: Path) -> None:
    path, keys = tmp_path / "audit.jsonl", file_of(tmp_path)
    path.touch(0o644)
    secret = add(keys, "tablet", [Scope.CHAT])
    access = Access(keys=Keyring(path=keys), asked=True)
    await ask(AuditFile(path, 1 << 20), access, Authorization=f"Bearer {secret}")
    chat, lost, page = lines(path)
    assert (chat["key"], chat["address"], chat["method"]) == ("tablet", "127.0.0.1", "POST")
    assert (chat["route"], chat["status"]) == ("/v1/chat/completions", 200)
    assert chat["prompt_tokens"] > 0
    assert chat["completion_tokens"] == len(script("Paris."))
    assert (lost["route"], lost["status"], lost["prompt_tokens"]) == ("/nope/treasure", 404, None)
    assert page["route"] == "/"
    for said in (b"Paris", b"Where is", b"cellar", secret.encode()):
        assert said not in path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_what_is_refused_is_written_down_and_what_is_open_to_all_is_not(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    await ask(
        AuditFile(path, 1 << 20), Access(keys=Keyring("owner's"), asked=True), Authorization="Bearer guess"
    )
    assert [each["status"] for each in lines(path)] == [401, 401]


async def test_with_prompts_it_has_what_was_asked_and_says_so_at_the_start(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await ask(audit_of(Logging(audit_prompts=True), tmp_path))
    assert "what callers ask is written to" in caplog.text
    chat = lines(tmp_path / "audit.jsonl")[0]
    assert json.loads(chat["asked"])["messages"][0]["content"] == "Where is the \u2028 treasure?"
    assert "Paris" not in json.dumps(chat)


async def test_it_can_go_to_the_journal_or_nowhere(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO", "runtime.audit")
    await ask(audit_of(Logging(audit="off"), tmp_path))
    assert not [record for record in caplog.records if record.name == "runtime.audit"]
    await ask(audit_of(Logging(audit="journal"), tmp_path))
    told = [json.loads(record.message) for record in caplog.records if record.name == "runtime.audit"]
    assert [each["status"] for each in told] == [200, 404]
    assert not (tmp_path / "audit.jsonl").exists()


def test_it_never_takes_more_than_it_may(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    audit = AuditFile(path, 4096)
    for _ in range(200):
        audit.note(ENTRY)
        assert sum(each.stat().st_size for each in tmp_path.iterdir()) <= 4096
    audit.close()
    assert sorted(each.name for each in tmp_path.iterdir()) == ["audit.jsonl", "audit.jsonl.1"]
    assert all(each["key"] == "tablet" for name in tmp_path.iterdir() for each in lines(name))


def test_a_line_that_a_power_cut_left_half_is_ended(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    path.write_bytes(b'{"time": "2026-11-23T10:00')
    AuditFile(path, 1 << 20).note(ENTRY)
    assert json.loads(path.read_bytes().splitlines()[1])["id"] == "1"


def test_a_disk_that_is_full_stops_nobody_and_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    audit = AuditFile(tmp_path / "audit.jsonl", 1 << 20)
    full = os.open("/dev/full", os.O_WRONLY)
    os.dup2(full, audit._file)
    os.close(full)
    for _ in range(50):
        audit.note(ENTRY)
    assert caplog.text.count("the audit log cannot be written") == 1


def test_a_place_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").mkdir()
    with pytest.raises(ConfigError, match=r"logging\.audit"):
        audit_of(Logging(), tmp_path)


WRITE_FOR_EVER = """
import sys
from pathlib import Path
from runtime.api.allowance import Spent
from runtime.api.audit import Entry
from runtime.audit import AuditFile
audit = AuditFile(Path(sys.argv[1]), 65536)
for number in range(1 << 40):
    audit.note(Entry(0.0, str(number), "k", "a", "GET", "/", 200, 0.1, Spent()))
"""


def test_a_kill_leaves_no_line_out_and_cuts_none_but_the_last(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for _ in range(3):
        with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, str(path)]) as process:
            while not path.with_name("audit.jsonl.1").exists():
                assert process.poll() is None
                time.sleep(0.01)
            process.send_signal(signal.SIGKILL)
        if (
            path.exists()
        ):  # or it was killed between two files; or, within a write, between two pages of a line
            path.write_bytes(path.read_bytes().rpartition(b"\n")[0])
        written = [
            int(each["id"]) for name in sorted(tmp_path.iterdir(), reverse=True) for each in lines(name)
        ]
        assert all(after - before == 1 for before, after in itertools.pairwise(written))
        for name in tmp_path.iterdir():
            name.unlink()
