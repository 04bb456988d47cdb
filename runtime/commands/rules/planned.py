"""What was planned is called off, or asked for; what was begun to be said is not meant."""

from runtime.commands.meaning import CancelPlanned, Cannot, Meaning, Reason, TellPlanned
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import everything_there, nothing_there
from runtime.commands.wording.speak import say


def cancel(found: Found, situation: Situation) -> Meaning:
    """`IngleCancel`: of the devices that are named or pointed at, or of all."""
    devices = _devices(found, situation)
    return devices if isinstance(devices, Cannot) else CancelPlanned(devices)


def planned(found: Found, situation: Situation) -> Meaning:
    """`IngleWhatIsPlanned`: the same, to be told."""
    devices = _devices(found, situation)
    return devices if isinstance(devices, Cannot) else TellPlanned(devices)


def nevermind(found: Found, situation: Situation) -> Meaning:
    """`HassNevermind`."""
    del found
    return Cannot(Reason.NOT_WANTED, say("refused.not_wanted", situation.language))


def _devices(found: Found, situation: Situation) -> tuple[str, ...] | Cannot:
    """Ids; none where nothing was said that would tell some from others."""
    if found.devices or not (found.kind or found.area or found.floor):
        return found.devices
    there = everything_there(found, situation)
    return tuple(each.id for each in there) or nothing_there(found, situation, found.area)
