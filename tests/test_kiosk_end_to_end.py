"""The page as a person in the house uses it: a real browser, a real broker with devices on it, a scripted model."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Sequence
from pathlib import Path

import pytest

from runtime.api.scopes import Caller, Scope
from runtime.engine.request import Request
from runtime.keyring import Keyring, file_of
from tests.support.appliance import script
from tests.support.browser import PROGRAM, Tab, browse
from tests.support.engine import EngineSimulator
from tests.support.house import environment, furnish, ingle
from tests.support.kiosk import Kiosk, kiosk
from tests.support.mqtt import Mosquitto

pytestmark = [
    pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (apt install chromium)"),
    pytest.mark.skipif(Mosquitto.program() is None, reason="mosquitto is not installed (Debian package)"),
]
LAMP = "document.getElementById('kitchen_light-power')"
LEVEL = "document.getElementById('kitchen_light-brightness')"
DOOR = "document.querySelector('[id=front_door-state-1]')"
SURE = "document.getElementById('sure')"
LAST = "[...document.querySelectorAll('.turn:is(.theirs,.house)')].at(-1)"
QUIET = "document.querySelector('.turn:is(.theirs,.house)') && !document.querySelector('.answering')"
TAKEN = (
    "!document.getElementById('orders').hidden && document.getElementById('orders').getClientRects().length"
)
READY = "document.querySelector('#lamp.ready') !== null"


@pytest.fixture
async def tab() -> AsyncGenerator[Tab, None]:
    async with browse() as opened:
        yield opened


async def opened(tab: Tab, there: Kiosk, room: str) -> None:
    """The page, once commands are taken."""
    await tab.look(width=800, height=480, touch=False)
    await tab.open(f"{there.url}/#{room}")
    await tab.until(f"{READY} && import('/live.js').then(({{live}}) => live.status?.commands === 'ready')")


async def say(tab: Tab, text: str) -> None:
    await tab.value("document.getElementById('prompt').focus()")
    await tab.type(text)
    await tab.press("Enter")


async def test_a_touch_moves_a_lamp_and_what_it_says_is_seen(tab: Tab, tmp_path: Path) -> None:
    async with kiosk(tmp_path, EngineSimulator(script("Paris."))) as there:
        await opened(tab, there, "home")
        await tab.until(f"{LAMP}?.getAttribute('aria-checked') === 'false'")
        await tab.value(f"{LAMP}.click()")
        await tab.until(f"{LAMP}.getAttribute('aria-checked') === 'true'")
        assert there.devices.heard == [("lamps/kitchen/set", "ON")]

        there.devices.say("lamps/kitchen/brightness", b"70")  # somebody at the lamp itself
        await tab.until(f"{LEVEL}.value === '70'")
        await tab.value(f"{LEVEL}.focus()")
        await tab.press("ArrowRight")
        await tab.until(f"{LEVEL}.value === '71' && !document.querySelector('[aria-busy]')")
        assert there.devices.heard[1:] == [("lamps/kitchen/brightness/set", "71")]

        there.devices.say("lamps/kitchen/status", b"offline")
        await tab.until(f"{LAMP}.disabled && document.querySelector('.gone').checkVisibility()")
        assert await tab.value("document.querySelector('.gone').textContent") == "Cannot be reached"
        assert tab.problems == []
        assert all(url.startswith(there.url) for url in tab.urls)


async def test_what_is_dangerous_is_asked_first_and_done_once(tab: Tab, tmp_path: Path) -> None:
    async with kiosk(tmp_path, EngineSimulator()) as there:
        await opened(tab, there, "home")
        await tab.until(f"{DOOR}?.disabled === false")
        await tab.value(f"{DOOR}.click()")
        await tab.until(f"{SURE}.open")
        assert "front door" in (await tab.value(f"{SURE}.textContent")).lower()
        question = await tab.value("document.getElementById('sure-question').textContent")
        assert question == "Do you really want me to unlock the front door?"  # there are buttons to answer it
        assert await tab.value("document.activeElement.id") == "sure-no"
        await tab.press("Enter")
        await tab.until(
            f"!{SURE}.open && document.getElementById('toast').textContent === 'Nothing was done.'"
        )
        assert there.devices.heard == []
        await tab.value(f"{DOOR}.click()")
        await tab.until(f"{SURE}.open")
        await tab.value("document.getElementById('sure-yes').click()")
        await tab.until(f"{DOOR}.getAttribute('aria-pressed') === 'true'")
        assert there.devices.heard == [("locks/front/set", "UNLOCK")]


@pytest.mark.parametrize("way", ["button", "key", "room", "network"])
async def test_a_question_that_is_left_is_answered_with_no(tab: Tab, tmp_path: Path, way: str) -> None:
    async with kiosk(tmp_path, EngineSimulator(script("Paris."))) as there:
        await opened(tab, there, "talk")
        await say(tab, "Unlock the front door")
        await tab.until(f"{SURE}.open")
        if way == "network":
            await tab.cut(from_network=True)
        match way:
            case "key":
                await tab.press("Escape")
            case "room":
                await tab.value("location.hash = '#home'")
            case _:
                await tab.value("document.getElementById('sure-no').click()")
        await tab.until(f"!{SURE}.open && {LAST}.querySelector('.about').textContent === 'Left as it was'")
        assert await tab.value(f"{LAST}.querySelector('.words').textContent") == "Nothing was done."
        assert await tab.value(f"{LAST}.querySelectorAll('button').length") == 1  # to ask the model instead
        await tab.cut(from_network=False)
        await tab.value("location.hash = '#talk'")
        await tab.until(f"{READY} && !document.getElementById('room-talk').hidden")
        for nth, answer in enumerate(("Yes", "Yes, do it"), 1):
            await say(tab, answer)
            await tab.until(
                f"{QUIET} && document.querySelectorAll('.turn:is(.theirs,.house)').length > {nth}"
            )
            assert not await tab.value(f"{SURE}.open")
        assert there.devices.heard == []


@pytest.mark.parametrize("way", ["sentence", "key", "room"])
async def test_a_question_of_how_much_is_left_likewise(tab: Tab, tmp_path: Path, way: str) -> None:
    asks = f"{QUIET} && {LAST}.querySelector('.about').textContent === 'The house asks back'"
    async with kiosk(tmp_path, EngineSimulator(script("Paris."))) as there:
        await opened(tab, there, "talk")
        await say(tab, "Set the brightness of the kitchen light")
        await tab.until(asks)
        match way:
            case "sentence":
                await tab.value(f"[...{LAST}.querySelectorAll('button')].at(-1).click()")  # asks the model
                await tab.until(f"{QUIET} && document.querySelector('.turn.theirs') !== null")
            case "key":
                await tab.press("Escape")
            case _:
                await tab.value("location.hash = '#home'")
                await tab.value("location.hash = '#talk'")
                await tab.until("!document.getElementById('room-talk').hidden")
        count = await tab.value("document.querySelectorAll('.turn.theirs').length")
        await say(tab, "50")
        await tab.until(f"{QUIET} && document.querySelectorAll('.turn.theirs').length > {count}")
        assert there.devices.heard == []


async def test_a_sentence_is_done_told_or_answered(tab: Tab, tmp_path: Path) -> None:
    async with kiosk(tmp_path, EngineSimulator(script("Paris."))) as there:
        await opened(tab, there, "talk")
        await say(tab, "Turn on the kitchen light")
        await tab.until(QUIET)
        assert (
            await tab.value(f"{LAST}.querySelector('.words').textContent") == "Turned on the kitchen light."
        )
        assert await tab.value(f"{LAST}.querySelector('.about').textContent") == "Done"
        assert there.devices.heard == [("lamps/kitchen/set", "ON")]
        assert there.engine.requests == []

        await say(tab, "把廚房燈關掉")
        await tab.until(f"{QUIET} && document.querySelectorAll('.turn.house').length === 2")
        assert there.devices.heard[1:] == [("lamps/kitchen/set", "OFF")]

        await say(tab, "What is the capital of France?")
        await tab.until(f"{QUIET} && document.querySelector('.turn.theirs') !== null")
        assert await tab.value(f"{LAST}.querySelector('.words').textContent") == "Paris."
        assert len(there.engine.requests) == 1

        await tab.value("document.getElementById('orders').click()")
        await say(tab, "Turn on the kitchen light")
        await tab.until(f"{QUIET} && document.querySelectorAll('.turn.theirs').length === 2")
        assert len(there.engine.requests) == 2
        assert len(there.devices.heard) == 2


async def test_what_is_only_likely_is_not_done_before_a_person_says_so(tab: Tab, tmp_path: Path) -> None:
    async with kiosk(tmp_path, EngineSimulator(script("Paris."))) as there:
        await opened(tab, there, "talk")
        for nth, press in ((1, "at(-1)"), (2, "at(0)")):
            await say(tab, "I want light in the kitchen")
            await tab.until(
                f"{QUIET} && {LAST}.matches('.house') && {LAST}.querySelectorAll('button').length === 2"
            )
            told = await tab.value(f"{LAST}.querySelector('.words').textContent")
            assert told == "I would turn on the kitchen light."
            assert there.devices.heard == []
            await tab.value(f"[...{LAST}.querySelectorAll('button')].{press}.click()")
            await tab.until(f"{QUIET} && {LAST}.querySelector('.about').textContent !== ''")
            await tab.until(f"document.querySelectorAll('.turn:is(.theirs,.house)').length === {2 * nth}")
        await tab.until(f"{LAST}.querySelector('.about').textContent === 'Done'")
        assert len(there.engine.requests) == 1
        assert there.devices.heard == [("lamps/kitchen/set", "ON")]


async def test_the_status_tells_what_is_measured(tab: Tab, tmp_path: Path) -> None:
    async with kiosk(tmp_path, EngineSimulator(script("Paris."), token_s=0.01)) as there:
        await opened(tab, there, "status")
        await tab.until("document.getElementById('figures').textContent.includes('connected')")
        await tab.until("document.querySelectorAll('.plot .line').length >= 2")
        body = '{"messages": [{"role": "user", "content": "Hello"}]}'
        headers = '{"Content-Type": "application/json"}'
        asking = f"fetch('/v1/chat/completions', {{method: 'POST', headers: {headers}, body: '{body}'}})"
        assert await tab.value(f"{asking}.then(({{status}}) => status)") == 200
        await tab.until("document.querySelector('.plot .stick') !== null")
        assert "tokens/s" in await tab.value("document.querySelector('.tile').textContent")
        label = await tab.value("document.querySelector('.tile svg').getAttribute('aria-label')")
        assert label.startswith("Speed: ")
        assert tab.problems == []


async def test_models_are_listed_fetched_and_deleted(tab: Tab, tmp_path: Path) -> None:
    async with kiosk(tmp_path, EngineSimulator()) as there:
        await asyncio.to_thread(furnish, tmp_path, "other")
        await opened(tab, there, "admin")
        await tab.until("document.querySelectorAll('#desk li').length === 2")
        assert await tab.value("document.querySelectorAll('#desk li button').length") == 1
        await tab.value("document.querySelector('#desk li button').click()")
        await tab.until(f"{SURE}.open")
        assert "other" in await tab.value(f"{SURE}.textContent")
        await tab.value("document.getElementById('sure-yes').click()")
        await tab.until("document.querySelectorAll('#desk li').length === 1")
        assert await tab.value("document.getElementById('toast').textContent") == "other is deleted."

        await tab.value("document.getElementById('pull').focus()")
        await tab.type("no-such-model")
        await tab.press("Enter")
        said = "document.querySelector('.pull [role=status]').textContent"
        await tab.until(f"{said}.includes('no-such-model')")
        assert await tab.value("document.querySelector('.pull progress').hidden") is True


async def test_a_key_is_made_shown_once_and_taken_back(tab: Tab, tmp_path: Path) -> None:
    async with kiosk(tmp_path, EngineSimulator()) as there:
        await opened(tab, there, "admin")
        await tab.until("document.getElementById('issue') !== null")
        await tab.value("document.getElementById('issue').focus()")
        await tab.type("Tablet!")
        await tab.press("Enter")
        await tab.until("document.getElementById('desk').textContent.includes('use up to 32 of a-z')")
        await tab.value("document.getElementById('issue').select()")
        await tab.type("tablet")
        await tab.value("document.querySelectorAll('.scopes input')[1].click()")
        await tab.press("Enter")
        await tab.until("document.querySelector('.made input') !== null")
        secret = await tab.value("document.querySelector('.made input').value")
        holder = Keyring(path=file_of(tmp_path)).holder(secret)
        assert holder == Caller("tablet", frozenset({Scope.CHAT, Scope.COMMAND}))
        assert await tab.value("document.activeElement === document.querySelector('.made input')") is True
        await tab.value("document.getElementById('language').click()")  # it waits to be copied, whatever else
        await tab.until("document.documentElement.lang === 'zh-TW'")
        await tab.until("document.querySelector('.made input') !== null")
        await tab.value("document.getElementById('language').click()")
        await tab.until(
            "document.documentElement.lang === 'en' && document.querySelector('.made input') !== null"
        )
        await tab.value("[...document.querySelectorAll('.made button')].at(-1).click()")
        assert await tab.value("document.body.innerHTML.includes('ingle-')") is False

        await tab.value("document.querySelector('[aria-label=\"Take back tablet\"]').click()")
        await tab.until(f"{SURE}.open")
        await tab.value("document.getElementById('sure-yes').click()")
        await tab.until("document.getElementById('toast').textContent === 'tablet is a key no more.'")
        assert Keyring(path=file_of(tmp_path)).holder(secret) is None
        assert ["400" in problem for problem in tab.problems] == [True]  # of the name that could not be


async def test_the_log_is_read_while_it_is_written(tab: Tab, tmp_path: Path) -> None:
    rows = "[...document.querySelectorAll('.log p')].filter((row) => !row.hidden).map((row) => row.textContent).join()"
    async with kiosk(tmp_path, EngineSimulator()) as there:
        await opened(tab, there, "admin")
        said = logging.getLogger("runtime.somewhere")
        said.warning("the <b>kettle</b> boils")
        await tab.until(f"{rows}.includes('Warning somewhere the <b>kettle</b> boils')")
        await tab.value("document.getElementById('log-level').value = 'error'")
        await tab.value("document.getElementById('log-level').dispatchEvent(new Event('change'))")
        said.error("it boils over")
        await tab.until(f"{rows}.includes('Error somewhere it boils over')")
        assert "kettle" not in await tab.value(rows)
        assert tab.problems == []


async def test_the_desk_fits_a_small_phone_and_says_what_to_type(tab: Tab, tmp_path: Path) -> None:
    async with kiosk(tmp_path, EngineSimulator()) as there:
        await tab.look(width=360, height=640, touch=True)
        await tab.open(f"{there.url}/#admin")
        await tab.until("document.querySelector('.pull .main') !== null")
        assert await tab.value("document.querySelector('.pull label code').textContent") == "ingle models"
        assert "`" not in await tab.value("document.getElementById('desk').textContent")
        await tab.value("document.getElementById('pull').focus()")
        await tab.type("no-such-model-" * 8)
        await tab.press("Enter")
        await tab.until("document.querySelector('.pull [role=status]').textContent.includes('no-such')")
        assert await tab.value("document.getElementById('desk').scrollWidth") == 360
        right = "document.querySelector('.pull .main').getBoundingClientRect().right"
        assert await tab.value(right) <= 360


async def test_what_does_not_converse_is_not_offered_for_talking(tab: Tab, tmp_path: Path) -> None:
    for name, converses in (("base", False), ("other", True)):
        await asyncio.to_thread(furnish, tmp_path, name, converses=converses)
    async with kiosk(tmp_path, EngineSimulator(script("Paris."))) as there:
        await opened(tab, there, "talk")
        await tab.until("!document.getElementById('models').hidden")
        names = "[...document.querySelectorAll('#model option')].map((each) => each.value).sort()"
        assert await tab.value(names) == ["other", "tiny"]
        meta = "fetch('/v1/models/base').then((answer) => answer.json()).then(({meta}) => meta.converses)"
        assert await tab.value(meta) is False


async def test_a_key_that_is_good_for_talking_only_can_talk(tab: Tab, tmp_path: Path) -> None:
    engine = EngineSimulator(script("Paris."))
    made = await asyncio.to_thread(
        ingle, "key", "add", "tablet", "--scope", "chat", environ=environment(tmp_path)
    )
    key = made.stdout.decode().split()[-1]
    async with kiosk(tmp_path, engine) as there:
        await tab.look(width=390, height=844, touch=True)
        await tab.open(f"{there.url}/#talk")
        await tab.value(f"sessionStorage.setItem('inglenook.key', '{key}')")
        await tab.call("Page.reload")
        await tab.until("document.getElementById('where')?.textContent === 'Local · talking only'")
        await say(tab, "Turn on the kitchen light")
        await tab.until(f"{QUIET} && document.querySelector('.turn.theirs') !== null")
        assert len(engine.requests) == 1
        await tab.value("location.hash = '#home'")
        await tab.until("document.querySelector('#house .empty')?.textContent.includes('ingle key add')")
        assert there.devices.heard == []
        assert tab.urls.count(f"{there.url}/kiosk/live") <= 1  # before the key was shown


async def test_a_key_is_offered_what_it_is_good_for(tab: Tab, tmp_path: Path) -> None:
    keys = {}
    for name, scopes in (("boss", "admin"), ("tablet", "chat,command")):
        made = await asyncio.to_thread(
            ingle, "key", "add", name, "--scope", scopes, environ=environment(tmp_path)
        )
        keys[name] = made.stdout.decode().split()[-1]
    async with kiosk(tmp_path, EngineSimulator(script("Paris."))) as there:
        await asyncio.to_thread(furnish, tmp_path, "other")
        await tab.open(f"{there.url}/#admin")
        await tab.value(f"sessionStorage.setItem('inglenook.key', '{keys['boss']}')")
        await tab.call("Page.reload")
        await tab.until("document.getElementById('where')?.textContent === 'Local · not for talking'")
        await tab.until("document.querySelectorAll('#desk li').length === 4")
        assert await tab.value("document.querySelector('.pull') !== null") is True
        offered = "[...document.querySelectorAll('#desk li button')].map((each) => each.ariaLabel ?? each.textContent)"
        await tab.until(f"{offered}.length === 3")
        assert (await tab.value(offered))[0] == "Delete other"
        assert [each[:9] for each in (await tab.value(offered))[1:]] == ["Take back", "Take back"]
        boxes = "[...document.querySelectorAll('.scopes input')].map((each) => each.disabled)"
        assert await tab.value(boxes) == [True, True, False]
        assert await tab.value("document.querySelector('#lamp.ready')") is None
        assert "another" in await tab.value("document.getElementById('notice').textContent")
        await tab.value("location.hash = '#talk'")
        await tab.type("Hello")
        assert await tab.value("document.getElementById('send').disabled") is True

        await tab.value(
            f"sessionStorage.setItem('inglenook.key', '{keys['tablet']}'); location.hash = '#admin'"
        )
        await tab.call("Page.reload")
        await tab.until(f"{READY} && document.querySelectorAll('#desk li').length === 2")
        assert await tab.value("document.querySelector('#desk li button, .pull, .log')") is None


async def test_everything_by_keyboard_in_another_language(tab: Tab, tmp_path: Path) -> None:
    def answer(_: Request) -> Sequence[int]:
        return script("word " * 60)

    async with kiosk(tmp_path, EngineSimulator(answer, token_s=0.05)) as there:
        await opened(tab, there, "status")
        await tab.press("Tab")
        assert await tab.value("document.activeElement.className") == "skip"
        for wanted in ("theme", "language"):
            await tab.press("Tab")
            assert await tab.value("document.activeElement.id") == wanted
        await tab.press("Enter")
        await tab.until("document.documentElement.lang === 'zh-TW'")
        assert await tab.value("document.getElementById('title-home').textContent") == "居家"

        await tab.value("location.hash = '#talk'")
        await tab.until("!document.getElementById('room-talk').hidden")
        await say(tab, "說個故事")
        await tab.until(f"{LAST}?.querySelector('.words').textContent.length > 10")
        await tab.press("Escape")
        await tab.until(QUIET)
        assert await tab.value(f"{LAST}.querySelector('.about').textContent") == "已停止"

        await tab.value("document.getElementById('language').focus()")
        for wanted in ("#talk", "#home"):
            await tab.press("Tab")
            assert await tab.value("document.activeElement.hash") == wanted
        await tab.press("Enter")
        await tab.until("document.activeElement.id === 'title-home'")
        for _ in range(3):  # the last link of the rail is behind us: what scrolls comes first
            await tab.press("Tab")
            if await tab.value("document.activeElement.id") == "kitchen_light-power":
                break
        await tab.press("Enter")
        await tab.until(f"{LAMP}.getAttribute('aria-checked') === 'true'")
        assert await tab.value("document.querySelector('.card').getAttribute('aria-label')") == "廚房燈"

        await tab.call("Page.reload")
        await tab.until(
            "document.documentElement?.lang === 'zh-TW' && document.querySelectorAll('.card').length > 0"
        )
