"""Durations as Go writes them: "5m", "1h30m", "-1s", "1.5h". Text in, seconds out; no I/O.

https://pkg.go.dev/time#ParseDuration
"""

import re
from types import MappingProxyType
from typing import Final

_UNITS: Final = MappingProxyType(
    {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
)
_PART: Final = re.compile(
    r"(?P<count>[0-9]{1,19}(?:\.[0-9]{0,19})?|\.[0-9]{1,19})(?P<unit>ns|us|µs|μs|ms|s|m|h)"
)
_WHOLE: Final = re.compile(rf"[+-]?(?:{_PART.pattern.replace('?P<count>', '?:').replace('?P<unit>', '?:')})+")
_LONGEST: Final = 128


def seconds(text: str) -> float | None:
    """What the text says; None where it is no duration."""
    if text in {"0", "+0", "-0"}:  # the only number that Go takes without a unit
        return 0.0
    if len(text) > _LONGEST or not _WHOLE.fullmatch(text):
        return None
    total = sum(float(part["count"]) * _UNITS[part["unit"]] for part in _PART.finditer(text))
    return -total if text.startswith("-") else total
