"""The HTTP application: its routes, what stands around them, and how it stops.

Knows how the parts of the front end fit together. Does not know sockets, signals or configuration: the
composition root makes a runner with `make_runner`, adds sites to it, moves `serving` on, and stops with `drain`
and the runner's `cleanup`.
"""

import asyncio
from functools import partial
from typing import Any, Final

from aiohttp import web

from runtime.api import commands as command_paths
from runtime.api import health, metrics, page, rerank, tokens
from runtime.api.access import Access
from runtime.api.admin import keys as admin_keys
from runtime.api.admin import logs as admin_logs
from runtime.api.admin.border import KeyStore, Log, NoKeys, NoLog
from runtime.api.allowance import Allowances
from runtime.api.audit import Audit, NoAudit
from runtime.api.door import Door
from runtime.api.garbled import GARBLED, HttpProtocol
from runtime.api.keys import (
    ALLOWANCES,
    AUDIT,
    COMMANDS,
    DOOR,
    KEY_STORE,
    LIMITS,
    LIVE,
    LOG,
    REQUEST_ID,
    RUNNING,
    SERVING,
    STOCK,
    TRAFFIC,
    VOICES,
)
from runtime.api.kiosk import key, stream, voice
from runtime.api.kiosk.around import Around
from runtime.api.kiosk.live import Live
from runtime.api.kiosk.status import Meter
from runtime.api.middleware import guard, observe, translate
from runtime.api.ollama import routes as ollama
from runtime.api.openai import chat, completions, embeddings, models, responses, speech, transcriptions
from runtime.api.openapi import document
from runtime.api.ordering import HttpCommands
from runtime.api.running import Running
from runtime.api.serving import Serving
from runtime.api.traffic import Traffic
from runtime.api.vectors import add_vectors
from runtime.api.voiceless import NoVoices
from runtime.limits import ClientLimits, Limits
from runtime.residency.border import Shut, Stock
from runtime.voice.border import Voices

_ROOMS: Final = (
    health,
    metrics,
    page,
    chat,
    completions,
    responses,
    models,
    embeddings,
    transcriptions,
    speech,
    tokens,
    rerank,
    ollama,
    command_paths,
    document,
    stream,
    key,
    admin_keys,
    admin_logs,
    voice,
)
"""Each adds the paths that it serves."""


def make_app(
    serving: Serving,
    *,
    limits: Limits,
    access: Access,
    commands: HttpCommands | None = None,
    around: Around | None = None,
    clients: ClientLimits | None = None,
    stock: Stock | None = None,
    audit: Audit | None = None,
    voices: Voices | None = None,
    keys: KeyStore | None = None,
    log: Log | None = None,
    activity: voice.Activity | None = None,
) -> web.Application:
    """The application. It can listen before `serving` and `commands` are ready, and says so to whoever asks.

    `around`: what the page tells of, beside the models. `clients`: what each caller may take. `stock`:
    where models come from; without one none does. `audit`: where it is written down who asked for what.
    `voices`: what hears and speaks; without any, nothing does. `keys`: those for others than the owner. `log`: the
    lines that this process has logged last. `activity` makes what tells speech from silence, for each who speaks into
    the page; without it only a hand says when they have ended.
    """
    clients = clients or ClientLimits()
    commands, around = commands or HttpCommands(wanted=False), around or Around()
    app = web.Application(
        middlewares=[observe, translate, guard(access, health.PATHS | page.PATHS | document.PATHS)],
        client_max_size=limits.request_bytes,
    )
    app[SERVING] = serving
    app[STOCK] = stock or Shut()
    app[LIMITS] = limits
    app[TRAFFIC] = Traffic()
    app[RUNNING] = Running()
    app[DOOR] = Door(limits.connections, clients.connections, partial(_speak, limits))
    app[ALLOWANCES] = Allowances(clients)
    app[AUDIT] = audit or NoAudit()
    app[KEY_STORE] = keys or NoKeys()
    app[LOG] = log or NoLog()
    app[COMMANDS] = commands
    app[VOICES] = voices or NoVoices()
    app[voice.ACTIVITY] = activity
    app[LIVE] = Live(serving, around, Meter(serving, commands, around), limits.live_streams)
    add_vectors(app, limits)
    for room in _ROOMS:
        room.add_routes(app)
    app.on_response_prepare.append(_finish_headers)
    app.on_shutdown.append(drain)  # for whoever cleans up without; after it only what came since
    return app


def make_runner(app: web.Application) -> web.AppRunner:
    """A runner with the settings that this front end's promises rest on. Its `cleanup` stops listening and drains."""
    return web.AppRunner(
        app,
        handler_cancellation=True,  # a caller that hangs up frees its slot
        shutdown_timeout=1.0,  # `drain` has waited already
        **_protocol(app[LIMITS]),
    )


def _protocol(limits: Limits) -> dict[str, Any]:
    """What each connection is held to."""
    return {
        "keepalive_timeout": limits.idle_seconds,  # also bounds how slowly a head may be sent
        "auto_decompress": False,  # a compressed body is refused, not unpacked
        "access_log": None,  # `observe` writes the line
        "logger": GARBLED,  # what is not HTTP never gets as far as `observe`
    }


def _speak(limits: Limits, server: web.Server) -> web.RequestHandler:
    return HttpProtocol(server, loop=asyncio.get_running_loop(), **_protocol(limits))


async def drain(app: web.Application) -> None:
    """Begin nothing new, and let running answers finish for as long as the limits allow, then end them.

    The listener is not touched: while it is open, whoever comes is told that the appliance stops.
    """
    app[SERVING].drain()
    await app[RUNNING].drain(app[LIMITS].drain_seconds)


async def _finish_headers(request: web.Request, response: web.StreamResponse) -> None:
    if REQUEST_ID in request:  # an Expect header that aiohttp refuses does not get as far as `observe`
        response.headers["X-Request-Id"] = request[REQUEST_ID]
    response.headers["Server"] = "inglenook"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers.setdefault("Cache-Control", "no-store")
