"""The answer to bytes that are not HTTP, and their log line.

They are https on the plain port, a scanner, a header beyond all bounds. aiohttp answers them itself, in plain words
that quote what was sent and name its version, and logs a traceback that does the same. They are nobody's bug, and what
was sent, a key perhaps, is no matter for the log.
"""

import logging
from collections.abc import MutableMapping
from typing import Any, Final

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from runtime.api.openai.errors import Failure


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


class HttpProtocol(web.RequestHandler):
    """aiohttp's own, but for the answer to what a stranger sent: in OpenAI's shape, since no path was understood."""

    __slots__ = ()

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Log it, and say what to do about it.

        Raises:
            ConnectionError: an answer has begun already.
        """
        super().handle_error(request, status, exc, message)
        said = (
            "the request is not sound HTTP, or a line of its head is too long; "
            "send HTTP/1.1, and https only to a port that has TLS"
        )
        if not isinstance(exc, HttpProcessingError):
            said = "the appliance failed on this request; its log has the cause"
        problem = Failure(status, said)
        answer = web.Response(
            status=status, text=problem.text, content_type="application/json", headers={"Server": "inglenook"}
        )
        answer.force_close()
        return answer
