"""What a broker is to keep for us, by topic: what of it must still be said. Values only; no connection, no clock."""


class Retained:
    """Wanted messages, the newest on each topic; each is due until it is taken, and all are `anew`."""

    def __init__(self) -> None:
        self._wanted: dict[str, bytes] = {}
        self._due: dict[str, None] = {}
        """In the order in which they are to be told."""

    def want(self, topic: str, payload: bytes) -> None:
        """Have the broker keep this; an empty payload is nothing any more."""
        if self._wanted.get(topic) != payload:
            self._wanted[topic] = payload
            self._due[topic] = None

    def wants(self, topic: str) -> bool:
        """Whether the broker is to keep something there."""
        return bool(self._wanted.get(topic))

    @property
    def topics(self) -> tuple[str, ...]:
        """Where it is to keep something."""
        return tuple(topic for topic, payload in self._wanted.items() if payload)

    def anew(self) -> None:
        """Whoever listens may have heard nothing of it."""
        self._due = dict.fromkeys(self._wanted)

    def take(self) -> tuple[str, bytes] | None:
        """The next to be told, which then counts as told."""
        topic = next(iter(self._due), None)
        if topic is None:
            return None
        del self._due[topic]
        return topic, self._wanted[topic] or self._wanted.pop(topic)

    def again(self, topic: str, payload: bytes) -> None:
        """What was taken was not told after all. If something else is wanted by now, that is due."""
        self._wanted.setdefault(topic, payload)
        self._due[topic] = None
