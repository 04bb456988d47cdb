"""The page in a real browser, against a real listener."""

import json
from collections.abc import AsyncGenerator

import pytest

from models.licences import licence_of
from runtime.api.kiosk.around import Around
from runtime.errors import BusyError
from tests.support import commands_house
from tests.support.appliance import appliance, script
from tests.support.browser import PROGRAM, Tab, browse
from tests.support.engine import EngineSimulator
from tests.support.keys import locked
from tests.support.manifest import tiny_manifest
from tests.support.text import CHATML

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (apt install chromium)")

ANSWER = "Paris.\n<img src=x onerror=alert(1)> & <b>bold</b>"
READY = "document.querySelector('#lamp.ready') !== null"
QUIET = "!document.querySelector('.answering') && document.querySelector('.turn.theirs') !== null"
LAST = "[...document.querySelectorAll('.turn.theirs')].at(-1)"


@pytest.fixture
async def tab() -> AsyncGenerator[Tab, None]:
    async with browse() as opened:
        yield opened


async def test_a_question_typed_is_answered_as_plain_text(tab: Tab) -> None:
    async with appliance(EngineSimulator(script(ANSWER))) as served:
        await tab.open(served.url)
        await tab.until(READY)
        assert await tab.value("document.getElementById('where').textContent") == "tiny · local"
        await tab.type("What is the capital of France?")
        await tab.press("Enter")
        await tab.until(QUIET)
        assert await tab.value(f"{LAST}.querySelector('.words').textContent") == ANSWER
        assert "tokens/s" in await tab.value(f"{LAST}.querySelector('.about').textContent")
        assert await tab.value("document.querySelectorAll('#conversation :is(img, b)').length") == 0
        assert await tab.value("document.getElementById('announce').textContent") == ANSWER
        assert tab.problems == []
        assert all(url.startswith(served.url) for url in tab.urls)


async def test_the_second_question_carries_the_first_turn_and_a_new_conversation_does_not(tab: Tab) -> None:
    async with appliance(EngineSimulator(script("Paris."))) as served:
        await tab.open(served.url)
        await tab.until(READY)
        for question in ("One", "Two"):
            await tab.type(question)
            await tab.press("Enter")
            await tab.until(QUIET)
        await tab.value("document.getElementById('fresh').click()")
        assert await tab.value("document.getElementById('conversation').childElementCount") == 0
        assert await tab.value("document.activeElement.id") == "prompt"
        await tab.type("One")
        await tab.press("Enter")
        await tab.until(QUIET)
        first, second, third = (request.prompt_ids for request in served.engine.requests)
        assert second[: len(first)] == first
        assert third == first


@pytest.mark.parametrize(("tag", "words"), [("llama3.2", "Built with Llama"), ("apache-2.0", "")])
async def test_the_words_a_licence_wants_shown_are_seen_on_any_screen(tab: Tab, tag: str, words: str) -> None:
    line = "document.getElementById('attribution')"
    async with appliance(EngineSimulator(loaded=tiny_manifest(licence=licence_of(tag)))) as served:
        await tab.open(served.url)
        await tab.until(READY)
        await tab.until(f"{line}.textContent === {json.dumps(words)}")
        for width, height in ((360, 640), (1280, 800)):
            await tab.look(width=width, height=height, touch=width < 1000)
            assert await tab.value(f"{line}.checkVisibility()") is bool(words)


async def test_shift_and_enter_start_a_line(tab: Tab) -> None:
    async with appliance(EngineSimulator(script("Paris."))) as served:
        await tab.open(served.url)
        await tab.until(READY)
        await tab.type("One")
        await tab.press("Enter", shift=True)
        await tab.type("two")
        assert await tab.value("document.getElementById('prompt').value") == "One\ntwo"
        assert served.engine.requests == []


@pytest.mark.parametrize("way", ["key", "button"])
async def test_stopping_frees_the_slot_and_keeps_what_there_is(tab: Tab, way: str) -> None:
    async with appliance(EngineSimulator(script("word " * 400), token_s=0.02)) as served:
        await tab.open(served.url)
        await tab.until(READY)
        await tab.type("Talk")
        await tab.press("Enter")
        await tab.until(f"{LAST}?.querySelector('.words').textContent.length > 10")
        if way == "key":
            await tab.press("Escape")
        else:
            await tab.value("document.getElementById('stop').click()")
        await served.until(running=0)
        assert served.engine.abandoned == 1
        await tab.until(QUIET)
        assert await tab.value(f"{LAST}.querySelector('.about').textContent") == "Stopped"
        assert (await tab.value(f"{LAST}.querySelector('.words').textContent")).startswith("word word")


