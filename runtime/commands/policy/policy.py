"""The policy: whether what was understood may be done, now, by whom it was asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time
from enum import StrEnum
from typing import Final, assert_never

from runtime.commands.clock import Moment
from runtime.commands.meaning import (
    Action,
    CancelPlanned,
    Cannot,
    Do,
    Meaning,
    Reason,
    Tell,
    TellPlanned,
    Which,
)
from runtime.commands.policy.bounds import OutOfBoundsError, within
from runtime.commands.policy.rates import Buckets
from runtime.commands.policy.settings import PolicySettings
from runtime.commands.registry.devices import Capability, Device
from runtime.commands.registry.house import House


@dataclass(frozen=True, slots=True)
class Allowed:
    """It may be done, so: values are on the devices' grids."""

    do: Do


@dataclass(frozen=True, slots=True)
class Confirm:
    """It may be done once somebody has said that it is meant."""

    do: Do


class Rule(StrEnum):
    """Which rule says no."""

    BOUNDS = "bounds"
    """The device knows nothing like it."""
    CLIENT = "client"
    QUIET = "quiet"
    RATE = "rate"


@dataclass(frozen=True, slots=True)
class Denied:
    """It may not be done."""

    rule: Rule
    reason: Reason
    action: Action
    """Which of them."""
    client: str = ""
    """Who asked; as the owner would name it."""
    until: time | None = None
    """When the quiet hours that are against it end, in local time."""


Verdict = Allowed | Confirm | Denied
_OPEN: Final = PolicySettings()


_SAFE: Final = ("closed", "locked", "stopped")
_FLOOD: Final = 10
"""How many times what a client may ask is taken in and understood at all: what is not counted comes out of that."""
_FLOOD_LEAST: Final = 60


def _bucket(action: Action) -> str | None:
    """What an action is counted under. To shut a house, or stop what moves, is never too early: not counted at all.

    To turn off is counted apart, so that it can be done however often something was turned on.
    """
    if action.capability == "state" and action.value in _SAFE:
        return None
    return f"{action.device} off" if action.value is False else action.device


def _is_free(meaning: Meaning) -> bool:
    """Whether it is not counted to whoever asks it: it moves nothing, or only to where a house is safe."""
    match meaning:
        case Tell() | TellPlanned() | CancelPlanned():
            return True
        case Do(actions):
            return bool(actions) and all(map(_is_safe, actions))
        case Which(_, options, waiting):
            asked = [*waiting, *(action for option in options for action in option.meaning.actions)]
            return bool(asked) and all(map(_is_safe, asked))
        case Cannot():
            return False
        case _:
            assert_never(meaning)


def _is_safe(action: Action) -> bool:
    return action.value is False or _bucket(action) is None


def _local(moment: Moment) -> datetime:
    return datetime.fromtimestamp(moment.wall).astimezone()


class Policy:
    """Holds actions against the owner's rules. Sees no words."""

    def __init__(
        self, settings: PolicySettings = _OPEN, local: Callable[[Moment], datetime] = _local
    ) -> None:
        """`local`: the time of day where the house stands."""
        self.settings = settings
        self._local = local
        self._devices = Buckets(settings.rates.device_per_minute)
        each = settings.rates.client_per_minute
        self._clients = Buckets(each)
        self._floods = Buckets(max(_FLOOD * each, _FLOOD_LEAST) if each else 0)

    def admits(self, sender: str, now: Moment) -> bool:
        """Whether what a sender says is understood at all, whatever it is; asked once a command, before it is."""
        return self._floods.take((sender,), now.ticks) is None

    def counts(self, meaning: Meaning, sender: str, now: Moment) -> bool:
        """Whether a sender may ask that again; asked once a command, when it was understood.

        A question about the house, what takes back, shuts or stops, and what turns off, may be asked all the same.
        """
        return _is_free(meaning) or self._clients.take((sender,), now.ticks) is None

    def knows(self, sender: str) -> bool:
        """Whether a sender may ask for, or about, anything: with clients in the policy, one of them has its name."""
        clients = self.settings.clients
        return not clients or any(client.is_called(sender) for client in clients)

    def tells(self, sender: str, ids: Iterable[str], house: House) -> bool:
        """Whether a sender may ask about these devices: what it may command, whatever that is, it may ask about."""
        clients = [client for client in self.settings.clients if client.is_called(sender)]
        if not self.settings.clients:
            return True
        scopes = [scope for client in clients for scope in client.scopes]
        here = (house.devices[each] for each in ids if each in house.devices)
        return bool(clients) and all(any(scope.holds(device) for scope in scopes) for device in here)

    def judge(
        self,
        do: Do,
        sender: str,
        house: House,
        now: Moment,
        *,
        confirmed: bool = False,
        dry_run: bool = False,
    ) -> Verdict:
        """Whether all of it may be done. With one action that may not, none of them is.

        `confirmed`: somebody has said that exactly this is meant. A dry run uses up nothing.
        """
        try:
            found = [within(action, house) for action in do.actions]
        except OutOfBoundsError as exc:
            return Denied(Rule.BOUNDS, exc.reason, exc.action)
        do = replace(do, actions=tuple(action for action, _, _ in found))
        at_once = not do.after_s > 0  # what is no number, or below zero, is no delay
        for action, device, _ in found:
            if not self.lets(sender, action, device):
                return Denied(Rule.CLIENT, Reason.NOT_ALLOWED, action, sender)
            if at_once and (until := self._quiet_until(action, device, now)) is not None:
                return Denied(Rule.QUIET, Reason.NOT_ALLOWED, action, until=until)
        if not confirmed and any(self._is_dangerous(*each) for each in found):
            return Confirm(do)
        if at_once and not dry_run:
            counted = [(bucket, each) for each in do.actions if (bucket := _bucket(each)) is not None]
            over = self._devices.take((bucket for bucket, _ in counted), now.ticks)
            if over is not None:
                often = next(each for bucket, each in counted if bucket == over)
                return Denied(Rule.RATE, Reason.TOO_OFTEN, often)
        return Allowed(do)

    def lets(self, sender: str, action: Action, device: Device) -> bool:
        """Whether a sender may do this at all."""
        clients = self.settings.clients
        return not clients or any(
            scope.covers(action, device)
            for client in clients
            if client.is_called(sender)
            for scope in client.scopes
        )

    def lets_all(self, sender: str, actions: Iterable[Action], house: House) -> bool:
        """Whether a sender may do all of these; what is not here any more harms nobody."""
        here = ((action, house.devices.get(action.device)) for action in actions)
        return all(device is None or self.lets(sender, action, device) for action, device in here)

    def _quiet_until(self, action: Action, device: Device, now: Moment) -> time | None:
        """When it is over; of several hours, the last to end. None if it is not quiet."""
        local = self._local(now)
        hours = [
            each for each in self.settings.quiet if each.now(local) and each.scope.covers(action, device)
        ]
        return max(hours, key=lambda each: each.left(local)).end if hours else None

    def _is_dangerous(self, action: Action, device: Device, capability: Capability) -> bool:
        return capability.is_dangerous(action.value) or any(
            scope.covers(action, device) for scope in self.settings.dangerous
        )
