"""Another bundle from what is here: nothing is downloaded, and what each recipe would be like is measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models.bundle import Bundle
from models.cli import commands
from models.errors import QuantizationError, StoreError
from models.fidelity import measure
from models.manifest import Fidelity
from models.pull import Network, Wishes, pull
from models.quantize import recipe_named
from models.requantize import explain, requantize
from models.sources.shelf import SourceShelf
from models.store import Store
from models.trials import MOST_KL, Trial, best, choice, tried
from tests.support.goldens import GOLDEN_DIR
from tests.support.model_server import ModelServer
from tests.support.small_bundle import build_small, quiet
from tests.support.tiny import tiny_checkpoint

TINY = GOLDEN_DIR / "llama-tied"
ACCEPT = ("--accept-licence", "LicenseRef-unknown")
WHEEL = "wheel:tiny-model==1.0#tiny_model/Tiny.gguf"


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "models")


@pytest.fixture
def pulled(store: Store, server: ModelServer) -> int:
    """A model that was fetched; how many requests that took."""
    server.add_wheel("tiny-model", "1.0", {"tiny_model/Tiny.gguf": b"weights"})
    wishes = Wishes(accepted_licences=frozenset({"LicenseRef-unknown"}))
    pull(WHEEL, store, quiet, wishes=wishes, network=Network(server.index, server.url), build=build_small)
    return len(server.requests)


def test_another_name_for_another_recipe_of_the_same_weights(
    store: Store, pulled: int, server: ModelServer
) -> None:
    built = requantize("tiny", store, quiet, wishes=Wishes("small", "int4"), build=build_small)
    assert built.fresh
    assert built.bundle.reference == "small@1.0-int4"
    assert built.bundle.manifest.source == store.resolve("tiny").manifest.source
    assert len(server.requests) == pulled


def test_without_a_name_it_is_another_version(store: Store, pulled: int) -> None:
    assert pulled
    built = requantize("tiny@1.0", store, quiet, wishes=Wishes(recipe="int4"), build=build_small)
    assert built.bundle.reference == "tiny@1.0-int4"
    assert store.resolve("tiny").reference == "tiny@1.0", "who serves it by its name goes on as before"
    assert not requantize("tiny", store, quiet, wishes=Wishes(recipe="int4"), build=build_small).fresh


def test_weights_that_are_not_here_are_not_fetched(store: Store) -> None:
    with pytest.raises(
        StoreError,
        match=r"weights of smollm2-135m .* are not here, or damaged; `ingle pull smollm2-135m --force`",
    ):
        requantize("smollm2-135m", store, quiet, wishes=Wishes(recipe="int4"))


def test_the_same_bytes_under_another_reference_are_found_by_their_hash(
    store: Store, pulled: int, server: ModelServer
) -> None:
    """They lie on the shelf once, under the reference that came first."""
    server.add_wheel("other-model", "1.0", {"Other.gguf": b"weights"})
    wishes = Wishes(accepted_licences=frozenset({"LicenseRef-unknown"}))
    other = "wheel:other-model==1.0#Other.gguf"
    pull(other, store, quiet, wishes=wishes, network=Network(server.index, server.url), build=build_small)
    asked = len(server.requests)
    built = requantize("other", store, quiet, wishes=Wishes(recipe="int4"), build=build_small)
    assert built.bundle.manifest.source == store.resolve("other").manifest.source
    assert len(server.requests) == asked > pulled


def test_of_two_fetched_under_one_reference_those_of_the_bundle_are_taken(
    store: Store, pulled: int, server: ModelServer
) -> None:
    assert pulled
    first = store.resolve("tiny")
    server.add_wheel("tiny-model", "1.0", {"tiny_model/Tiny.gguf": b"replaced"})
    wishes = Wishes(accepted_licences=frozenset({"LicenseRef-unknown"}), force=True)
    network = Network(server.index, server.url)
    second = pull(WHEEL, store, quiet, wishes=wishes, network=network, build=build_small).bundle
    for name, bundle in (("first", first), ("second", second)):
        built = requantize(bundle.digest, store, quiet, wishes=Wishes(name, "int4"), build=build_small)
        assert built.bundle.manifest.source.sha256 == bundle.manifest.source.sha256


@pytest.fixture
def environment(server: ModelServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks the usual index asks this server."""
    monkeypatch.setenv("PIP_INDEX_URL", server.index)


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize("text", ["tiny", WHEEL])
def test_damaged_weights_are_told_of_and_not_fetched(
    store: Store, pulled: int, server: ModelServer, text: str
) -> None:
    path = SourceShelf(store).weights(store.resolve("tiny").manifest.source)
    assert path is not None
    path.write_bytes(b"rot")
    with pytest.raises(StoreError, match=f"`ingle pull {WHEEL} --force` fetches them"):
        requantize(text, store, quiet, wishes=Wishes(recipe="int4"), build=build_small)
    assert len(server.requests) == pulled


