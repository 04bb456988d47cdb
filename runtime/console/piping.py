"""What is piped into a command."""

import sys

from runtime.errors import CallerError


def piped(most: int) -> str:
    """Standard input, if it is not a terminal.

    Raises:
        CallerError: more than `most` bytes, or not UTF-8.
    """
    if sys.stdin is None or sys.stdin.isatty():
        return ""
    data = sys.stdin.buffer.read(most + 1)
    if len(data) > most:
        raise CallerError(
            f"more than {most} bytes were piped in; pipe in less, or raise limits.request_bytes"
        )
    try:
        return data.decode()
    except UnicodeDecodeError as exc:
        raise CallerError(
            f"what was piped in is not UTF-8 text (byte {exc.start}); convert it first"
        ) from exc
