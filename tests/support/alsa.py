"""Sound cards that are files: what `arecord` and `aplay` record from and play to, where a machine has no other."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from runtime.voice.border import Samples
from runtime.voice.pcm import Encoding, Form, pcm16

needs_alsa = pytest.mark.skipif(shutil.which("arecord") is None, reason="alsa-utils is not installed")

_CONFIGURATION = """
pcm.nowhere {{ type null }}
pcm.microphone {{
  type file slave.pcm "nowhere" file "/dev/null" infile "{recorded}" format "raw"
}}
pcm.loudspeaker {{ type file slave.pcm "nowhere" file "{played}" format "raw" }}
"""


class Cards:
    """A microphone that hears a file, as fast as it is listened to, and a loudspeaker that writes one."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._recorded, self._played = folder / "recorded.raw", folder / "played.raw"
        self.hear(np.zeros(0, np.float32))
        self._configuration = folder / "asoundrc"
        self.plug()
        monkeypatch.setenv("ALSA_CONFIG_PATH", str(self._configuration))

    def plug(self) -> None:
        """Have both there."""
        self._configuration.write_text(
            _CONFIGURATION.format(recorded=self._recorded, played=self._played), encoding="utf-8"
        )

    def unplug(self) -> None:
        """Have neither, for whoever opens one from now on."""
        self._configuration.write_text("", encoding="utf-8")

    def hear(self, samples: Samples) -> None:
        """What the microphone will hear."""
        self._recorded.write_bytes(pcm16(samples))

    def played(self, rate: int) -> Samples:
        """What the loudspeaker played last."""
        data = self._played.read_bytes() if self._played.exists() else b""
        return Form(rate, 1, Encoding.S16).mono(data)
