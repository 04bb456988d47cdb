"""GET and POST /v1/admin/keys, DELETE /v1/admin/keys/NAME: keys for others, as `ingle key` has them.

Nobody gives away what they have not: a key that is made is good for no more than the one that it is made with.
"""

import asyncio
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from aiohttp import web

from runtime.api.admin.border import Issued
from runtime.api.body import read_json
from runtime.api.keys import CALLER, KEY_STORE, NOTED
from runtime.api.refusal import RefusalError
from runtime.api.scopes import Caller, Scope, Scopes
from runtime.errors import CallerError, ConfigError, KeyNotFoundError
from runtime.strict_json import shown
from runtime.wire.fields import Fields

PATH: Final = "/v1/admin/keys"
_CHOICE: Final = ", ".join(Scope)
_log: Final = logging.getLogger(__name__)


def add_routes(app: web.Application) -> None:
    """Serve the paths."""
    app.router.add_get(PATH, _list)
    app.router.add_post(PATH, _make)
    app.router.add_delete(f"{PATH}/{{name}}", _remove)


async def _list(request: web.Request) -> web.Response:
    with _told():
        keys = await asyncio.to_thread(request.app[KEY_STORE].listed)
    return web.json_response({"object": "list", "data": [_key(each) for each in keys]})


async def _make(request: web.Request) -> web.Response:
    fields = Fields.of(await read_json(request))
    name = fields.text("name")
    if name is None:
        raise CallerError("name is missing; send what the key is to be called", param="name")
    caller, scopes = request.get(CALLER, Caller()), _scopes(fields.get("scopes"))
    if not scopes <= caller.scopes:
        lacking = " and ".join(sorted(scopes - caller.scopes))
        raise RefusalError(
            403,
            f"the key {caller.name!r} is not good for {lacking} itself, so it makes none that is; "
            "leave that scope out, or have the owner make the key",
            code="insufficient_scope",
        )
    with _told():
        secret = await asyncio.to_thread(request.app[KEY_STORE].add, name, scopes)
    _note(request, f"made the key {name} for {', '.join(sorted(scopes))}")
    return web.json_response({"name": name, "scopes": sorted(scopes), "key": secret})


async def _remove(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    with _told():
        await asyncio.to_thread(request.app[KEY_STORE].remove, name)
    _note(request, f"removed the key {name}")
    return web.json_response({"name": name, "deleted": True})


def _key(issued: Issued) -> dict[str, Any]:
    return {"name": issued.name, "scopes": sorted(issued.scopes), "made": issued.made}


def _scopes(value: object) -> Scopes:
    """What a key is to be good for: to chat, where nothing is said.

    Raises:
        CallerError: not a list of scopes.
    """
    if value is None:
        return frozenset({Scope.CHAT})
    if not isinstance(value, list) or not value:
        raise CallerError(f"scopes is {shown(value)}; send a list of {_CHOICE}", param="scopes")
    for each in value:
        if not isinstance(each, str) or each not in set(Scope):
            raise CallerError(f"scopes has {shown(each)}; choose among {_CHOICE}", param="scopes")
    return frozenset(map(Scope, value))


def _note(request: web.Request, did: str) -> None:
    """Who comes and goes is said in the log and in the audit log."""
    request[NOTED] = did
    _log.info("%s %s", request.get(CALLER, Caller()).name or "the owner", did)


@contextmanager
def _told() -> Iterator[None]:
    """What is wrong with the keys' file, or with a name, as whoever asks is told it."""
    try:
        yield
    except KeyNotFoundError as exc:
        raise RefusalError(404, str(exc), code="key_not_found") from exc
    except CallerError:
        raise
    except ConfigError as exc:
        raise RefusalError(500, str(exc), code="keys_unusable") from exc
