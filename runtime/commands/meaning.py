"""What a sentence was understood to mean. Values only; every stage answers in them.

Nothing here has happened yet: a `Do` still has the policy before it, and the device behind that.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from runtime.commands.registry.devices import Value, shown


@dataclass(frozen=True, slots=True)
class Action:
    """One capability of one device is to be at one value."""

    device: str
    capability: str
    value: Value

    def __str__(self) -> str:
        return f"{self.device}.{self.capability}={shown(self.value)}"


@dataclass(frozen=True, slots=True)
class Do:
    """These, in this order."""

    actions: tuple[Action, ...]
    after_s: float = 0.0
    """Not before so many seconds have passed; 0 is now."""


@dataclass(frozen=True, slots=True)
class CancelPlanned:
    """What was to happen later is not to happen: of these devices, or of all if none is named."""

    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TellPlanned:
    """What is to happen later is asked for: of these devices, or of all if none is named."""

    devices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Tell:
    """Something was asked, and this is the answer."""

    text: str
    about: tuple[str, ...] = ()
    """Ids of the devices that it tells of."""


@dataclass(frozen=True, slots=True)
class Option:
    """One way a sentence can be meant."""

    label: str
    """As a person is asked: "the desk lamp"."""
    meaning: Do


@dataclass(frozen=True, slots=True)
class Which:
    """More than one thing can be meant: the question to ask back, and what the answers would mean."""

    question: str
    options: tuple[Option, ...] = ()
    """None where the answer is free, as a number is."""
    waiting: tuple[Action, ...] = ()
    """With an open value (None) that the answer fills."""


class Reason(StrEnum):
    """Why nothing is done."""

    NOT_UNDERSTOOD = "not_understood"
    OUT_OF_SCOPE = "out_of_scope"
    """It is no command to this house."""
    NOT_WANTED = "not_wanted"
    """It says that something is not to be done."""
    NO_SUCH_DEVICE = "no_such_device"
    NO_SUCH_CAPABILITY = "no_such_capability"
    OUT_OF_RANGE = "out_of_range"
    NOT_ALLOWED = "not_allowed"
    NOT_CONFIRMED = "not_confirmed"
    TOO_OFTEN = "too_often"
    TOO_LATE = "too_late"
    AWAY = "away"
    """The device cannot be reached."""


@dataclass(frozen=True, slots=True)
class Cannot:
    """Nothing is done, and this is why, in one sentence for a person."""

    reason: Reason
    text: str


Meaning = Do | CancelPlanned | TellPlanned | Tell | Which | Cannot


class Route(StrEnum):
    """Which stage understood."""

    DIRECT = "direct"
    """It came as device, capability and value; there was nothing to understand."""
    SESSION = "session"
    """The answer to a question that was asked back."""
    OWNER = "owner"
    """A sentence the owner wrote."""
    RULES = "rules"
    ASKING = "asking"
    """A question about the house, in free words."""
    CHOICE = "choice"
    """A choice among the few that were likeliest."""
    SLOTS = "slots"
    """As `CHOICE`, with a value that the model read out of the sentence."""
    ANSWER = "answer"
    """Free words of the model."""
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Candidate:
    """What was considered."""

    label: str
    score: float
    """From 0 to 1, higher is likelier; of one stage comparable, of two not."""
    action: Action | None = None


@dataclass(frozen=True, slots=True)
class Interpretation:
    """What is meant, and how that was found."""

    meaning: Meaning
    route: Route
    confidence: float
    """From 0 to 1. Rules are 1 or do not answer."""
    candidates: tuple[Candidate, ...] = ()
    ms: Mapping[str, float] = field(default_factory=dict)
    """Milliseconds by stage, in the order they were asked."""
    language: str = "en"
