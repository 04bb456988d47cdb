"""What a refusal calls the prompt: below the front end it is `messages`, which not every path calls it."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime.errors import CallerError


@contextmanager
def prompt_called(name: str) -> Iterator[None]:
    """Within: a refusal of messages is one of the field of this name.

    Raises:
        CallerError: that one.
    """
    try:
        yield
    except CallerError as exc:
        if exc.param is not None and exc.param.partition("[")[0] == "messages":
            exc.param = name
        raise
