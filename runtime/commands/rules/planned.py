"""What was planned is called off; what was begun to be said is not meant."""

from runtime.commands.meaning import CancelPlanned, Cannot, Meaning, Reason
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.wording.speak import say


def cancel(found: Found, situation: Situation) -> Meaning:
    """`IngleCancel`: of the devices that are named, or of all."""
    del situation
    return CancelPlanned(found.devices)


def nevermind(found: Found, situation: Situation) -> Meaning:
    """`HassNevermind`."""
    del found
    return Cannot(Reason.NOT_WANTED, say("refused.not_wanted", situation.language))
