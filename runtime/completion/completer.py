"""Completes conversations and texts with one loaded model.

Knows a request's way through template, tokenizer and engine, and that nothing on it is cut silently. Does not know who
asked, or how the engine computes.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from pathlib import Path
from typing import Self, assert_never

from models.manifest import TEMPLATE_NAME, TOKENIZER_NAME, Manifest
from runtime.completion.answer import Answer
from runtime.completion.ask import check_request, engine_sampling, room_for
from runtime.completion.values import CompletionEvent, CompletionRequest, Delta, Finished, Progress
from runtime.engine.interface import Engine
from runtime.engine.request import Done, Prefill, Request, Token
from runtime.errors import BundleError, CallerError
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.control import Marker
from runtime.text.stop import StopMatcher
from runtime.text.tokenizer import Tokenizer


class Completer:
    """A model that one can talk to."""

    def __init__(self, engine: Engine, tokenizer: Tokenizer, template: ChatTemplate, limits: Limits) -> None:
        self._engine = engine
        self._tokenizer = tokenizer
        self._template = template
        self._limits = limits
        self._marker = Marker(tokenizer.control_tokens)
        bos = engine.manifest.bos_id
        self._bos = (tokenizer.piece(bos) or "") if bos is not None else ""

    @classmethod
    def load(cls, bundle: Path, manifest: Manifest, engine: Engine, limits: Limits) -> Self:
        """Read the tokenizer and the chat template of a bundle whose engine is loaded.

        Raises:
            BundleError: one of them is missing, unsound, or not this model's.
        """
        tokenizer = Tokenizer.load(bundle / TOKENIZER_NAME)
        if tokenizer.vocabulary_size > manifest.vocabulary_size:
            raise BundleError(
                f"the tokenizer has {tokenizer.vocabulary_size} tokens, the model {manifest.vocabulary_size}; "
                "pull the model again"
            )
        path = bundle / TEMPLATE_NAME
        try:
            source = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as exc:
            raise BundleError(f"{path} cannot be read ({exc}); pull the model again") from exc
        bos, eos = (
            "" if token is None else tokenizer.piece(token) or ""
            for token in (manifest.bos_id, next(iter(manifest.eos_ids), None))
        )
        return cls(engine, tokenizer, ChatTemplate(source, bos_token=bos, eos_token=eos), limits)

    @property
    def name(self) -> str:
        """What callers know the model as."""
        return self.manifest.name

    @property
    def manifest(self) -> Manifest:
        """The bundle that is loaded."""
        return self._engine.manifest

    @property
    def engine(self) -> Engine:
        """What generates; closing it is up to whoever loaded it."""
        return self._engine

    def encode(self, request: CompletionRequest) -> tuple[int, ...]:
        """The prompt in token ids, however long.

        Messages go through the chat template, and cannot contain control tokens. A plain prompt is the caller's own
        to the last token: control tokens in it count, and what the model wants at the beginning is added unless it
        is there.

        Raises:
            CallerError: a request that no model could answer, or that this model's template refuses.
            BundleError: the chat template fails.
        """
        check_request(request, self._limits, self.manifest.vocabulary_size)
        if request.prompt is None:
            ids = self._tokenizer.encode_rendered(self._template.render(request.messages, self._marker))
        else:
            begun = bool(self._bos) and request.prompt.startswith(self._bos)
            ids = self._tokenizer.encode(request.prompt, special=True, begin=not begun)
        if not ids:
            raise CallerError("the prompt is empty; send at least one word", param="prompt")
        return ids

    async def complete(self, request: CompletionRequest) -> AsyncGenerator[CompletionEvent, None]:
        """Yield Progress, then Delta, then exactly one Finished. Closing the generator frees the slot within a token.

        Raises (at the first iteration):
            PromptTooLongError: the prompt, with `max_tokens` if given, does not fit the context.
            CallerError, BundleError: as `encode`.
            BusyError, EngineError: as the engine, the latter at any time.
        """
        ids = await asyncio.to_thread(self.encode, request)
        answer = Answer(self._tokenizer.stream(), StopMatcher(request.stop), len(ids))
        async with aclosing(self._engine.generate(self._asked(request, ids))) as events:
            async for event in events:
                match event:
                    case Prefill():
                        answer.prefilled(event)
                        yield Progress(event.done, event.total, event.cached)
                    case Token():
                        if text := answer.feed(event.id):
                            yield Delta(text)
                        if answer.stopped:
                            break
                    case Done():
                        if text := answer.flush():
                            yield Delta(text)
                        reason = "stop" if answer.stopped else event.reason
                        yield Finished(reason, event.usage, event.timings)
                        return
                    case _:
                        assert_never(event)
        yield Finished("stop", answer.usage, answer.timings)

    def _asked(self, request: CompletionRequest, ids: tuple[int, ...]) -> Request:
        manifest, limits = self.manifest, self._limits
        deadline_s = limits.request_seconds
        if request.deadline_s is not None:
            deadline_s = min(deadline_s, request.deadline_s)
        return Request(
            prompt_ids=ids,
            max_tokens=room_for(request.max_tokens, len(ids), manifest.context_length, limits),
            sampling=engine_sampling(request.sampling, manifest.sampling),
            stop_ids=frozenset(manifest.eos_ids),
            priority=request.priority,
            deadline_s=deadline_s,
        )
