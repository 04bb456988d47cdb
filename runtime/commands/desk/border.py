"""What the desk needs of others: who understands, who remembers, who knows the devices."""

from collections.abc import Callable
from typing import Protocol

from runtime.commands.meaning import Action, Interpretation
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.devices import Value
from runtime.commands.registry.house import House
from runtime.commands.sentence import Memory, Sentence


class Interpreter(Protocol):
    """From words to what they mean."""

    async def interpret(
        self, sentence: Sentence, house: House, memory: Memory, *, answer: bool = False
    ) -> tuple[Interpretation, Memory]:
        """What is meant, and what to remember of it.

        Raises:
            BusyError, EngineError: a model is needed that cannot be had now.
        """
        ...


class Memories(Protocol):
    """What was said last, by sender and session. `now`: seconds that never go back."""

    def recall(self, sender: str, session: str, now: float) -> Memory:
        """What there is to go on from."""
        ...

    def remember(self, sender: str, session: str, memory: Memory, now: float) -> None:
        """Keep it until the next turn."""
        ...


class Devices(Protocol):
    """The registry, as far as the desk goes."""

    @property
    def house(self) -> House:
        """The house now."""
        ...

    def outgoing(self, action: Action) -> tuple[Outgoing, ...]:
        """The messages for an action.

        Raises:
            DeviceError: there is no such device any more, or its templates fail.
        """
        ...

    def watch(self, heard: Callable[[str, str, Value], None]) -> Callable[[], None]:
        """Call for every state that comes; returns how to stop."""
        ...
