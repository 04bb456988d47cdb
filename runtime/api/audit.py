"""What the audit log has of a request: who asked for what, when, and what came of it. No I/O.

One JSON object a line. Never what was asked, unless the owner wants that, and never what was answered. What anybody
may see (health, the page's files) is left out when it was answered well, and so are scrapes of the metrics: those
would be all that there is.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, Protocol

from runtime.api.allowance import Spent

_MOST: Final = 1 << 16
"""Characters of what was asked that are kept, where it is kept."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One request, answered."""

    at: float
    """When it came, in seconds since the epoch."""
    id: str
    key: str
    """The name of the key; empty for the owner's, and where none was shown."""
    address: str
    method: str
    route: str
    """The pattern of the path, or what was asked for, shortened, where nothing is."""
    status: int
    seconds: float
    spent: Spent
    did: str = ""
    """What was changed by it, where that is to be known: whose key was made or removed."""
    asked: Any = None
    """The body, where that is wanted."""

    @property
    def line(self) -> str:
        """As JSON in ASCII, which has no line break in it."""
        told: dict[str, Any] = {
            "time": datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds"),
            "id": self.id,
            "key": self.key or None,
            "address": self.address,
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "prompt_tokens": self.spent.prompt if self.spent.known else None,
            "completion_tokens": self.spent.completion if self.spent.known else None,
            "ms": round(self.seconds * 1000, 1),
        }
        if self.did:
            told["did"] = self.did
        if self.asked is not None:
            told["asked"] = json.dumps(self.asked)[:_MOST]
        return json.dumps(told, separators=(",", ":"))


class Audit(Protocol):
    """Where entries go."""

    @property
    def prompts(self) -> bool:
        """Whether it is to have what was asked."""
        ...

    def note(self, entry: Entry) -> None:
        """Keep an entry. Never fails: a full disk is no reason not to answer."""
        ...


class NoAudit:
    """Where the owner wants none."""

    prompts = False

    def note(self, entry: Entry) -> None:
        """Forget it."""
