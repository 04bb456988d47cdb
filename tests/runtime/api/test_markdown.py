"""What a model wrote, as the page shows it: hostile or not, it is text and a few harmless elements."""

import json
import random
from collections.abc import AsyncGenerator
from urllib.parse import urlsplit

import pytest

from tests.support.appliance import Appliance, appliance
from tests.support.browser import PROGRAM, Tab, browse
from tests.support.engine import EngineSimulator

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="Chromium is not installed (apt install chromium)")

SEED = random.randrange(1 << 32)
TEXTS = 600
ALLOWED = {"P", "UL", "OL", "LI", "PRE", "CODE", "STRONG", "EM", "A", "SPAN", "BLOCKQUOTE", "HR"}
ATTRIBUTES = {"class", "href", "rel", "target", "start", "tabindex"}
PIECES = (
    *(
        "<script>window.done=1</script>",
        "<img src=x onerror=window.done=1>",
        "<svg onload=window.done=1>",
        "</p>",
    ),
    *(
        "[a](javascript:window.done=1)",
        "[a](http://x.example/)",
        "[a](https://x.example/<b>)",
        "![i](http://x/y.png)",
    ),
    *(
        "[a](JaVaScRiPt:alert(1))",
        "[a](data:text/html,<script>1</script>)",
        "[a](//x.example)",
        "[",
        "](",
        ")",
    ),
    *(
        "**",
        "__",
        "*",
        "_",
        "`",
        "```",
        "~~~",
        "\n",
        "\n\n",
        "# ",
        "> ",
        "- ",
        "1. ",
        "    ",
        "\\",
        "---",
        "&lt;",
        "&#60;",
    ),
    *(
        "word",
        " ",
        "火",
        "\u202e",
        "\u0000",
        "<!--",
        "]]>",
        "http://x.example",
        "[x][y]",
        "<http://x.example>",
    ),
)
SHOW = """import('/markdown.js').then(({render}) => JSON.stringify(TEXTS.map((text) => {
    const at = document.createElement('div');
    document.body.append(at);
    at.append(...render(text));
    const all = [...at.querySelectorAll('*')];
    const told = {
        elements: all.map((each) => each.tagName),
        attributes: all.flatMap((each) => each.getAttributeNames()),
        links: all.map((each) => each.getAttribute('href')).filter((each) => each !== null),
        html: at.innerHTML, text: at.textContent };
    at.remove();
    return told;
})))"""


@pytest.fixture
async def served() -> AsyncGenerator[Appliance, None]:
    async with appliance(EngineSimulator()) as there:
        yield there


async def shown(tab: Tab, *texts: str) -> list[dict[str, str]]:
    return list(json.loads(await tab.value(SHOW.replace("TEXTS", json.dumps(texts)))))


async def test_nothing_that_a_model_writes_runs_loads_or_leads_astray(served: Appliance) -> None:
    chance = random.Random(SEED)
    print(f"seed {SEED}, {TEXTS} texts")
    texts = ["".join(chance.choices(PIECES, k=chance.randrange(1, 40))) for _ in range(TEXTS)]
    async with browse() as tab:
        await tab.open(served.url)
        await tab.value(
            "window.broken = 0; addEventListener('securitypolicyviolation', () => { window.broken += 1; })"
        )
        for text, told in zip(texts, await shown(tab, *texts), strict=True):
            assert set(told["elements"]) <= ALLOWED, text
            assert set(told["attributes"]) <= ATTRIBUTES, text
            for link in told["links"]:
                assert urlsplit(link).scheme.lower() in {"http", "https"}, text
        assert await tab.value("window.done") is None
        assert await tab.value("window.broken") == 0
        assert tab.problems == []
        assert all(url.startswith(served.url) for url in tab.urls)


async def test_the_policy_itself_stops_what_the_page_never_does(served: Appliance) -> None:
    async with browse() as tab:
        await tab.open(served.url)
        tried = "try { document.body.innerHTML = '<b>x</b>'; 'done' } catch (error) { error.name }"
        assert await tab.value(tried) == "TypeError"


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("one\n\ntwo *and* __three__", "<p>one</p><p>two <em>and</em> <strong>three</strong></p>"),
        ("# Title #\ntext", '<p class="heading">Title</p><p>text</p>'),
        (
            "- a\n- b\n  - c\n\n3. d",
            '<ul><li>a</li><li>b<ul><li>c</li></ul></li></ul><ol start="3"><li>d</li></ol>',
        ),
        ("```js\n<b>*x*</b>\n```", '<pre tabindex="0"><code>&lt;b&gt;*x*&lt;/b&gt;</code></pre>'),
        ("```\nnot closed yet", '<pre tabindex="0"><code>not closed yet</code></pre>'),
        ("2 * 3 * 4 and snake_case_name", "<p>2 * 3 * 4 and snake_case_name</p>"),
        ("`a*b*` \\*c\\*", "<p><code>a*b*</code> *c*</p>"),
        ("> so\n> it is", "<blockquote><p>so\nit is</p></blockquote>"),
        ("![i](http://x.example/i.png)", None),
        ("a **b", "<p>a **b</p>"),
    ],
)
async def test_what_is_meant_is_shown(served: Appliance, text: str, html: str | None) -> None:
    async with browse() as tab:
        await tab.open(served.url)
        (told,) = await shown(tab, text)
        if html is None:
            assert "<img" not in told["html"]
        else:
            assert told["html"] == html


async def test_long_and_nasty_texts_take_no_time_to_speak_of(served: Appliance) -> None:
    async with browse() as tab:
        await tab.open(served.url)
        nasty = [
            "*" * 20_000,
            "[" * 20_000,
            "`a" * 10_000,
            "> " * 5_000,
            "- " * 5_000,
            "**a " * 5_000,
            "_" * 9999 + "a",
        ]
        told = await shown(tab, *nasty)  # within the browser's patience
        assert len(told) == len(nasty)


async def test_both_languages_say_everything_and_the_page_asks_for_nothing_else(served: Appliance) -> None:
    async with browse() as tab:
        await tab.open(served.url)
        asked = """import('/words.js').then(({LANGUAGES}) => JSON.stringify([
            Object.values(LANGUAGES).map((each) => Object.keys(each).filter((key) => !key.startsWith('error.')).sort()),
            [...document.querySelectorAll('*')].flatMap((each) => each.getAttributeNames()
                .filter((name) => name.startsWith('data-t')).map((name) => each.getAttribute(name)))]))"""
        (english, chinese), names = json.loads(await tab.value(asked))
        assert english == chinese
        assert set(names) <= set(english)
