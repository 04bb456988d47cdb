"""The opposite of how something is: a value like any other, found once, so that a command done twice is done once."""

from runtime.commands.meaning import Cannot, Meaning, Reason
from runtime.commands.registry.devices import Device
from runtime.commands.rules.power import switched
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import Outcome, carry_out
from runtime.commands.wording.describe import say_of


def toggle(found: Found, situation: Situation) -> Meaning:
    """`IngleToggle`: of what is switched; what has not told its state has no opposite."""
    return carry_out(found, situation, lambda device: _opposite(device, situation))


def _opposite(device: Device, situation: Situation) -> Outcome:
    now = situation.house.value(device.id, "power")
    if situation.later or not isinstance(now, bool):
        text = say_of("refused.no_opposite", device, situation.house, situation.language)
        return Cannot(Reason.NOT_UNDERSTOOD, text)
    return switched(device, situation, on=not now)
