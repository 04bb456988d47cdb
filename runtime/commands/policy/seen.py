"""The house as one sender may see it: the devices that it may ask about, and all areas. Does no I/O."""

from collections.abc import Callable
from dataclasses import replace

from runtime.commands.policy.policy import Policy
from runtime.commands.registry.house import House


class Seen:
    """What one sender is shown. The same object for as long as the house is the same."""

    def __init__(self, policy: Policy, sender: str, house: Callable[[], House]) -> None:
        self._policy = policy
        self._sender = sender
        self._house = house
        self._whole: House | None = None
        self._shown = House()

    def __call__(self) -> House:
        """Now."""
        whole = self._house()
        if whole is not self._whole:
            self._whole, self._shown = whole, self._only(whole)
        return self._shown

    def _only(self, house: House) -> House:
        devices = {key: each for key, each in house.devices.items() if self._told(key, house)}
        if len(devices) == len(house.devices):
            return house
        states = {key: state for key, state in house.states.items() if key[0] in devices}
        return replace(house, devices=devices, states=states, away=house.away & devices.keys())

    def _told(self, device: str, house: House) -> bool:
        return self._policy.tells(self._sender, (device,), house)
