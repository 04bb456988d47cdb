"""The page's texts: every one in every language, and no text asked for that is not there."""

import re
from importlib import resources
from importlib.resources.abc import Traversable

import pytest

PAGE = resources.files("runtime.api") / "page"
LANGUAGES = sorted(each.name for each in (PAGE / "words").iterdir())
_TEXT = re.compile(r'^  "((?:[^"\\]|\\.)+)": "((?:[^"\\]|\\.)*)",$')
_ASKED = re.compile(r'\bt\("([^"]+)"')
_MARKED = re.compile(r'data-t(?:-[a-z]+)?="([^"]+)"')


def texts(language: str) -> dict[str, str]:
    """Every line of the file that is no comment has to be a text."""
    lines = (PAGE / "words" / language).read_text(encoding="utf-8").splitlines()
    told = [line for line in lines if line and not line.lstrip().startswith("//")]
    assert (told[0], told[-1]) == ("export default {", "};")
    pairs = [_TEXT.fullmatch(line) for line in told[1:-1]]
    assert None not in pairs, [line for line, pair in zip(told[1:-1], pairs, strict=True) if pair is None]
    names = [pair[1] for pair in pairs if pair]
    assert len(set(names)) == len(names), {name for name in names if names.count(name) > 1}
    return {pair[1]: pair[2] for pair in pairs if pair}


def scripts(folder: Traversable) -> list[Traversable]:
    return [each for each in folder.iterdir() if each.name.endswith((".js", ".html"))]


def test_there_are_two_languages() -> None:
    assert LANGUAGES == ["en.js", "zh-tw.js"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_text(language: str) -> None:
    assert texts(language).keys() == texts("en.js").keys()
    assert all(texts(language).values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_translation_puts_in_the_same_values(language: str) -> None:
    for name, text in texts(language).items():
        put_in = set(re.findall(r"\{(\w+)\}", text)) | {
            "message"
        }  # of an error: a translation need not quote it
        assert put_in == set(re.findall(r"\{(\w+)\}", texts("en.js")[name])) | {"message"}, name


def test_what_the_page_asks_for_is_there() -> None:
    asked = {name for each in scripts(PAGE) for name in _ASKED.findall(each.read_text(encoding="utf-8"))}
    asked |= {name for each in scripts(PAGE) for name in _MARKED.findall(each.read_text(encoding="utf-8"))}
    assert len(asked) > 80
    assert asked - texts("en.js").keys() == set()
