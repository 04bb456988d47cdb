"""What a terminal needs: a line that comes and goes, and text that cannot steer it."""

import sys
from typing import Final, TextIO

_CONTROLS: Final = dict.fromkeys([*range(9), *range(11, 32), *range(127, 160)])
"""All but tab and newline. A document that was piped in may make a model write escape sequences."""


def harmless(text: str) -> str:
    """`text` without control characters."""
    return text.translate(_CONTROLS)


class StatusLine:
    """A passing remark on standard error, only if somebody looks at it."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._shown = False

    def show(self, text: str) -> None:
        """Put `text` in the place of what stands there."""
        if self._stream.isatty():
            self._stream.write(f"\r\x1b[2K{text}…")
            self._stream.flush()
            self._shown = True

    def clear(self) -> None:
        """Leave the line empty."""
        if self._shown:
            self._stream.write("\r\x1b[2K")
            self._stream.flush()
            self._shown = False
