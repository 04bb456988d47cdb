"""What a topic is, and which filters hear it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.mqtt.topics import Source, Topics, check_filter, check_topic, matches, source

levels = st.sampled_from(["", "a", "b", "$SYS", "ü"])
topics = st.lists(levels, min_size=1, max_size=4).map("/".join).filter(bool)
filters = st.tuples(
    st.lists(st.sampled_from(["", "a", "b", "$SYS", "+"]), max_size=3), st.sampled_from(["a", "+", "#", ""])
).map(lambda parts: "/".join((*parts[0], parts[1])))


def by_expression(pattern: str, topic: str) -> bool:
    """Another way to say the same."""
    if topic.startswith("$") and pattern[:1] in {"+", "#"}:
        return False
    expression = re.escape(pattern).replace(r"\+", "[^/]*")
    if expression.endswith(r"\#"):
        expression = expression[:-2]
        expression = f"{expression[:-1]}(/.*)?" if expression.endswith("/") else ".*"
    return re.fullmatch(expression, topic) is not None


@given(filters, topics)
def test_a_filter_hears_what_the_standard_says(pattern: str, topic: str) -> None:
    assert matches(pattern, topic) == by_expression(pattern, topic)
    assert matches(f"$share/group/{pattern}", topic) == matches(pattern, topic)


@pytest.mark.parametrize("topic", ["", "a/+", "#", "a\0", "x" * 65536, "\ud800"])
def test_what_is_no_topic_is_told_why(topic: str) -> None:
    with pytest.raises(ValueError, match=r"topic|wildcard"):
        check_topic(topic)
    assert check_topic("a/b") == "a/b"


@pytest.mark.parametrize("pattern", ["", "a#", "#/a", "a/#/b", "a+/b", "a/b+", "\0"])
def test_what_is_no_filter_is_told_why(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"filter"):
        check_filter(pattern)
    for each in ("+/a/#", "#", "$share/g/a", "a"):
        assert check_filter(each) == each


@pytest.mark.parametrize(
    ("topic", "came"),
    [
        ("ingle/home/command", Source("home", "")),
        ("ingle/home/command/from/tablet", Source("home", "tablet")),
        ("ingle/home/command/from/", None),
        ("ingle/home/command/from/a/b", None),
        ("ingle/home/command/result", None),
        ("other/home/command", None),
    ],
)
def test_who_sends_is_in_the_topic(topic: str, came: Source | None) -> None:
    assert source(topic) == came
    assert came is None or came.result == Topics("home").command_result
