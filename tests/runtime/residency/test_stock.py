"""Models fetched and removed by a real `ingle`, from a hub on loopback."""

import sys
from collections.abc import Iterator
from contextlib import aclosing
from pathlib import Path

import pytest

from models.store import Store
from runtime.errors import BusyError, CallerError
from runtime.residency.border import Shut, Stock
from runtime.residency.stock import IngleStock
from tests.support.goldens import GOLDEN_DIR
from tests.support.ingle import environment
from tests.support.model_server import ModelServer

REFERENCE = "hf:org/tiny-llama"
INGLE = (sys.executable, "-m", "runtime")


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer().running() as running:
        yield running


def offer(server: ModelServer, licence: str | None = "apache-2.0") -> None:
    files = {path.name: path.read_bytes() for path in (GOLDEN_DIR / "llama-tied").iterdir()}
    server.add_repository("org/tiny-llama", files, licence=licence)


def stock(state: Path, server: ModelServer | None) -> IngleStock:
    return IngleStock(INGLE, state, environ=environment(state, server))


async def test_a_model_comes_and_goes(server: ModelServer, tmp_path: Path) -> None:
    offer(server)
    house = stock(tmp_path, server)
    told = [each async for each in house.pull(REFERENCE)]
    (bundle,) = Store.below(tmp_path).list()
    assert bundle.reference == "tiny-llama@main"
    counted = [each for each in told if each.total]
    assert any(each.done == each.total for each in counted)
    assert any(each.total is None and each.what for each in told)
    assert [each async for each in house.pull(REFERENCE)] == []
    await house.remove("tiny-llama@main")
    assert Store.below(tmp_path).list() == ()
    with pytest.raises(CallerError, match="no model 'tiny-llama"):
        await house.remove("tiny-llama")


async def test_one_at_a_time_and_closing_leaves_off(server: ModelServer, tmp_path: Path) -> None:
    offer(server)
    server.faults.block, server.faults.delay_s = 64, 0.2  # it would take minutes
    house = stock(tmp_path, server)
    async with aclosing(house.pull(REFERENCE)) as first:
        async for told in first:
            if told.done:
                break
        with pytest.raises(BusyError, match=REFERENCE):
            await anext(house.pull("smollm2-135m"))
    assert Store.below(tmp_path).list() == ()
    server.faults.block, server.faults.delay_s = 1 << 16, 0.0
    assert [each async for each in house.pull(REFERENCE)]
    assert len(Store.below(tmp_path).list()) == 1


async def test_a_licence_has_to_be_accepted_on_the_appliance(server: ModelServer, tmp_path: Path) -> None:
    offer(server, licence=None)
    with pytest.raises(CallerError) as caught:
        [_ async for _ in stock(tmp_path, server).pull(REFERENCE)]
    assert f"run `ingle pull {REFERENCE} --accept-licence LicenseRef-unknown` on the appliance" in str(
        caught.value
    )


async def test_the_owners_policy_holds(server: ModelServer, tmp_path: Path) -> None:
    offer(server, licence="cc-by-nc-4.0")
    config = tmp_path / "inglenook.toml"
    config.write_text("[policy]\ncommercial = true\n", encoding="utf-8")
    house = IngleStock(INGLE, tmp_path, config, environment(tmp_path, server))
    with pytest.raises(CallerError, match=r"CC-BY-NC-4\.0"):
        [_ async for _ in house.pull(REFERENCE)]
    assert Store.below(tmp_path).list() == ()


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "--force",
        "/etc/passwd",
        "../model",
        "model.gguf",
        "a.safetensors",
        "wheel:a==1#b",
        "https://evil.example/x",
        "hf:org",
        "hf:org/../x y",
        "a\0b",
        "a" * 500,
    ],
)
async def test_what_is_no_name_from_afar_starts_nothing(reference: str, tmp_path: Path) -> None:
    house: Stock = IngleStock(("/nowhere/ingle",), tmp_path)
    with pytest.raises(CallerError, match="no model that can be fetched"):
        await anext(house.pull(reference))


async def test_an_unknown_name_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(CallerError, match="smollm9"):
        [_ async for _ in stock(tmp_path, None).pull("smollm9")]


async def test_where_nobody_may_change_anything() -> None:
    shut: Stock = Shut()
    with pytest.raises(CallerError, match="ingle pull a"):
        await anext(shut.pull("a"))
    with pytest.raises(CallerError, match="ingle rm a"):
        await shut.remove("a")
