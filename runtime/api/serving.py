"""What the listener can answer with now; it is up before the model is.

Loading, then ready, then draining. Knows nothing of HTTP. One object per process, moved on by the composition
root and read by the handlers, all on the event loop.
"""

from dataclasses import dataclass

from runtime.errors import BusyError
from runtime.residency.border import Models


@dataclass(frozen=True, slots=True)
class Loading:
    """No model yet."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Answering."""

    models: Models


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

    def ready(self, models: Models) -> None:
        """Start to answer. A model that arrives after `drain` changes nothing."""
        if not isinstance(self._state, Draining):
            self._state = Ready(models)

    def drain(self) -> None:
        """Begin nothing new."""
        self._state = Draining()

    @property
    def models(self) -> Models:
        """The models that answer.

        Raises:
            BusyError: loading, or draining.
        """
        match self._state:
            case Ready(models):
                return models
            case Loading():
                raise BusyError("the model is still being loaded; ask again in a few seconds")
            case Draining():
                raise BusyError("the appliance is shutting down; ask again in a minute")
