import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models.arch import ARCHITECTURES
from models.build import write_manifest
from models.catalogue import offered
from models.cli import commands
from models.cpu import cpu_class
from models.licences import licence_of
from models.manifest import SCHEMA_VERSION, SPEECH_SCHEMA_VERSION, Manifest
from models.store import Store
from tests.support import ingle
from tests.support.goldens import GOLDEN_DIR
from tests.support.model_server import ModelServer
from tests.support.small_bundle import write_bundle

PULL = ("pull", ingle.REFERENCE, *ingle.ACCEPT)


@pytest.fixture
def state(tmp_path: Path) -> Path:
    store = Store(tmp_path / "models")
    with store.staging() as staged:
        store.add(staged, write_bundle(staged))
    return tmp_path


def _ingle(state: Path, *arguments: str) -> Result:
    return CliRunner().invoke(commands, [*arguments, "--state", str(state)], env={"COLUMNS": ""})


def test_an_empty_store_says_what_to_do(tmp_path: Path) -> None:
    done = _ingle(tmp_path, "list")
    assert (done.exit_code, done.output) == (
        0,
        "no model yet; `ingle pull smollm2-135m` fetches a small one\n",
    )


def test_list_as_a_table_and_as_json(state: Path) -> None:
    table = _ingle(state, "list").output
    assert all(word in table for word in ("name", "tiny", "MIT"))
    (row,) = json.loads(_ingle(state, "list", "--json").output)
    assert (row["name"], row["version"], row["licence"]) == ("tiny", "1", "MIT")
    assert len(row["digest"]) == 64


