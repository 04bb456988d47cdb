"""OpenAI's Responses, as they are served here: without anything kept."""

from typing import Any, Final

from runtime.api.openapi.parts import (
    COUNT,
    FLAG,
    TEXT,
    Schema,
    asked,
    either,
    many,
    maybe,
    named,
    one_of,
    operation,
    record,
    whole,
)

SCHEMAS: Final[dict[str, Schema]] = {
    "ResponseRequest": {
        "allOf": [
            named("Sampling"),
            asked(
                {
                    "model": TEXT,
                    "input": either(TEXT, many({"type": "object"}, 1, 256)),
                    "instructions": TEXT,
                    "max_output_tokens": whole(1),
                    "stream": FLAG,
                    "store": {"const": False},
                    "tools": many({"type": "object"}, 0, 64),
                    "tool_choice": either(one_of("auto", "none", "required"), {"type": "object"}),
                    "parallel_tool_calls": FLAG,
                    "text": {"type": "object"},
                    "reasoning": asked({"effort": TEXT}),
                    "include": many(TEXT),
                    "top_logprobs": whole(0, 20),
                },
                ("input",),
            ),
        ]
    },
    "Response": record(
        {
            "id": TEXT,
            "object": one_of("response"),
            "created_at": COUNT,
            "model": TEXT,
            "status": one_of("completed", "incomplete"),
            "incomplete_details": maybe(record({"reason": TEXT}, ("reason",))),
            "output": many(
                record({"id": TEXT, "type": one_of("message", "reasoning", "function_call")}, ("id", "type"))
            ),
            "usage": record(
                {"input_tokens": COUNT, "output_tokens": COUNT, "total_tokens": COUNT},
                ("input_tokens", "output_tokens", "total_tokens"),
            ),
            "timings": named("Timings"),
            "tool_call_errors": many(TEXT),
        },
        ("id", "object", "created_at", "model", "status", "output", "usage", "timings"),
    ),
}

PATHS: Final[dict[str, Any]] = {
    "/v1/responses": {
        "post": operation(
            "Answer, and tell how it came about, as items.",
            "OpenAI",
            body=named("ResponseRequest"),
            answer=named("Response"),
            stream="text/event-stream",
        )
    },
    "/v1/responses/input_tokens": {
        "post": operation(
            "Say how many tokens the same request to /v1/responses would send; nothing is computed.",
            "Tokens",
            body=named("ResponseRequest"),
            answer=record(
                {"object": one_of("response.input_tokens"), "input_tokens": COUNT}, ("object", "input_tokens")
            ),
        )
    },
}
