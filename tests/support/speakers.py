"""What speaks, as `runtime.voice.border.Speaker` has it: it hums a clause, and notes what it was told."""

import threading
from collections.abc import Iterator

from runtime.voice.border import Sound, Utterance
from runtime.voice.clauses import split
from tests.support.sounds import tone


class SpeakerSimulator:
    """Hums 10 ms a letter; `failure` is raised instead."""

    def __init__(self) -> None:
        self.said: list[Utterance] = []
        self.clauses = 0
        """Begun."""
        self.threads: set[str] = set()
        self.failure: Exception | None = None
        self.going = threading.Event()
        """Let clauses end."""
        self.going.set()

    def feed(self, utterance: Utterance) -> Iterator[Sound]:
        self.said.append(utterance)
        for clause in split(utterance.text):
            self.clauses += 1
            self.threads.add(threading.current_thread().name)
            assert self.going.wait(30)
            if self.failure is not None:
                raise self.failure
            yield Sound(tone(440, 0.01 * len(clause), rate=24_000), 24_000)

    def reset(self) -> None:
        pass
