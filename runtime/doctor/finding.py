"""What an examination tells."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Finding:
    """One fact about this machine."""

    state: Literal["ok", "warn", "fail"]
    subject: str
    """One or two words: cpu, memory, port 8080."""
    fact: str
    advice: str = ""
    """What to do; empty when nothing needs to be done."""
