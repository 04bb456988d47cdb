"""What is told to `describe`: which services there are, with which models, voices, words and languages."""

from typing import Final, TypedDict

from wyoming.info import (
    AsrModel,
    AsrProgram,
    Attribution,
    HandleModel,
    HandleProgram,
    Info,
    IntentModel,
    IntentProgram,
    TtsProgram,
    TtsVoice,
    WakeModel,
    WakeProgram,
)

from runtime.voice.wyoming.border import Appliance

NAME: Final = "Inglenook"
_US: Final = Attribution(NAME, "")


class _About(TypedDict):
    """What every program and model tells of itself."""

    attribution: Attribution
    installed: bool
    version: str | None


def info(appliance: Appliance) -> Info:
    """All that is there now; whoever asks later is told of what came since."""
    about = _About(attribution=_US, installed=True, version=appliance.version or None)
    languages = list(appliance.languages)
    answers, understands = appliance.answerer is not None, appliance.understanding is not None
    return Info(
        asr=_asr(appliance, about),
        tts=_tts(appliance, about),
        wake=_wake(appliance, about),
        handle=[
            HandleProgram(
                name=NAME,
                description="Does what is said, and answers",
                models=[
                    HandleModel(name="desk", description="Commands and answers", languages=languages, **about)
                ],
                supports_handled_streaming=True,
                supports_home_control=appliance.controls,
                **about,
            )
        ]
        if answers
        else [],
        intent=[
            IntentProgram(
                name=NAME,
                description="Understands commands",
                models=[IntentModel(name="desk", description="Commands", languages=languages, **about)],
                **about,
            )
        ]
        if understands
        else [],
    )


def _asr(appliance: Appliance, about: _About) -> list[AsrProgram]:
    voices = appliance.voices
    if voices is None or voices.recognizer is None:
        return []
    model = AsrModel(
        name=voices.recognizer, description=voices.recognizer, languages=list(voices.languages), **about
    )
    return [
        AsrProgram(
            name=NAME,
            description="Writes down what is said",
            models=[model],
            supports_transcript_streaming=True,
            prefers_auto_gain_enabled=False,
            prefers_noise_reduction_enabled=False,
            **about,
        )
    ]


def _tts(appliance: Appliance, about: _About) -> list[TtsProgram]:
    voices = appliance.voices
    if voices is None or not voices.voices:
        return []
    spoken = [
        TtsVoice(name=each, description=each, languages=list(appliance.spoken(each)), **about)
        for each in voices.voices
    ]
    return [
        TtsProgram(
            name=NAME,
            description="Speaks",
            voices=spoken,
            supports_synthesize_streaming=True,
            **about,
        )
    ]


def _wake(appliance: Appliance, about: _About) -> list[WakeProgram]:
    if appliance.wake is None:
        return []
    models = [
        WakeModel(name=name, description=phrase, phrase=phrase, languages=list(languages), **about)
        for name, phrase, languages in appliance.wake.words
    ]
    return [WakeProgram(name=NAME, description="Listens for a wake word", models=models, **about)]
