"""POST /v1/commands: a sentence, or a device with a capability and a value; answered with what came of it.

The same JSON as on the MQTT topics. A caller that hangs up takes nothing back: what was taken is in the journal, and
who asks again with the same id gets the result that it had.
"""

from aiohttp import web

from runtime.api.body import read_json
from runtime.api.callers import sender_of
from runtime.api.keys import COMMANDS, LIMITS
from runtime.api.refusal import RefusalError
from runtime.wire.commands import result_told
from runtime.wire.fields import Fields


def add_routes(app: web.Application) -> None:
    """Serve the path."""
    app.router.add_post("/v1/commands", _command)


async def _command(request: web.Request) -> web.Response:
    commands = request.app[COMMANDS]
    if not commands.wanted:
        raise RefusalError(
            404, "this appliance takes no commands; set commands.enabled = true", code="not_found"
        )
    fields = Fields.of(await read_json(request))
    result = await commands.ask(fields, request.app[LIMITS].request_seconds, sender=sender_of(request))
    return web.json_response(result_told(result))
