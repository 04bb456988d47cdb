"""The log line for bytes that are not HTTP: https on the plain port, a scanner, a header beyond all bounds.

aiohttp answers them itself and logs a traceback, which quotes what was sent. They are nobody's bug, and what was sent,
a key perhaps, is no matter for the log.
"""

import logging
from collections.abc import MutableMapping
from typing import Any, Final

from aiohttp.http_exceptions import HttpProcessingError


class _Garbled(logging.LoggerAdapter[logging.Logger]):
    """aiohttp's own logger, but for what a stranger sent."""

    def exception(self, msg: object, *args: object, exc_info: Any = True, **kwargs: Any) -> None:
        """One line without the words for a garbled request; for anything else the traceback."""
        if isinstance(exc_info, HttpProcessingError):
            self.info("refused what is not a sound HTTP request (%s)", type(exc_info).__name__)
        else:
            super().exception(msg, *args, exc_info=exc_info, **kwargs)

    def process(self, msg: Any, kwargs: MutableMapping[str, Any]) -> tuple[Any, MutableMapping[str, Any]]:
        """As it is."""
        return msg, kwargs


GARBLED: Final = _Garbled(logging.getLogger("aiohttp.server"))
"""For `web.AppRunner(logger=...)`."""
