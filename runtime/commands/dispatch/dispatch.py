"""Carries messages to devices, each over its channel, and tries again for a short while where that is safe.

Knows channels and what they promise. Does not know what is written down before and after.
"""

import asyncio
import itertools
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from runtime.commands.backoff import pauses
from runtime.commands.clock import Clock
from runtime.commands.journal.record import Sending
from runtime.commands.meaning import Action, Reason
from runtime.commands.registry.binding import Channel, Outgoing
from runtime.commands.registry.house import House
from runtime.errors import DeviceError, DeviceRefusedError

_log = logging.getLogger(__name__)

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 1.0


class Wording(Protocol):
    """The part of the registry that puts actions into messages."""

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


class UnreachableError(DeviceError):
    """A device is gone, away, or cannot be told."""

    def __init__(self, device: str, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.device, self.reason = device, reason


@dataclass(frozen=True, slots=True)
class Prepared:
    """What is to be sent, and what cannot be."""

    sendings: tuple[Sending, ...]
    missed: tuple[tuple[Action, str], ...] = ()
    """Of several devices that are to do the same, those that cannot be told, and why."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of each action."""

    sent: tuple[Action, ...]
    missed: tuple[tuple[Action, str], ...] = ()
    """Not sent, and why."""
    uncertain: tuple[Action, ...] = ()
    """May have been sent: the channel did not say in time, or a part of the messages went out."""


class Dispatch:
    """Sends."""

    def __init__(
        self,
        registry: Wording,
        channels: Mapping[str, Channel],
        clock: Clock,
        *,
        send_s: float,
    ) -> None:
        """`send_s`: how long one attempt may take."""
        self._registry = registry
        self._channels = channels
        self._clock = clock
        self._send_s = send_s

    def prepare(self, actions: Sequence[Action]) -> Prepared:
        """The messages, for the house as it is now.

        One lamp without power does not keep all others on: of devices that are to do the same, those that can be are.

        Raises:
            UnreachableError: a device is away or gone, or cannot be told, and none that is to do the same can be.
        """
        sendings: list[Sending] = []
        missed: list[tuple[Action, UnreachableError]] = []
        for action in actions:
            try:
                sendings.append(Sending(action, self._messages(action)))
            except UnreachableError as exc:
                missed.append((action, exc))
        done = {_what(each.action) for each in sendings}
        for action, error in missed:
            if _what(action) not in done:
                raise error
        return Prepared(tuple(sendings), tuple((action, str(error)) for action, error in missed))

    def _messages(self, action: Action) -> tuple[Outgoing, ...]:
        house = self._registry.house
        device = house.devices.get(action.device)
        if device is None:
            raise UnreachableError(
                action.device, Reason.NO_SUCH_DEVICE, f"{action.device} is not here any more"
            )
        if device.id in house.away:
            raise UnreachableError(device.id, Reason.AWAY, f"{device.name} cannot be reached now")
        try:
            return self._registry.outgoing(action)
        except DeviceError as exc:
            raise UnreachableError(device.id, Reason.AWAY, str(exc)) from exc

    async def send(self, sendings: Sequence[Sending], within_s: float) -> Outcome:
        """Send all; those of one device in their order, and none of it after one that was not sent.

        `within_s`: what was not delivered is tried again for so many seconds.
        """
        until = self._clock.now().ticks + within_s
        groups: dict[str, list[Sending]] = {}
        for each in sendings:
            groups.setdefault(each.action.device, []).append(each)
        outcomes = await asyncio.gather(*(self._to_one(group, until) for group in groups.values()))
        return Outcome(
            tuple(itertools.chain.from_iterable(each.sent for each in outcomes)),
            tuple(itertools.chain.from_iterable(each.missed for each in outcomes)),
            tuple(itertools.chain.from_iterable(each.uncertain for each in outcomes)),
        )

    async def _to_one(self, sendings: Sequence[Sending], until: float) -> Outcome:
        sent: list[Action] = []
        for place, each in enumerate(sendings):
            rest = sendings[place + 1 :]
            begun = False
            try:
                for message in each.messages:
                    await self._one(message, until)
                    begun = True
            except DeviceError as exc:
                why = str(exc)
            except TimeoutError:
                why, begun = f"{each.action.device} did not answer in time", True
            except Exception:  # noqa: BLE001  a channel's fault: nobody can tell what was sent
                _log.exception("a channel failed on a message to %s", each.action.device)
                why, begun = f"{each.action.device} could not be told", True
            else:
                sent.append(each.action)
                continue
            missed = tuple((other.action, why) for other in rest)
            if begun:
                return Outcome(tuple(sent), missed, (each.action,))
            return Outcome(tuple(sent), ((each.action, why), *missed))
        return Outcome(tuple(sent))

    async def _one(self, message: Outgoing, until: float) -> None:
        channel = self._channels.get(message.channel)
        if channel is None:
            raise DeviceError(f"nothing here carries messages over {message.channel}; configure it")
        for pause in pauses(_FIRST_PAUSE_S, _LONGEST_PAUSE_S):
            try:
                async with asyncio.timeout(self._send_s):
                    await channel.send(message)
            except DeviceRefusedError:
                raise
            except DeviceError:
                if self._clock.now().ticks + pause > until:
                    raise
                await self._clock.sleep(pause)
                if self._clock.now().ticks > until:  # the machine slept longer
                    raise
            else:
                return


def _what(action: Action) -> tuple[str, str]:
    """What is to be done, whichever device it is."""
    return action.capability, repr(action.value)
