"""The registry: which devices there are now and how they are, put together from every source as they tell of it.

Lives on the event loop: every method is called there, and none waits. Sources put and drop devices and say what was
heard; everybody else looks at `house`, a snapshot that never changes, made when somebody looks and kept until
something is different. So a state costs one entry in a dictionary, however many come between two looks. Does not know
topics or messages: what to send is the business of the device's binding.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Final

from runtime.commands.meaning import Action
from runtime.commands.registry.binding import Entry, Outgoing
from runtime.commands.registry.codec import on_step
from runtime.commands.registry.devices import Area, Capability, Name, Options, Range, Value
from runtime.commands.registry.house import House, State
from runtime.commands.registry.running import LAST_MODE, OFF
from runtime.errors import DeviceError

_log = logging.getLogger(__name__)

Watcher = Callable[[str, str, Value], None]
"""Is told device id, capability and value."""

MOST_DEVICES: Final = 1000


class Registry:
    """All devices, areas and states."""

    def __init__(self, most_devices: int = MOST_DEVICES) -> None:
        self._most = most_devices
        self._entries: dict[str, Entry] = {}
        self._sources: dict[str, str] = {}
        """Whose device it is, by device id."""
        self._areas: dict[str, Area] = {}
        self._suggested: set[str] = set()
        """Areas that no owner wrote down: they go with their last device."""
        self._states: dict[tuple[str, str], State] = {}
        self._away: set[str] = set()
        self._house = House()
        self._devices_changed = self._states_changed = False
        self._watchers: dict[object, Watcher] = {}
        self._told: set[tuple[str, str]] = set()
        """Whose devices were refused, so that it is logged once."""

    @property
    def house(self) -> House:
        """Everything as it is now; the same object until something changes."""
        if self._devices_changed:
            self._devices_changed = False
            devices = {key: entry.device for key, entry in self._entries.items()}
            self._house = replace(
                self._house,
                areas=MappingProxyType(dict(self._areas)),
                devices=MappingProxyType(devices),
                version=self._house.version + 1,
            )
        if self._states_changed:
            self._states_changed = False
            states = MappingProxyType(dict(self._states))
            self._house = replace(self._house, states=states, away=frozenset(self._away))
        return self._house

    def put(self, source: str, entry: Entry) -> None:
        """Add a device, or say it anew; the same device of another source stays, and so do as many as there may be."""
        device = entry.device
        if not self.takes(source, device.id):
            return
        before = self._entries.get(device.id)
        self._entries[device.id] = entry
        self._sources[device.id] = source
        self._devices_changed = True
        if before is not None and before.device.capabilities != device.capabilities:
            self._forget(device.id)
        if before is not None and before.device.area != device.area:
            self._leave(before.device.area)

    def takes(self, source: str, device_id: str) -> bool:
        """Whether a device of this source can be put; if not, the log has said why, once."""
        owner = self._sources.get(device_id)
        if owner not in {None, source}:
            self._refuse(device_id, source, f"{owner} has a device of that id; give one of them another id")
        elif owner is None and len(self._entries) >= self._most:
            self._refuse("", source, f"there are {self._most} devices already; raise limits.devices")
        else:
            return True
        return False

    def holds(self, source: str, device_id: str) -> bool:
        """Whether a device is there, and of this source."""
        return self._sources.get(device_id) == source

    def put_area(self, area: Area) -> None:
        """Add an area of the owner's, or say it anew."""
        self._areas[area.id] = area
        self._suggested.discard(area.id)
        self._devices_changed = True

    def area_named(self, name: str) -> str:
        """The id of the area of that name; where there is none, one is made, and stays while devices are in it."""
        wanted = name.casefold()
        for area in self._areas.values():
            if any(each.text.casefold() == wanted for each in area.names) or area.id == wanted:
                return area.id
        made = Area("_".join(wanted.split()), (Name(name),))
        self._areas[made.id] = made
        self._suggested.add(made.id)
        self._devices_changed = True
        return made.id

    def drop(self, source: str, device_id: str) -> None:
        """Take a device away, if it is this source's."""
        if not self.holds(source, device_id):
            return
        del self._sources[device_id]
        entry = self._entries.pop(device_id)
        self._forget(device_id)
        self._leave(entry.device.area)
        self._told -= {each for each in self._told if each[0] in {device_id, ""}}
        self._devices_changed = True

    def heard(self, device_id: str, capability: str, value: Value, at: float) -> None:
        """Note what a device says of itself; None is that it does not know. What it cannot mean is dropped."""
        entry = self._entries.get(device_id)
        found = entry.device.capability(capability) if entry else None
        if found is None or not found.readable:
            return
        if value is None:
            self._states_changed |= self._states.pop((device_id, capability), None) is not None
            return
        if not _can_be_at(found, value):
            _log.debug("%s says that its %s is %s, which it cannot be", device_id, capability, value)
            return
        self._states[device_id, capability] = State(value, at)
        if capability == "mode" and value != OFF:
            self._states[device_id, LAST_MODE] = State(value, at)
        self._states_changed = True
        for watcher in tuple(self._watchers.values()):
            watcher(device_id, capability, value)

    def value(self, device_id: str, capability: str) -> Value:
        """What it was last heard to be at, without a snapshot; None if nothing was heard."""
        state = self._states.get((device_id, capability))
        return None if state is None else state.value

    def reachable(self, device_id: str, there: bool) -> None:  # noqa: FBT001  the contract's
        """Note that a device said whether it can be reached."""
        if device_id not in self._entries or there is (device_id not in self._away):
            return
        (self._away.discard if there else self._away.add)(device_id)
        self._states_changed = True

    def outgoing(self, action: Action) -> tuple[Outgoing, ...]:
        """What to send for an action; the last look at its value, whoever made it.

        Raises:
            DeviceError: no such device (removed meanwhile), nothing of it to set, no value of it, or its words fail.
        """
        entry = self._entries.get(action.device)
        if entry is None:
            raise DeviceError(f"{action.device} is not there any more; say which device you mean")
        found = entry.device.capability(action.capability)
        if found is None or not found.settable:
            raise DeviceError(
                f"{entry.device.name} has no {action.capability} to set; say something else of it"
            )
        if (fault := found.domain.check(action.value)) is not None:
            raise DeviceError(f"{action.capability} of {entry.device.name} cannot be set: {fault}")
        if isinstance(found.domain, Range) and isinstance(action.value, int | float):
            action = replace(action, value=on_step(action.value, found.domain))
        return entry.binding.outgoing(action, self.house)

    def watch(self, heard: Watcher) -> Callable[[], None]:
        """Be told each state as it comes, on the event loop; call what is returned to be told no more."""
        key = object()
        self._watchers[key] = heard
        return lambda: self._watchers.pop(key, None) and None

    def _refuse(self, device_id: str, source: str, why: str) -> None:
        if (device_id, source) not in self._told:
            self._told.add((device_id, source))
            _log.warning(
                "a device %sfrom %s is left out: %s", f"{device_id} " if device_id else "", source, why
            )

    def _forget(self, device_id: str) -> None:
        for key in [key for key in self._states if key[0] == device_id]:
            del self._states[key]
        self._away.discard(device_id)
        self._states_changed = True

    def _leave(self, area: str | None) -> None:
        if area in self._suggested and not any(each.device.area == area for each in self._entries.values()):
            self._suggested.discard(area)
            del self._areas[area]


def _can_be_at(capability: Capability, value: Value) -> bool:
    if isinstance(capability.domain, Options) and value in capability.also_read:
        return True
    return capability.domain.check(value) is None
