"""Who a request is from: as the queue is shared out, as the house's policy knows them, as the limits count them."""

from aiohttp import web

from runtime.api.keys import CALLER
from runtime.api.ordering import SENDER
from runtime.api.scopes import Caller


def client_of(request: web.Request) -> str:
    """Whom the queue and the limits treat as one: the name of the key, else the address.

    The owner's key is in many hands, so those who show it are told apart by where they are. No key's name looks like
    an address.
    """
    return request.get(CALLER, Caller()).name or request.remote or ""


def sender_of(request: web.Request) -> str:
    """Who commands, to the policy and the journal: `http`, or `http/NAME` for a key that has a name.

    The slash keeps a key apart from every sender over MQTT, whose name is one level of a topic.
    """
    name = request.get(CALLER, Caller()).name
    return f"{SENDER}/{name}" if name else SENDER