@pytest.mark.usefixtures("environment")
def test_a_pull_that_may_ask_nobody_asks_nobody(store: Store, server: ModelServer) -> None:
    server.add_wheel("tiny-model", "1.0", {"tiny_model/Tiny.gguf": b"weights"})
    with pytest.raises(StoreError, match=f"`ingle pull {WHEEL} --force` fetches them"):
        pull(WHEEL, store, quiet, network=Network(allowed=False))
    assert server.requests == []


def test_a_recipe_that_is_not_there_is_named_before_any_work(store: Store) -> None:
    with pytest.raises(QuantizationError, match="no quantisation 'int3'"):
        explain(str(TINY), store, quiet, ("int3",))


def ingle(state: Path, *arguments: str) -> Result:
    return CliRunner().invoke(commands, ["quantize", *arguments, "--state", str(state)])


def test_explain_prints_what_was_measured_and_keeps_nothing(tmp_path: Path) -> None:
    done = ingle(tmp_path, str(TINY), "--explain", "--recipe", "int8", "--recipe", "int4", "--json")
    rows = json.loads(done.stdout)
    assert [row["recipe"] for row in rows] == ["int4", "int8"]
    assert rows[0]["bytes"] < rows[1]["bytes"]
    assert rows[0]["kl_mean"] > rows[1]["kl_mean"] > 0
    assert sum(row["chosen"] for row in rows) == 1
    assert Store(tmp_path / "models").list() == ()
    table = ingle(tmp_path, str(TINY), "--explain", "--recipe", "int8").stdout
    assert "tok/s" in table
    assert "int8 is the smallest with a mean KL of at most 0.02" in table


def test_a_path_becomes_a_bundle_by_the_recipe(tmp_path: Path) -> None:
    done = ingle(tmp_path, str(TINY), "--recipe", "int4", "--name", "four", *ACCEPT)
    assert done.exit_code == 0, done.output
    assert {row.scheme for row in Store(tmp_path / "models").resolve("four").manifest.quantization} == {
        "int8",
        "int4",
    }


def test_keys_and_values_in_eight_bits_are_tried_and_kept(tmp_path: Path) -> None:
    eight = ("--recipe", "int8", "--kv", "int8")
    (row,) = json.loads(ingle(tmp_path, str(TINY), "--explain", "--json", *eight).stdout)
    done = ingle(tmp_path, str(TINY), *eight, "--name", "small", *ACCEPT)
    assert done.exit_code == 0, done.output
    manifest = Store(tmp_path / "models").resolve("small").manifest
    assert (row["recipe"], manifest.kv) == ("int8-kv8", "int8")
    assert manifest.version.endswith("-int8-kv8")
    assert [measured.kl_mean for measured in manifest.fidelity] == [row["kl_mean"]]


@pytest.mark.parametrize(
    "arguments", [(), ("--recipe", "int4", "--recipe", "int8"), ("--explain", "--name", "x")]
)
def test_what_goes_together_is_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert ingle(tmp_path, str(TINY), *arguments).exit_code == 2


def test_trials_listen_to_the_fp32_graph_once(tmp_path: Path) -> None:
    """And say of each recipe what measuring it by itself says."""
    recipes = tuple(map(recipe_named, ("int8", "int4")))
    kept, found = [], []
    for trial_ in tried(tiny_checkpoint(), recipes, tmp_path, quiet):
        kept.append((tmp_path / "reference" / "logits").stat())
        bundle = Bundle.open(tmp_path / trial_.recipe)
        found.append(measure(bundle.path, bundle.manifest, tmp_path / "reference") == trial_.fidelity)
    assert found == [True, True]
    assert len({(stat.st_ino, stat.st_mtime_ns) for stat in kept}) == 1


FIGURES = Fidelity(0.01, 0.1, 0.95, 26.1, 26.0, 2262, "fidelity-en.txt", "fp32", "x86_64-avx2")


def trial(recipe: str, size: int, kl: float) -> Trial:
    return Trial(recipe, size, replace(FIGURES, kl_mean=kl), 1.0, 100.0)


def test_the_smallest_that_is_near_enough_is_chosen() -> None:
    trials = [trial("int8", 155, 0.002), trial("as-stored", 108, 0.004), trial("int4", 100, 0.24)]
    assert best(trials).recipe == "as-stored"
    assert choice(trials).startswith(f"as-stored is the smallest with a mean KL of at most {MOST_KL}")


def test_where_none_is_near_the_nearest_is_chosen() -> None:
    trials = [trial("int4", 100, 0.24), trial("int4-mixed", 120, 0.1)]
    assert best(trials).recipe == "int4-mixed"
    assert "the nearest to fp32" in choice(trials)
