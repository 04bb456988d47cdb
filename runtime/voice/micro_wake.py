"""The door to pymicro-wakeword: ESPHome's wake words, some kilobytes each, a tenth of a millisecond a frame."""

from collections.abc import Mapping, Sequence

from runtime.errors import EngineError
from runtime.voice.border import Samples
from runtime.voice.extra import needed
from runtime.voice.pcm import pcm16


class MicroDetector:
    """Implements `runtime.voice.wake.Detector`."""

    def __init__(self, names: Sequence[str], threshold: float | None = None) -> None:
        """Load the models.

        Raises:
            NoVoiceError: pymicro-wakeword is not installed.
            EngineError: one cannot be loaded.
        """
        with needed():
            from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model  # noqa: PLC0415  of the extra
        try:
            self._words = {name: MicroWakeWord.from_builtin(Model(name)) for name in names}
            self._features = MicroWakeWordFeatures()
        except (OSError, RuntimeError, ValueError) as exc:
            raise EngineError(f"wake words cannot be loaded on this machine: {exc}") from exc
        self._threshold = threshold

    def feed(self, frame: Samples) -> Mapping[str, tuple[float, float]]:
        """See `runtime.voice.wake.Detector`."""
        best = dict.fromkeys(self._words, 0.0)
        for features in self._features.process_streaming(pcm16(frame)):
            for name, word in self._words.items():
                best[name] = max(best[name], word.process_streaming_prob(features) or 0.0)
        return {name: (score, self._least(name)) for name, score in best.items()}

    def reset(self) -> None:
        """Forget all that came before."""
        self._features.reset()
        for word in self._words.values():
            word.reset()

    def _least(self, name: str) -> float:
        return self._words[name].probability_cutoff if self._threshold is None else self._threshold
