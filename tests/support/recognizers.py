"""What listens, as `runtime.voice.border.Recognizer` has it: it hears the same in all it is given."""

import threading

from runtime.voice.border import Reading, Speech, Transcription


class RecognizerSimulator:
    """Hears `text`; `failure` is raised instead."""

    def __init__(self, text: str = "turn on the light") -> None:
        self.text = text
        self.heard: list[Speech] = []
        self.threads: set[str] = set()
        self.failure: Exception | None = None
        self.going = threading.Event()
        """Let it be written down."""
        self.going.set()

    def feed(self, given: Speech) -> Transcription:
        self.heard.append(given)
        self.threads.add(threading.current_thread().name)
        assert self.going.wait(30)
        if self.failure is not None:
            raise self.failure
        return Transcription((Reading(self.text, -0.1),), "en", 0.0, ())

    def reset(self) -> None:
        pass
