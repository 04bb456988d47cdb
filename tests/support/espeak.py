"""Sentences spoken by espeak-ng, as samples; tests that need it are skipped where it is not installed."""

import shutil
import subprocess
from functools import cache

import pytest

from runtime.voice.audio import read_wav
from runtime.voice.border import Samples

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")


@cache
def spoken(text: str, *, voice: str = "en-us", words_a_minute: int = 150, pitch: int = 50) -> Samples:
    """At RATE, half as loud as can be."""
    command = ["espeak-ng", "-v", voice, "-s", str(words_a_minute), "-p", str(pitch), "--stdout", "--", text]
    sound = read_wav(subprocess.run(command, check=True, capture_output=True).stdout)
    return sound * 0.5
