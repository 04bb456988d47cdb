"""A channel whose messages are looked at."""

from runtime.commands.registry.binding import Outgoing


class RecordingChannel:
    """Implements `Channel`."""

    def __init__(self) -> None:
        self.sent: list[Outgoing] = []

    async def send(self, outgoing: Outgoing) -> None:
        self.sent.append(outgoing)
