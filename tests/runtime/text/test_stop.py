"""Stop strings, against looking at every beginning of the text."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.text.stop import StopMatcher

words = st.text("ab<", min_size=1, max_size=5)


def oracle(text: str, stops: list[str]) -> tuple[str, bool]:
    """The shortest beginning that ends with a stop string, without the longest such; else everything."""
    for end in range(len(text) + 1):
        if ending := [stop for stop in stops if text[:end].endswith(stop)]:
            return text[: end - max(map(len, ending))], True
    return text, False


@given(st.lists(st.text("ab<", max_size=4), max_size=12), st.lists(words, max_size=4))
def test_text_up_to_the_first_stop_however_it_is_cut(parts: list[str], stops: list[str]) -> None:
    matcher = StopMatcher(stops)
    text = "".join(parts)
    expected, stopped = oracle(text, stops)
    shown, matched = "", False
    for fed, part in enumerate(parts, start=1):
        safe, matched = matcher.feed(part)
        shown += safe
        assert matched == oracle("".join(parts[:fed]), stops)[1]
        assert expected.startswith(shown)
        if matched:
            break
        unshown = "".join(parts[:fed])[len(shown) :]
        assert not unshown or any(stop.startswith(unshown) for stop in stops)
    shown += matcher.flush()
    assert (shown, matched) == (expected, stopped)


def test_nothing_is_held_without_reason() -> None:
    matcher = StopMatcher(["</s>", "User:"])
    assert matcher.feed("Hello U") == ("Hello ", False)
    assert matcher.feed("s") == ("", False)
    assert matcher.feed("A, <") == ("UsA, ", False)
    assert matcher.feed("/s") == ("", False)
    assert matcher.feed("> and more") == ("", True)
    assert matcher.flush() == ""


def test_no_stops_hold_nothing() -> None:
    matcher = StopMatcher(())
    assert matcher.feed("<") == ("<", False)
    assert matcher.flush() == ""
