"""The door to pyopen-wakeword: openWakeWord's words, whose models are for non-commercial use."""

from collections.abc import Mapping, Sequence
from typing import Final

from runtime.errors import EngineError
from runtime.voice.border import Samples
from runtime.voice.extra import needed
from runtime.voice.pcm import pcm16

_LEAST: Final = 0.5
"""As its maker advises."""


class OpenDetector:
    """Implements `runtime.voice.wake.Detector`."""

    def __init__(self, names: Sequence[str], threshold: float | None = None) -> None:
        """Load the models of `openwakeword.NAME`.

        Raises:
            NoVoiceError: pyopen-wakeword is not installed.
            EngineError: one cannot be loaded.
        """
        with needed("openwakeword"):
            from pyopen_wakeword import Model, OpenWakeWord, OpenWakeWordFeatures  # noqa: PLC0415  of the extra
        try:
            self._words = {
                name: OpenWakeWord.from_builtin(Model(name.removeprefix("openwakeword."))) for name in names
            }
            self._features = OpenWakeWordFeatures.from_builtin()
        except (OSError, RuntimeError, ValueError) as exc:
            raise EngineError(f"wake words cannot be loaded on this machine: {exc}") from exc
        self._least = _LEAST if threshold is None else threshold

    def feed(self, frame: Samples) -> Mapping[str, tuple[float, float]]:
        """See `runtime.voice.wake.Detector`."""
        best = dict.fromkeys(self._words, 0.0)
        for embeddings in self._features.process_streaming(pcm16(frame)):
            for name, word in self._words.items():
                best[name] = max(best[name], *word.process_streaming(embeddings), 0.0)
        return {name: (score, self._least) for name, score in best.items()}

    def reset(self) -> None:
        """Forget all that came before."""
        self._features.reset()
        for word in self._words.values():
            word.reset()
