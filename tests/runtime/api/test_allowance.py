"""What a client may take, in time that a test moves."""

import json
from pathlib import Path

import openai
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.api.allowance import Allowances, Meter, Spent
from runtime.api.refusal import RefusalError
from runtime.audit import AuditFile
from runtime.limits import ClientLimits
from tests.support.appliance import appliance, script
from tests.support.engine import EngineSimulator


def refusal(allowances: Allowances, client: str = "tablet", *, computes: bool = False) -> RefusalError | None:
    try:
        with allowances.entered(client, Spent(), computes=computes):
            return None
    except RefusalError as exc:
        return exc


def test_a_minutes_worth_may_come_at_once_and_then_evenly() -> None:
    now = [0.0]
    allowances = Allowances(ClientLimits(requests_per_minute=6), lambda: now[0])
    assert [refusal(allowances) for _ in range(6)] == [None] * 6
    exc = refusal(allowances)
    assert exc is not None
    assert (exc.status, exc.code, exc.headers) == (429, "rate_limit_exceeded", {"Retry-After": "10"})
    assert "6 requests a minute" in str(exc)
    assert "clients.requests_per_minute" in str(exc)
    assert refusal(allowances, "phone") is None, "another client"
    now[0] = 10.0
    assert refusal(allowances) is None
    assert refusal(allowances) is not None


def test_answers_at_once_are_counted_while_they_last() -> None:
    allowances = Allowances(ClientLimits(answers=1))
    with allowances.entered("tablet", Spent(), computes=True):
        exc = refusal(allowances, computes=True)
        assert exc is not None
        assert "1 answers at once" in str(exc)
        assert refusal(allowances) is None, "it computes nothing"
    assert refusal(allowances, computes=True) is None


def test_tokens_are_paid_for_afterwards() -> None:
    now = [0.0]
    allowances = Allowances(ClientLimits(tokens_per_minute=600), lambda: now[0])
    with allowances.entered("tablet", spent := Spent(), computes=True):
        spent.add(500, 400)
    exc = refusal(allowances, computes=True)
    assert exc is not None
    assert exc.headers == {"Retry-After": "31"}
    now[0] = 30.2
    assert refusal(allowances, computes=True) is None


def test_nothing_is_counted_where_there_is_no_limit() -> None:
    allowances = Allowances(ClientLimits(0, 0, 0, 0))
    with allowances.entered("tablet", Spent(), computes=True):
        assert [refusal(allowances, computes=True) for _ in range(100)] == [None] * 100


@given(st.integers(1, 1000), st.lists(st.tuples(st.integers(0, 200), st.floats(0, 100)), max_size=30))
def test_who_waits_as_long_as_was_said_may_go_on(size: int, steps: list[tuple[int, float]]) -> None:
    meter, now = Meter(size), 0.0
    for amount, pause in steps:
        meter.charge("a", amount, now)
        now += pause
        assert meter.wait_s("a", now + meter.wait_s("a", now) + 1e-6) == 0.0
        assert meter.wait_s("b", now) == 0.0


def test_a_thousand_strangers_take_no_memory() -> None:
    meter = Meter(10)
    for stranger in range(10000):
        meter.charge(str(stranger), 1, 0.0)
    assert len(meter._left) == 4096


async def test_too_many_requests_are_429_in_openais_shape_and_counted() -> None:
    limits = ClientLimits(requests_per_minute=2)
    async with appliance(EngineSimulator(script("Hi.")), clients=limits) as served:
        assert [(await served.ask())[0] for _ in range(2)] == [200, 200]
        async with served.client.post("/v1/chat/completions", json={}) as response:
            assert (response.status, response.headers["Retry-After"]) == (429, "30")
            error = (await response.json())["error"]
            assert (error["type"], error["code"]) == ("rate_limit_error", "rate_limit_exceeded")
        for _ in range(20):
            async with served.client.get("/health") as response:
                assert response.status == 200
        async with served.client.get("/metrics") as response:
            assert response.status == 429
    async with appliance(EngineSimulator(script("Hi.")), clients=limits) as served:
        await served.ask()
        async with served.client.get("/metrics") as response:
            text = await response.text()
        assert 'ingle_http_limited_total{what="requests"} 0' in text
        assert "ingle_http_connections 1" in text


async def test_the_openai_package_knows_what_429_means() -> None:
    limits = ClientLimits(requests_per_minute=1)
    async with appliance(EngineSimulator(script("Hi.")), clients=limits) as served:
        await served.ask()
        async with openai.AsyncOpenAI(base_url=f"{served.url}/v1", api_key="none", max_retries=0) as client:
            with pytest.raises(openai.RateLimitError, match="1 requests a minute") as caught:
                await client.models.list()
        assert 50 < int(caught.value.response.headers["retry-after"]) <= 60


ASKED = {
    "stream": True,
    "messages": [{"role": "user", "content": "Hello"}],
    "prompt": "Hello",
    "input": "Hello",
}


@pytest.mark.parametrize(
    ("path", "leave_out"),
    [
        ("/v1/chat/completions", {"prompt", "input"}),
        ("/v1/completions", {"messages", "input"}),
        ("/v1/responses", {"messages", "prompt"}),
        ("/api/chat", {"prompt", "input"}),
        ("/api/generate", {"messages", "input"}),
    ],
)
async def test_who_hangs_up_pays_for_what_was_computed(
    path: str, leave_out: set[str], tmp_path: Path
) -> None:
    log = tmp_path / "audit.jsonl"
    limits = ClientLimits(tokens_per_minute=3)
    engine = EngineSimulator(script("Hi. " * 500), token_s=0.01)
    async with appliance(engine, clients=limits, audit=AuditFile(log, 1 << 20)) as served:
        fields = {key: value for key, value in ASKED.items() if key not in leave_out} | {"model": "tiny"}
        fields |= {"max_tokens": 500} if path == "/v1/completions" else {}
        response = await served.client.post(path, json=fields)
        assert response.status == 200
        await response.content.readuntil(b'"H"')
        response.close()
        await served.until(running=0)
        async with served.client.post(path, json=fields) as refused:
            assert refused.status == 429
            assert "tokens_per_minute" in await refused.text()
    entry = json.loads(log.read_text().splitlines()[0])
    assert entry["status"] == 499
    assert entry["prompt_tokens"] == len(engine.requests[0].prompt_ids)
    assert 0 < entry["completion_tokens"] < 400