def test_a_long_name_is_whole_where_a_program_reads_the_table(tmp_path: Path) -> None:
    store = Store(tmp_path / "models")
    name = "a-model-with-a-name-that-is-longer-than-most"
    with store.staging() as staged:
        manifest = replace(write_bundle(staged), name=name, version="2024-06-30-int4-mixed")
        (staged / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
        digest = store.add(staged, manifest).digest
    row = _ingle(tmp_path, "list").output
    assert all(word in row for word in (name, manifest.version, digest[:12]))


def test_a_model_of_a_newer_version_is_not_passed_over(state: Path) -> None:
    (bundle,) = Store(state / "models").list()
    manifest = bundle.path / "manifest.json"
    newer = manifest.read_text(encoding="utf-8").replace(
        f'"schema_version": {SCHEMA_VERSION}', f'"schema_version": {SPEECH_SCHEMA_VERSION + 1}'
    )
    manifest.write_text(newer, encoding="utf-8")
    done = _ingle(state, "list")
    assert (done.stdout, done.stderr) == ("", "not readable: tiny@1; `ingle verify --all` says why\n")
    checked = _ingle(state, "verify", "--all")
    assert "update inglenook" in checked.stdout
    assert (checked.exit_code, checked.stderr) == (
        1,
        "error: a later inglenook built what this one cannot read; update inglenook\n",
    )
    (state / "models" / "refs" / "lost").write_text("0" * 64 + "\n", encoding="utf-8")
    assert "something is damaged" in _ingle(state, "verify", "--all").stderr


def test_list_tells_a_measured_bundle_from_one_that_was_not(tmp_path: Path) -> None:
    weights = str(GOLDEN_DIR / "llama-tied")
    for recipe in ("int8", "fp32"):
        done = _ingle(tmp_path, "pull", weights, "--recipe", recipe, "--name", recipe, *ingle.ACCEPT)
        assert done.exit_code == 0, done.stderr
    exact, measured = json.loads(_ingle(tmp_path, "list", "--json").output)
    assert exact["kl_mean"] is None
    assert measured["kl_mean"] > 0
    lines = [line.strip() for line in _ingle(tmp_path, "list").output.splitlines()]
    assert any(" KL " in line for line in lines)
    assert any(line.startswith("fp32 ") and " - " in line for line in lines)
    assert any(line.startswith("int8 ") and f" {measured['kl_mean']:.2g} " in line for line in lines)


@pytest.mark.parametrize("rubbish", [b"", bytes(65), b"\xff\xfe", b"../../elsewhere"])
def test_rubbish_among_the_names_is_found_and_goes_away(state: Path, rubbish: bytes) -> None:
    refs = state / "models" / "refs"
    (refs / "folder").mkdir()
    (refs / "tiny").write_bytes(rubbish)
    assert "tiny@1" in _ingle(state, "show", "tiny").stdout
    done = _ingle(state, "verify", "--all")
    assert done.exit_code == 1
    assert "name tiny: " in done.stdout
    assert _ingle(state, "rm", "tiny").exit_code == 0
    assert _ingle(state, "verify", "--all").exit_code == 0


def test_an_unknown_recipe_is_refused_before_anything_is_fetched(state: Path) -> None:
    done = _ingle(state, "pull", "smollm2-135m", "--recipe", "int3")
    assert done.exit_code == 1
    assert done.stderr.startswith("error: there is no quantisation 'int3'; choose one of ")


def test_the_catalogue_is_listed(tmp_path: Path) -> None:
    assert "smollm2-1.7b" in _ingle(tmp_path, "list", "--available").output
    rows = json.loads(_ingle(tmp_path, "list", "--available", "--json").output)
    assert [row["name"] for row in rows] == list(offered(ARCHITECTURES))
    assert {row["licence"] for row in rows} >= {"Apache-2.0", "LicenseRef-Gemma"}


def test_a_model_that_could_be_here_has_all_its_facts_for_programs(tmp_path: Path) -> None:
    rows = json.loads(_ingle(tmp_path, "list", "--available", "--json").output)
    (row,) = (row for row in rows if row["name"] == "lfm2-350m")
    assert row["languages"] == ["en", "ar", "zh", "fr", "de", "ja", "ko", "es"]
    assert (row["tool_dialect"], row["recipe"], row["bytes"]) == ("lfm2", "int8", 420_000_000)


def test_columns_holds_for_a_program_too(tmp_path: Path) -> None:
    done = CliRunner().invoke(
        commands, ["list", "--available", "--state", str(tmp_path)], env={"COLUMNS": "70"}
    )
    assert 60 < max(map(len, done.output.splitlines())) <= 70
    assert "more columns did not fit" in done.output


def test_show_tells_what_the_catalogue_knows_of_a_model_that_is_not_here(tmp_path: Path) -> None:
    done = _ingle(tmp_path, "show", "lfm2-350m")
    assert done.exit_code == 0
    for fact in ("354 M parameters", "LicenseRef-LFM-1.0", "hf:LiquidAI/LFM2-350M", "not on this machine"):
        assert fact in done.output
    assert done.output.endswith("`ingle pull lfm2-350m` fetches it\n")
    assert _ingle(tmp_path, "show", "lfm2-350m", "--json").exit_code == 1, "it has no manifest"
    assert _ingle(tmp_path, "show", "lfm3").exit_code == 1


def test_a_licence_is_known_by_what_tables_call_it(tmp_path: Path) -> None:
    short, whole = (_ingle(tmp_path, "licence", name).stdout for name in ("LFM-1.0", "LicenseRef-LFM-1.0"))
    assert short == whole
    assert "LFM Open License" in short


def test_show_tells_licence_source_and_fidelity(state: Path) -> None:
    output = _ingle(state, "show", "tiny").output
    for fact in ("tiny@1", "MIT (commercial, attribution)", "wheel:tiny==1#tiny.gguf", "not measured"):
        assert fact in output


def test_show_as_json_is_the_manifest(state: Path) -> None:
    text = _ingle(state, "show", "tiny", "--json").output
    assert Manifest.from_json(text).to_json() == text


def test_show_tells_the_words_a_licence_wants_shown(tmp_path: Path) -> None:
    store = Store(tmp_path / "models")
    with store.staging() as staged:
        manifest = replace(write_bundle(staged), licence=licence_of("llama3.2"))
        (staged / "manifest.json").write_text(manifest.to_json(), encoding="utf-8")
        store.add(staged, manifest)
    assert "to be shown:  Built with Llama\n" in _ingle(tmp_path, "show", "tiny").output


def test_licence_lists_what_is_here(state: Path, tmp_path: Path) -> None:
    table = _ingle(state, "licence").output
    assert all(word in table for word in ("model", "tiny@1", "MIT", "commercial, attribution", "allows it"))
    nothing = _ingle(tmp_path / "elsewhere", "licence", "--report").output
    assert nothing.startswith("nothing here yet")
    assert json.loads(_ingle(tmp_path / "elsewhere", "licence", "--json").output) == []


def test_licence_reports_every_clause_as_text_and_as_json(state: Path) -> None:
    text = _ingle(state, "licence", "--report").output
    assert text.startswith(
        "model tiny@1\n  from: wheel:tiny==1#tiny.gguf\n  licence: MIT (MIT License) https://"
    )
    (told,) = json.loads(_ingle(state, "licence", "--report", "--json").output)
    assert (told["kind"], told["name"], told["licence"], told["refused"]) == ("model", "tiny@1", "MIT", None)
    assert told["conditions"][0]["tag"] == "attribution"


@pytest.mark.parametrize("name", ["tiny", "tiny@1"])
def test_licence_of_a_model_that_is_here(state: Path, name: str) -> None:
    assert "attribution: the second paragraph: every copy keeps" in _ingle(state, "licence", name).output
    assert json.loads(_ingle(state, "licence", name, "--json").output)[0]["name"] == "tiny@1"


@pytest.mark.parametrize("name", ["llama-3.2-1b", "LicenseRef-Llama-3.2", "licenseref-llama-3.2"])
def test_licence_of_what_is_not_here_yet(state: Path, name: str) -> None:
    assert "to be shown: Built with Llama\n" in _ingle(state, "licence", name).output
    assert json.loads(_ingle(state, "licence", name, "--json").output)["display"] == "Built with Llama"


def test_licence_names_what_it_could_not_read(state: Path) -> None:
    (bundle,) = Store(state / "models").list()
    (bundle.path / "manifest.json").write_text("{}", encoding="utf-8")
    done = _ingle(state, "licence", "--report")
    assert done.stderr == "not readable: tiny@1; `ingle verify --all` says why\n"


def test_licence_of_one_thing_or_of_everything(state: Path) -> None:
    assert _ingle(state, "licence", "tiny", "--report").exit_code == 2


def test_a_configuration_is_not_silently_left_unread(state: Path, tmp_path: Path) -> None:
    done = _ingle(state, "pull", "smollm2-135m", "--config", str(tmp_path / "inglenook.toml"))
    assert done.exit_code == 2
    assert "leave --config out" in done.stderr


def test_rm_says_what_it_removed(state: Path) -> None:
    done = _ingle(state, "rm", "tiny")
    assert done.exit_code == 0
    assert done.output.startswith("removed bundle ")
    assert "(tiny, tiny@1)" in done.output
    assert Store(state / "models").list() == ()


def test_rm_takes_the_download_of_what_it_removed_and_no_other(server: ModelServer, tmp_path: Path) -> None:
    ingle.offer_tiny_llama(server, tmp_path)
    server.add_wheel("other", "1.0", {"other.gguf": b"no weights"})
    state = tmp_path / "state"
    variables = ingle.environment(state, server)
    other = "wheel:other==1.0#other.gguf"
    assert ingle.run(("pull", other, *ingle.ACCEPT), variables).returncode == 1
    assert ingle.run(PULL, variables).returncode == 0
    sources = state / "models" / "sources"
    assert len(list(sources.iterdir())) == 2
    assert "removed its downloaded weights, " in _ingle(state, "rm", "tiny").stdout
    assert len(list(sources.iterdir())) == 1
    assert _ingle(state, "rm", "--unused-downloads").stdout.startswith(f"removed {other}, ")
    assert _ingle(state, "rm", "--unused-downloads").stdout == "no download is unused\n"
    assert list(sources.iterdir()) == []


def test_rm_that_cannot_know_whose_a_download_is_keeps_it(server: ModelServer, tmp_path: Path) -> None:
    ingle.offer_tiny_llama(server, tmp_path)
    state = tmp_path / "state"
    variables = ingle.environment(state, server)
    for name in ("tiny", "again"):
        assert ingle.run((*PULL, "--name", name), variables).returncode == 0
    damaged = Store.below(state).resolve("again")
    (damaged.path / "manifest.json").write_text("{}", encoding="utf-8")
    done = _ingle(state, "rm", "tiny")
    assert (done.exit_code, "removed bundle" in done.stdout) == (0, True)
    assert "kept its downloaded weights" in done.stderr
    assert _ingle(state, "rm", "--unused-downloads").exit_code == 1


@pytest.mark.parametrize("arguments", [(), ("tiny", "--unused-downloads")])
def test_rm_wants_names_or_downloads(state: Path, arguments: tuple[str, ...]) -> None:
    assert _ingle(state, "rm", *arguments).exit_code == 2
    assert len(Store(state / "models").list()) == 1


def test_a_name_with_several_versions_says_which_it_means(tmp_path: Path) -> None:
    weights = str(GOLDEN_DIR / "llama-tied")
    pulled = _ingle(tmp_path, "pull", weights, "--recipe", "fp32", "--name", "tiny", *ingle.ACCEPT).stdout
    assert pulled.endswith("-fp32 is ready\n")
    fp32 = pulled.partition(" ")[0]
    assert " default" not in _ingle(tmp_path, "list").output
    assert "*" not in _ingle(tmp_path, "list").output
    built = _ingle(tmp_path, "quantize", weights, "--recipe", "int8", "--name", "tiny", *ingle.ACCEPT).stdout
    int8 = built.partition(" ")[0]
    assert built == (
        f"{int8} is ready; tiny alone still means {fp32}: `ingle serve --model {int8}` serves this one, "
        f"`ingle use {int8}` gives it the name\n"
    )
    table = _ingle(tmp_path, "list").output
    assert [" * " in line for line in table.splitlines() if line.startswith("tiny")] == [True, False]
    assert "* is what the name alone means; `ingle use NAME@VERSION` changes it." in table
    assert _ingle(tmp_path, "use", int8).stdout == (
        f"tiny means {int8}; what runs already takes it when it starts again\n"
    )
    rows = json.loads(_ingle(tmp_path, "list", "--json").output)
    assert {row["version"]: row["default"] for row in rows} == {
        fp32.partition("@")[2]: False,
        int8.partition("@")[2]: True,
    }
    again = _ingle(tmp_path, "pull", weights, "--recipe", "int8", "--name", "tiny", *ingle.ACCEPT).stdout
    assert again == (
        f"{int8} is here already; tiny alone means it, and `ingle use NAME@VERSION` another: {fp32}\n"
    )


def test_verify_one_and_all(state: Path) -> None:
    assert _ingle(state, "verify", "tiny").output == "tiny@1: sound\n"
    assert _ingle(state, "verify", "--all").exit_code == 0
    assert _ingle(state, "verify").exit_code == 2
    assert _ingle(state, "verify", "tiny", "--all").exit_code == 2


def test_verify_finds_damage(state: Path) -> None:
    (bundle,) = Store(state / "models").list()
    (bundle.path / "tokenizer.json").write_text("[]", encoding="utf-8")
    for arguments in (("verify", "tiny"), ("verify", "--all")):
        done = _ingle(state, *arguments)
        assert done.exit_code == 1
        assert "tokenizer.json has sha256" in done.output
        assert "error: something is damaged" in done.stderr


def test_verify_finds_a_name_that_points_nowhere(state: Path) -> None:
    (state / "models" / "refs" / "lost").write_text("0" * 64 + "\n", encoding="utf-8")
    done = _ingle(state, "verify", "--all")
    assert done.exit_code == 1
    assert "name lost: points at bundle '000000000000', which is not here" in done.output


@pytest.mark.parametrize(
    "arguments",
    [
        ("show", "none"),
        ("rm", "none"),
        ("use", "none@1"),
        ("verify", "none"),
        ("licence", "none"),
        ("pull", "none"),
        ("pull", "./none.gguf"),
        ("pull", "hf:x"),
        ("pull", "wheel:x"),
        ("pull", "https://example.org"),
    ],
)
def test_a_mistake_is_one_sentence_on_stderr_and_exit_1(state: Path, arguments: tuple[str, ...]) -> None:
    done = _ingle(state, *arguments)
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_place_that_may_not_be_written(state: Path, tmp_path: Path) -> None:
    (tmp_path / "models").chmod(0o500)
    done = _ingle(state, "rm", "tiny")
    (tmp_path / "models").chmod(0o700)
    assert "may not be written" in done.stderr


def test_a_pull_from_nothing_to_a_measured_bundle(server: ModelServer, tmp_path: Path) -> None:
    ingle.offer_tiny_llama(server, tmp_path)
    variables = ingle.environment(tmp_path / "state", server)
    done = ingle.run(PULL, variables)
    assert (done.returncode, done.stdout) == (0, "tiny@1.0 is ready\n")
    assert "tiny_llama-1.0-py3-none-any.whl: " in done.stderr
    assert "(100 %)" in done.stderr
    assert "measuring how far the bundle is from fp32" in done.stderr
    asked = len(server.requests)
    again = ingle.run(PULL, variables)
    assert (again.returncode, again.stdout, again.stderr) == (0, "tiny@1.0 is here already\n", "")
    assert len(server.requests) == asked
    measured = ingle.run(("verify", "--all", "--fidelity"), variables)
    assert measured.returncode == 0, measured.stderr
    assert "fidelity reproduced" in measured.stdout


def test_a_pull_from_a_hub_elsewhere(server: ModelServer, tmp_path: Path) -> None:
    files = {path.name: path.read_bytes() for path in (GOLDEN_DIR / "llama-tied").iterdir()}
    server.add_repository("org/tiny-llama", files)
    done = ingle.run(("pull", "hf:org/tiny-llama"), ingle.environment(tmp_path / "state", server))
    assert (done.returncode, done.stdout) == (0, "tiny-llama@main is ready\n"), done.stderr


def test_fidelity_of_a_local_model_is_measured_again_from_its_own_weights_only(tmp_path: Path) -> None:
    weights, others = GOLDEN_DIR / "llama-tied", GOLDEN_DIR / "llama-untied"
    accept = ("--accept-licence", "LicenseRef-unknown")
    for recipe, name in (("int8", "llama-tied"), ("fp32", "exact")):
        done = _ingle(tmp_path, "pull", str(weights), "--recipe", recipe, "--name", name, *accept)
        assert done.exit_code == 0, done.stderr
    again = ("verify", "llama-tied", "--fidelity")
    assert "give them with --weights PATH" in _ingle(tmp_path, *again).stderr
    assert "was built from other weights" in _ingle(tmp_path, *again, "--weights", str(others)).stderr
    assert _ingle(tmp_path, *again, "--weights", str(others)).exit_code == 1
    done = _ingle(tmp_path, *again, "--weights", str(weights))
    assert (done.exit_code, "fidelity reproduced" in done.stdout) == (0, True)
    every = _ingle(tmp_path, "verify", "--all", "--fidelity")
    assert (every.exit_code, every.stdout.count("exact@")) == (1, 2), every.stdout
    assert "no fidelity was recorded" in every.stdout
    assert "the fidelity of 1 was not confirmed" in every.stderr
    assert _ingle(tmp_path, "verify", "exact", "--fidelity").exit_code == 0
    assert _ingle(tmp_path, "verify", "--all", "--fidelity", "--weights", str(weights)).exit_code == 2


@pytest.mark.parametrize("reference", ["hf:org/tiny", "smollm2-360m"])
def test_no_network_is_said_in_one_sentence(tmp_path: Path, reference: str) -> None:
    done = ingle.run(("pull", reference), ingle.environment(tmp_path / "state", None))
    assert done.returncode == 1
    asking, error = done.stderr.splitlines()
    assert asking.startswith("asking 127.0.0.1:")
    assert error.startswith("error: cannot reach 127.0.0.1:")


def test_list_starts_without_the_builder() -> None:
    """What builds and fetches takes a second to import; a list must not wait for it."""
    heavy = {"onnx_ir", "onnxruntime", "numpy", "gguf", "huggingface_hub", "safetensors"}
    code = f"import sys, models.cli; print(*sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"


def test_fidelity_on_a_processor_without_a_row_is_told_and_not_compared(tmp_path: Path) -> None:
    weights = GOLDEN_DIR / "llama-tied"
    assert _ingle(tmp_path, "pull", str(weights), *ingle.ACCEPT).exit_code == 0
    store = Store(tmp_path / "models")
    (bundle,) = store.list()
    (row,) = bundle.manifest.fidelity
    with store.staging() as staged:
        shutil.copytree(bundle.path, staged, dirs_exist_ok=True)
        elsewhere = replace(
            bundle.manifest, name="elsewhere", fidelity=(replace(row, cpu="z80", kl_mean=9.0),)
        )
        write_manifest(staged, elsewhere)
        store.add(staged, elsewhere)
    done = _ingle(tmp_path, "verify", "elsewhere", "--fidelity", "--weights", str(weights))
    assert done.exit_code == 0, done.stderr
    assert f"never measured on {cpu_class()} before: KL {row.kl_mean} mean" in done.stdout
    assert done.stdout.endswith("recorded are KL 9.0 on z80\n")
