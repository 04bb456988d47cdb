"""OpenAI's older completions, of texts, as they are served here."""

from typing import Any, Final

from runtime.api.openapi.parts import (
    ANY,
    COUNT,
    FLAG,
    TEXT,
    Schema,
    asked,
    either,
    many,
    named,
    one_of,
    operation,
    record,
    whole,
)

SCHEMAS: Final[dict[str, Schema]] = {
    "TextRequest": {
        "allOf": [
            named("Sampling"),
            asked(
                {
                    "model": TEXT,
                    "prompt": either(TEXT, many(TEXT, 1, 8)),
                    "suffix": TEXT,
                    "max_tokens": whole(1),
                    "n": whole(1, 8),
                    "best_of": whole(1, 8),
                    "echo": FLAG,
                    "logprobs": whole(0, 20),
                    "stream": FLAG,
                    "stream_options": asked({"include_usage": FLAG}),
                    "response_format": named("ResponseFormat"),
                    "json_schema": {"type": "object"},
                    "structured_outputs": {"type": "object"},
                },
                ("prompt",),
            ),
        ]
    },
    "TextCompletion": record(
        {
            "id": TEXT,
            "object": one_of("text_completion"),
            "created": COUNT,
            "model": TEXT,
            "choices": many(
                record(
                    {
                        "index": COUNT,
                        "text": TEXT,
                        "logprobs": ANY,
                        "finish_reason": one_of("stop", "length"),
                    },
                    ("index", "text", "finish_reason"),
                ),
                1,
            ),
            "usage": named("Usage"),
            "timings": named("Timings"),
        },
        ("id", "object", "created", "model", "choices", "usage", "timings"),
    ),
}

PATHS: Final[dict[str, Any]] = {
    "/v1/completions": {
        "post": operation(
            "Continue a text, or fill in what stands before a suffix.",
            "OpenAI",
            body=named("TextRequest"),
            answer=named("TextCompletion"),
            stream="text/event-stream",
        )
    }
}
