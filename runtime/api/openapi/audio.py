"""OpenAI's paths for sound, as they are served here."""

from typing import Any, Final

from runtime.api.openapi.parts import (
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    asked,
    either,
    many,
    named,
    number,
    one_of,
    operation,
    record,
)

_WORDS: Final[Schema] = {"type": "string", "minLength": 1, "maxLength": 4096}

SCHEMAS: Final[dict[str, Schema]] = {
    "Recording": record(
        {
            "file": {"type": "string", "format": "binary", "description": "A WAV file."},
            "model": TEXT,
            "language": TEXT,
            "prompt": TEXT,
            "response_format": one_of("json", "text", "srt", "vtt", "verbose_json"),
            "temperature": number(0, 0),
            "stream": FLAG,
            "timestamp_granularities[]": many(one_of("segment")),
        },
        ("file",),
    ),
    "Transcription": record(
        {
            "text": TEXT,
            "task": one_of("transcribe"),
            "language": TEXT,
            "duration": NUMBER,
            "segments": many(
                record(
                    {"id": COUNT, "start": NUMBER, "end": NUMBER, "text": TEXT},
                    ("id", "start", "end", "text"),
                )
            ),
            "usage": record({"type": one_of("duration"), "seconds": COUNT}, ("type", "seconds")),
        },
        ("text", "usage"),
    ),
    "SpeechRequest": asked(
        {
            "input": _WORDS,
            "model": TEXT,
            "voice": either(TEXT, record({"id": TEXT}, ("id",))),
            "response_format": one_of("wav", "pcm", "mp3", "opus", "flac", "aac"),
            "speed": number(0.25, 4.0),
            "language": TEXT,
        },
        ("input",),
    ),
}

PATHS: Final[dict[str, Any]] = {
    "/v1/audio/transcriptions": {
        "post": operation(
            "Write down what was said.",
            "Audio",
            form=named("Recording"),
            answer=named("Transcription"),
            stream="text/event-stream",
            text=("text/plain", "text/vtt"),
            refusals=(501,),
        )
    },
    "/v1/audio/translations": {
        "post": operation(
            "Say that nothing here translates what was said.",
            "Audio",
            form=named("Recording"),
            answer=named("Transcription"),
        )
    },
    "/v1/audio/speech": {
        "post": operation(
            "Speak a text.",
            "Audio",
            body=named("SpeechRequest"),
            sound=("audio/wav", "audio/pcm", "audio/mpeg", "audio/ogg", "audio/flac", "audio/aac"),
        )
    },
}