async def test_progress_is_shown_while_the_prompt_is_read(tab: Tab) -> None:
    async with appliance(EngineSimulator(script("Paris."), prefill_chunk=4, prefill_s=0.2)) as served:
        await tab.open(served.url)
        await tab.until(READY)
        await tab.type("What is the capital of France, please?")
        await tab.press("Enter")
        await tab.until("document.querySelector('progress')?.value > 0")
        assert "Reading: " in await tab.value(f"{LAST}.querySelector('.about').textContent")
        await tab.until(QUIET)
        assert await tab.value("document.querySelector('progress')") is None


async def test_what_a_model_thinks_is_folded_away(tab: Tab) -> None:
    template = CHATML + "{% if not enable_thinking %}<think>\n\n</think>\n\n{% endif %}"
    engine = EngineSimulator(script("<think>\nParis, I think.\n</think>\n\nIt is Paris."))
    async with appliance(engine, template=template) as served:
        await tab.open(served.url)
        await tab.until(READY)
        await tab.type("What is the capital of France?")
        await tab.press("Enter")
        await tab.until(QUIET)
        assert await tab.value(f"{LAST}.querySelector('.words').textContent") == "It is Paris."
        assert await tab.value(f"{LAST}.querySelector('.thoughts p').textContent") == "Paris, I think."
        assert await tab.value(f"{LAST}.querySelector('.thoughts').open") is False
        assert await tab.value("document.getElementById('announce').textContent") == "It is Paris."


async def test_the_page_waits_for_the_model(tab: Tab) -> None:
    async with appliance(EngineSimulator(), loaded=False) as served:
        await tab.open(served.url)
        await tab.until("document.getElementById('where').textContent === 'Warming up'")
        await tab.type("Hello")
        assert await tab.value("document.getElementById('send').disabled") is True
        served.load()
        await tab.until(READY)
        assert await tab.value("document.getElementById('send').disabled") is False


async def test_the_page_asks_for_the_key_until_it_is_right(tab: Tab) -> None:
    async with appliance(EngineSimulator(script("Paris.")), access=locked("sesame-7")) as served:
        await tab.open(served.url)
        await tab.until("document.getElementById('lock').open")
        await tab.type("wrong")
        await tab.press("Enter")
        await tab.until("!document.getElementById('wrong').hidden && document.getElementById('lock').open")
        await tab.type("sesame-7")
        await tab.press("Enter")
        await tab.until(READY)
        assert await tab.value("document.activeElement.id") == "prompt"
        await tab.type("Hello")
        await tab.press("Enter")
        await tab.until(QUIET)
        assert await tab.value(f"{LAST}.querySelector('.words').textContent") == "Paris."
        assert await tab.value("localStorage.length") == 0


async def test_an_error_is_told_in_the_appliances_words_and_can_be_tried_again(tab: Tab) -> None:
    busy = BusyError("sixteen requests wait already; ask again in a moment")
    async with appliance(EngineSimulator(script("Paris."), fail_after=0, failure=busy)) as served:
        await tab.open(served.url)
        await tab.until(READY)
        await tab.type("Hello")
        await tab.press("Enter")
        await tab.until(QUIET)
        assert "sixteen requests" in await tab.value(f"{LAST}.querySelector('.about').textContent")
        served.engine.fail_after = None
        await tab.value("document.querySelector('.choices button').click()")
        await tab.until(f"{QUIET} && !document.querySelector('.failed')")
        assert await tab.value(f"{LAST}.querySelector('.words').textContent") == "Paris."


async def test_what_is_too_long_is_not_tried_again_and_never_cut(tab: Tab) -> None:
    async with appliance(EngineSimulator(script("Paris."))) as served:
        await tab.open(served.url)
        await tab.until(READY)
        await tab.type("word " * 1000)
        await tab.press("Enter")
        await tab.until(QUIET)
        assert "the context holds 512" in await tab.value(f"{LAST}.querySelector('.about').textContent")
        assert await tab.value(f"{LAST}.querySelectorAll('button').length") == 0

        prompt = "document.getElementById('prompt')"
        await tab.type("x" * 100_001)
        assert await tab.value(f"{prompt}.value.length") == 100_001
        assert "100,001 letters" in await tab.value("document.getElementById('over').textContent")
        assert await tab.value("document.getElementById('over').checkVisibility()") is True
        await tab.press("Enter")
        assert await tab.value("document.querySelectorAll('.turn').length") == 2
        assert await tab.value(f"{prompt}.value.length") == 100_001
        await tab.value(f"{prompt}.setSelectionRange(100000, 100001)")
        await tab.type("")
        assert await tab.value("document.getElementById('over').checkVisibility()") is False
        assert served.engine.requests == []


