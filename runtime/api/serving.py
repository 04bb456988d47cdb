"""What the listener can answer with now; it is up before the model is.

Loading, then ready, then draining. Knows nothing of HTTP. One object per process, moved on by the composition
root and read by the handlers, all on the event loop.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from runtime.completion import Completer
from runtime.errors import BusyError, ModelNotFoundError

_SHOWN: Final = 80
"""Characters of an unknown name that the answer repeats."""


@dataclass(frozen=True, slots=True)
class Loading:
    """No model yet."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Answering. The first model is the one that a request without a name gets."""

    models: Mapping[str, Completer]
    since: float = field(default_factory=time.time)
    """Unix time."""


@dataclass(frozen=True, slots=True)
class Draining:
    """Running answers finish; nothing new begins."""


State = Loading | Ready | Draining


class Serving:
    """The way from Loading over Ready to Draining."""

    def __init__(self) -> None:
        self._state: State = Loading()

    @property
    def state(self) -> State:
        """Where we are."""
        return self._state

    def ready(self, completers: Iterable[Completer]) -> None:
        """Start to answer. A model that arrives after `drain` changes nothing."""
        if not isinstance(self._state, Draining):
            self._state = Ready({completer.name: completer for completer in completers})

    def drain(self) -> None:
        """Begin nothing new."""
        self._state = Draining()

    def answering(self) -> Ready:
        """The models that answer.

        Raises:
            BusyError: loading, or draining.
        """
        match self._state:
            case Ready() as ready:
                return ready
            case Loading():
                raise BusyError("the model is still being loaded; ask again in a few seconds")
            case Draining():
                raise BusyError("the appliance is shutting down; ask again in a minute")

    def completer(self, name: str | None) -> Completer:
        """The model of that name; None means the first.

        Raises:
            BusyError: loading, or draining.
            ModelNotFoundError: there is none of that name.
        """
        models = self.answering().models
        if name is None and models:
            return next(iter(models.values()))
        if name is None or name not in models:
            raise ModelNotFoundError((name or "")[:_SHOWN], tuple(models))
        return models[name]
