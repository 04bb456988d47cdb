"""Nothing is written down where nobody speaks."""

import numpy as np

from runtime.voice.whisper.quiet import is_faint, is_invented, is_looping
from tests.support.sounds import noise, silence, tone


def test_silence_and_what_is_hardly_louder_are_faint() -> None:
    assert is_faint(silence(1))
    assert is_faint(silence(0))
    assert is_faint(silence(1) + np.float32(0.5))  # a microphone's offset is no sound
    assert is_faint(noise(1, loudness=0.0005))


def test_a_word_in_silence_is_not() -> None:
    sound = silence(5)
    sound[40_000:44_000] = tone(300, 0.25, loudness=0.02)
    assert not is_faint(sound)


def test_a_guess_at_what_is_no_speech_is_not_believed() -> None:
    assert is_invented(0.9, -0.5)  # mains hum
    assert is_invented(0.7, -1.1)
    assert is_invented(0.55, -1.6)  # a long tone
    assert not is_invented(0.57, -0.66)  # "Yes."
    assert not is_invented(0.25, -1.31)  # "cancel that", in noise


def test_a_text_that_goes_round_in_circles_is_told() -> None:
    assert is_looping("turn on the light " * 12)
    assert not is_looping("It was the best of times, it was the worst of times, it was the age of wisdom.")
    assert not is_looping("yes yes yes yes")
