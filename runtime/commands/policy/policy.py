"""The policy: whether what was understood may be done, now, by whom it was asked for."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from runtime.commands.clock import Moment
from runtime.commands.meaning import Action, Do, Reason
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


Verdict = Allowed | Confirm | Denied
_OPEN: Final = PolicySettings()


_SAFE: Final = ("closed", "locked")


def _bucket(action: Action) -> str | None:
    """What an action is counted under. Whoever shuts a house is never too early: that is not counted at all.

    To turn off is counted apart, so that it can be done however often something was turned on.
    """
    if action.capability == "state" and action.value in _SAFE:
        return None
    return f"{action.device} off" if action.value is False else action.device


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
        self._clients = Buckets(settings.rates.client_per_minute)

    def admits(self, sender: str, now: Moment) -> bool:
        """Whether a sender may ask something again; asked once a command, before anything is understood."""
        return self._clients.take((sender,), now.ticks) is None

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
                return Denied(Rule.CLIENT, Reason.NOT_ALLOWED, action)
            if at_once and self._is_quiet(action, device, now):
                return Denied(Rule.QUIET, Reason.NOT_ALLOWED, action)
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

    def _is_quiet(self, action: Action, device: Device, now: Moment) -> bool:
        local = self._local(now)
        return any(each.now(local) and each.scope.covers(action, device) for each in self.settings.quiet)

    def _is_dangerous(self, action: Action, device: Device, capability: Capability) -> bool:
        return capability.is_dangerous(action.value) or any(
            scope.covers(action, device) for scope in self.settings.dangerous
        )
