"""The page spoken to in a real browser, whose microphone hears a file; what understands and speaks is scripted."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import numpy as np
import pytest

from runtime.api.access import Access
from runtime.api.scopes import Caller, Scope
from runtime.errors import BusyError
from runtime.voice.audio import write_wav
from tests.support.appliance import Appliance, appliance, script
from tests.support.axe import SOURCE, violations
from tests.support.browser import NAME, PROGRAM, Tab, browse
from tests.support.engine import EngineSimulator
from tests.support.keys import locked
from tests.support.sounds import silence, tone
from tests.support.voices import LoudIsSpeech, VoicesSimulator

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (apt install chromium)")

READY = "document.querySelector('#lamp.ready') !== null && !document.getElementById('mic').hidden"
STATE = "document.getElementById('mic').dataset.state"
LINE = "document.getElementById('hearing').textContent"
LAST = "[...document.querySelectorAll('.turn.theirs')].at(-1)"
QUIET = "!document.querySelector('.answering') && document.querySelector('.turn.theirs') !== null"
COUNTED = """(() => {
    window.played = 0;
    const start = AudioBufferSourceNode.prototype.start;
    AudioBufferSourceNode.prototype.start = function (...when) {
        window.played += this.buffer.duration;
        start.apply(this, when);
    };
})()"""


BOX = "(({width, height, right}) => [width, height, right])(document.getElementById('ID').getBoundingClientRect())"


@pytest.fixture
def said(tmp_path: Path) -> Path:
    """Two seconds of something, and then silence for long."""
    path = tmp_path / "said.wav"
    path.write_bytes(write_wav(np.concatenate((silence(0.3), tone(440, 2.0), silence(30.0)))))
    return path


@pytest.fixture
async def tab(said: Path) -> AsyncGenerator[Tab, None]:
    async with browse(says=said) as opened:
        yield opened


@asynccontextmanager
async def page(
    tab: Tab, voices: VoicesSimulator, *, answer: str = "Paris. It is the capital.", token_s: float = 0.0
) -> AsyncGenerator[Appliance, None]:
    engine = EngineSimulator(script(answer), token_s=token_s)
    async with appliance(engine, voices=voices, activity=LoudIsSpeech) as served:
        await tab.look(width=800, height=480)
        await tab.open(served.url)
        await tab.until(READY)
        await tab.value(COUNTED)
        yield served


async def held(tab: Tab, seconds: float) -> None:
    await tab.finger("#mic", down=True)
    await tab.until(f"{STATE} === 'listening'")
    await asyncio.sleep(seconds)
    await tab.finger("#mic", down=False)


async def test_what_is_said_with_the_button_held_is_answered_and_read_aloud(tab: Tab) -> None:
    voices = VoicesSimulator("What is the capital of France?")
    async with page(tab, voices) as served:
        await tab.finger("#mic", down=True)
        await tab.until(f"{STATE} === 'listening' && {LINE} === 'Listening. Let go to send.'")
        await tab.until("document.getElementById('mic').style.getPropertyValue('--level') > 0.2")
        await asyncio.sleep(1.0)
        await tab.finger("#mic", down=False)
        await tab.until(QUIET)
        assert (
            await tab.value("document.querySelector('.turn.mine .words').textContent")
            == "What is the capital of France?"
        )
        assert await tab.value(f"{LAST}.querySelector('.words').textContent") == "Paris. It is the capital."
        await tab.until(f"{STATE} === 'idle'")
        assert [each.text for each in voices.said] == ["Paris.", "It is the capital."]
        assert await tab.value("window.played") > 0.1
        assert len(served.engine.requests) == 1
        assert 0.5 < voices.heard[-1].seconds < 6
        assert tab.problems == []
        assert all(url.startswith((served.url, served.url.replace("http", "ws"))) for url in tab.urls)


async def test_a_tap_listens_until_nothing_more_is_said(tab: Tab) -> None:
    voices = VoicesSimulator("What is the capital of France?")
    async with page(tab, voices):
        await tab.value("document.getElementById('mic').focus()")
        await tab.press("Enter")
        await tab.until(f"{LINE} === 'Listening. Stops by itself when you do.'")
        await tab.until(QUIET)
        await tab.until(f"{STATE} === 'idle'")
        assert await tab.value(LINE) == ""
        assert len(voices.said) == 2


async def test_nothing_is_asked_where_nothing_was_said(tab: Tab, said: Path) -> None:
    await asyncio.to_thread(said.write_bytes, write_wav(silence(30.0)))
    async with page(tab, VoicesSimulator("Thank you.")) as served:
        await held(tab, 0.6)
        await tab.until(f"{STATE} === 'idle' && {LINE}.startsWith('Nothing was heard.')")
        assert await tab.value("document.querySelectorAll('.turn').length") == 0
        assert served.engine.requests == []


async def test_escape_leaves_off_and_nothing_comes_of_it(tab: Tab) -> None:
    voices = VoicesSimulator("What is the capital of France?")
    async with page(tab, voices) as served:
        await tab.finger("#mic", down=True)
        await tab.until(f"{STATE} === 'listening'")
        await tab.press("Escape")
        await tab.until(f"{STATE} === 'idle' && {LINE} === ''")
        await tab.finger("#mic", down=False)
        await asyncio.sleep(0.3)
        assert await tab.value("document.querySelectorAll('.turn').length") == 0
        assert voices.heard == []
        assert served.engine.requests == []


async def test_nobody_is_listened_to_who_went_to_another_room(tab: Tab) -> None:
    voices = VoicesSimulator("What is the capital of France?")
    async with page(tab, voices):
        await tab.value("document.getElementById('mic').focus()")
        await tab.press("Enter")
        await tab.until(f"{STATE} === 'listening'")
        await tab.value("location.hash = '#home'")
        await tab.until(f"{STATE} === 'idle'")
        assert voices.heard == []


async def test_a_press_while_an_answer_is_read_aloud_ends_it(tab: Tab) -> None:
    voices = VoicesSimulator("Tell me a story.")
    async with page(tab, voices, answer="One word. " * 40, token_s=0.02) as served:
        await held(tab, 1.0)
        await tab.until("window.played > 0.1")
        await tab.finger("#mic", down=True)
        await served.until(running=0)
        await tab.until(f"{STATE} === 'listening'")
        said = len(voices.said)
        assert said < 40
        await tab.press("Escape")
        await tab.finger("#mic", down=False)
        await tab.until(f"{STATE} === 'idle'")
        await asyncio.sleep(0.3)
        assert len(voices.said) <= said + 1
        assert served.engine.abandoned == 1


async def test_reading_aloud_can_be_switched_off_and_that_is_remembered(tab: Tab) -> None:
    voices = VoicesSimulator("What is the capital of France?")
    async with page(tab, voices):
        await tab.value("document.getElementById('aloud').click()")
        await tab.call("Page.reload")
        await tab.until(READY)
        assert await tab.value("document.getElementById('aloud').getAttribute('aria-pressed')") == "false"
        await held(tab, 1.0)
        await tab.until(f"{QUIET} && {STATE} === 'idle'")
        assert voices.said == []


async def test_what_is_typed_is_not_read_aloud(tab: Tab) -> None:
    voices = VoicesSimulator()
    async with page(tab, voices):
        await tab.value("document.getElementById('prompt').focus()")
        await tab.type("Hello")
        await tab.press("Enter")
        await tab.until(QUIET)
        assert voices.said == []


async def test_a_failure_is_told_in_words(tab: Tab) -> None:
    voices = VoicesSimulator()
    voices.failure = BusyError("four wait already; try again in a moment")
    async with page(tab, voices):
        await held(tab, 1.0)
        await tab.until(
            f"{STATE} === 'idle' && document.getElementById('toast').textContent.includes('four wait')"
        )


async def test_a_key_is_shown_on_the_socket_as_well(tab: Tab) -> None:
    voices = VoicesSimulator("What is the capital of France?")
    async with appliance(
        EngineSimulator(script("Paris.")), voices=voices, activity=LoudIsSpeech, access=locked("sesame-7?>")
    ) as served:
        await tab.open(served.url)
        await tab.until("document.getElementById('lock').open")
        await tab.type("sesame-7?>")
        await tab.press("Enter")
        await tab.until(READY)
        await held(tab, 1.0)
        await tab.until(QUIET)


async def test_a_key_that_is_good_for_talking_only_can_speak(tab: Tab) -> None:
    class Known:
        def holder(self, shown: str) -> Caller | None:
            return Caller("tablet", frozenset({Scope.CHAT})) if shown == "sesame-7" else None

    voices = VoicesSimulator("What is the capital of France?")
    engine = EngineSimulator(script("Paris."))
    async with appliance(
        engine, voices=voices, activity=LoudIsSpeech, access=Access(keys=Known(), asked=True)
    ) as served:
        await tab.open(served.url)
        await tab.until("document.getElementById('lock').open")
        await tab.type("sesame-7")
        await tab.press("Enter")
        await tab.until(READY)
        await held(tab, 1.0)
        await tab.until(QUIET)
        assert len(engine.requests) == 1


async def test_without_anything_that_listens_there_is_no_button(tab: Tab) -> None:
    async with appliance(EngineSimulator()) as served:
        await tab.open(served.url)
        await tab.until("document.querySelector('#lamp.ready') !== null")
        await tab.until("document.querySelector('#model option') !== null")
        assert await tab.value("document.getElementById('mic').hidden") is True
        assert await tab.value("document.getElementById('aloud').hidden") is True


async def test_what_listens_and_speaks_is_neither_talked_to_nor_on_the_disk(tab: Tab) -> None:
    async with page(tab, VoicesSimulator()):
        assert await tab.value("document.querySelectorAll('#model option').length") == 1
        await tab.value("location.hash = '#admin'")
        await tab.until("document.querySelector('.log') !== null")
        assert await tab.value("document.querySelectorAll('#desk .lines:first-of-type li').length") == 1


async def test_a_page_that_is_given_no_microphone_says_why(tab: Tab) -> None:
    access = Access(frozenset({NAME}))
    async with appliance(EngineSimulator(), voices=VoicesSimulator(), access=access) as served:
        await tab.open(f"http://{NAME}:{served.port}")
        await tab.until(READY)
        await tab.value("document.getElementById('mic').click()")
        await tab.until("document.getElementById('toast').textContent.includes('https')")
        assert await tab.value(STATE) == "idle"


@pytest.mark.skipif(SOURCE is None, reason="axe-core-python is not installed (extra dev)")
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("width", "height"), [(800, 480), (390, 844), (360, 640)], ids=["wall", "phone", "small"]
)
async def test_nobody_stumbles_over_it(tab: Tab, width: int, height: int, *, dark: bool) -> None:
    async with page(tab, VoicesSimulator()):
        await tab.look(width=width, height=height, dark=dark, still=True)
        for language in ("en", "zh-TW"):
            assert await tab.value("document.documentElement.lang") == language
            assert await violations(tab) == [], language
            await tab.value("document.getElementById('mic').click()")
            await tab.until(f"{STATE} === 'listening'")
            assert await violations(tab) == [], language
            assert await tab.value("document.documentElement.scrollWidth") == width
            await tab.press("Escape")
            for each in ("mic", "aloud"):
                box = await tab.value(BOX.replace("ID", each))
                assert min(box[:2]) >= 44
                assert box[2] <= width
            await tab.value("document.getElementById('language').click()")
        assert tab.problems == []