async def test_a_broken_connection_is_told_and_the_page_looks_for_the_appliance(tab: Tab) -> None:
    async with appliance(EngineSimulator(script("word " * 400), token_s=0.02)) as served:
        await tab.open(served.url)
        await tab.until(READY)
        await tab.type("Talk")
        await tab.press("Enter")
        await tab.until(f"{LAST}?.querySelector('.words').textContent.length > 10")
        for site in served.runner.sites:
            await site.stop()
        assert served.runner.server is not None
        for connection in served.runner.server.connections:
            assert connection.transport is not None
            connection.transport.abort()
        await tab.until("document.querySelector('.turn.failed .about')?.textContent.includes('not complete')")
        await tab.until("document.querySelector('#lamp.away') !== null")


async def test_an_appliance_that_stops_in_mid_answer_is_told_as_such(tab: Tab) -> None:
    async with appliance(EngineSimulator(script("word " * 400), token_s=0.02)) as served:
        await tab.open(served.url)
        await tab.until(READY)
        await tab.type("Talk")
        await tab.press("Enter")
        await tab.until(f"{LAST}?.querySelector('.words').textContent.length > 10")
        await served.runner.cleanup()
        await tab.until(
            "document.querySelector('.turn.failed .about')?.textContent.includes('shutting down')"
        )


@pytest.mark.parametrize(
    ("width", "height"), [(360, 640), (390, 844), (800, 480), (1024, 600), (768, 1024), (1920, 1080)]
)
async def test_nothing_sticks_out_at_any_size(tab: Tab, width: int, height: int) -> None:
    async with appliance(EngineSimulator(script(ANSWER + " longword" * 3 + "x" * 200))) as served:
        await tab.look(width=width, height=height, touch=width < 1000)
        await tab.open(served.url)
        await tab.until(READY)
        wide = "document.documentElement.scrollWidth"
        tall = "document.documentElement.scrollHeight"
        assert (await tab.value(wide), await tab.value(tall)) == (width, height)
        await tab.value("document.querySelector('.try').click()")
        await tab.until(QUIET)
        assert (await tab.value(wide), await tab.value(tall)) == (width, height)
        assert await tab.value("document.getElementById('scroll').scrollWidth") <= width
        low = "Math.round(document.getElementById('form').getBoundingClientRect().bottom)"
        assert await tab.value(low) <= height


async def test_a_long_conversation_scrolls_in_its_place_and_not_the_page(tab: Tab) -> None:
    async with appliance(EngineSimulator(script("Paris. " * 20))) as served:
        await tab.look(width=1024, height=600, touch=False)
        await tab.open(served.url)
        await tab.until(READY)
        for turn in range(1, 11):
            await tab.type("One more")
            await tab.press("Enter")
            await tab.until(f"{QUIET} && document.querySelectorAll('.turn').length === {2 * turn}")
        assert await tab.value("document.documentElement.scrollHeight") == 600
        scroll = "document.getElementById('scroll')"
        assert await tab.value(f"{scroll}.scrollHeight > {scroll}.clientHeight") is True


async def test_a_control_is_called_by_its_device_and_waits_while_the_appliance_is_away(tab: Tab) -> None:
    around, house = Around(), commands_house.house()
    around.house = lambda: house
    async with appliance(EngineSimulator(), around=around) as served:
        await tab.open(f"{served.url}/#home")
        power = "document.getElementById('kitchen.light-power')"
        await tab.until(f"{READY} && {power} !== null")
        names = f"{power}.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id))"
        said = f"{names}.map((each) => each.ariaLabel ?? each.textContent).join(' ')"
        spoken = (await tab.value(said)).lower()
        assert "kitchen" in spoken
        assert "power" in spoken
        assert await tab.value(f"{power}.disabled") is False
        for site in served.runner.sites:
            await site.stop()
        assert served.runner.server is not None
        for connection in served.runner.server.connections:
            assert connection.transport is not None
            connection.transport.abort()
        await tab.until(f"document.querySelector('#lamp.away') !== null && {power}.disabled")
