"""Home Assistant's conversations: calls of tools are carried out, and the prompt is read once."""

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from runtime.engine.request import Request
from tests.support.appliance import Appliance, appliance, script
from tests.support.engine import EngineSimulator
from tests.support.home_assistant import TEMPLATE, Assist, Version
from tests.support.manifest import tiny_manifest

ON = '<tool_call>\n{"name": "HassTurnOn", "arguments": {"name": "Kitchen Lamp", "domain": ["light"]}}\n</tool_call>'
LIVE = '<tool_call>\n{"name": "GetLiveContext", "arguments": {}}\n</tool_call>'
SAID = (ON, "The kitchen lamp is on.", LIVE, "It is 21 degrees.", "You are welcome.")
ASKED = ("Turn on the kitchen lamp", "How warm is it in there?", "Thank you")


class Played:
    """Says one thing after the other."""

    def __init__(self, said: Sequence[str]) -> None:
        self._left = list(said)

    def __call__(self, request: Request) -> tuple[int, ...]:
        del request
        return script(self._left.pop(0))


def house(said: Sequence[str]) -> EngineSimulator:
    manifest = tiny_manifest(context_length=32_768, tool_dialect="hermes", vocabulary_size=4096)
    return EngineSimulator(Played(said), loaded=manifest)


def run(name: str, arguments: dict[str, Any]) -> str:
    del arguments
    return json.dumps({"data": {"tool": name, "success": True}, "error": False})


async def converse(served: Appliance, assist: Assist, asked: Sequence[str]) -> list[dict[str, Any]]:
    """What the last line of each request says."""
    last = []
    for words in asked:
        assist.hears(words)
        goes_on = True
        while goes_on:
            async with served.client.post("/api/chat", json=assist.request()) as response:
                assert response.status == 200, await response.text()
                lines = [json.loads(line) async for line in response.content]
            last.append(lines[-1])
            goes_on = assist.take(iter(lines), run)
    return last


@pytest.mark.parametrize("version", ["2024.8", "2025.9", "2026.11"])
async def test_from_the_second_request_on_only_what_is_new_is_read(
    version: Version,
) -> None:
    async with appliance(house(SAID), template=TEMPLATE) as served:
        assist = Assist("tiny:latest", version)
        last = await converse(served, assist, ASKED)
        assert [name for name, _ in assist.done] == ["HassTurnOn", "GetLiveContext"]
        assert assist.done[0][1] == {"name": "Kitchen Lamp", "domain": ["light"]}
        assert assist.content[-1]["content"] == SAID[-1]
        assert len(last) == len(SAID)
        read = [line["prompt_eval_count"] - line["prompt_cached_count"] for line in last]
        assert read[0] == last[0]["prompt_eval_count"] > 2000
        assert max(read[1:]) < 200
        before = served.engine.requests[0].prompt_ids
        for request, answer in zip(served.engine.requests[1:], SAID, strict=False):
            whole = (*before, *script(answer))
            assert request.prompt_ids[: len(whole)] == whole  # the prompt only grows
            before = request.prompt_ids


async def test_a_history_cut_off_between_call_and_result_is_taken() -> None:
    said = [*SAID[:2] * 8, SAID[-1]]
    async with appliance(house(said), template=TEMPLATE) as served:
        assist = Assist("tiny", history=3)
        await converse(served, assist, [ASKED[0]] * 8)
        assert len(assist.done) == 8
        assert assist.request()["messages"][1]["role"] == "tool"


async def test_another_day_the_same_words_are_told_the_new_time() -> None:
    async with appliance(house(SAID[:2] * 2), template=TEMPLATE) as served:
        first, second = Assist("tiny"), Assist("tiny")
        await converse(served, first, ASKED[:1])
        second.now += timedelta(days=1)
        last = await converse(served, second, ASKED[:1])
        assert last[0]["prompt_eval_count"] - last[0]["prompt_cached_count"] < 200
        async with served.serving.models.completer("tiny") as completer:
            seen = completer.tokenizer.spell(served.engine.requests[-1].prompt_ids)
        assert "2026-11-24" in seen
        assert "2026-11-23" not in seen


async def test_the_same_over_openais_path() -> None:
    async with appliance(house(["The first.", "The second."]), template=TEMPLATE) as served:
        assist = Assist("tiny")
        read = []
        for words in ASKED[:2]:
            assist.hears(words)
            status, answer = await served.ask(messages=assist.request()["messages"])
            assert status == 200
            read.append(answer["timings"]["prompt_n"])
            assist.take(iter([{"message": answer["choices"][0]["message"]}]), run)
        assert read[0] > 1000
        assert read[1] < 200
