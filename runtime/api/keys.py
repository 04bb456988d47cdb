"""Under which typed keys an application carries its parts, and a request its id."""

from collections.abc import Callable
from typing import Any, Final

from aiohttp import web

from runtime.api.admin.border import KeyStore, Log
from runtime.api.allowance import Allowances, Spent
from runtime.api.audit import Audit
from runtime.api.door import Door
from runtime.api.kiosk.live import Live
from runtime.api.ordering import HttpCommands
from runtime.api.running import Running
from runtime.api.scopes import Caller
from runtime.api.serving import Serving
from runtime.api.traffic import Traffic
from runtime.limits import Limits
from runtime.residency.border import Stock
from runtime.voice.border import Voices

SERVING: Final = web.AppKey("serving", Serving)
STOCK: Final = web.AppKey[Stock]("stock")
LIMITS: Final = web.AppKey("limits", Limits)
TRAFFIC: Final = web.AppKey("traffic", Traffic)
COMMANDS: Final = web.AppKey("commands", HttpCommands)
VOICES: Final = web.AppKey[Voices]("voices")
LIVE: Final = web.AppKey("live", Live)
RUNNING: Final = web.AppKey("running", Running)
"""What a drain waits for."""
DOOR: Final = web.AppKey("door", Door)
ALLOWANCES: Final = web.AppKey("allowances", Allowances)
AUDIT: Final = web.AppKey[Audit]("audit")
KEY_STORE: Final = web.AppKey[KeyStore]("key_store")
LOG: Final = web.AppKey[Log]("log")

REQUEST_ID: Final = web.RequestKey("request_id", str)
CALLER: Final = web.RequestKey("caller", Caller)
"""Who it is from; not there before the gates."""
ADMITTED: Final = web.RequestKey[Callable[[], bool]]("admitted")
"""Whether its key still opens what it opened: for what goes on for long to ask."""
SPENT: Final = web.RequestKey("spent", Spent)
"""To be told by whoever has an answer computed: `request[SPENT].add(tokens of the prompt, of the answer)`."""
NOTED: Final = web.RequestKey("noted", str)
"""What the audit log is to have of it besides, in a few words; there only where something was changed."""
ASKED: Final = web.RequestKey[Any]("asked")
"""The body; there only where the audit log is to have it."""
