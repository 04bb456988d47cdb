"""hibari itself: its voice is in the package."""

import pytest

from runtime.engine.turns import Turns
from runtime.errors import EngineError
from runtime.voice.border import Utterance
from runtime.voice.pcm import clipped, dbfs
from runtime.voice.tts.hibari import HibariSpeaker, installed

pytest.importorskip("hibari", reason="the extra `voice` is not installed")


@pytest.fixture(scope="module")
def speaker() -> HibariSpeaker:
    return HibariSpeaker.load("heart", Turns())


def test_it_says_a_clause_at_a_time_neither_faint_nor_clipped(speaker: HibariSpeaker) -> None:
    sounds = list(speaker.feed(Utterance("Turned on the kitchen light. It is warm.")))
    assert len(sounds) == 2
    for each in sounds:
        assert each.rate == 24_000
        assert -35 < dbfs(each.samples) < -10
        assert clipped(each.samples) == 0
    assert 1 < sum(each.samples.size for each in sounds) / 24_000 < 6


def test_the_same_sounds_the_same_and_faster_is_shorter(speaker: HibariSpeaker) -> None:
    (once,), (again,) = (list(speaker.feed(Utterance("It is warm."))) for _ in range(2))
    assert (once.samples == again.samples).all()
    (fast,) = speaker.feed(Utterance("It is warm.", speed=9.0))
    assert fast.samples.size < 0.7 * once.samples.size


@pytest.mark.parametrize("text", ["", "...", "客廳", "\0", "-"])
def test_what_it_cannot_read_is_silence(text: str, speaker: HibariSpeaker) -> None:
    assert sum(each.samples.size for each in speaker.feed(Utterance(text))) < 24_000


def test_only_what_is_on_this_machine_is_a_voice() -> None:
    assert next(iter(installed().items())) == ("heart", "en-US")
    missing = {"emma", "fable", "fenrir", "kore"} - installed().keys()
    for name in missing:
        with pytest.raises(EngineError, match="choose another voice"):
            HibariSpeaker.load(name, Turns())
