"""What is this appliance's own, and what all dialects share: models, tokens, commands, health."""

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
    in_path,
    many,
    maybe,
    named,
    number,
    one_of,
    operation,
    record,
    refused,
    whole,
)

_WORDS: Final[Schema] = {"type": "string", "minLength": 1}

SCHEMAS: Final[dict[str, Schema]] = {
    "Error": record(
        {
            "error": record(
                {"message": TEXT, "type": TEXT, "param": maybe(TEXT), "code": maybe(TEXT)},
                ("message", "type", "param", "code"),
            )
        },
        ("error",),
        "What went wrong, and what to do about it, in one sentence.",
    ),
    "Model": record(
        {
            "id": TEXT,
            "object": one_of("model"),
            "created": COUNT,
            "owned_by": TEXT,
            "version": TEXT,
            "licence": record({"id": TEXT, "url": TEXT, "display": TEXT}, ("id",)),
            "meta": record(
                {
                    "n_ctx_train": COUNT,
                    "n_vocab": COUNT,
                    "n_params": COUNT,
                    "kv": maybe(TEXT),
                    "size": COUNT,
                    "task": one_of("generate", "embed", "classify", "transcribe", "speak"),
                    "converses": FLAG,
                    "loaded": FLAG,
                    "languages": many(TEXT),
                    "voices": many(TEXT),
                },
                ("task", "converses", "loaded"),
            ),
        },
        ("id", "object", "created", "owned_by", "meta"),
    ),
    "Command": asked(
        {
            "id": TEXT,
            "text": TEXT,
            "device": TEXT,
            "capability": TEXT,
            "value": either(TEXT, NUMBER, FLAG),
            "language": TEXT,
            "area": TEXT,
            "session": TEXT,
            "expires_s": number(0.1, 86400),
            "dry_run": FLAG,
            "explain": FLAG,
            "answer": FLAG,
            "confirms": TEXT,
        }
    )
    | {"additionalProperties": False},
    "CommandResult": record(
        {
            "id": TEXT,
            "status": TEXT,
            "text": TEXT,
            "actions": many({"type": "object"}),
            "reason": maybe(TEXT),
        },
        ("id", "status", "text"),
    ),
}

_HEALTH: Final = {
    "get": {
        "summary": "Say whether requests are answered.",
        "tags": ["Appliance"],
        "security": [],
        "responses": {
            "200": {
                "description": "They are.",
                "content": {
                    "application/json": {
                        "schema": record(
                            {
                                "status": one_of("ok"),
                                "commands": one_of("off", "starting", "ready", "failed"),
                                "hears": TEXT,
                                "speaks": TEXT,
                            },
                            ("status", "commands"),
                        )
                    }
                },
            },
            "503": refused(),
            "400": refused(),
            "403": refused(),
            "405": refused(),
        },
    }
}
_RERANK: Final = {
    "post": operation(
        "Put texts into the order of their nearness to a question.",
        "Embeddings",
        body=asked(
            {
                "model": TEXT,
                "query": {"type": "string", "minLength": 1},
                "documents": many(either(TEXT, record({"text": TEXT}, ("text",))), 1, 256),
                "top_n": whole(1),
                "return_documents": FLAG,
            },
            ("query", "documents"),
        ),
        answer=record(
            {
                "model": TEXT,
                "object": one_of("list"),
                "results": many(
                    record(
                        {
                            "index": COUNT,
                            "relevance_score": number(-1.001, 1.001),
                            "document": record({"text": TEXT}),
                        },
                        ("index", "relevance_score"),
                    )
                ),
            },
            ("model", "object", "results"),
        ),
    )
}

PATHS: Final[dict[str, Any]] = {
    "/v1/models": {
        "get": operation(
            "List the models that answer here.",
            "Models",
            answer=record({"object": one_of("list"), "data": many(named("Model"))}, ("object", "data")),
        )
    },
    "/v1/models/{id}": {
        "get": operation(
            "Describe one of them.", "Models", answer=named("Model"), parameters=[in_path("id", "Its name.")]
        )
    },
    "/v1/commands": {
        "post": operation(
            "Have the house do something, in plain words or as an action.",
            "Commands",
            body=named("Command"),
            answer=named("CommandResult"),
        )
    },
    "/v1/embeddings": {
        "post": operation(
            "Make vectors of texts.",
            "Embeddings",
            body=asked(
                {
                    "model": TEXT,
                    "input": either(
                        _WORDS, many(_WORDS, 1, 256), many(COUNT, 1), many(many(COUNT, 1), 1, 256)
                    ),
                    "encoding_format": one_of("float", "base64"),
                    "dimensions": whole(1, 1 << 20),
                },
                ("input",),
            ),
            answer=record(
                {
                    "object": one_of("list"),
                    "model": TEXT,
                    "data": many(
                        record(
                            {
                                "object": one_of("embedding"),
                                "index": COUNT,
                                "embedding": either(TEXT, many(NUMBER)),
                            },
                            ("object", "index", "embedding"),
                        )
                    ),
                    "usage": named("Usage"),
                },
                ("object", "model", "data", "usage"),
            ),
        )
    },
    "/v1/rerank": _RERANK,
    "/rerank": _RERANK,
    "/v1/reranking": _RERANK,
    "/tokenize": {
        "post": operation(
            "Text to token ids.",
            "Tokens",
            body=asked(
                {
                    "model": TEXT,
                    "content": TEXT,
                    "parse_special": FLAG,
                    "add_special": FLAG,
                    "with_pieces": FLAG,
                },
                ("content",),
            ),
            answer=record(
                {"tokens": many(either(COUNT, record({"id": COUNT, "piece": TEXT}, ("id", "piece"))))},
                ("tokens",),
            ),
        )
    },
    "/detokenize": {
        "post": operation(
            "Token ids to text.",
            "Tokens",
            body=asked({"model": TEXT, "tokens": many(COUNT)}, ("tokens",)),
            answer=record({"content": TEXT}, ("content",)),
        )
    },
    "/health": _HEALTH,
    "/v1/health": _HEALTH,
    "/metrics": {"get": operation("Tell Prometheus how it goes.", "Appliance", text="text/plain")},
    "/openapi.json": {"get": operation("Give this document.", "Appliance", answer=ANY, open_to_all=True)},
}
