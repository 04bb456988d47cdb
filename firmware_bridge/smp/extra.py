"""What to say where the libraries of the extra `smp` are not installed."""

from collections.abc import Iterator
from contextlib import contextmanager

from firmware_bridge.errors import BridgeError


class NoSmpError(BridgeError):
    """What speaks SMP is not installed."""

    def __init__(self) -> None:
        super().__init__("what speaks SMP is not installed; get it by `pip install 'inglenook[smp]'`")


@contextmanager
def needed() -> Iterator[None]:
    """Import what needs the extra within this.

    Raises:
        NoSmpError: it is not there.
    """
    try:
        yield
    except ModuleNotFoundError as exc:
        if exc.name not in {"smp", "smpclient"}:
            raise
        raise NoSmpError from exc
