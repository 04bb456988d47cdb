"""What a key may be used for, and what each route takes. No I/O.

A route that no table here names takes the scope of the owner: what is added to the front end is shut until somebody
decides who may have it, and a test walks the router so that somebody does.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class Scope(StrEnum):
    """One of the things that a key may be good for."""

    CHAT = "chat"
    """Asking the models: chats, completions, embeddings, tokens, speech, and which models there are."""
    COMMAND = "command"
    """Moving the house, and seeing how it is."""
    ADMIN = "admin"
    """What changes the appliance or looks into it: which models there are, fetching and deleting them, keys, logs."""


Scopes = frozenset[Scope]

EVERYTHING: Final[Scopes] = frozenset(Scope)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request, as far as a key says."""

    name: str = ""
    """Of the key; empty for the owner's, and where none was asked for."""
    scopes: Scopes = EVERYTHING


NOBODY: Final = Caller(scopes=frozenset())
"""Who shows no key where one is asked for: the open routes alone answer."""

_CHAT: Final = frozenset(
    {
        "/v1/chat/completions",
        "/v1/chat/completions/input_tokens",
        "/v1/completions",
        "/v1/responses",
        "/v1/responses/input_tokens",
        "/v1/embeddings",
        "/v1/audio/transcriptions",
        "/v1/audio/translations",
        "/v1/audio/speech",
        "/v1/rerank",
        "/v1/reranking",
        "/rerank",
        "/tokenize",
        "/detokenize",
        "/apply-template",
        "/api/chat",
        "/api/generate",
        "/api/embed",
        "/api/embeddings",
    }
)
_LISTED: Final = frozenset({"/v1/models", "/v1/models/{id}", "/api/show", "/api/tags", "/api/ps"})
"""Which models there are: for whoever asks them, and whoever looks after them."""
_EMPTIED: Final = frozenset({"/api/chat", "/api/generate"})
"""Where one asks a model, and also has it leave the memory: the handler tells the two apart."""
_COMMAND: Final = frozenset({"/v1/commands"})
_LOOKING: Final = frozenset({"/kiosk/live"})
"""How the house is, and how the appliance is: each caller is told what their key is good for."""
_ADMIN: Final = frozenset(
    {
        "/api/pull",
        "/api/delete",
        "/api/copy",
        "/api/create",
        "/api/push",
        "/v1/admin/keys",
        "/v1/admin/keys/{name}",
        "/v1/admin/logs",
        "/kiosk/logs",
    }
)
_SPOKEN: Final = frozenset({"/kiosk/voice"})
"""Where a person speaks: what comes of it goes to the other paths, and is asked about there."""
_ANY: Final = frozenset({"/metrics", "/api/version", "/kiosk/key"})
"""What tells nothing of anybody: for whatever key somebody gave to what watches over the appliance."""

_TAKES: Final = (
    (_ANY, EVERYTHING),
    (_EMPTIED | _LISTED, frozenset({Scope.CHAT, Scope.ADMIN})),
    (_CHAT, frozenset({Scope.CHAT})),
    (_SPOKEN, frozenset({Scope.CHAT, Scope.COMMAND})),
    (_COMMAND, frozenset({Scope.COMMAND})),
    (_LOOKING, frozenset({Scope.COMMAND, Scope.ADMIN})),
    (_ADMIN, frozenset({Scope.ADMIN})),
)
"""Routes, and of which scopes a caller needs one; the first row that has a route holds."""
NAMED: Final = frozenset[str]().union(*(routes for routes, _ in _TAKES))
"""Every route that somebody decided about, besides the open ones."""


def accepted(route: str | None) -> Scopes:
    """The scopes of which a caller needs one for the route (its pattern; None: there is no such path)."""
    if route is None:
        return EVERYTHING  # who may come in at all is told that there is nothing
    return next((scopes for routes, scopes in _TAKES if route in routes), frozenset({Scope.ADMIN}))


def computes(route: str | None, method: str) -> bool:
    """Whether a model answers there: of such requests a client may have only so many at once."""
    return route in _SPOKEN or (method == "POST" and route in _CHAT)
