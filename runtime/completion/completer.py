"""Completes conversations and texts with one loaded model.

Knows a request's way through template, tokenizer and engine, and that nothing on it is cut silently. Does not know who
asked, or how the engine computes.
"""

import asyncio
import secrets
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self, assert_never

from models.manifest import Manifest
from runtime.completion.answer import Answer
from runtime.completion.ask import check_request, engine_sampling, room_for
from runtime.completion.moments import Moments
from runtime.completion.prompting import Prompting
from runtime.completion.stable import StableStart
from runtime.completion.values import (
    Called,
    CompletionEvent,
    CompletionRequest,
    Delta,
    Finished,
    Option,
    Progress,
    Said,
    Thought,
)
from runtime.completion.wording import Wording
from runtime.engine.constraint import Grammar
from runtime.engine.interface import Engine
from runtime.engine.request import Done, FinishReason, Prefill, Request, Timings, Token, Usage
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.text.infill import Infill
from runtime.text.parts import Part, Refused, Thoughts, Words
from runtime.text.reader import Reader
from runtime.text.stop import StopMatcher
from runtime.text.tokenizer import Tokenizer
from runtime.text.tools import dialect
from runtime.text.tools.values import Call, ToolCall


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A request in the engine's terms, and how to read what comes back."""

    ids: tuple[int, ...]
    reader: Reader
    marks: Mapping[int, str]
    """The tokens that mean something to the reader."""
    grammar: Grammar | None
    ends: frozenset[int] = frozenset()
    """Tokens that end the answer, beside those that end any."""


