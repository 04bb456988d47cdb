"""What a topic is, and which filters hear it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.mqtt.topics import (
    Source,
    Topics,
    canceller,
    check_filter,
    check_topic,
    client_id,
    matches,
    source,
)

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


names = st.from_regex(r"[a-b_-]{1,3}", fullmatch=True) | st.sampled_from(["commands", "a-commands", "group"])
connections = st.tuples(names, st.sampled_from(["", "commands", "devices"]), st.none()) | st.tuples(
    names, st.just("group"), names
)


@given(connections, connections)
def test_no_two_connections_have_one_client_id(
    one: tuple[str, str, str | None], other: tuple[str, str, str | None]
) -> None:
    ids = {client_id(node, role, group=group) for node, role, group in (one, other)}
    assert len(ids) == len({one, other})


@pytest.mark.parametrize(
    ("topic", "who"),
    [
        ("ingle/home/cancel", ""),
        ("ingle/home/cancel/from/tablet", "tablet"),
        ("ingle/home/cancel/from/", None),
        ("ingle/home/cancel/from/a/b", None),
        ("ingle/home/command", None),
    ],
)
def test_who_takes_something_back_is_the_last_level(topic: str, who: str | None) -> None:
    assert canceller(topic) == who
