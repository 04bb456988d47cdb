"""From the body of POST /v1/audio/speech to what is to be said, and in which form. No I/O.

https://platform.openai.com/docs/api-reference/audio/createSpeech
"""

from collections.abc import Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from runtime.errors import CallerError, ModelNotFoundError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.voice.border import Utterance
from runtime.wire.fields import Fields
from runtime.wire.unserved import Refused, refuse

MODEL: Final = "speech"
"""What all voices together go by among the models."""
_NAMES: Final = frozenset({MODEL, "tts-1", "tts-1-hd", "gpt-4o-mini-tts"})
_PEOPLE: Final = frozenset(
    {
        *("alloy", "ash", "ballad", "coral", "echo", "fable", "onyx", "nova", "sage", "shimmer", "verse"),
        *("marin", "cedar"),
    }
)
"""OpenAI's voices; programs that let nobody choose send these, and get the one that is there."""
PLAIN: Final = ("wav", "pcm")
"""The forms that need no program."""
DEFAULT: Final = "wav"
_SERVED: Final = frozenset({"model", "input", "voice", "response_format", "speed", "stream", "language"})
_REFUSED: Final[Refused] = MappingProxyType(
    {
        "stream_format": (("audio",), "sound comes in pieces as it is made; leave it out"),
        "instructions": (("",), "a voice speaks as it does; leave it out"),
    }
)


@dataclass(frozen=True, slots=True)
class SpeechRequest:
    """What was asked."""

    utterance: Utterance
    form: str


def parse(body: object, limits: Limits, *, voices: Sequence[str], others: Sequence[str]) -> SpeechRequest:
    """Read a parsed JSON body; `others`: forms that a program here can write, besides the plain ones.

    Raises:
        CallerError: a field is missing, out of range, or asks for what is not served.
        ModelNotFoundError: a model is asked for that does not speak.
    """
    fields = Fields.of(body)
    refuse(fields, _SERVED, _REFUSED)
    model, speed = fields.text("model"), fields.real("speed", 0.25, 4.0)
    fields.flag("stream")  # it comes in pieces in any case
    if model is not None and model not in {*_NAMES, *voices}:
        raise ModelNotFoundError(model[:80], (MODEL, *voices[:1]))
    words = fields.text("input")
    if not words or not words.strip():
        raise CallerError("input is missing; send the words that are to be spoken", param="input")
    if len(words) > limits.spoken_letters:
        raise CallerError(
            f"input has {len(words)} letters and at most {limits.spoken_letters} are spoken; send it in parts, "
            "or raise limits.spoken_letters",
            param="input",
        )
    voice = _voice(fields) or (model if model in voices else None)
    utterance = Utterance(words, voice, fields.text("language"), 1.0 if speed is None else speed)
    return SpeechRequest(utterance, _form(fields, others))


def _voice(fields: Fields) -> str | None:
    """A name, or an object with one; None: the one that is configured."""
    value = fields.get("voice")
    name = Fields.of(value, "voice").text("id") if isinstance(value, dict) else fields.text("voice")
    return None if not name or name in _PEOPLE else name


def _form(fields: Fields, others: Sequence[str]) -> str:
    form = fields.text("response_format") or DEFAULT
    if form not in {*PLAIN, *others}:
        hint = "" if others else "; with ffmpeg installed on the appliance, mp3, opus, flac and aac as well"
        raise CallerError(
            f"response_format is {shown(form)}; send one of {', '.join((*PLAIN, *others))}{hint}",
            param="response_format",
        )
    return form
