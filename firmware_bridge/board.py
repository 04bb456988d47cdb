"""What any board is to the rest of a program, whichever language it speaks. The border that the house relies on.

`client.Board` speaks the protocol of docs/firmware-protocol.md; what others speak is described by their owner.
"""

from collections.abc import Mapping
from types import TracebackType
from typing import Protocol, Self

from firmware_bridge.description import Capability, Value
from firmware_bridge.events import Listening
from firmware_bridge.messages import About


class AnyBoard(Protocol):
    """One board, kept connected for as long as it is entered; a line that breaks is opened again meanwhile."""

    async def __aenter__(self) -> Self:
        """Begin to keep it connected.

        Raises:
            BridgeError: it cannot be, and waiting does not help.
        """
        ...

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the line."""
        ...

    @property
    def connected(self) -> bool:
        """Whether it can be told what to do now."""
        ...

    @property
    def trouble(self) -> str:
        """Why it is not connected, and what to do, in a sentence; empty while it is."""
        ...

    @property
    def about(self) -> About | None:
        """Who it is, once that is known."""
        ...

    @property
    def capabilities(self) -> Mapping[str, Capability]:
        """What it can do, by name."""
        ...

    @property
    def values(self) -> Mapping[str, Value]:
        """The last value known of each capability that can be read."""
        ...

    async def set(self, name: str, value: Value = None, *, answer_s: float | None = None) -> Value:
        """Have a capability be so, or press it; the value it has then. Never done twice.

        Raises:
            UnknownCapabilityError: there is none of that name.
            ValueRefusedError: it does not take that value; nothing was sent.
            RefusedError: the board does not do it; nothing has changed.
            NotConnectedError: nothing was sent.
            OutcomeUnknownError: it was sent, and may have been done or not.
        """
        ...

    async def get(self, name: str, *, answer_s: float | None = None) -> Value:
        """The value that a capability has now.

        Raises:
            UnknownCapabilityError: there is none of that name.
            ValueRefusedError: it cannot be read; nothing was sent.
            RefusedError, NotConnectedError, NoAnswerError: it is not told.
        """
        ...

    def events(self) -> Listening:
        """What the board tells from now on, being connected and disconnected among it."""
        ...
