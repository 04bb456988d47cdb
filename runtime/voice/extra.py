"""What to say where the libraries of the extra `voice` are not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from runtime.errors import IngleError


class NoVoiceError(IngleError):
    """A library that hears or speaks is not installed."""

    def __init__(self, library: str, extra: str) -> None:
        super().__init__(f"{library} is not installed; get it by `pip install 'inglenook[{extra}]'`")


@contextmanager
def needed(extra: str = "voice") -> Iterator[None]:
    """Import what needs the extra within this.

    Raises:
        NoVoiceError: it is not there.
    """
    try:
        yield
    except ModuleNotFoundError as exc:
        raise NoVoiceError(exc.name or "a library", extra) from exc
