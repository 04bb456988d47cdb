"""What the services of a connection are to it, and what they need of the appliance."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol, TypeVar

from wyoming.event import Eventable

from runtime.commands.desk.border import Interpreter
from runtime.commands.registry.house import House
from runtime.voice.border import Answerer, Samples, VoiceActivity, Voices, WakeWord
from runtime.voice.wyoming.frames import Frame

T = TypeVar("T")
AT_ONCE: Final = frozenset({"describe", "ping"})
"""Events that are answered also while something else is being worked on."""
Send = Callable[[Eventable], Awaitable[None]]
"""Sends an event to the peer; returns once it may go on sending."""


class Aside(Protocol):
    """Computes beside the event loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]:
        """What `work` returns, or raises."""
        ...


class Talk(Protocol):
    """What is said on one connection."""

    @property
    def listening(self) -> bool:
        """Whether the connection is needed though nothing is worked on."""
        ...

    def at_once(self, frame: Frame) -> Eventable:
        """The answer to one of `AT_ONCE`. Computes nothing."""
        ...

    async def take(self, frame: Frame) -> None:
        """Follow an event; one that is not known is not for us, as the protocol has it.

        Raises:
            IngleError: it cannot be done. Nothing more of this conversation can be relied on.
            OSError, TimeoutError: the peer is gone.
        """
        ...

    def close(self) -> None:
        """It is over: hold nothing of it."""
        ...


class Ear(Protocol):
    """What was asked to be done with the sound that comes now."""

    async def hear(self, samples: Samples) -> None:
        """Take more of it, at RATE, and send what there is to say already.

        Raises:
            IngleError: it cannot be done.
        """
        ...

    async def finish(self) -> None:
        """The sound is over. Raises as `hear`."""
        ...

    def close(self) -> None:
        """Hold nothing of it any more."""
        ...


@dataclass(frozen=True, slots=True)
class WakeService:
    """The wake words that are listened for."""

    words: Sequence[tuple[str, str, Sequence[str]]]
    """Name, what is said, in which languages."""
    make: Callable[[Sequence[str]], WakeWord]
    """For these names; loads models, and so is called beside the event loop."""


@dataclass(frozen=True, slots=True)
class Understanding:
    """What a sentence means, without anything being done about it."""

    interpreter: Interpreter
    house: Callable[[], House]


@dataclass(frozen=True, slots=True)
class Appliance:
    """What there is to be served; None where it is not there."""

    voices: Voices | None = None
    answerer: Answerer | None = None
    understanding: Understanding | None = None
    wake: WakeService | None = None
    activity: Callable[[], VoiceActivity] | None = None
    """Loads a model."""
    languages: Sequence[str] = ("en",)
    """Those that are understood; the first is for who does not say."""
    spoken: Callable[[str], Sequence[str]] = lambda _: ("en",)
    """The languages of a voice."""
    version: str = ""
    controls: bool = True
    """Whether what is said may move something."""
