"""What a request becomes before anything is computed: its tokens, its prompt, and whether it fits.

POST /tokenize, /detokenize and /apply-template as llama-server has them
(https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md); POST /v1/responses/input_tokens as
OpenAI has it; POST /v1/chat/completions/input_tokens after that, with what a caller needs to know before it sends the
same body to be answered.
"""

import asyncio
from typing import Any

from aiohttp import web

from runtime.api.body import read_json
from runtime.api.keys import LIMITS, SERVING
from runtime.api.openai.responses_schema import parse as response
from runtime.api.openai.schema import parse
from runtime.completion import Completer
from runtime.completion.ask import room_for
from runtime.errors import CallerError, PromptTooLongError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire.fields import Fields


def add_routes(app: web.Application) -> None:
    """Serve the paths."""
    app.router.add_post("/tokenize", _tokenize)
    app.router.add_post("/detokenize", _detokenize)
    app.router.add_post("/apply-template", _apply_template)
    app.router.add_post("/v1/chat/completions/input_tokens", _input_tokens)
    app.router.add_post("/v1/responses/input_tokens", _response_tokens)


async def _tokenize(request: web.Request) -> web.Response:
    fields = Fields.of(await read_json(request))
    content = fields.text("content")
    if content is None:
        raise CallerError("content is missing; send the text", param="content")
    special = fields.get("parse_special") is None or fields.flag("parse_special")
    begin, pieces = fields.flag("add_special"), fields.flag("with_pieces")
    async with request.app[SERVING].models.completer(fields.text("model")) as completer:
        tokenizer = completer.tokenizer
        ids = await asyncio.to_thread(tokenizer.encode, content, special=special, begin=begin)
        tokens: list[Any] = list(ids)
        if pieces:
            tokens = [{"id": each, "piece": tokenizer.spell([each])} for each in ids]
    return web.json_response({"tokens": tokens})


async def _detokenize(request: web.Request) -> web.Response:
    fields = Fields.of(await read_json(request))
    tokens = fields.get("tokens")
    if not isinstance(tokens, list):
        raise CallerError(f"tokens is {shown(tokens)}; send a list of token ids", param="tokens")
    async with request.app[SERVING].models.completer(fields.text("model")) as completer:
        size = completer.tokenizer.vocabulary_size
        for index, token in enumerate(tokens):
            if not isinstance(token, int) or isinstance(token, bool) or not 0 <= token < size:
                raise CallerError(
                    f"tokens[{index}] is {shown(token)}; send ids from 0 to {size - 1}", param="tokens"
                )
        content = await asyncio.to_thread(completer.tokenizer.spell, tokens)
    return web.json_response({"content": content})


async def _apply_template(request: web.Request) -> web.Response:
    asked = parse(await read_json(request), request.app[LIMITS])
    async with request.app[SERVING].models.completer(asked.model) as completer:
        prompt = await asyncio.to_thread(completer.render, asked.completion)
    return web.json_response({"prompt": prompt})


async def _input_tokens(request: web.Request) -> web.Response:
    limits = request.app[LIMITS]
    asked = parse(await read_json(request), limits)
    async with request.app[SERVING].models.completer(asked.model) as completer:
        prompt = len(await asyncio.to_thread(completer.encode, asked.completion))
        budget = _budget(completer, prompt, asked.completion.max_tokens, limits)
    return web.json_response({"object": "chat.completion.input_tokens", "model": completer.name, **budget})


async def _response_tokens(request: web.Request) -> web.Response:
    """As OpenAI has it, whose clients know no other fields."""
    asked = response(await read_json(request), request.app[LIMITS])
    async with request.app[SERVING].models.completer(asked.model) as completer:
        prompt = len(await asyncio.to_thread(completer.encode, asked.completion))
    return web.json_response({"object": "response.input_tokens", "input_tokens": prompt})


def _budget(completer: Completer, prompt: int, wanted: int | None, limits: Limits) -> dict[str, Any]:
    """What the request would take; `max_tokens` is what the answer may have, 0 if not a token of it fits."""
    context = completer.engine.context
    try:
        answer, fits = room_for(wanted, prompt, context, limits), True
    except PromptTooLongError:
        answer, fits = max(0, context - prompt), False
    return {"input_tokens": prompt, "max_tokens": answer, "context": context, "fits": fits}
