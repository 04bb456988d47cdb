"""Whether devices say that they are as they were told to be. Listens to states; sends nothing."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Protocol, Self

from runtime.commands.meaning import Action
from runtime.commands.registry.devices import Capability, Press, Range, Value
from runtime.commands.registry.house import House


class States(Protocol):
    """Where states are heard."""

    @property
    def house(self) -> House:
        """The house now."""
        ...

    def watch(self, heard: Callable[[str, str, Value], None]) -> Callable[[], None]:
        """Call for every state that comes; returns how to stop."""
        ...


class Heard:
    """Everybody who waits for a state."""

    def __init__(self, states: States) -> None:
        self._states = states
        self._waiting: defaultdict[tuple[str, str], set[Expectation]] = defaultdict(set)
        self.stop = states.watch(self._hear)

    def expect(self, actions: Iterable[Action]) -> "Expectation":
        """Begin to listen, before anything is sent: an answer may be quicker than the sending."""
        house = self._states.house
        wanted: dict[tuple[str, str], tuple[Value, float]] = {}
        there: set[tuple[str, str]] = set()
        all_tell = True
        for action in actions:  # of two for one capability the last counts
            capability = _capability(house, action)
            if capability is None or not capability.readable or isinstance(capability.domain, Press):
                all_tell = False
                continue
            if house.value(action.device, action.capability) == action.value:
                there.add((action.device, action.capability))
            else:
                there.discard((action.device, action.capability))
            near = capability.domain.step / 2 if isinstance(capability.domain, Range) else 0.0
            wanted[action.device, action.capability] = (action.value, near)
        expectation = Expectation(self, wanted, there, all_tell=all_tell)
        for place in wanted:
            self._waiting[place].add(expectation)
        return expectation

    def forget(self, expectation: "Expectation", place: tuple[str, str]) -> None:
        """It waits there no more."""
        waiting = self._waiting.get(place)
        if waiting is not None:
            waiting.discard(expectation)
            if not waiting:
                del self._waiting[place]

    def _hear(self, device: str, capability: str, value: Value) -> None:
        for each in tuple(self._waiting.get((device, capability), ())):
            each.hear((device, capability), value)


class Expectation:
    """What some devices are to say."""

    def __init__(
        self,
        heard: Heard,
        wanted: dict[tuple[str, str], tuple[Value, float]],
        there: set[tuple[str, str]],
        *,
        all_tell: bool,
    ) -> None:
        """`there`: which were so before. They may say it again, or not."""
        self._heard = heard
        self._wanted = wanted
        self._there = there
        self._all_tell = all_tell
        self._any = bool(wanted)
        self._all = asyncio.Event()

    def hear(self, place: tuple[str, str], value: Value) -> None:
        """A state came; it may be the one."""
        wanted, near = self._wanted[place]
        if _same(value, wanted, near):
            del self._wanted[place]
            self._heard.forget(self, place)
        if not self._wanted:
            self._all.set()

    @property
    def silent(self) -> frozenset[str]:
        """Ids of the devices that have not said so yet, and were not so before."""
        return frozenset(device for device, _ in self._wanted.keys() - self._there)

    async def met(self, seconds: float) -> bool | None:
        """Whether all said so within so many seconds; None where some cannot, or were so before and say nothing."""
        if not self._any:
            return None
        try:
            async with asyncio.timeout(seconds):
                await self._all.wait()
        except TimeoutError:
            return None if self._there.issuperset(self._wanted) else False
        return True if self._all_tell else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for place in self._wanted:
            self._heard.forget(self, place)


def _capability(house: House, action: Action) -> Capability | None:
    device = house.devices.get(action.device)
    return None if device is None else device.capability(action.capability)


def _same(value: Value, wanted: Value, near: float) -> bool:
    if near and isinstance(value, int | float) and isinstance(wanted, int | float):
        return abs(value - wanted) <= near
    return value == wanted
