"""English by hibari-tts: a small network that runs on onnxruntime, and all it needs is in the package.

The only door to the library. Knows no other language, and fetches nothing: a voice is one that is on this machine. The
library makes its sessions of onnxruntime itself, on one thread: that of whoever calls.
"""

from collections.abc import Iterator
from typing import Any, Final, Self

import numpy as np

from runtime.engine.turns import Turns
from runtime.errors import EngineError
from runtime.voice.border import Samples, Sound, Utterance
from runtime.voice.clauses import split
from runtime.voice.extra import needed

LIBRARY: Final = "hibari-tts"
_SLOWEST: Final = 0.5
_FASTEST: Final = 2.0
_SEED: Final = 0
"""Of the noise in the voice: the same text sounds the same."""


def installed() -> dict[str, str]:
    """The language of each voice on this machine, by its name, the one in the package first.

    Raises:
        NoVoiceError: the library is not installed.
    """
    with needed():
        from hibari import voices  # noqa: PLC0415  an extra, and half a second
    found = {}
    for name, voice in voices.VOICES.items():
        try:
            voices.voice_path(name, download_missing=False)
        except FileNotFoundError:
            continue
        found[name] = voice["language"]
    return found


class HibariSpeaker:
    """A voice in memory."""

    def __init__(self, hibari: Any, turns: Turns) -> None:
        """`hibari` is the library's; `turns` are shared with the engines that compute on the same cores."""
        self._hibari = hibari
        self._turns = turns

    @classmethod
    def load(cls, name: str, turns: Turns) -> Self:
        """A voice of `installed`; half a second of work, and some 100 MB for the words it knows.

        Raises:
            NoVoiceError: the library is not installed.
            EngineError: it cannot load the voice.
        """
        with needed():
            from hibari import Hibari, voices  # noqa: PLC0415  as above
        try:
            path = voices.voice_path(name, download_missing=False)
            return cls(Hibari(name, model=path), turns)
        except Exception as exc:  # neither the library's errors nor onnxruntime's share a base class
            raise EngineError(f"hibari cannot load the voice {name!r} ({exc}); choose another voice") from exc

    def feed(self, utterance: Utterance) -> Iterator[Sound]:
        """Say it, a clause at a time.

        Raises (at any iteration):
            EngineError: the model failed.
        """
        speed = min(max(utterance.speed, _SLOWEST), _FASTEST)
        for clause in split(utterance.text):
            samples = self._said(clause, speed)
            if samples.size:
                yield Sound(samples, self._hibari.sample_rate)

    def reset(self) -> None:
        """Nothing is remembered."""

    def _said(self, clause: str, speed: float) -> Samples:
        with self._turns:
            try:
                return np.asarray(self._hibari(clause, speed, _SEED), np.float32)
            except Exception as exc:  # as above
                raise EngineError(f"hibari failed on a clause of {len(clause)} letters: {exc}") from exc
