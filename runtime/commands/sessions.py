"""What was said last, by whom: so that `it`, `again` and the answer to a question have something to mean.

Only in memory. A question that the appliance asked before it was restarted is forgotten, and its answer understood as a
sentence of its own: that is the safe side.
"""

from collections import OrderedDict
from dataclasses import replace
from typing import Final

from runtime.commands.sentence import NOTHING_SAID, Memory

_REMEMBERED_S: Final = 300.0
"""How long `it` means what was spoken of."""
_ASKED_S: Final = 60.0
"""How long a question waits for its answer."""


class Sessions:
    """The memories of all who speak, by sender and session."""

    def __init__(self, most: int) -> None:
        """`most`: sessions that are remembered; of more, the one that spoke longest ago is forgotten."""
        self._most = most
        self._kept: OrderedDict[tuple[str, str], tuple[float, Memory]] = OrderedDict()

    def recall(self, sender: str, session: str, now: float) -> Memory:
        """What there is to go on from; `now` is monotonic, in seconds."""
        since, memory = self._kept.get((sender, session), (now, NOTHING_SAID))
        age = now - since
        if age > _REMEMBERED_S:
            return NOTHING_SAID
        return memory if age <= _ASKED_S else replace(memory, asked=None, text="")

    def remember(self, sender: str, session: str, memory: Memory, now: float) -> None:
        """Keep it until the next turn."""
        self._kept[sender, session] = (now, memory)
        self._kept.move_to_end((sender, session))
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
