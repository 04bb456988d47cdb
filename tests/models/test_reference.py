from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import UnknownModelError
from models.reference import Hub, Local, Named, Reference, Wheel, parse

NAMES = ("smollm2-135m", "smollm2-360m")

_word = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,10}", fullmatch=True)
_package = st.from_regex(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,10}[A-Za-z0-9])?", fullmatch=True)
_segment = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\0", categories=("L", "N", "P", "S")), min_size=1
)
_file = st.lists(_segment.filter(lambda part: part not in {".", ".."}), min_size=1, max_size=3).map("/".join)
_path = st.lists(_segment, min_size=1, max_size=3).map("/".join)


@given(st.builds(Wheel, _package, st.from_regex(r"[0-9][A-Za-z0-9.!+_-]{0,8}", fullmatch=True), _file))
def test_a_wheel_reads_back(reference: Wheel) -> None:
    assert parse(str(reference), NAMES) == reference


@given(
    st.builds(
        Hub,
        st.tuples(_word, _word).map("/".join),
        st.none() | st.from_regex(r"[A-Za-z0-9_./+-]{1,12}", fullmatch=True),
        st.none() | _file,
    )
)
def test_a_repository_reads_back(reference: Hub) -> None:
    assert parse(str(reference), NAMES) == reference


@given(_path.map(Path) | _path.map(lambda path: Path("/" + path)))
def test_a_path_reads_back(path: Path) -> None:
    assert parse(str(Local(path)), NAMES) == Local(path)


def _parsed(text: str) -> Reference | None:
    try:
        return parse(text, NAMES)
    except UnknownModelError:
        return None


@given(st.text())
def test_any_text_is_a_reference_that_reads_back_or_is_refused(text: str) -> None:
    reference = _parsed(text)
    assert reference is None or parse(str(reference), NAMES) == reference


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("smollm2-135m", Named("smollm2-135m")),
        ("./model.gguf", Local(Path("model.gguf"))),
        ("model.gguf", Local(Path("model.gguf"))),
        ("/srv/models/x", Local(Path("/srv/models/x"))),
        ("./hf:odd/name", Local(Path("hf:odd/name"))),
        ("hf:org/repo", Hub("org/repo")),
        ("hf:org/repo@v1.0", Hub("org/repo", "v1.0")),
        ("hf:org/repo@refs/pr/1#q4/m.gguf", Hub("org/repo", "refs/pr/1", "q4/m.gguf")),
        ("wheel:llm-x==0.1.2#pkg/m.gguf", Wheel("llm-x", "0.1.2", "pkg/m.gguf")),
    ],
)
def test_each_form(text: str, expected: Reference) -> None:
    assert parse(text, NAMES) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hf:",
        "hf:org",
        "hf:org/repo@",
        "hf:org/repo/more",
        "hf:../repo",
        "wheel:pkg",
        "wheel:pkg==1",
        "wheel:pkg==1#",
        "wheel:pkg==1#../../etc/passwd",
        "wheel:pkg==1#/etc/passwd",
        "wheel:pkg==1#a\\b",
        "wheel:pkg==1#a//b",
        "wheel:pkg[1-4]==1#a.part[0-2]",
        "wheel:pkg[4-1]==1#a.part[4-1]",
        "wheel:pkg[1-4]==1#a.part",
        "wheel:pkg[1-4][1-3]==1#a.part[1-4]",
        "wheel:pkg[0-999]==1#a.part[0-999]",
        "wheel:pkg[1-4]==1#a/[1-4]",
        "wheel:pkg[1-4]==1#a/.part[1-4]",
        "wheel:pkg[1-]==1#a",
        "wheel:[1-4]==1#a.part[1-4]",
        "https://example.org/model.gguf",
        "ollama:llama3",
        "a\0b/c",
    ],
)
def test_what_is_no_reference_is_refused(text: str) -> None:
    with pytest.raises(UnknownModelError):
        parse(text, NAMES)


def test_a_file_in_parts_is_counted_up_in_step() -> None:
    text = "wheel:m-part[8-10]==1.0#m_part[8-10]/data/m.gguf.part[00-02]"
    wheel = parse(text, NAMES)
    assert isinstance(wheel, Wheel)
    assert (str(wheel), wheel.name) == (text, "m.gguf")
    assert [str(part) for part in wheel.parts] == [
        "wheel:m-part8==1.0#m_part8/data/m.gguf.part00",
        "wheel:m-part9==1.0#m_part9/data/m.gguf.part01",
        "wheel:m-part10==1.0#m_part10/data/m.gguf.part02",
    ]


def test_brackets_in_a_file_of_one_wheel_are_its_name() -> None:
    wheel = parse("wheel:m==1.0#m/x[1-4].gguf", NAMES)
    assert isinstance(wheel, Wheel)
    assert (wheel.parts, wheel.name) == ((wheel,), "x[1-4].gguf")


@given(st.text().filter(lambda text: "/" not in text and not text.endswith((".gguf", ".safetensors", "."))))
def test_a_refusal_is_one_line(text: str) -> None:
    with pytest.raises(UnknownModelError) as caught:
        parse(f"no:{text}", NAMES)
    assert str(caught.value).isprintable()


def test_a_near_miss_gets_the_nearest_name() -> None:
    with pytest.raises(UnknownModelError, match="did you mean 'smollm2-135m'"):
        parse("smolm2-135m", NAMES)


def test_a_far_miss_is_told_where_the_names_are() -> None:
    with pytest.raises(UnknownModelError, match="ingle list --available"):
        parse("zzz", NAMES)
