"""How the appliance is: what is measured every few seconds, as JSON has it, and the last minutes of it.

Reads counters, /proc and /sys; knows no HTTP and no clock but the one it is given.
"""

import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import runtime
from models.machine import Machine
from runtime.api.kiosk.around import Around
from runtime.api.ordering import HttpCommands
from runtime.api.serving import Draining, Loading, Ready, Serving
from runtime.engine.interface import EngineStats
from runtime.residency.border import Resident
from runtime.vitals import hottest, resident, throttling

SAMPLE_S: Final = 2.0
"""How often it is measured."""
_KEPT: Final = 150
"""Samples: five minutes."""
_FEWEST: Final = 4
"""Tokens that say how fast a model is; fewer say how long one of them took."""
_PLOTTED: Final = ("tokens_per_second", "queue", "temperature", "memory")
_STATES: Final = {Loading: "loading", Ready: "ready", Draining: "draining"}


class Meter:
    """Measures, and remembers the last minutes."""

    def __init__(
        self,
        serving: Serving,
        commands: HttpCommands,
        around: Around,
        *,
        clock: Callable[[], float] = time.monotonic,
        root: Path = Path("/"),
    ) -> None:
        self._serving = serving
        self._commands = commands
        self._around = around
        self._clock = clock
        self._root = root
        self._started = clock()
        self._last: dict[str, EngineStats] = {}
        self._pace: dict[str, float] = {}
        """Tokens a second of what each model answered last."""
        self._kept: deque[tuple[float | None, ...]] = deque(maxlen=_KEPT)

    @property
    def history(self) -> dict[str, Any]:
        """What was measured in the last minutes, the oldest first; None where there was nothing to measure."""
        columns = zip(*self._kept, strict=True) if self._kept else ((),) * len(_PLOTTED)
        return {"type": "history", "every_s": SAMPLE_S} | dict(zip(_PLOTTED, map(list, columns), strict=True))

    @property
    def phase(self) -> tuple[str, ...]:
        """What is told at once when it is another, and not only at the next measurement."""
        return _STATES[type(self._serving.state)], self._commands.state, str(self._around.broker())

    def sample(self) -> dict[str, Any]:
        """How it is now."""
        state = self._serving.state
        residents = state.models.resident() if isinstance(state, Ready) else ()
        default = state.models.default if isinstance(state, Ready) else None
        finished = self._finished(residents)
        loads = [each.completer.engine.stats for each in residents if each.completer is not None]
        machine, rss = Machine.measure(self._root), resident(self._root)
        heat, strain = hottest(self._root), throttling(self._root)
        told: dict[str, Any] = {
            "type": "status",
            "version": runtime.__version__,
            "state": _STATES[type(state)],
            "commands": self._commands.state,
            "languages": list(self._around.languages),
            "uptime_s": round(self._clock() - self._started),
            "models": [self._model(each, default) for each in residents],
            "tokens_per_second": finished,
            "queue": sum(each.running + each.waiting for each in loads),
            "temperature": heat,
            "throttled": None if strain is None else {"now": strain.now, "before": strain.before},
            "memory": rss,
            "memory_available": machine.memory_available,
            "memory_total": machine.memory_total,
            "broker": self._around.broker(),
            "boards": [asdict(each) for each in self._around.boards()],
        }
        self._kept.append(tuple(told[each] for each in _PLOTTED))
        return told

    def _model(self, each: Resident, default: str | None) -> dict[str, Any]:
        name = each.bundle.manifest.name
        return {
            "name": name,
            "version": each.bundle.manifest.version,
            "bytes": each.bytes,
            "until": each.until,
            "pinned": each.pinned,
            "default": name == default,
            "tokens_per_second": self._pace.get(each.bundle.digest),
        }

    def _finished(self, residents: Sequence[Resident]) -> float | None:
        """Tokens a second of the answers that ended since the last look; None where none of any length did."""
        paces = list(self._paces(residents))
        return round(sum(paces), 1) if paces else None

    def _paces(self, residents: Sequence[Resident]) -> Iterator[float]:
        stats = {
            each.bundle.digest: each.completer.engine.stats
            for each in residents
            if each.completer is not None
        }
        for digest, now in stats.items():
            last = self._last.get(digest)
            tokens = _timed(now) - (_timed(last) if last else 0)
            seconds = now.decode_seconds - (last.decode_seconds if last else 0.0)
            if tokens >= _FEWEST and seconds > 0:
                self._pace[digest] = round(tokens / seconds, 1)
                yield self._pace[digest]
        self._last = stats
        self._pace = {digest: pace for digest, pace in self._pace.items() if digest in stats}


def _timed(stats: EngineStats) -> int:
    """Tokens that took some of `decode_seconds`."""
    return stats.completion_tokens - stats.early_tokens
