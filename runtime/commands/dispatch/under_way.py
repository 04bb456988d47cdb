"""What devices are being told, and have not said of themselves yet: the house as it will be in a moment.

"Turn it on" and "a bit brighter" may come within a breath; the second is about the lamp as the first leaves it.
"""

from collections.abc import Iterable
from dataclasses import replace

from runtime.commands.meaning import Action
from runtime.commands.registry.house import House, State


class UnderWay:
    """Actions that were begun, in the order they were."""

    def __init__(self) -> None:
        self._actions: list[Action] = []

    def begin(self, actions: Iterable[Action]) -> None:
        """They are decided on."""
        self._actions.extend(actions)

    def end(self, actions: Iterable[Action]) -> None:
        """What came of them is known, and what the devices say counts again."""
        for action in actions:
            self._actions.remove(action)

    def over(self, house: House, now: float) -> House:
        """The house with these values; what is only pressed leaves none. `now`: seconds since the epoch."""
        if not self._actions:
            return house
        values = {(each.device, each.capability): each.value for each in self._actions}
        coming = {place: State(value, now) for place, value in values.items() if value is not None}
        return replace(house, states={**house.states, **coming})
