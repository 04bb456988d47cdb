import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.errors import CallerError
from runtime.strict_json import parse, shown

SOUND = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**18), 10**18)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text('abc\\"[]{}', max_size=4), inner),
    max_leaves=12,
)


@given(SOUND, st.booleans())
def test_sound_json_reads_as_the_standard_library_reads_it(value: object, ascii_only: bool) -> None:  # noqa: FBT001  hypothesis gives it
    body = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert parse(body, depth=64) == json.loads(body)


@given(
    st.binary(max_size=200) | st.text('[]{}:,"\\0123456789eE+-.truefalsnINx \n', max_size=60).map(str.encode)
)
def test_any_bytes_are_a_finite_value_or_refused(body: bytes) -> None:
    try:
        value = parse(body, depth=8)
    except CallerError:
        return
    json.dumps(value, allow_nan=False)


@pytest.mark.parametrize(
    "literal", ["NaN", "Infinity", "-Infinity", "1e400", "-1e400", "1" * 400, "9" * 5000]
)
def test_a_number_that_is_not_finite_or_absurd_is_refused(literal: str) -> None:
    with pytest.raises(CallerError, match="number"):
        parse(f'{{"temperature": {literal}}}'.encode(), depth=8)


def test_the_largest_seed_is_a_number() -> None:
    assert parse(str(2**63 - 1).encode(), depth=1) == 2**63 - 1


@pytest.mark.parametrize("bomb", [b"[" * 500_000, b'{"a":' * 100_000, b"[" * 40 + b"]" * 40])
def test_a_depth_bomb_is_refused_before_it_is_parsed(bomb: bytes) -> None:
    with pytest.raises(CallerError, match="deeper than 32 levels"):
        parse(bomb, depth=32)


def test_brackets_inside_strings_are_no_depth() -> None:
    text = '"[[[[{{{{\\"[[[['
    assert parse(json.dumps([text]).encode(), depth=1) == [text]


def test_depth_is_counted_to_the_level() -> None:
    assert parse(b'{"a":[1]}', depth=2) == {"a": [1]}
    with pytest.raises(CallerError):
        parse(b'{"a":[1]}', depth=1)


def test_a_repeated_key_is_named() -> None:
    with pytest.raises(CallerError, match="'model' is given twice"):
        parse(b'{"model":"a","x":1,"model":"b"}', depth=8)


@pytest.mark.parametrize("body", ['{"a":1}'.encode("utf-16"), b'"\xff"', b"\xed\xa0\x80"])
def test_what_is_not_utf8_is_refused(body: bytes) -> None:
    with pytest.raises(CallerError, match="UTF-8"):
        parse(body, depth=8)


@pytest.mark.parametrize("body", [b"", b"{", b"{'a':1}", b"[1,]", b"1 2", b"\xef\xbb\xbf{}", b'"\n"'])
def test_what_is_not_json_is_refused_with_the_place(body: bytes) -> None:
    with pytest.raises(CallerError, match=r"not JSON .* line \d+, column \d+"):
        parse(body, depth=8)


@given(st.text() | st.integers() | st.lists(st.text()))
def test_what_is_quoted_is_short_and_plain(value: object) -> None:
    assert len(shown(value)) <= 63
    assert shown(value).isascii()
    assert not set(shown(value)) & {"\n", "\r", "\x1b"}


@pytest.mark.parametrize(("value", "quoted"), [(None, "null"), (True, "true"), (1, "1"), ("a", "'a'")])
def test_what_is_quoted_reads_as_it_was_written(value: object, quoted: str) -> None:
    assert shown(value) == quoted


def test_the_parser_gives_floats_only_where_json_has_them() -> None:
    values = parse(b"[1, 1.0, 1e2]", depth=1)
    assert [type(value) for value in values] == [int, float, float]
    assert math.isclose(values[2], 100)
