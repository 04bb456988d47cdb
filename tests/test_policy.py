"""An owner's policy at work: the program itself, a configuration on disk, a hub on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.export.reading import EncoderTask
from models.licences import licence_of
from models.store import Store
from tests.support.encoders import furnish_encoder
from tests.support.goldens import GOLDEN_DIR
from tests.support.house import environment, furnish, ingle
from tests.support.model_server import ModelServer
from tests.support.small_bundle import write_bundle

FILES = {path.name: path.read_bytes() for path in (GOLDEN_DIR / "llama-tied").iterdir()}
BUSINESS = "[policy]\ncommercial = true\nannual_revenue_usd = 25_000_000\n"
SMALL_BUSINESS = "[policy]\ncommercial = true\nannual_revenue_usd = 2_000_000\n"


@pytest.fixture
def hub() -> Iterator[ModelServer]:
    with ModelServer().running() as server:
        server.add_repository("org/Capped", FILES, licence="lfm1.0")
        server.add_repository("org/Private", FILES, licence="cc-by-nc-4.0")
        server.add_repository("org/Free", FILES, licence="apache-2.0")
        yield server


def _environ(state: Path, hub: ModelServer, policy: str) -> dict[str, str]:
    (state / "inglenook.toml").write_text(policy, encoding="utf-8")
    return environment(
        state,
        INGLENOOK_CONFIG=str(state / "inglenook.toml"),
        HF_ENDPOINT=hub.url,
        HF_HOME=str(state / "hf"),
        NO_PROXY="127.0.0.1",
    )


@pytest.mark.parametrize(
    ("repo", "clause"),
    [
        ("org/Capped", "policy.annual_revenue_usd = 25000000: section 5(b) of LicenseRef-LFM-1.0 (https://"),
        ("org/Private", "policy.commercial = true: section 2(a)(1) of CC-BY-NC-4.0 (https://"),
    ],
)
def test_what_the_policy_rules_out_is_not_fetched_even_when_accepted(
    hub: ModelServer, tmp_path: Path, repo: str, clause: str
) -> None:
    accept = ("--accept-licence", "LicenseRef-LFM-1.0", "--accept-licence", "CC-BY-NC-4.0")
    done = ingle("pull", f"hf:{repo}", *accept, environ=_environ(tmp_path, hub, BUSINESS))
    assert done.returncode == 1
    said = done.stderr.decode()
    assert clause in said
    assert said.count("error: ") == 1
    assert hub.asked_for_files() == []


def test_a_catalogue_model_is_ruled_out_before_anyone_is_asked(hub: ModelServer, tmp_path: Path) -> None:
    environ = _environ(tmp_path, hub, '[policy]\nrefuse = ["use-policy"]\n')
    done = ingle("pull", "llama-3.2-1b", environ=environ)
    assert b"section 1.b.iv of LicenseRef-Llama-3.2" in done.stderr
    assert hub.requests == []


def test_facts_within_the_clause_need_no_further_word(hub: ModelServer, tmp_path: Path) -> None:
    environ = _environ(tmp_path, hub, SMALL_BUSINESS)
    done = ingle("pull", "hf:org/Capped", "--recipe", "fp32", environ=environ)
    assert done.returncode == 0, done.stderr
    unstated = ingle("pull", "hf:org/Capped", "--name", "b", environ=_environ(tmp_path, hub, ""))
    assert b"add --accept-licence LicenseRef-LFM-1.0" in unstated.stderr


def test_a_file_named_on_the_command_line_counts(hub: ModelServer, tmp_path: Path) -> None:
    (tmp_path / "strict.toml").write_text('[policy]\nrefuse = ["attribution"]\n', encoding="utf-8")
    environ = _environ(tmp_path, hub, "")
    done = ingle("pull", "hf:org/Free", "--config", str(tmp_path / "strict.toml"), environ=environ)
    assert b"policy.refuse" in done.stderr
    assert ingle("pull", "hf:org/Free", "--config", "/absent.toml", environ=environ).returncode == 1


def test_what_is_here_is_not_run_once_the_policy_rules_it_out(hub: ModelServer, tmp_path: Path) -> None:
    furnish(tmp_path)
    environ = _environ(tmp_path, hub, "[policy]\nrefuse = ['attribution']\n")
    for arguments in (
        ("run", "--max-tokens", "2", "hello"),
        ("chat",),
        ("serve",),
        ("bench", "--rounds", "1"),
    ):
        done = ingle(*arguments, environ=environ, stdin=b"hello\n")
        assert done.returncode == 1, arguments
        assert b"tiny@1 is ruled out by policy.refuse" in done.stderr
        assert b"Traceback" not in done.stderr
    looked = ingle("doctor", "--json", environ=environ)
    (model,) = (each for each in json.loads(looked.stdout) if each["subject"] == "model")
    assert (model["state"], model["advice"]) == ("fail", "ingle licence tiny")


@pytest.mark.parametrize("task", ["embed", "classify"])
def test_what_reads_texts_is_not_run_once_the_policy_rules_it_out(
    hub: ModelServer, tmp_path: Path, task: EncoderTask
) -> None:
    furnish_encoder(tmp_path, task)
    assert ingle(task, f"tiny-{task}", "hello", environ=_environ(tmp_path, hub, "")).returncode == 0
    environ = _environ(tmp_path, hub, "[policy]\nrefuse = ['attribution']\n")
    done = ingle(task, f"tiny-{task}", "hello", environ=environ)
    assert (done.returncode, done.stdout) == (1, b"")
    said = done.stderr.decode()
    assert f"tiny-{task}@1 is ruled out by policy.refuse" in said
    assert said.count("\n") == 1


def test_a_model_that_is_here_is_not_offered_by_another_pull(hub: ModelServer, tmp_path: Path) -> None:
    free = _environ(tmp_path, hub, "[policy]\ncommercial = false\n")
    assert ingle("pull", "hf:org/Private", "--recipe", "fp32", environ=free).returncode == 0
    again = ingle("pull", "hf:org/Private", "--recipe", "fp32", environ=_environ(tmp_path, hub, BUSINESS))
    assert b"policy.commercial = true" in again.stderr
    table = ingle("licence", environ=_environ(tmp_path, hub, BUSINESS)).stdout
    assert b"refuses it" in table


def test_the_report_says_what_is_refused_and_why(hub: ModelServer, tmp_path: Path) -> None:
    store = Store.below(tmp_path)
    with store.staging() as staged:
        manifest = write_bundle(staged)
        store.add(staged, manifest)
    environ = _environ(tmp_path, hub, '[policy]\nrefuse = ["attribution"]\n')
    (told,) = json.loads(ingle("licence", "--report", "--json", environ=environ).stdout)
    assert told["refused"].startswith("tiny@1 is ruled out by policy.refuse")
    assert b"refused: tiny@1 is ruled out" in ingle("licence", "--report", environ=environ).stdout
    assert licence_of("mit").spdx == told["licence"]


@pytest.mark.parametrize(
    ("policy", "sentence"),
    [
        (
            "[policy]\ncomercial = true\n",
            "policy.comercial is not a setting; did you mean policy.commercial?",
        ),
        ("[polcy]\ncommercial = true\n", "polcy is not a setting; did you mean policy?"),
        ("[policy]\ncommercial = 'yes'\n", "policy.commercial is 'yes', but must be true or false"),
        ("[policy]\nannual_revenue_usd = -1\n", "policy.annual_revenue_usd is -1, but must be zero or more"),
        (
            "[policy]\nrefuse = ['noncommercial']\n",
            "policy.refuse is 'noncommercial', but must be one of attr",
        ),
        ("[policy]\nrefuse = 'copyleft'\n", "policy.refuse is 'copyleft', but must be a list"),
        (
            "[policy]\naccept = ['any thing']\n",
            "policy.accept is 'any thing', but must be the name of a licence",
        ),
    ],
)
def test_a_mistake_in_the_policy_is_said_with_the_way_out(
    hub: ModelServer, tmp_path: Path, policy: str, sentence: str
) -> None:
    done = ingle("pull", "hf:org/Free", environ=_environ(tmp_path, hub, policy))
    assert done.returncode == 1
    assert sentence in done.stderr.decode()
    assert hub.requests == []


@pytest.mark.parametrize("command", ["serve", "licence"])
def test_a_mistake_in_the_policy_stops_every_command_that_needs_it(
    hub: ModelServer, tmp_path: Path, command: str
) -> None:
    done = ingle(command, environ=_environ(tmp_path, hub, "[policy]\nrefus = []\n"))
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"policy.refus is not a setting; did you mean policy.refuse?" in done.stderr
