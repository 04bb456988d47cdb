"""Who may have a model leave the memory: it is everybody's, so a key for asking alone cannot take it from others."""

from typing import Final

from aiohttp import web

from runtime.api.keys import CALLER
from runtime.api.scopes import Scope

_SOON_S: Final = 60.0


def may_stay(request: web.Request, keep_alive_s: float | None) -> float | None:
    """How long a model stays after this request, in seconds; None: as the owner says, also instead of hardly at all."""
    if Scope.ADMIN in request[CALLER].scopes or keep_alive_s is None or keep_alive_s < 0:
        return keep_alive_s
    return None if keep_alive_s < _SOON_S else keep_alive_s
