"""Who speaks."""

import pytest

from runtime.errors import CallerError
from runtime.voice.border import Utterance
from runtime.voice.tts.choose import Cast, Voice
from tests.support.speakers import SpeakerSimulator


def voice(name: str, language: str, speaker: SpeakerSimulator | None = None) -> Voice:
    return Voice(name, language, lambda: speaker or SpeakerSimulator())


VOICES = [
    voice("heart", "en-US"),
    voice("lessac", "en-GB"),
    voice("espeak-de", "de"),
    voice("espeak-zh", "zh"),
]


@pytest.mark.parametrize(
    ("name", "language", "who"),
    [
        (None, None, "heart"),
        (None, "en", "heart"),
        (None, "en-GB", "heart"),
        ("lessac", "en-US", "lessac"),
        (None, "zh-TW", "espeak-zh"),
        ("heart", "de-AT", "espeak-de"),
        (None, "DE_de", "espeak-de"),
    ],
)
def test_a_voice_speaks_its_own_language_only(name: str | None, language: str | None, who: str) -> None:
    assert Cast(VOICES).choose(name, language).name == who


def test_the_default_is_what_the_owner_says_else_the_best_of_the_language() -> None:
    assert Cast(VOICES, preferred="lessac").voices[0].name == "lessac"
    assert Cast(VOICES, language="zh-TW").voices[0].name == "espeak-zh"
    assert Cast(VOICES, language="en-GB").voices[0].name == "lessac"
    assert [each.name for each in Cast(VOICES).voices] == [each.name for each in VOICES]


def test_who_is_not_there_is_refused_with_the_nearest() -> None:
    with pytest.raises(CallerError, match="did you mean heart"):
        Cast(VOICES).choose("hart", None)
    with pytest.raises(CallerError, match="there are heart, lessac"):
        Cast(VOICES).choose("xyz", None)
    with pytest.raises(CallerError, match="did you mean lessac"):
        Cast(VOICES, preferred="lesac")


def test_a_language_that_nobody_speaks_says_what_does() -> None:
    with pytest.raises(CallerError, match=r"nothing here speaks 'fr'.*espeak-ng"):
        Cast(VOICES).choose(None, "fr")
    with pytest.raises(CallerError, match="nothing here can speak"):
        Cast([]).choose(None, None)


def test_of_two_of_a_name_the_better_one_speaks() -> None:
    first, second = SpeakerSimulator(), SpeakerSimulator()
    cast = Cast([voice("heart", "en", first), voice("heart", "de", second)])
    list(cast.feed(Utterance("Hello.")))
    assert (len(cast.voices), len(first.said), len(second.said)) == (1, 1, 0)


def test_voices_are_loaded_once_and_the_last_few_stay() -> None:
    loaded: list[str] = []

    def noted(name: str) -> Voice:
        def load() -> SpeakerSimulator:
            loaded.append(name)
            return SpeakerSimulator()

        return Voice(name, "en", load)

    cast = Cast([noted(name) for name in "abcd"])
    for name in "aabcbda":
        list(cast.feed(Utterance("Hello.", voice=name)))
    assert "".join(loaded) == "abcda"
