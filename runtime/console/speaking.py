"""One answer, word by word, onto a terminal or into a pipe."""

from collections.abc import Callable
from contextlib import aclosing
from typing import assert_never

from runtime.completion import Called, Completer, CompletionRequest, Delta, Finished, Progress, Thought
from runtime.console.terminal import StatusLine

Say = Callable[[str], None]


async def speak(completer: Completer, request: CompletionRequest, say: Say, status: StatusLine) -> Finished:
    """Say each piece of the answer as it comes; return how it ended. Cancelling stops within a token."""
    try:
        async with aclosing(completer.complete(request)) as events:
            async for event in events:
                match event:
                    case Progress(done, total, _):
                        status.show(f"reading {done} of {total} tokens")
                    case Thought():
                        status.show("thinking")
                    case Called():
                        pass  # no tools are offered here
                    case Delta(text):
                        status.clear()
                        say(text)
                    case Finished():
                        return event
                    case _:
                        assert_never(event)
    finally:
        status.clear()
    raise RuntimeError("the completion ended without its last event")


def tokens_per_second(finished: Finished) -> str:
    """Speed over prompt and answer, in words."""
    usage, timings = finished.usage, finished.timings
    read = usage.prompt - usage.cached
    return (
        f"prompt {usage.prompt} tokens ({usage.cached} remembered), {_rate(read, timings.prefill_s)}; "
        f"answer {usage.completion} tokens, {_rate(usage.completion - timings.early, timings.decode_s)}"
    )


def _rate(tokens: int, seconds: float) -> str:
    return f"{tokens / seconds:.0f}/s" if tokens and seconds > 0 else "at once"
