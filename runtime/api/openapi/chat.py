"""OpenAI's chat, as it is served here."""

from typing import Any, Final

from runtime.api.openapi.parts import (
    ANY,
    COUNT,
    FLAG,
    NUMBER,
    TEXT,
    Schema,
    asked,
    either,
    many,
    maybe,
    named,
    number,
    one_of,
    operation,
    record,
    whole,
)

_FUNCTION_CALL: Final = record(
    {"id": TEXT, "type": one_of("function"), "function": record({"name": TEXT, "arguments": TEXT})},
    ("id", "function"),
)
_CALL_MADE: Final = asked(
    {
        "id": {"type": "string", "minLength": 1, "maxLength": 128},
        "type": one_of("function"),
        "function": record(
            {"name": TEXT, "arguments": TEXT | {"description": "A JSON object, as text."}},
            ("name", "arguments"),
        ),
    },
    ("id", "function"),
)
_PART: Final = record({"type": one_of("text"), "text": TEXT}, ("type", "text"))

_CONTENT: Final = either(TEXT, many(_PART))
_NONE: Final = many({"type": "object"}, 0, 0)
_MESSAGES: Final = {
    role: f"{role.capitalize()}Message" for role in ("system", "developer", "user", "assistant", "tool")
}

SCHEMAS: Final[dict[str, Schema]] = {
    "Message": {
        "oneOf": [named(name) for name in _MESSAGES.values()],
        "discriminator": {
            "propertyName": "role",
            "mapping": {role: named(name)["$ref"] for role, name in _MESSAGES.items()},
        },
    },
    "SystemMessage": asked(
        {"role": one_of("system"), "content": _CONTENT, "tool_calls": _NONE}, ("role", "content")
    ),
    "DeveloperMessage": asked(
        {"role": one_of("developer"), "content": _CONTENT, "tool_calls": _NONE},
        ("role", "content"),
        "The same as the system's.",
    ),
    "UserMessage": asked(
        {"role": one_of("user"), "content": _CONTENT, "tool_calls": _NONE}, ("role", "content")
    ),
    "AssistantMessage": asked(
        {
            "role": one_of("assistant"),
            "content": _CONTENT,
            "tool_calls": many(_CALL_MADE, 0, 64),
            "reasoning_content": TEXT,
        },
        ("role",),
        "Words, calls, or both.",
    )
    | {
        "anyOf": [
            {"required": ["content"], "properties": {"content": _CONTENT}},
            {"required": ["tool_calls"], "properties": {"tool_calls": {"type": "array", "minItems": 1}}},
        ]
    },
    "ToolMessage": asked(
        {
            "role": one_of("tool"),
            "content": _CONTENT,
            "tool_call_id": {"type": "string", "minLength": 1, "maxLength": 128},
            "tool_calls": _NONE,
        },
        ("role", "content", "tool_call_id"),
        "What a call gave.",
    ),
    "Tool": record(
        {
            "type": one_of("function"),
            "function": asked(
                {
                    "name": {"type": "string", "pattern": "^[A-Za-z0-9_.-]{1,64}$"},
                    "description": TEXT,
                    "parameters": {"type": "object"},
                },
                ("name",),
            ),
        },
        ("type", "function"),
    ),
    "Sampling": asked(
        {
            "temperature": number(0, 2),
            "top_p": number(0, 1),
            "top_k": whole(-1),
            "min_p": number(0, 1),
            "repetition_penalty": number(0.01, 10),
            "presence_penalty": number(-2, 2),
            "frequency_penalty": number(-2, 2),
            "logit_bias": {"type": "object", "additionalProperties": number(-100, 100)},
            "seed": {"type": "integer"},
            "stop": either(TEXT, many(TEXT, 0, 16)),
            "priority": one_of("command", "chat", "background"),
        }
    ),
    "ResponseFormat": asked(
        {
            "type": one_of("text", "json_object", "json_schema"),
            "json_schema": {"type": "object"},
            "schema": {"type": "object"},
        },
        ("type",),
    ),
    "ChatRequest": {
        "allOf": [
            named("Sampling"),
            asked(
                {
                    "model": TEXT,
                    "messages": many(named("Message"), 1, 256),
                    "max_tokens": whole(1),
                    "max_completion_tokens": whole(1),
                    "n": whole(1, 8),
                    "logprobs": FLAG,
                    "top_logprobs": whole(0, 20),
                    "stream": FLAG,
                    "stream_options": asked({"include_usage": FLAG}),
                    "return_progress": FLAG,
                    "tools": many(named("Tool"), 0, 64),
                    "tool_choice": either(one_of("auto", "none", "required"), {"type": "object"}),
                    "parallel_tool_calls": FLAG,
                    "response_format": named("ResponseFormat"),
                    "json_schema": {"type": "object"},
                    "structured_outputs": {"type": "object"},
                    "enable_thinking": FLAG,
                    "chat_template_kwargs": {"type": "object"},
                },
                ("messages",),
            ),
        ]
    },
    "Usage": record(
        {
            "prompt_tokens": COUNT,
            "completion_tokens": COUNT,
            "total_tokens": COUNT,
            "prompt_tokens_details": record({"cached_tokens": COUNT}, ("cached_tokens",)),
        },
        ("prompt_tokens", "total_tokens"),
    ),
    "Timings": record(
        {
            **dict.fromkeys(("cache_n", "prompt_n", "predicted_n"), COUNT),
            **dict.fromkeys(
                (
                    "queued_ms",
                    "prompt_ms",
                    "prompt_per_token_ms",
                    "prompt_per_second",
                    "predicted_ms",
                    "predicted_per_token_ms",
                    "predicted_per_second",
                    "overhead_ms",
                ),
                NUMBER,
            ),
        },
        ("cache_n", "prompt_n", "predicted_n"),
        "Milliseconds and tokens, in llama-server's names.",
    ),
    "ChatCompletion": record(
        {
            "id": TEXT,
            "object": one_of("chat.completion"),
            "created": COUNT,
            "model": TEXT,
            "choices": many(
                record(
                    {
                        "index": COUNT,
                        "message": record(
                            {
                                "role": one_of("assistant"),
                                "content": maybe(TEXT),
                                "tool_calls": many(_FUNCTION_CALL),
                                "reasoning_content": TEXT,
                            },
                            ("role", "content"),
                        ),
                        "logprobs": ANY,
                        "finish_reason": one_of("stop", "length", "tool_calls"),
                    },
                    ("index", "message", "finish_reason"),
                ),
                1,
            ),
            "usage": named("Usage"),
            "timings": named("Timings"),
            "tool_call_errors": many(TEXT),
        },
        ("id", "object", "created", "model", "choices", "usage", "timings"),
    ),
}

PATHS: Final[dict[str, Any]] = {
    "/v1/chat/completions": {
        "post": operation(
            "Continue a conversation.",
            "OpenAI",
            body=named("ChatRequest"),
            answer=named("ChatCompletion"),
            stream="text/event-stream",
        )
    },
    "/v1/chat/completions/input_tokens": {
        "post": operation(
            "Say what the same request to /v1/chat/completions would take; nothing is computed.",
            "Tokens",
            body=named("ChatRequest"),
            answer=record(
                {
                    "object": one_of("chat.completion.input_tokens"),
                    "model": TEXT,
                    "input_tokens": COUNT,
                    "max_tokens": COUNT,
                    "context": COUNT,
                    "fits": FLAG,
                },
                ("object", "model", "input_tokens", "max_tokens", "context", "fits"),
            ),
        )
    },
    "/apply-template": {
        "post": operation(
            "Write the prompt that messages become.",
            "Tokens",
            body=named("ChatRequest"),
            answer=record({"prompt": TEXT}, ("prompt",)),
        )
    },
}
