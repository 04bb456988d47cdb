"""The topics of one node, and what a topic is. docs/mqtt.md is their description for users."""

from dataclasses import dataclass
from typing import Final

from runtime.errors import CallerError

_LONGEST: Final = 65535
ANY: Final = "any"
"""The node of those topics that whichever appliance is free listens to; no appliance has this name."""
_OUR_OWN: Final = frozenset({"http", "hermes", "console"})
"""The names of whoever comes by our other ways in."""


@dataclass(frozen=True, slots=True)
class Topics:
    """Everything this appliance listens to or says is below ingle/<node>/."""

    node: str

    @property
    def chat(self) -> str:
        """Where questions come in."""
        return f"ingle/{self.node}/chat"

    @property
    def result(self) -> str:
        """Where answers, and the reasons why there is none, go out."""
        return f"ingle/{self.node}/chat/result"

    @property
    def delta(self) -> str:
        """Where the pieces of an answer go out while it is written."""
        return f"ingle/{self.node}/chat/delta"

    @property
    def cancel(self) -> str:
        """Where it is said that an answer, or a command from nobody in particular, is not wanted any more."""
        return f"ingle/{self.node}/cancel"

    @property
    def cancel_from(self) -> str:
        """Filter: where a client that the broker vouches for, the last level, says that of commands of its own."""
        return f"ingle/{self.node}/cancel/from/+"

    @property
    def command(self) -> str:
        """Where commands come in, from nobody that the broker vouches for."""
        return f"ingle/{self.node}/command"

    @property
    def command_from(self) -> str:
        """Filter: where those come in whose sender is the last level, for which a broker's access rules can vouch."""
        return f"ingle/{self.node}/command/from/+"

    @property
    def command_result(self) -> str:
        """Where results of commands go out that name no other topic."""
        return f"ingle/{self.node}/command/result"

    @property
    def command_fence(self) -> str:
        """Where we tell ourselves that what the broker kept of commands ends here; it commands nothing."""
        return f"ingle/{self.node}/command/fence"

    @property
    def registry(self) -> str:
        """Retained: which areas and devices there are."""
        return f"ingle/{self.node}/registry"

    @property
    def sensors(self) -> str:
        """What is measured."""
        return f"ingle/{self.node}/sensors"

    @property
    def event(self) -> str:
        """What came of each command."""
        return f"ingle/{self.node}/event"

    @property
    def status(self) -> str:
        """Retained: whether this appliance is there."""
        return f"ingle/{self.node}/status"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a command came in, read from its topic."""

    node: str
    sender: str
    """The last level of .../command/from/<sender>; empty on plain .../command."""

    @property
    def result(self) -> str:
        """Where the result goes, if no other topic is named."""
        return Topics(self.node).command_result

    @property
    def refusal(self) -> str:
        """Where a sender hears that no result may go where it wanted it: its own topic, if it has a name."""
        return f"ingle/{self.node}/reply/{self.sender}" if self.sender else self.result


def source(topic: str) -> Source | None:
    """The source of a command; None if it is no topic for commands."""
    match topic.split("/"):
        case ["ingle", node, "command"]:
            return Source(node, "")
        case ["ingle", node, "command", "from", sender] if sender:
            return Source(node, sender)
        case _:
            return None


def canceller(topic: str) -> str | None:
    """Who says there that something is not wanted any more, empty for nobody; None if it is no topic for that."""
    match topic.split("/"):
        case ["ingle", _, "cancel"]:
            return ""
        case ["ingle", _, "cancel", "from", sender] if sender:
            return sender
        case _:
            return None


def check_sender(sender: str) -> None:
    """Refuse a name under which the appliance itself takes what comes by another way in.

    Raises:
        CallerError: it is one of those.
    """
    if sender in _OUR_OWN:
        raise CallerError(f"{sender!r} is the appliance's own; give the broker's client another name")


def client_id(node: str, role: str = "", *, group: str | None = None) -> str:
    """By which a broker knows one connection of an appliance; without a role that of questions.

    No name of an appliance or a group holds a full stop, so no two connections have the same.
    """
    return "inglenook-" + ".".join(each for each in (group, node, role) if each)


def check_topic(topic: str) -> str:
    """A name that can be published on, as it came.

    Raises:
        ValueError: it is none; the text says why.
    """
    _check_text(topic, "topic")
    if wild := next((mark for mark in "+#" if mark in topic), None):
        raise ValueError(f"the topic has the wildcard {wild}; name one topic")
    return topic


def check_filter(pattern: str) -> str:
    """What can be subscribed to, as it came: levels, `+` for any one of them, `#` for any that follow.

    Raises:
        ValueError: it is none; the text says why.
    """
    _check_text(pattern, "filter")
    levels = pattern.split("/")
    if "#" in "".join(levels[:-1]) or ("#" in levels[-1] and levels[-1] != "#"):
        raise ValueError("# stands alone in the last level of a filter")
    if any("+" in level and level != "+" for level in levels):
        raise ValueError("+ stands alone in its level of a filter")
    return pattern


def matches(pattern: str, topic: str) -> bool:
    """Whether a subscription to `pattern` hears `topic` (MQTT 5, 4.7). A shared one hears what it would without."""
    levels = pattern.split("/")
    if levels[0] == "$share":
        levels = levels[2:]
    names = topic.split("/")
    if names[0].startswith("$") and levels[0] in {"+", "#"}:
        return False
    if levels[-1] == "#":
        levels = levels[:-1]
        if len(names) < len(levels):
            return False
        names = names[: len(levels)]
    return len(levels) == len(names) and all(
        level in {"+", name} for level, name in zip(levels, names, strict=True)
    )


def _check_text(text: str, what: str) -> None:
    try:
        length = len(text.encode())
    except UnicodeEncodeError:
        raise ValueError(f"the {what} holds half of a surrogate pair; send whole characters") from None
    if not 0 < length <= _LONGEST:
        raise ValueError(f"the {what} has {length} bytes; it takes 1 to {_LONGEST}")
    if "\0" in text:
        raise ValueError(f"the {what} holds a NUL character")
