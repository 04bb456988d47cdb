"""`ingle chat` in front of a simulated engine: turns, commands, and Ctrl-C."""

import asyncio
import io
import os
import signal
from collections.abc import Callable

import pytest

from runtime.console.chat import converse
from runtime.console.conversation import Conversation
from runtime.console.terminal import StatusLine
from runtime.limits import Limits
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator

LIMITS = Limits(completion_tokens=64)


def chat(
    engine: Callable[[], EngineSimulator], *lines: str | Callable[[], str], system: str | None = None
) -> EngineSimulator:
    """Type the lines; a callable is called for its line when it is due."""
    left = iter(lines)

    def read() -> str | None:
        line = next(left, None)
        return line() if callable(line) else line

    async def begin() -> tuple[EngineSimulator, Conversation]:
        made = engine()
        completer = scripted_completer(made, LIMITS)
        return made, Conversation(completer, LIMITS, StatusLine(io.StringIO()), system=system)

    with asyncio.Runner() as runner:
        made, conversation = runner.run(begin())
        converse(runner, conversation, read)
    return made


def test_each_turn_carries_the_ones_before(capsys: pytest.CaptureFixture[str]) -> None:
    engine = chat(lambda: EngineSimulator((10, 11)), "one", "two", system="be brief")
    first, second = (request.prompt_ids for request in engine.requests)
    assert second[: len(first)] == first
    assert len(second) > len(first) + 2
    assert capsys.readouterr().out.count("\n") == 2


def test_reset_forgets_all_but_the_system(capsys: pytest.CaptureFixture[str]) -> None:
    engine = chat(lambda: EngineSimulator((10, 11)), "one", "/reset", "one", system="be brief")
    first, second = (request.prompt_ids for request in engine.requests)
    assert first == second
    assert "forgotten" in capsys.readouterr().out


def test_commands(capsys: pytest.CaptureFixture[str]) -> None:
    engine = chat(
        lambda: EngineSimulator((10, 11)),
        "/stats",
        "",
        "  ",
        "one",
        "/stats",
        "/help",
        "/nonsense",
        "/exit",
        "never",
    )
    out = capsys.readouterr().out
    assert len(engine.requests) == 1
    assert "nothing was answered yet" in out
    assert "answer 2 tokens" in out
    assert "1 answer, " in out
    assert "/reset  forget" in out
    assert "there is no /nonsense" in out


def test_ctrl_c_stops_the_answer_and_not_the_conversation(capsys: pytest.CaptureFixture[str]) -> None:
    def slow() -> EngineSimulator:
        made = EngineSimulator(
            lambda request: range(10, 74) if len(request.prompt_ids) < 30 else (10,), token_s=0.02
        )
        loop = asyncio.get_running_loop()
        loop.call_later(0.3, os.kill, os.getpid(), signal.SIGINT)
        return made

    engine = chat(slow, "one", "and then what happened after all of that?", "/stats")
    out = capsys.readouterr().out
    assert "(stopped)" in out
    assert engine.abandoned == 1
    assert len(engine.requests) == 2
    assert "answer 1 tokens" in out
    first, second = (request.prompt_ids for request in engine.requests)
    assert second[: len(first)] == first
    assert 10 in second[len(first) : len(first) + 3]


def test_a_question_that_does_not_fit_is_refused_and_leaves_no_trace(
    capsys: pytest.CaptureFixture[str],
) -> None:
    engine = chat(lambda: EngineSimulator((10,)), "one", "x " * 2000, "two")
    assert "/reset begins anew" in capsys.readouterr().err
    assert len(engine.requests) == 2
    assert len(engine.requests[1].prompt_ids) < 100
