import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from models.arch import ARCHITECTURES
from models.build import write_manifest
from models.families import COLUMNS, rows
from models.manifest import DECODER_NAME
from models.speed import decode_rate
from models.store import Store
from tests.support.ingle import environment
from tests.support.tiny import tiny_bundle


def store_with(variant: str, name: str, state: Path) -> Store:
    store = Store.below(state)
    with store.staging() as staging:
        manifest = replace(tiny_bundle(staging / "bundle", variant=variant), name=name)
        write_manifest(staging / "bundle", manifest)
        store.add(staging / "bundle", manifest)
    return store


def test_every_architecture_has_its_rows(tmp_path: Path) -> None:
    table = list(rows(Store.below(tmp_path), None))
    assert {row["family"] for row in table} == set(ARCHITECTURES)
    assert all(row["parity"] <= 1e-4 and not row["here"] for row in table)


def test_what_is_here_is_run(tmp_path: Path) -> None:
    store = store_with("llama-tied", "tiny-llama", tmp_path)
    table = list(rows(store, decode_rate))
    (row,) = [row for row in table if row["here"]]
    assert row.items() >= {"family": "llama", "model": "tiny-llama@1", "kl_mean": None}.items()
    assert row["tokens_s"] > 0
    assert sum(row["family"] == "llama" for row in table) > 1, "the catalogue's stay"


def test_a_catalogue_name_that_is_here_has_one_row(tmp_path: Path) -> None:
    store = store_with("llama-tied", "smollm2-135m", tmp_path)
    names = [row["model"] for row in rows(store, None)]
    assert "smollm2-135m@1" in names
    assert "smollm2-135m" not in names


def test_the_command_prints_the_table_and_json(tmp_path: Path) -> None:
    store_with("llama-untied", "tiny-untied", tmp_path)

    def ingle(*options: str) -> str:
        command = [sys.executable, "-m", "runtime", "models", *options]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, env=environment(tmp_path, None)
        ).stdout

    printed = ingle()
    assert "tiny-untied@1" in printed
    assert "tok/s" in printed
    table = json.loads(ingle("--no-speed", "--json"))
    assert set(COLUMNS) <= table[0].keys()
    assert all(row["tokens_s"] is None for row in table)


def test_a_damaged_bundle_hides_no_sound_one(tmp_path: Path) -> None:
    store = store_with("lfm2", "tiny-lfm2", tmp_path)
    store_with("llama-tied", "tiny-llama", tmp_path)
    graph = store.resolve("tiny-lfm2").path / DECODER_NAME
    graph.chmod(0o644)
    graph.write_bytes(graph.read_bytes()[:100])
    here = {row["model"]: row for row in rows(store, decode_rate) if row["here"]}
    assert here["tiny-lfm2@1"]["tokens_s"] is None
    assert here["tiny-lfm2@1"]["fault"]
    assert here["tiny-llama@1"]["tokens_s"] > 0
    assert here["tiny-llama@1"]["fault"] is None
    for options in ((), ("--json",)):
        done = subprocess.run(
            [sys.executable, "-m", "runtime", "models", *options],
            check=True,
            capture_output=True,
            text=True,
            env=environment(tmp_path, None),
        )
        assert "tiny-llama@1" in done.stdout
        assert done.stderr.startswith("not run: tiny-lfm2@1 (onnxruntime: ")
        assert done.stderr.endswith("`ingle verify tiny-lfm2@1` says whether it is damaged\n")
        assert done.stderr.count("\n") == 1
