"""A program that is given a text: whatever it does, it ends, and what went wrong is a sentence."""

from pathlib import Path

import pytest

from runtime.errors import EngineError
from runtime.voice.tts.child import through
from tests.support.programs import program


def test_the_text_goes_in_and_what_is_said_comes_out() -> None:
    assert through(("cat",), "--help Grüße", most=100) == "--help Grüße".encode()


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("exit 3", "failed on a clause, with status 3"),
        ("kill -9 $$", "failed on a clause, with status -9"),
        ("cat /dev/zero", "said more than 1000 bytes"),
        ("exec sleep 60", "took longer than 0.3 s"),
        ("trap '' TERM; cat; exec sleep 60", "took longer than 0.3 s"),
    ],
)
def test_what_goes_wrong_is_a_sentence(script: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=f"^talker {why}.*use another voice"):
        through((program(tmp_path, "talker", script),), "Hello", most=1000, patience_s=0.3)


def test_one_that_does_not_read_is_no_trouble(tmp_path: Path) -> None:
    assert through((program(tmp_path, "deaf", "echo yes"),), "x" * 4096, most=100) == b"yes\n"


def test_one_that_is_not_there_is_a_sentence() -> None:
    with pytest.raises(EngineError, match=r"espeak-nope cannot be started .* install it"):
        through(("/nonexistent/espeak-nope",), "Hello", most=10)


def test_a_text_that_a_pipe_does_not_hold_is_refused() -> None:
    with pytest.raises(EngineError, match="too many for cat"):
        through(("cat",), "x" * 5000, most=10_000)


def test_what_is_no_unicode_is_written_as_something_that_is() -> None:
    assert through(("cat",), "a\ud800b", most=10) == b"a?b"
