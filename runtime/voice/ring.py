"""The last moments of what was heard, so that what was said while nobody listened yet is not lost."""

from collections import deque

import numpy as np

from runtime.voice.border import Samples


class Ring:
    """Frames, the oldest of which give way."""

    def __init__(self, frames: int) -> None:
        self._frames: deque[Samples] = deque(maxlen=frames)

    def __len__(self) -> int:
        """Frames in it."""
        return len(self._frames)

    def push(self, frame: Samples) -> None:
        """Remember a frame."""
        self._frames.append(frame)

    def keep(self, frames: int) -> None:
        """Forget all but the last `frames`."""
        while len(self._frames) > frames:
            self._frames.popleft()

    def take(self) -> list[Samples]:
        """What is in it, the oldest first; it is empty then."""
        taken = list(self._frames)
        self._frames.clear()
        return taken


def joined(frames: list[Samples]) -> Samples:
    """Frames as one sound."""
    return np.concatenate(frames) if frames else np.zeros(0, np.float32)
