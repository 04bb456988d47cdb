"""Pictures of the page for the guide: real page, real browser, a made-up house and a scripted model."""

import asyncio
import json
import logging
import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from runtime.api.kiosk.around import Around, Board
from runtime.api.kiosk.changes import changes
from runtime.api.scopes import Scope
from runtime.commands.registry.house import House
from runtime.keyring import KeyFile, file_of
from runtime.logbook import Logbook
from runtime.voice.audio import write_wav
from tests.support import commands_house
from tests.support.appliance import appliance, script
from tests.support.browser import Tab, browse
from tests.support.engine import EngineSimulator
from tests.support.manifest import tiny_manifest
from tests.support.sounds import tone
from tests.support.voices import LoudIsSpeech, VoicesSimulator

FOLDER: Final = Path("docs/images")
WALL: Final = {"width": 800, "height": 480, "touch": True}
WIDE: Final = {"width": 1024, "height": 600, "touch": True}
PHONE: Final = {"width": 390, "height": 844, "touch": True}
ANSWER: Final = (
    "A fire needs three things:\n\n1. **Fuel**: dry wood, split thin\n2. **Air**: leave room between the logs\n"
    "3. **Heat**: a few minutes of patience\n\nTake one away, and it goes out."
)
QUESTION: Final = "What does a fire need?"


MEASURED: Final = """import('/live.js').then(({live}) => {
    live.history = HISTORY;
    Object.assign(live.status, {temperature: 54.3, throttled: {now: [], before: []}, uptime_s: 1_900_000});
    live.dispatchEvent(new Event('status'));
})"""


@dataclass(frozen=True, slots=True)
class Picture:
    """One file, and how to come to it."""

    name: str
    room: str
    screen: Mapping[str, Any]
    dark: bool = False
    chinese: bool = False
    spoken: bool = False
    """While somebody speaks."""


PICTURES: Final = (
    Picture("kiosk-talk", "talk", WALL),
    Picture("kiosk-speak", "talk", WALL, spoken=True),
    Picture("kiosk-home", "home", WIDE),
    Picture("kiosk-status", "status", WALL, dark=True),
    Picture("kiosk-admin", "admin", WALL),
    Picture("kiosk-status-phone", "status", PHONE, dark=True),
    Picture("kiosk-home-zh-tw", "home", PHONE, chinese=True),
)


def house() -> House:
    """Somebody is at home, and the fan of the study is unplugged."""
    return replace(commands_house.house(), away=frozenset({"kitchen.coffee"}))


def history() -> dict[str, list[float | None]]:
    """Five minutes that look like some."""
    steps = range(149)
    return {
        "tokens_per_second": [14 + 3 * math.sin(n / 5) if n % 11 in {3, 4, 7} else None for n in steps],
        "queue": [float(n % 37 in {1, 2, 3}) + float(n % 61 == 2) for n in steps],
        "temperature": [52 + 4 * math.sin(n / 23) + math.sin(n) / 3 for n in steps],
        "memory": [4.1e8 + 2e7 * (n // 40) for n in steps],
    }


async def take(tab: Tab, url: str, picture: Picture) -> None:
    """One picture, of a page that was just opened."""
    await tab.look(dark=picture.dark, **picture.screen)
    await tab.open(f"{url}/?{picture.name}#{picture.room}")
    chosen = "zh-TW" if picture.chinese else "en"
    await tab.value(f"import('/words.js').then(({{choose}}) => choose('{chosen}'))")
    await tab.until("document.querySelector('#lamp.ready') !== null")
    if picture.room == "talk":
        await tab.value("document.getElementById('prompt').focus()")
        await tab.type(QUESTION)
        await tab.press("Enter")
        await tab.until("document.querySelector('.turn.theirs:not(.answering)') !== null")
        await tab.value("document.activeElement.blur()")
    if picture.spoken:
        await tab.finger("#mic", down=True)
        await tab.until("document.getElementById('mic').dataset.state === 'listening'")
        await tab.until("document.getElementById('mic').style.getPropertyValue('--level') > 0.3")
    if picture.room == "status":
        await tab.value(MEASURED.replace("HISTORY", json.dumps(history())))
    if picture.room == "admin":
        await tab.until("document.querySelector('.log p') !== null")
        await tab.value("document.getElementById('issue').focus()")
        await tab.type("phone")
        await tab.press("Enter")
        await tab.until("document.querySelector('.made input') !== null")
        await tab.value("document.getElementById('title-issue').scrollIntoView()")
    await asyncio.sleep(0.4)
    await tab.screenshot(FOLDER / f"{picture.name}.png")
    print(FOLDER / f"{picture.name}.png")


async def main() -> None:
    """All of them."""
    around, there = Around(), house()
    around.house = lambda: there
    assert list(changes(None, there))
    around.broker = lambda: True
    around.boards = lambda: [Board("uno-1", "Greenhouse", "1.2", connected=True)]
    around.languages = ("en", "zh-TW")
    engine = EngineSimulator(
        lambda _: script(ANSWER), loaded=tiny_manifest(name="smollm2-360m"), token_s=0.004
    )
    with TemporaryDirectory() as folder:
        keys, book = KeyFile(file_of(Path(folder))), Logbook(50)
        keys.add("tablet", [Scope.CHAT, Scope.COMMAND])
        said = Path(folder) / "said.wav"
        await asyncio.to_thread(said.write_bytes, write_wav(tone(220, 30.0)))
        async with appliance(
            engine, around=around, keys=keys, log=book, voices=VoicesSimulator(), activity=LoudIsSpeech
        ) as served:
            book.handle(logging.LogRecord("runtime.app", logging.INFO, "", 1, "answering", (), None))
            for picture in PICTURES:
                async with browse(says=said) as tab:  # one for each: pages that were left hold connections
                    await take(tab, served.url, picture)
                    assert tab.problems == [], tab.problems


if __name__ == "__main__":
    asyncio.run(main())
