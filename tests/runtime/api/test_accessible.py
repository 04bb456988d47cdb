"""Every room, in both themes and languages, on the wall and on a phone, as axe-core judges it."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest

from runtime.api.kiosk.around import Around, Board
from runtime.api.kiosk.stream import PATH
from runtime.api.scopes import Scope
from runtime.keyring import KeyFile, file_of
from runtime.logbook import Logbook
from tests.support import commands_house
from tests.support.appliance import appliance, script
from tests.support.axe import SOURCE, violations
from tests.support.browser import PROGRAM, browse
from tests.support.engine import EngineSimulator

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (apt install chromium)"),
    pytest.mark.skipif(SOURCE is None, reason="axe-core-python is not installed (extra dev)"),
]
ROOMS = ("talk", "home", "status", "admin")
ANSWER = "# Paris\n\nIt is **the capital**.\n\n* one\n* two\n\n> so\n\n```\nx = 1\n```\n[more](https://example.org/)"
SMALL = """[...document.querySelectorAll('button, a, select, input:not([type=checkbox]), summary')]
    .filter((each) => each.checkVisibility() && !each.closest('.words, .skip') && !each.matches('.skip'))
    .map((each) => [each.id || each.textContent, each.getBoundingClientRect()])
    .filter(([, at]) => at.width && (Math.round(at.height) < 44 || Math.round(at.width) < 44)).map(([name]) => name)"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(("width", "height"), [(800, 480), (390, 844)], ids=["wall", "phone"])
async def test_nobody_stumbles(tmp_path: Path, width: int, height: int, *, dark: bool) -> None:
    around = Around()
    house = replace(commands_house.house(), away=frozenset({"study.fan"}))
    around.house = lambda: house
    around.boards = lambda: [Board("uno", "uno", "1.2", connected=False)]
    book, keys = Logbook(50), KeyFile(file_of(tmp_path))
    keys.add("tablet", [Scope.CHAT, Scope.COMMAND])
    engine = EngineSimulator(script(ANSWER))
    async with appliance(engine, around=around, keys=keys, log=book) as served, browse() as tab:
        for level, text in (
            (logging.INFO, "so it is"),
            (logging.WARNING, "it is warm"),
            (logging.ERROR, "hot"),
        ):
            book.handle(logging.LogRecord("runtime.app", level, "app.py", 1, text, (), None))
        await tab.look(width=width, height=height, dark=dark, touch=True, still=True)
        await tab.open(served.url)
        await tab.until("document.querySelector('#lamp.ready') !== null")
        for language in ("en", "zh-TW"):
            assert await tab.value("document.documentElement.lang") == language
            for room in ROOMS:
                await tab.value(f"location.hash = '#{room}'")
                await tab.until(f"!document.getElementById('room-{room}').hidden")
                if room == "talk":
                    await tab.value("document.querySelector('.try')?.click()")
                    await tab.until("document.querySelector('.turn.theirs:not(.answering)') !== null")
                await tab.until(
                    "document.querySelectorAll('.room:not([hidden]) :is(.card, .tile, .lines, .turn)').length"
                )
                if room == "admin":
                    await tab.until("document.querySelectorAll('.log p').length >= 3")
                    await tab.value("document.getElementById('issue').focus()")
                    await tab.type(f"key-{language.lower()}")
                    await tab.press("Enter")
                    await tab.until("document.querySelector('.made input') !== null")
                assert await violations(tab) == [], f"{room} {language}"
                assert await tab.value(SMALL) == [], f"{room} {language}"
                assert await tab.value("document.documentElement.scrollWidth") == width
            await tab.value("document.getElementById('language').click()")
        assert tab.problems == []
        assert {url.split("?")[0] for url in tab.urls if not url.startswith(served.url)} == set()
        assert f"{served.url}{PATH}" in tab.urls
