"""What a model thinks comes apart from what it says; and models that were not trained to converse."""

import json
from typing import Any

import pytest

from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator
from tests.support.text import CHATML

SWITCHED = CHATML + "{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
ALWAYS = CHATML.replace("assistant\n' }}", "assistant\n<think>\n' }}")
THOUGHT = "<think>\nParis, I think.\n</think>\n\nIt is Paris."


async def chat(served: Appliance, path: str = "/api/chat", **fields: Any) -> tuple[int, list[dict[str, Any]]]:
    hello = [{"role": "user", "content": "Hello"}]
    body = {
        "model": "tiny",
        **({"messages": hello} if path == "/api/chat" else {"prompt": "Hello"}),
        **fields,
    }
    async with served.client.post(path, json=body) as response:
        return response.status, [json.loads(line) for line in (await response.text()).splitlines()]


@pytest.mark.parametrize("think", [True, "high", "low"])
async def test_thoughts_are_apart(think: Any) -> None:
    async with appliance(EngineSimulator(script(THOUGHT)), template=SWITCHED) as served:
        _, said = await chat(served, think=think)
        assert "".join(each["message"].get("thinking", "") for each in said) == "Paris, I think."
        assert "".join(each["message"]["content"] for each in said) == "It is Paris."
        _, (whole,) = await chat(served, think=think, stream=False)
        assert whole["message"] == {
            "role": "assistant",
            "content": "It is Paris.",
            "thinking": "Paris, I think.",
        }
        _, (whole,) = await chat(served, "/api/generate", think=think, stream=False)
        assert (whole["response"], whole["thinking"]) == ("It is Paris.", "Paris, I think.")


async def test_it_can_be_switched_off() -> None:
    async with appliance(EngineSimulator(script("It is Paris.")), template=SWITCHED) as served:
        _, (whole,) = await chat(served, think=False, stream=False)
        assert whole["message"] == {"role": "assistant", "content": "It is Paris."}
        _, (shown,) = await chat(served, "/api/show")
        assert shown["capabilities"]


async def test_who_cannot_but_think_does_whoever_asks() -> None:
    """Home Assistant always sends false."""
    async with appliance(
        EngineSimulator(script("Paris?\n</think>\n\nIt is Paris.")), template=ALWAYS
    ) as served:
        status, (whole,) = await chat(served, think=False, stream=False)
        assert status == 200
        assert (whole["message"]["thinking"], whole["message"]["content"]) == ("Paris?", "It is Paris.")


async def test_a_base_model_goes_on_with_a_prompt() -> None:
    async with appliance(EngineSimulator(script(" and so on")), template="") as served:
        status, (whole,) = await chat(served, "/api/generate", stream=False, think=False)
        assert (status, whole["response"]) == (200, " and so on")
        assert served.engine.requests[0].prompt_ids == script("Hello")
        status, (whole,) = await chat(served, "/api/generate", stream=False, system="Be brief.")
        assert (status, "takes one prompt" in whole["error"]) == (400, True)
