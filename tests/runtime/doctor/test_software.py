import shutil
from pathlib import Path

import pytest

from models.licences.policy import Policy
from models.store import Store
from runtime import certificate, keyring
from runtime.api.scopes import Scope
from runtime.config import Server, load
from runtime.doctor import software
from runtime.tls import ensure_own, own_files


def test_a_missing_model_is_told_the_command(tmp_path: Path) -> None:
    found = software.model(Store(tmp_path), "smollm2-135m", Policy())
    assert (found.state, found.advice) == ("fail", "ingle pull smollm2-135m")


def test_a_whole_model_is_well_and_a_damaged_one_is_not(tmp_path: Path) -> None:
    from tests.support.tiny import tiny_bundle  # noqa: PLC0415  the builder is slow to load, and only needed here

    store = Store(tmp_path)
    with store.staging() as room:
        bundle = store.add(room / "tiny", tiny_bundle(room / "tiny"))
    assert software.model(store, "tiny", Policy()).state == "ok"
    refused = software.model(store, "tiny", Policy(refuse=("attribution",)))
    assert (refused.state, refused.advice) == ("fail", "ingle licence tiny")
    assert "policy.refuse" in refused.fact
    damaged = bundle.path / "tokenizer.json"
    damaged.chmod(0o644)
    damaged.write_bytes(damaged.read_bytes()[:-1] + b" ")
    found = software.model(store, "tiny", Policy())
    assert found.state == "fail"
    assert "tokenizer.json" in found.fact
    assert "ingle pull tiny" in found.advice


def test_onnxruntime_is_here() -> None:
    found = software.onnxruntime()
    assert found.state == "ok"
    assert "CPU" in found.fact


def test_room_is_measured_where_the_state_will_be(tmp_path: Path) -> None:
    found = software.disk(tmp_path / "not" / "yet" / "there")
    assert found.state in {"ok", "warn"}
    assert "GiB free" in found.fact


@pytest.mark.parametrize(("mode", "state"), [(0o600, "ok"), (0o644, "warn")])
def test_a_secret_that_others_can_read(tmp_path: Path, mode: int, state: str) -> None:
    secret = tmp_path / "password"
    secret.write_text("hunter2\n")
    secret.chmod(mode)
    loaded = load(environ={"INGLE_MQTT_PASSWORD_FILE": str(secret)})
    (found,) = software.secrets(loaded, {})
    assert found.state == state
    assert "hunter2" not in str(found)


def test_a_secret_that_is_not_there(tmp_path: Path) -> None:
    loaded = load(environ={"INGLE_SERVER_KEY_FILE": str(tmp_path / "absent")})
    (found,) = software.secrets(loaded, {})
    assert (found.state, found.subject) == ("fail", "api key")


def test_foreign_variables_are_mentioned() -> None:
    found = list(software.configuration(load(environ={"INGLE_SERVR_PORT": "1"})))
    assert [(f.state, f.subject) for f in found] == [("ok", "configuration"), ("warn", "environment")]
    assert "INGLE_SERVR_PORT" in found[1].fact


def test_a_licence_that_looks_misspelt_in_the_policy_is_named() -> None:
    assert not list(software.licences(Policy(accept=("LicenseRef-Gemma", "LicenseRef-house-rules"))))
    (found,) = software.licences(Policy(accept=("LicenseRef-Gema",)))
    assert (found.state, "LicenseRef-Gemma" in (found.advice or "")) == ("warn", True)


def test_keys_for_others_are_counted_and_a_damaged_file_is_told(tmp_path: Path) -> None:
    assert list(software.keys(tmp_path)) == []
    keyring.add(keyring.file_of(tmp_path), "tablet", [Scope.CHAT])
    (found,) = software.keys(tmp_path)
    assert (found.state, found.fact) == ("ok", "1 for others: tablet")
    keyring.file_of(tmp_path).write_bytes(b"{")
    assert [each.state for each in software.keys(tmp_path)] == ["fail"]


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the program openssl is not installed")
def test_a_certificate_is_told_with_its_fingerprint_and_its_end(tmp_path: Path) -> None:
    own = Server(tls=True)
    (early,) = software.tls(own, tmp_path)
    assert early.state == "ok"
    ensure_own(own, tmp_path)
    (found,) = software.tls(own, tmp_path)
    shown = certificate.read(own_files(tmp_path)[1].read_bytes()).shown
    assert found.state == "ok"
    assert shown in found.fact
    mine = tmp_path / "mine.pem"
    mine.write_bytes(own_files(tmp_path)[0].read_bytes())
    mine.chmod(0o644)
    warned = list(software.tls(Server(tls=True, tls_cert_file=mine), tmp_path))
    assert [each.state for each in warned] == ["warn", "ok"]
    mine.write_bytes(b"nothing")
    assert [each.state for each in software.tls(Server(tls=True, tls_cert_file=mine), tmp_path)] == ["fail"]
    assert list(software.tls(Server(), tmp_path)) == []
