"""Ollama's dialect, as it is served here."""

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
    whole,
)

_TAG: Final = "Ollama"
_NDJSON: Final = "application/x-ndjson"
_NAME: Final[Schema] = {"type": "string", "minLength": 1}
_OBJECT: Final[Schema] = {"type": "object"}
_CALL: Final = record(
    {
        "id": TEXT,
        "function": record({"index": COUNT, "name": TEXT, "arguments": _OBJECT}, ("name", "arguments")),
    },
    ("function",),
)
_DETAILS: Final = record(
    {
        **dict.fromkeys(("parent_model", "format", "family", "parameter_size", "quantization_level"), TEXT),
        "families": many(TEXT),
    }
)
_CAPABILITIES: Final = many(one_of("completion", "tools", "thinking", "insert", "embedding"))
_LISTED: Final[dict[str, Schema]] = {
    "name": TEXT,
    "model": TEXT,
    "size": COUNT,
    "digest": TEXT,
    "details": _DETAILS,
}
_WISHES: Final[dict[str, Schema]] = {
    "model": _NAME,
    "stream": FLAG,
    "format": either(one_of("", "json"), _OBJECT),
    "think": either(FLAG, one_of("high", "medium", "low")),
    "keep_alive": either(NUMBER, TEXT),
    "options": named("OllamaOptions"),
    "logprobs": FLAG,
    "top_logprobs": whole(0, 20),
}
_COUNTS: Final[dict[str, Schema]] = dict.fromkeys(
    (
        "total_duration",
        "load_duration",
        "prompt_eval_count",
        "prompt_eval_duration",
        "prompt_cached_count",
        "eval_count",
        "eval_duration",
    ),
    COUNT,
)
_ANSWER: Final[dict[str, Schema]] = {
    "model": TEXT,
    "created_at": TEXT,
    "done": FLAG,
    "done_reason": one_of("stop", "length", "load", "unload"),
    "tool_call_errors": many(TEXT),
    "logprobs": many(
        record({"token": TEXT, "logprob": NUMBER, "bytes": many(COUNT), "top_logprobs": many(_OBJECT)})
    ),
    **_COUNTS,
}

SCHEMAS: Final[dict[str, Schema]] = {
    "OllamaError": record({"error": TEXT}, ("error",), "What went wrong, and what to do about it."),
    "OllamaOptions": asked(
        {
            "temperature": number(0, 2),
            "top_p": number(0, 1),
            "top_k": whole(-1),
            "min_p": number(0, 1),
            "repeat_penalty": number(0.01, 10),
            "presence_penalty": number(-2, 2),
            "frequency_penalty": number(-2, 2),
            "seed": {"type": "integer"},
            "stop": either(TEXT, many(TEXT, 0, 16)),
            "num_predict": whole(-2),
            "num_ctx": whole(0),
        },
        words="Others are ignored.",
    ),
    "OllamaMessage": asked(
        {
            "role": one_of("system", "user", "assistant", "tool"),
            "content": TEXT,
            "thinking": TEXT,
            "tool_calls": many(_CALL, 0, 64),
            "tool_name": TEXT,
            "tool_call_id": {"type": "string", "maxLength": 128},
        },
        ("role",),
    ),
}


def _post(summary: str, body: Schema, answer: Schema, stream: str | None = None) -> dict[str, Any]:
    return {"post": operation(summary, _TAG, body=body, answer=answer, stream=stream, error="OllamaError")}


def _get(summary: str, answer: Schema) -> dict[str, Any]:
    return {"get": operation(summary, _TAG, answer=answer, error="OllamaError")}


PATHS: Final[dict[str, Any]] = {
    "/api/chat": _post(
        "Continue a conversation; without messages, load the model or have it leave.",
        asked(
            {
                **_WISHES,
                "messages": many(named("OllamaMessage"), 0, 256),
                "tools": many(named("Tool"), 0, 64),
            },
            ("model",),
        ),
        record(
            {
                **_ANSWER,
                "message": record(
                    {
                        "role": one_of("assistant"),
                        "content": TEXT,
                        "thinking": TEXT,
                        "tool_calls": many(_CALL),
                    },
                    ("role", "content"),
                ),
            },
            ("model", "created_at", "message", "done"),
        ),
        _NDJSON,
    ),
    "/api/generate": _post(
        "Answer a prompt; without one, load the model or have it leave.",
        asked({**_WISHES, "prompt": TEXT, "suffix": TEXT, "system": TEXT, "raw": FLAG}, ("model",)),
        record({**_ANSWER, "response": TEXT, "thinking": TEXT}, ("model", "created_at", "response", "done")),
        _NDJSON,
    ),
    "/api/embed": _post(
        "Make vectors of texts.",
        asked(
            {
                "model": _NAME,
                "input": either(TEXT, many(TEXT, 0, 256)),
                "dimensions": whole(1, 1 << 16),
                "keep_alive": either(NUMBER, TEXT),
            },
            ("model",),
        ),
        record({"model": TEXT, "embeddings": many(many(NUMBER)), **_COUNTS}, ("model", "embeddings")),
    ),
    "/api/embeddings": _post(
        "Make a vector of a text, as older clients ask for it.",
        asked({"model": _NAME, "prompt": TEXT, "keep_alive": either(NUMBER, TEXT)}, ("model",)),
        record({"embedding": many(NUMBER)}, ("embedding",)),
    ),
    "/api/tags": _get(
        "List the models that answer here.",
        record(
            {
                "models": many(
                    record(
                        {**_LISTED, "modified_at": TEXT, "capabilities": _CAPABILITIES},
                        (*_LISTED, "modified_at", "capabilities"),
                    )
                )
            },
            ("models",),
        ),
    ),
    "/api/ps": _get(
        "List those that are in memory.",
        record(
            {
                "models": many(
                    record(
                        {**_LISTED, "size_vram": COUNT, "expires_at": TEXT, "context_length": COUNT},
                        (*_LISTED, "size_vram", "expires_at", "context_length"),
                    )
                )
            },
            ("models",),
        ),
    ),
    "/api/show": _post(
        "Describe a model.",
        asked({"model": _NAME}, ("model",)),
        record(
            {
                **dict.fromkeys(("license", "modelfile", "parameters", "template", "modified_at"), TEXT),
                "details": _DETAILS,
                "model_info": _OBJECT,
                "capabilities": _CAPABILITIES,
            },
            ("details", "model_info", "capabilities"),
        ),
    ),
    "/api/version": _get(
        "Say which version of Ollama's API this is, and of what.",
        record({"version": TEXT, "inglenook": TEXT}, ("version",)),
    ),
    "/api/pull": _post(
        "Have a model on this machine.",
        asked({"model": _NAME, "stream": FLAG}, ("model",)),
        record({"status": TEXT}, ("status",)),
        _NDJSON,
    ),
    "/api/delete": {
        "delete": operation(
            "Remove a model.", _TAG, body=asked({"model": _NAME}, ("model",)), error="OllamaError"
        )
    },
    **{
        path: {
            "post": operation("Not served; the answer says what to do instead.", _TAG, error="OllamaError")
        }
        for path in ("/api/create", "/api/copy", "/api/push")
    },
}
