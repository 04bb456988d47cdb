"""What hangs on a line of an appliance, as that announces it: names and topics, for who writes them and who reads them.

Topics below ingle/ are no device's, because what is said there may be understood as a sentence. These few are, to
other appliances: those of one thing on one board, under the name that its own appliance gives it, and of what may be
said to it only values of just that thing. Whoever makes up such an announcement gains no more than that.
"""

import json
import re
from dataclasses import dataclass
from typing import Final, Self

from runtime.commands.meaning import Action
from runtime.commands.registry.binding import Binding, Outgoing
from runtime.commands.registry.house import House
from runtime.errors import DeviceError

SENDER: Final = "homeassistant"
"""Who says what is said through Home Assistant, and through whoever else found a device by discovery."""
_PLACE: Final = re.compile(
    r"\w+\.ingle_((?:[A-Za-z0-9-]|__)+)_([a-z0-9-][a-z0-9_-]*)\.([a-z][a-z0-9_]*)", re.ASCII
)
_KEYS: Final = {"device", "capability", "value"}


@dataclass(frozen=True, slots=True)
class Thing:
    """One thing on a board."""

    node: str
    """The appliance: the second level of its topics."""
    board: str
    """The board's id: it does not begin with an underscore, by which it is told from the node."""
    name: str

    @classmethod
    def at(cls, place: str) -> Self | None:
        """What a place of discovery (`light.ingle_home_uno-1.lamp`) is about; None if no such thing."""
        found = _PLACE.fullmatch(place)
        return None if found is None else cls(found[1].replace("__", "_"), found[2], found[3])

    @property
    def owner(self) -> str:
        """The level of discovery topics that its board has: different for all boards of all appliances."""
        return f"ingle_{self.node.replace('_', '__')}_{self.board}"

    @property
    def device(self) -> str:
        """What its appliance calls it."""
        return f"{self.board}.{self.name}"

    @property
    def topic(self) -> str:
        """Where it says how it is, or what happened."""
        return f"{self.board_topic}/{self.name}"

    @property
    def board_topic(self) -> str:
        """Where it is said whether its board is there."""
        return f"ingle/{self.node}/board/{self.board}"

    @property
    def appliance_topic(self) -> str:
        """Where it is said whether its appliance is there."""
        return f"ingle/{self.node}/status"

    @property
    def command_topic(self) -> str:
        """Where it is told what to do: its appliance's, so that policy and journal see it."""
        return f"ingle/{self.node}/command/from/{SENDER}"

    @property
    def topics(self) -> frozenset[str]:
        """All of these."""
        return frozenset({self.topic, self.board_topic, self.appliance_topic, self.command_topic})


@dataclass(frozen=True, slots=True)
class Courteous:
    """A binding that tells its appliance values of its thing, and nothing else."""

    thing: Thing
    binding: Binding

    def outgoing(self, action: Action, house: House) -> tuple[Outgoing, ...]:
        """See `Binding.outgoing`."""
        found = self.binding.outgoing(action, house)
        for each in found:
            if each.address != self.thing.command_topic or each.retain or not self._is_value(each.payload):
                raise DeviceError(
                    f"{action.device} would tell its appliance more than a value of its own; see who announces it"
                )
        return found

    def _is_value(self, payload: bytes) -> bool:
        try:
            said = json.loads(payload)
        except (ValueError, RecursionError):
            return False
        return isinstance(said, dict) and said.keys() == _KEYS and said["device"] == self.thing.device
