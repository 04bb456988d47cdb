"""Models come and go by way of Ollama's paths."""

import asyncio
import json
from typing import Any

import pytest

from runtime.errors import BusyError, CallerError
from runtime.residency.border import Fetching
from tests.support.appliance import Appliance, appliance
from tests.support.engine import EngineSimulator
from tests.support.stock import StockSimulator

TOLD = (Fetching("asking the hub"), Fetching("model.gguf", 50, 100), Fetching("model.gguf", 100, 100))


async def post(served: Appliance, path: str, method: str = "POST", **fields: Any) -> tuple[int, str]:
    async with served.client.request(method, path, json=fields) as response:
        return response.status, await response.text()


async def test_a_pull_tells_how_far_it_is() -> None:
    stock = StockSimulator(TOLD)
    async with appliance(EngineSimulator(), stock=stock) as served:
        status, text = await post(served, "/api/pull", model="smollm2:360m")
        assert status == 200
        assert [json.loads(line) for line in text.splitlines()] == [
            {"status": "asking the hub"},
            {"status": "model.gguf", "completed": 50, "total": 100},
            {"status": "model.gguf", "completed": 100, "total": 100},
            {"status": "success"},
        ]
        assert json.loads((await post(served, "/api/pull", model="a", stream=False))[1]) == {
            "status": "success"
        }
        assert stock.pulled == ["smollm2-360m", "a"]


@pytest.mark.parametrize("name", ["tiny", "tiny:latest", "tiny@1"])
async def test_what_is_here_is_not_asked_for(name: str) -> None:
    stock = StockSimulator()
    async with appliance(EngineSimulator(), stock=stock) as served:
        status, text = await post(served, "/api/pull", name=name)
        assert (status, json.loads(text)) == (200, {"status": "success"})
        assert stock.pulled == []


@pytest.mark.parametrize(
    ("called", "reference"),
    [
        ("hf.co/org/name", "hf:org/name"),
        ("huggingface.co/org/name:latest", "hf:org/name"),
        ("hf:org/n@r", "hf:org/n@r"),
    ],
)
async def test_repositories_of_the_hub(called: str, reference: str) -> None:
    stock = StockSimulator()
    async with appliance(EngineSimulator(), stock=stock) as served:
        await post(served, "/api/pull", model=called)
        assert stock.pulled == [reference]


@pytest.mark.parametrize(
    ("failure", "status"), [(CallerError("no such model"), 400), (BusyError("later"), 503)]
)
async def test_a_refusal_has_its_status_or_is_a_line(failure: Any, status: int) -> None:
    for tells, expected in (((), status), (TOLD, 200)):
        async with appliance(EngineSimulator(), stock=StockSimulator(tells, failure)) as served:
            found, text = await post(served, "/api/pull", model="x")
            assert found == expected
            assert json.loads(text.splitlines()[-1]) == {"error": str(failure)}


async def test_hanging_up_leaves_off() -> None:
    stock = StockSimulator(TOLD, forever=True)
    async with appliance(EngineSimulator(), stock=stock) as served:
        response = await served.client.post("/api/pull", json={"model": "x"})
        await response.content.readline()
        response.close()
        async with asyncio.timeout(5):
            while not stock.left_off:  # noqa: ASYNC110  it tells nobody
                await asyncio.sleep(0.002)


async def test_without_a_stock_it_says_where() -> None:
    async with appliance(EngineSimulator()) as served:
        status, text = await post(served, "/api/pull", model="x")
        assert (status, "ingle pull x" in text) == (400, True)


async def test_the_default_is_not_removed_and_what_is_not_here_is_not_found() -> None:
    stock = StockSimulator()
    async with appliance(EngineSimulator(), stock=stock) as served:
        status, text = await post(served, "/api/delete", "DELETE", model="tiny")
        assert (status, "model.name" in text) == (400, True)
        status, text = await post(served, "/api/delete", "DELETE", model="other")
        assert (status, "no model 'other'" in text) == (404, True)
        assert stock.removed == []


@pytest.mark.parametrize("path", ["/api/create", "/api/copy", "/api/push"])
async def test_what_is_not_served_says_what_to_do(path: str) -> None:
    async with appliance(EngineSimulator()) as served:
        status, text = await post(served, path, model="a")
        assert status == 400
        assert path in json.loads(text)["error"]
