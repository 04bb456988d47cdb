"""A request refused before it reaches the model, with the HTTP status that says why. Knows no dialect."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from runtime.errors import CallerError

_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class RefusalError(CallerError):
    """The caller's mistake, at the level of HTTP. The message is one sentence that says what to do."""

    def __init__(
        self, status: int, message: str, *, code: str | None = None, headers: Mapping[str, str] = _NOTHING
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.headers = headers