class Completer:
    """A model that one can talk to."""

    def __init__(self, engine: Engine, wording: Wording, limits: Limits, *, move_times: bool = True) -> None:
        """Put the parts of one model together.

        With `move_times`, a system prompt that tells the time does not change with it (`moments`).

        Raises:
            BundleError: the manifest names a tool dialect that is not known.
        """
        manifest = engine.manifest
        self._engine = engine
        self._tokenizer = tokenizer = wording.tokenizer
        self._grammars = wording.grammars
        self._limits = limits
        self._moments = Moments() if move_times else None
        self._prompting = Prompting(tokenizer, wording.template, dialect(manifest.tool_dialect))
        self._stable = StableStart(lambda asked: tokenizer.encode_rendered(self._prompting.render(asked)))
        self._infill = Infill.of(tokenizer)
        self._bos = "" if manifest.bos_id is None else tokenizer.piece(manifest.bos_id) or ""

    @classmethod
    def load(cls, bundle: Path, manifest: Manifest, engine: Engine, limits: Limits) -> Self:
        """Read the wording of a bundle whose engine is loaded.

        Raises:
            BundleError: a file of it is missing, unsound, or not this model's.
        """
        return cls(engine, Wording.load(bundle, manifest, limits), limits)

    @property
    def name(self) -> str:
        """What callers know the model as."""
        return self.manifest.name

    @property
    def chats(self) -> bool:
        """Whether it takes messages; a base model has no chat template and takes a plain prompt only."""
        return self._prompting.chats

    @property
    def thinks(self) -> Literal["never", "as asked", "always"]:
        """Whether it thinks aloud before it answers."""
        return self._prompting.thinks

    @property
    def manifest(self) -> Manifest:
        """The bundle that is loaded."""
        return self._engine.manifest

    @property
    def engine(self) -> Engine:
        """What generates; closing it is up to whoever loaded it."""
        return self._engine

    @property
    def tokenizer(self) -> Tokenizer:
        """Text to token ids and back, as this model has them."""
        return self._tokenizer

    def render(self, request: CompletionRequest) -> str:
        """The prompt that messages become, in letters.

        Raises:
            CallerError, BundleError: as `encode`.
        """
        check_request(request, self._limits, self.manifest.vocabulary_size)
        return self._prompting.render(self._settled(request)).text

    def encode(self, request: CompletionRequest) -> tuple[int, ...]:
        """The prompt in token ids, however long.

        Messages go through the chat template, and cannot contain control tokens. A plain prompt is the caller's own
        to the last token: control tokens in it count, and what the model wants at the beginning is added unless it
        is there.

        Raises:
            CallerError: a request that no model could answer, or that this model's template refuses.
            BundleError: the chat template fails.
        """
        return self._prepared(self._settled(request)).ids

    def _settled(self, request: CompletionRequest) -> CompletionRequest:
        """The same with what only holds for a turn in that turn."""
        if self._moments is None or not request.messages:
            return request
        return replace(request, messages=self._moments.settle(request.messages, request.client))

    def _begun(self, request: CompletionRequest) -> tuple[CompletionRequest, _Prepared]:
        settled = self._settled(request)
        return settled, self._prepared(settled)

    def _prepared(self, request: CompletionRequest) -> _Prepared:
        check_request(request, self._limits, self.manifest.vocabulary_size)
        asked = self._prompting.demanded(request)
        compiled = None if asked is None else self._grammars.compile(asked)
        grammar: Grammar | None = compiled
        reader: Reader = Reader(())
        marks: Mapping[int, str] = {}
        ends: frozenset[int] = frozenset()
        if request.prompt is None:
            prompt = self._prompting.render(request)
            reader, marks = self._prompting.reader(request, prompt)
            ending = self.manifest.eos_ids
            if compiled is None:
                grammar = self._prompting.calls_amid(request, prompt, self._grammars, ending)
            else:
                grammar = self._prompting.behind_thought(compiled, request, prompt, ending)
                if grammar is compiled and not request.tools:
                    # All of the answer is the caller's, whatever it looks like.
                    reader, marks = Reader(()), {}
            ids = self._tokenizer.encode_rendered(prompt)
        elif request.suffix:
            infill = self._fills_in()
            ids, ends = infill.ids(self._tokenizer, request.prompt, request.suffix), infill.ends
        else:
            begun = bool(self._bos) and request.prompt.startswith(self._bos)
            ids = self._tokenizer.encode(request.prompt, special=True, begin=not begun)
        if not ids:
            raise CallerError("the prompt is empty; send at least one word", param="prompt")
        return _Prepared(ids, reader, marks, grammar, ends)

    def _fills_in(self) -> Infill:
        if self._infill is None:
            raise CallerError(
                "this model fills in no middles, since its vocabulary has no tokens for them; leave suffix out, or "
                "serve a model of code",
                param="suffix",
            )
        return self._infill

    async def complete(
        self, request: CompletionRequest, *, bill: Callable[[Usage], None] = lambda _: None
    ) -> AsyncGenerator[CompletionEvent, None]:
        """Yield Progress, then what the answer has, then exactly one Finished.

        Closing the generator frees the slot within a token. `bill` hears once what was computed, however it ends: of an
        answer that is given up, the part of the prompt that was read, and the tokens told till then.

        Raises (at the first iteration):
            PromptTooLongError: the prompt, with `max_tokens` if given, does not fit the context.
            CallerError, BundleError: as `encode`.
            BusyError, EngineError: as the engine, the latter at any time.
        """
        request, made = await asyncio.to_thread(self._begun, request)
        stops = StopMatcher(request.stop)
        answer = Answer(self._tokenizer.stream(), made.reader, made.marks, stops, len(made.ids))
        telling = _Telling(answer, must_call=bool(request.must_call))
        asked = await asyncio.to_thread(self._asked, request, made)
        try:
            async with aclosing(self._engine.generate(asked)) as events:
                async for event in events:
                    match event:
                        case Prefill():
                            answer.prefilled(event)
                            yield Progress(event.done, event.total, event.cached)
                        case Token():
                            for told in telling.tell(answer.feed(event.id, self._said(event))):
                                yield told
                            if answer.stopped or answer.done:
                                break
                        case Done():
                            answer.computed = event.usage
                            for told in telling.tell(answer.flush()):
                                yield told
                            yield telling.finished(event.reason, event.usage, event.timings)
                            return
                        case _:
                            assert_never(event)
            for told in telling.tell(answer.flush()):
                yield told
            yield telling.finished("stop", answer.usage, answer.timings)
        finally:
            if answer.computed is not None:
                bill(answer.computed)

    def _said(self, token: Token) -> Said | None:
        if token.likely is None:
            return None
        spelt = self._tokenizer.letters
        return Said(
            Option(spelt(token.id), token.likely.logprob),
            tuple(Option(spelt(each), logprob) for each, logprob in token.likely.top),
        )

    def _asked(self, request: CompletionRequest, made: _Prepared) -> Request:
        manifest, limits = self.manifest, self._limits
        deadline_s = limits.request_seconds
        if request.deadline_s is not None:
            deadline_s = min(deadline_s, request.deadline_s)
        return Request(
            prompt_ids=made.ids,
            max_tokens=room_for(
                request.max_tokens,
                len(made.ids),
                self._engine.context,
                limits,
                or_fewer=request.or_fewer,
            ),
            sampling=engine_sampling(request.sampling, manifest.sampling),
            stop_ids=made.ends.union(manifest.eos_ids),
            priority=request.priority,
            client=request.client,
            deadline_s=deadline_s,
            grammar=made.grammar,
            logprobs=request.logprobs,
            stable=self._stable.of(request, made.ids) if request.prompt is None else 0,
        )


class _Telling:
    """The parts of one answer in the words of those who asked."""

    def __init__(self, answer: Answer, *, must_call: bool) -> None:
        self._answer = answer
        self._must_call = must_call
        self._refused: list[str] = []

    def tell(self, parts: Iterable[Part]) -> Iterator[CompletionEvent]:
        """The events that parts are; a reason for what is none is kept for the end."""
        for part in parts:
            tokens = self._answer.tokens(part)
            match part:
                case Words(text):
                    yield Delta(text, tokens)
                case Thoughts(text):
                    yield Thought(text)
                case Call(name, arguments):
                    yield Called(ToolCall(f"call_{secrets.token_hex(12)}", name, arguments))
                case Refused(reason):
                    self._refused.append(reason)
                case _:
                    assert_never(part)

    def finished(self, reason: FinishReason, usage: Usage, timings: Timings) -> Finished:
        """The last event."""
        answer = self._answer
        if self._must_call and not answer.called and not self._refused:
            self._refused.append("a call was asked for and not finished; allow a longer answer")
        ended = "stop" if answer.stopped else reason
        return Finished(
            "tool_calls" if ended == "stop" and answer.called else ended,
            usage,
            timings,
            tuple(self._refused),
            answer.thought_tokens,
        )
