"""The topics of one node. docs/mqtt.md is their description for users."""

from dataclasses import dataclass


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
    def status(self) -> str:
        """Retained: whether this appliance is there."""
        return f"ingle/{self.node}/status"
