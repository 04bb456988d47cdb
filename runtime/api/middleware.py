"""What happens around every request: an id, a count, a line in the log, the gates, and errors put into words.

The log has the method, the path without its query, the status, the time and the id: never what was asked or
answered.
"""

import logging
import re
import secrets
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Final

from aiohttp import web
from aiohttp.typedefs import Middleware

from runtime.api.access import Access, Visit, admits, check, offered
from runtime.api.allowance import Spent
from runtime.api.audit import Entry
from runtime.api.callers import client_of
from runtime.api.dialect import error_text, overview
from runtime.api.keys import (
    ADMITTED,
    ALLOWANCES,
    ASKED,
    AUDIT,
    CALLER,
    DOOR,
    NOTED,
    REQUEST_ID,
    RUNNING,
    SPENT,
    TRAFFIC,
)
from runtime.api.openai.errors import Failure, failure
from runtime.api.refusal import RefusalError
from runtime.api.scopes import NOBODY, accepted, computes
from runtime.errors import BusyError, CallerError, ChatTemplateError

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HUNG_UP: Final = 499
"""Status in log and metrics (after nginx) of a caller that did not wait for the answer."""
_ROUTINE: Final = frozenset({"/health", "/v1/health", "/metrics"})
"""What monitors ask every few seconds: not worth a line each."""
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_log: Final = logging.getLogger(__name__)


@web.middleware
async def observe(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Name the request, count it, log it, and let a drain find it."""
    given = request.headers.get("X-Request-Id", "")
    request[REQUEST_ID] = given if _ID.fullmatch(given) else secrets.token_hex(8)
    request[SPENT] = Spent()
    started = time.monotonic()
    status = HUNG_UP
    try:
        with request.app[RUNNING].entered(), request.app[DOOR].answering(request):
            response = await handler(request)
    except ConnectionError:
        return web.Response(status=HUNG_UP)  # that nobody reads; raised, it would be logged as our fault
    else:
        status = response.status
        return response
    finally:
        seconds = time.monotonic() - started
        request.app[TRAFFIC].count(route_of(request) or "unknown", status, seconds)
        _log.log(
            logging.DEBUG if request.path in _ROUTINE else logging.INFO,
            "%s %s %d %.0f ms %s",
            request.method,
            request.rel_url.raw_path,
            status,
            seconds * 1000,
            request[REQUEST_ID],
        )
        _write_down(request, status, seconds)


def _write_down(request: web.Request, status: int, seconds: float) -> None:
    """For the audit log, unless it is of nobody in particular."""
    caller = request.get(CALLER, NOBODY)
    plain = request.path in _ROUTINE or not caller.scopes
    if plain and status < HTTPStatus.BAD_REQUEST:
        return
    entry = Entry(
        at=time.time() - seconds,
        id=request[REQUEST_ID],
        key=caller.name,
        address=request.remote or "",
        method=request.method[:16],
        route=route_of(request) or request.rel_url.raw_path[:80],
        status=status,
        seconds=seconds,
        spent=request[SPENT],
        did=request.get(NOTED, ""),
        asked=request.get(ASKED),
    )
    request.app[AUDIT].note(entry)


@web.middleware
async def translate(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer what is raised below in the dialect's error shape."""
    try:
        with request.app[RUNNING].told():
            return await handler(request)
    except ConnectionError:
        raise  # the caller is gone: nobody to tell
    except web.HTTPException as exc:
        problem = _of_http(request, exc)
    except Exception as exc:  # noqa: BLE001  the last line before the wire: our bug becomes a logged 500
        problem = explain(request, exc)
    return web.Response(
        status=problem.status,
        text=error_text(request.path, problem),
        content_type="application/json",
        headers=problem.headers,
    )


def explain(request: web.Request, exc: Exception) -> Failure:
    """What the caller is told about `exc`; what is not the caller's mistake goes to the log, ours with traceback."""
    if isinstance(exc, ChatTemplateError):
        _log.error("request %s failed: %s", request[REQUEST_ID], exc)
    elif not isinstance(exc, CallerError | BusyError):
        _log.error("request %s failed", request[REQUEST_ID], exc_info=exc)
    return failure(exc, request[REQUEST_ID])


def guard(access: Access, open_paths: frozenset[str]) -> Middleware:
    """A middleware that lets through whom `access` lets in, as often as they may.

    On `open_paths` no key is asked for, and nothing is counted.
    """

    @web.middleware
    async def enter(request: web.Request, handler: Handler) -> web.StreamResponse:
        headers, route = request.headers, route_of(request)
        visit = Visit(
            method=request.method,
            accepts=frozenset() if route in open_paths else accepted(route),
            host=headers.get("Host"),
            origin=headers.get("Origin"),
            fetch_site=headers.get("Sec-Fetch-Site"),
            fetch_mode=headers.get("Sec-Fetch-Mode"),
            authorization=headers.get("Authorization") or offered(headers.get("Sec-WebSocket-Protocol")),
        )
        request[CALLER] = check(access, visit)
        request[ADMITTED] = lambda: admits(access, visit)
        if not visit.accepts:
            return await handler(request)
        asks = computes(route, request.method)
        with request.app[ALLOWANCES].entered(client_of(request), request[SPENT], computes=asks):
            return await handler(request)

    return enter


def route_of(request: web.Request) -> str | None:
    """The pattern of the route that was met; None when there was none."""
    resource = request.match_info.route.resource
    return None if resource is None else resource.canonical


def _of_http(request: web.Request, exc: web.HTTPException) -> Failure:
    """The failures that aiohttp finds on its own: no such path, no such method there."""
    where = f"{request.method[:16]} {request.rel_url.raw_path[:80]}"
    match exc:
        case web.HTTPMethodNotAllowed():
            allowed = ", ".join(sorted(exc.allowed_methods))
            return Failure(
                405,
                f"{where} is not served; use {allowed}",
                code="method_not_allowed",
                headers={"Allow": allowed},
            )
        case web.HTTPNotFound():
            hint = f"{overview(request.path)} shows what answers here"
            return Failure(404, f"{where} is not served; {hint}", code="not_found")
        case _:
            return failure(RefusalError(exc.status, HTTPStatus(exc.status).phrase), request[REQUEST_ID])
