"""GET /health and /v1/health, in llama-server's words: 200 when requests are answered, 503 before and after.

Before and after it is an error of the shape that all errors have here, so its code is a word where theirs is a number.

Commands are taken a little later than chats, once the devices are known: `commands` says so, and changes no status,
for what waits for this path waits for the model.
"""

from typing import Final, assert_never

from aiohttp import web

from runtime.api.keys import COMMANDS, SERVING, VOICES
from runtime.api.openai.errors import RETRY_SECONDS, Failure
from runtime.api.serving import Draining, Loading, Ready
from runtime.voice.border import Voices

PATHS: Final = frozenset({"/health", "/v1/health"})


def add_routes(app: web.Application) -> None:
    """Serve both paths."""
    for path in sorted(PATHS):
        app.router.add_get(path, _health)


async def _health(request: web.Request) -> web.Response:
    match request.app[SERVING].state:
        case Ready():
            told = {"status": "ok", "commands": request.app[COMMANDS].state}
            return web.json_response(told | _spoken_with(request.app[VOICES]))
        case Loading():
            return _unavailable("Loading model")
        case Draining():
            return _unavailable("Shutting down")
        case state:
            assert_never(state)


def _spoken_with(voices: Voices) -> dict[str, str]:
    """The model that hears and the voice that speaks, where there is one."""
    told = {"hears": voices.recognizer, "speaks": next(iter(voices.voices), None)}
    return {key: name for key, name in told.items() if name is not None}


def _unavailable(message: str) -> web.Response:
    told = Failure(503, message, code="unavailable", headers={"Retry-After": str(RETRY_SECONDS)})
    return web.json_response(told.body, status=told.status, headers=told.headers)
