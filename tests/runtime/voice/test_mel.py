"""The spectrogram is the one that the reference computes."""

import numpy as np

from runtime.voice.mel import HOP, log_mel
from tests.support.goldens import GOLDEN_DIR


def test_it_is_that_of_the_reference() -> None:
    with np.load(GOLDEN_DIR / "whisper_mel.npz") as arrays:
        sound, mel = arrays["pcm"].astype(np.float32) / 32768, arrays["mel"]
    np.testing.assert_allclose(log_mel(sound, 80, mel.shape[1]), mel, atol=1e-5)


def test_silence_follows_what_is_short_and_what_is_long_is_cut() -> None:
    sound = np.sin(np.arange(8000, dtype=np.float32) / 5)
    short = log_mel(sound, 80, 100)
    padded = log_mel(np.concatenate([sound, np.zeros(80_000, np.float32)]), 80, 100)
    assert short.shape == (80, 100)
    np.testing.assert_array_equal(short, padded)
    assert (short[:, 60:] == short.min()).all()


def test_nothing_at_all_is_finite() -> None:
    assert np.isfinite(log_mel(np.zeros(0, np.float32), 128, 2)).all()
    assert HOP == 160
