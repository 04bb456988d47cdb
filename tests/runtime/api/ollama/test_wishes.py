"""What Ollama's clients want of an answer."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.api.ollama import wishes
from runtime.completion import JsonSchema
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.wire.asked import MOST_TOKENS
from runtime.wire.fields import Fields

LIMITS = Limits()
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
OPTIONS = st.sampled_from(
    [
        "temperature",
        "top_p",
        "top_k",
        "min_p",
        "seed",
        "stop",
        "num_predict",
        "num_ctx",
        "repeat_penalty",
        "x",
    ]
)


def options(**said: Any) -> wishes.Options:
    return wishes.options(Fields({"options": said}), LIMITS)


def test_options_in_our_names() -> None:
    read = options(temperature=0.5, top_k=-1, top_p=0, repeat_penalty=1.1, seed=7, stop=["a"], num_predict=9)
    sampling = read.sampling
    assert (sampling.temperature, sampling.top_k, sampling.repetition_penalty, sampling.seed) == (
        0.5,
        0,
        1.1,
        7,
    )
    assert sampling.top_p is not None
    assert 0 < sampling.top_p < 0.001
    assert (read.stop, read.max_tokens) == (("a",), 9)


def test_what_is_about_the_machine_or_unknown_is_ignored() -> None:
    assert options(num_gpu=99, num_thread="many", mirostat=2, shiny=True, num_ctx=10**6) == wishes.Options()


@pytest.mark.parametrize(("said", "expected"), [(-1, None), (-2, MOST_TOKENS), (1, 1), (5.0, 5)])
def test_how_long(said: float, expected: int | None) -> None:
    assert options(num_predict=said).max_tokens == expected


def test_a_negative_seed_is_another_each_time() -> None:
    assert options(seed=-1).sampling.seed is None


@pytest.mark.parametrize(
    "said",
    [{"temperature": "hot"}, {"temperature": -1}, {"num_predict": 0}, {"num_predict": -3}, {"stop": [""]}],
)
def test_what_is_known_and_wrong_is_named(said: dict[str, Any]) -> None:
    with pytest.raises(CallerError) as caught:
        options(**said)
    assert next(iter(said)) in (caught.value.param or "")


@pytest.mark.parametrize(
    ("said", "expected"),
    [(None, None), (0, 0), ("0", 0), (-1, -1), ("-1s", -1), ("-5m", -1), (300, 300), ("5m", 300), (0.5, 0.5)],
)
def test_how_long_a_model_stays(said: object, expected: float | None) -> None:
    assert wishes.keep_alive(Fields({"keep_alive": said})) == expected


def test_more_than_a_year_is_for_ever() -> None:
    assert wishes.keep_alive(Fields({"keep_alive": 1e300})) == wishes.keep_alive(
        Fields({"keep_alive": "99999999h"})
    )


@pytest.mark.parametrize("said", [True, "soon", "5", [], {}, ""])
def test_what_is_no_time_to_stay(said: object) -> None:
    with pytest.raises(CallerError) as caught:
        wishes.keep_alive(Fields({"keep_alive": said}))
    assert caught.value.param == "keep_alive"


def test_forms() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "integer"}}}
    assert wishes.held_to(Fields({"format": ""})) is None
    assert wishes.held_to(Fields({})) is None
    assert wishes.held_to(Fields({"format": "json"})) == JsonSchema.of({"type": "object"})
    assert wishes.held_to(Fields({"format": schema})) == JsonSchema.of(schema)
    with pytest.raises(CallerError, match="format is 'xml'"):
        wishes.held_to(Fields({"format": "xml"}))


@pytest.mark.parametrize(
    ("said", "expected"), [(None, None), (True, True), (False, False), ("high", True), ("low", True)]
)
def test_thinking(said: object, expected: bool | None) -> None:  # noqa: FBT001  pytest gives it
    assert wishes.think(Fields({"think": said})) is expected


@given(ANYTHING)
def test_whatever_comes_is_read_or_refused(value: Any) -> None:
    for key, read in {
        "keep_alive": wishes.keep_alive,
        "format": wishes.held_to,
        "think": wishes.think,
    }.items():
        try:
            read(Fields({key: value}))
        except CallerError as exc:
            assert exc.param == key  # noqa: PT017  either is right


@given(st.dictionaries(OPTIONS, ANYTHING))
def test_whatever_options_come_are_read_or_refused_by_name(said: dict[str, Any]) -> None:
    try:
        options(**said)
    except CallerError as exc:
        assert (exc.param or "").removeprefix("options.").partition("[")[0] in said  # noqa: PT017  as above
