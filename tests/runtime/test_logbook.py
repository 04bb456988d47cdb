"""What the log keeps for whoever looks from afar: the newest lines, no more, and not what was said to a model."""

import logging
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.logbook import Logbook


def record(
    text: str,
    *args: object,
    name: str = "runtime.app",
    level: int = logging.INFO,
    exc: Exception | None = None,
) -> logging.LogRecord:
    raised = None if exc is None else (type(exc), exc, exc.__traceback__)
    return logging.LogRecord(name, level, "app.py", 1, text, args, raised)


@given(st.integers(1, 8), st.lists(st.text(max_size=20), max_size=30), st.integers(0, 40))
def test_the_newest_are_kept_in_order(most: int, texts: list[str], after: int) -> None:
    book = Logbook(most)
    for text in texts:
        book.handle(record("%s", text))
    kept = list(enumerate(texts, 1))[-most:]
    assert [(line.number, line.text) for line in book.since(after)] == [
        (number, text) for number, text in kept if number > after
    ]


@pytest.mark.parametrize(
    ("level", "name"),
    [(10, "debug"), (20, "info"), (25, "info"), (30, "warning"), (40, "error"), (50, "error")],
)
def test_a_level_is_one_of_four(level: int, name: str) -> None:
    book = Logbook(1)
    book.handle(record("x", level=level))
    assert book.since(0)[0].level == name


def test_of_an_exception_there_is_what_and_where_but_not_its_words() -> None:
    book = Logbook(1)
    try:
        int("the treasure is in the cellar")
    except ValueError as exc:
        book.handle(record("request 7 failed", exc=exc, level=logging.ERROR))
    (line,) = book.since(0)
    assert line.text.startswith("request 7 failed (ValueError at test_logbook.py:")
    assert "cellar" not in line.text


def test_what_the_audit_log_writes_into_the_journal_is_not_kept() -> None:
    book = Logbook(1)
    book.handle(record('{"asked": "where is the treasure"}', name="runtime.audit"))
    assert book.since(0) == []


def test_a_long_line_says_that_there_was_more() -> None:
    book = Logbook(1)
    book.handle(record("x" * 5000))
    assert book.since(0)[0].text == "x" * 2000 + "… and 3000 letters more"


def test_a_record_that_cannot_be_written_ends_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    book = Logbook(2)
    book.handle(record("%d", "no number"))
    book.handle(record("after"))
    assert [line.text for line in book.since(0)] == ["after"]
    assert "Logging error" in capsys.readouterr().err


def test_it_listens_within_its_block_alone() -> None:
    book, said = Logbook(10), logging.getLogger("runtime.somewhere")
    with book.listening():
        said.warning("within")
    said.warning("after")
    assert [line.text for line in book.since(0)] == ["within"]


def test_threads_lose_nothing_to_each_other() -> None:
    book = Logbook(10_000)

    def say() -> None:
        for _ in range(500):
            book.handle(record("x"))
            book.since(0)[-1:]

    threads = [threading.Thread(target=say) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [line.number for line in book.since(0)] == list(range(1, 2001))
