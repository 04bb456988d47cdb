"""Questions whether something dangerous is meant. In memory only: who asks across a restart is asked again."""

import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from runtime.commands.meaning import Do

_MOST: Final = 1024


@dataclass(frozen=True, slots=True)
class _Pending:
    token: str
    do: Do
    until: float


class Missed(StrEnum):
    """Why nothing is confirmed."""

    LATE = "not_confirmed"
    UNKNOWN = "unknown_token"
    """Nothing waits, here or any more, or the token is another's."""


class Confirmations:
    """At most one question a conversation; it takes one answer."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._pending: dict[tuple[str, str], _Pending] = {}

    def ask(self, sender: str, session: str, do: Do, now: float) -> str:
        """A token that says yes to this, for a while. `now`: seconds that never go back."""
        token = secrets.token_urlsafe(12)
        self._pending.pop((sender, session), None)
        self._pending[sender, session] = _Pending(token, do, now + self._seconds)
        if len(self._pending) > _MOST:
            del self._pending[next(iter(self._pending))]
        return token

    def meant(self, sender: str, session: str, token: str | None, now: float) -> Do | Missed:
        """What was asked about, if that still waits and the token, where one is sent, is the right one.

        Whatever the answer, the question is gone: there is no second try.
        """
        pending = self._pending.pop((sender, session), None)
        if pending is None:
            return Missed.UNKNOWN
        if token is not None and not secrets.compare_digest(
            token.encode(errors="replace"), pending.token.encode()
        ):
            return Missed.UNKNOWN
        return Missed.LATE if now >= pending.until else pending.do
