"""The log over HTTP: at once, from a line on, by level, and live."""

import asyncio
import json
import logging
from typing import Any

import pytest

from runtime.logbook import Logbook
from tests.support.appliance import Appliance, appliance
from tests.support.engine import EngineSimulator

PATH = "/v1/admin/logs"


def say(book: Logbook, text: str, level: int = logging.INFO) -> None:
    book.handle(logging.LogRecord("runtime.app", level, "app.py", 1, text, (), None))


async def asked(served: Appliance, **query: str) -> list[dict[str, Any]]:
    async with served.client.get(PATH, params=query) as response:
        assert response.status == 200
        told = await response.json()
    return list(told["data"])


async def test_lines_are_told_by_level_and_from_one_on() -> None:
    book = Logbook(10)
    async with appliance(EngineSimulator(), log=book) as served:
        assert await asked(served) == []
        for level, text in ((logging.DEBUG, "a"), (logging.INFO, "b"), (logging.ERROR, "c")):
            say(book, text, level)
        assert [line["text"] for line in await asked(served)] == ["a", "b", "c"]
        assert [line["text"] for line in await asked(served, level="info")] == ["b", "c"]
        (last,) = await asked(served, after="2")
        assert (last["number"], last["level"], last["source"]) == (3, "error", "runtime.app")
        assert await asked(served, after="3") == []


@pytest.mark.parametrize("query", [{"level": "loud"}, {"after": "-1"}, {"after": "x"}, {"after": "9" * 99}])
async def test_what_cannot_be_asked_for_is_said(query: dict[str, str]) -> None:
    async with appliance(EngineSimulator()) as served, served.client.get(PATH, params=query) as response:
        assert response.status == 400
        assert (await response.json())["error"]["param"] in query


async def test_it_is_told_while_the_model_is_loaded() -> None:
    book = Logbook(10)
    say(book, "loading")
    async with appliance(EngineSimulator(), log=book, loaded=False) as served:
        assert [line["text"] for line in await asked(served)] == ["loading"]


async def test_a_reader_gets_what_is_there_then_what_comes_and_how_many_were_missed() -> None:
    book = Logbook(3)
    async with appliance(EngineSimulator(), log=book) as served:
        say(book, "first")
        async with served.client.get("/kiosk/logs") as response:
            assert response.headers["Content-Type"].startswith("text/event-stream")

            async def event() -> dict[str, Any]:
                async for line in response.content:
                    if line.startswith(b"data: "):
                        return dict(json.loads(line[6:]))
                raise AssertionError("the stream is over")

            told = await event()
            assert (told["missed"], [line["text"] for line in told["lines"]]) == (0, ["first"])
            for number in range(5):
                say(book, str(number))
            told = await event()
            assert (told["missed"], [line["text"] for line in told["lines"]]) == (2, ["2", "3", "4"])
            served.serving.drain()
            async with asyncio.timeout(30):
                assert (await response.content.read()).strip() == b""
