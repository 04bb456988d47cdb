"""From the form of POST /v1/audio/transcriptions to what is to be listened to, and how it is told. No I/O.

https://platform.openai.com/docs/api-reference/audio/createTranscription
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from runtime.errors import CallerError, ModelNotFoundError
from runtime.strict_json import shown
from runtime.wire.fields import Fields
from runtime.wire.unserved import Refused, refuse

FORMS: Final = ("json", "text", "srt", "vtt", "verbose_json")
NAMES: Final = frozenset({"whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe"})
"""What OpenAI calls the model that listens; programs that let nobody choose send these."""
_SERVED: Final = frozenset(
    {
        "file",
        "model",
        "language",
        "prompt",
        "response_format",
        "temperature",
        "stream",
        "timestamp_granularities[]",
    }
)
_NOBODY: Final = "who speaks is not told; leave it out"
_REFUSED: Final[Refused] = MappingProxyType(
    {
        "include[]": ((["text"],), "how likely each token was is not told; leave it out"),
        "chunking_strategy": (("auto",), "long recordings are divided as the model does it; leave it out"),
        "known_speaker_names[]": ((), _NOBODY),
        "known_speaker_references[]": ((), _NOBODY),
        "keywords[]": ((), "send the names in prompt, with commas between them"),
    }
)
_HINTS: Final = 100


@dataclass(frozen=True, slots=True)
class TranscriptionRequest:
    """What was asked, besides the recording."""

    language: str | None
    hints: tuple[str, ...]
    form: str = "json"
    stream: bool = False


def parse(sent: Mapping[str, str | list[str]], recognizer: str) -> TranscriptionRequest:
    """Read the fields of a form; `recognizer` is the name of the model that listens.

    Raises:
        CallerError: a field is out of range, or asks for what is not served.
        ModelNotFoundError: another model is asked for.
    """
    fields = Fields({name: value for name, value in sent.items() if value not in ("", [])})
    refuse(fields, _SERVED, _REFUSED)
    model = fields.text("model")
    if model is not None and model != recognizer and model not in NAMES:
        raise ModelNotFoundError(model[:80], (recognizer,))
    _check_temperature(fields.get("temperature"))
    _check_granularities(fields.get("timestamp_granularities[]") or [])
    form, stream = fields.text("response_format") or "json", _flag(fields, "stream")
    if form not in FORMS:
        raise CallerError(
            f"response_format is {shown(form)}; send one of {', '.join(FORMS)}", param="response_format"
        )
    if stream and form != "json":
        raise CallerError(f"a stream has events, and no {form}; send json, or no stream", param="stream")
    hints = tuple(each for part in (fields.text("prompt") or "").split(",") if (each := part.strip()))
    return TranscriptionRequest(fields.text("language"), hints[:_HINTS], form, stream)


def _check_temperature(value: Any) -> None:
    try:
        chance = float(value or 0)
    except ValueError:
        chance = math.nan
    if chance != 0:
        raise CallerError(
            f"temperature is {shown(value)}; what is likeliest is written down, so send 0, or leave it out",
            param="temperature",
        )


def _check_granularities(values: list[str]) -> None:
    for value in values:
        if value != "segment":
            raise CallerError(
                f"timestamp_granularities[] has {shown(value)}; only the times of segments are known, send segment",
                param="timestamp_granularities[]",
            )


def _flag(fields: Fields, name: str) -> bool:
    value = (fields.text(name) or "false").lower()
    if value not in {"true", "false", "1", "0"}:
        raise CallerError(f"{name} is {shown(value)}; send true or false", param=name)
    return value in {"true", "1"}
