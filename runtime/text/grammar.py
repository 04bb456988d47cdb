"""The one door to llguidance: constraints compiled for a vocabulary, and answers followed through them.

Implements `runtime.engine.constraint` without knowing the engine. Whatever a caller sends, the work is bounded: what
the library does not count is refused first (`runtime.text.bounds`), what it counts has limits of its own. The library
is loaded with the first grammar, or before it if asked to: a command that ends after one free answer is spared it.
"""

import json
import re
import threading
import weakref
from collections import OrderedDict
from collections.abc import Callable, Collection, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any, Final, TypeVar, assert_never

import numpy as np
from numpy.typing import NDArray

from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.text.bounds import check
from runtime.text.constraint import Choice, Constraint, JsonSchema, Lark, Regex, Rules
from runtime.text.subschemas import narrow
from runtime.text.tokenizer import Tokenizer

if TYPE_CHECKING:
    import llguidance

_STACK_BYTES: Final = 64 << 20
"""For compiling, which goes as deep as rules name each other: 3,000 deep overflow the usual 8 MiB. Only what is used
of it takes memory."""
_REASON: Final = 200
"""Characters of the library's own words that a message repeats."""

_Result = TypeVar("_Result")


class Grammar:
    """What answers may be. One that is compiled serves any number of them."""

    def __init__(
        self, matcher: "llguidance.LLMatcher", vocabulary: int, ends: Collection[int], where: str
    ) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._ends = ends
        self._where = where

    def begin(self) -> "Progress":
        """The beginning of an answer."""
        return Progress(self._matcher.deep_copy(), self._vocabulary, self._ends, self._where)


class Progress:
    """One answer under a grammar. Each method raises CallerError where the grammar takes too much work."""

    def __init__(
        self, matcher: "llguidance.LLMatcher", vocabulary: int, ends: Collection[int], where: str
    ) -> None:
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._ends = ends
        self._where = where

    @property
    def complete(self) -> bool:
        """Whether the answer is whole, and nothing can follow."""
        stopped: bool = self._matcher.is_stopped()
        return stopped

    def forced(self) -> Sequence[int]:
        """The tokens that have to come next."""
        tokens: list[int] = self._matcher.compute_ff_tokens()
        self._check()
        return tokens

    def restrict(self, logits: NDArray[np.float32]) -> None:
        """Put -inf to logits [V] of all that may not come next."""
        np.copyto(logits, -np.inf, where=self.allowed() == 0)

    def allowed(self) -> NDArray[np.uint8]:
        """1 for each id [V] that may come next, an id that ends the answer among them where it may end; else 0."""
        bits = np.frombuffer(self._matcher.compute_bitmask(), dtype=np.uint8)
        self._check()
        return np.unpackbits(bits, count=self._vocabulary, bitorder="little")

    def few(self, most: int) -> Sequence[int]:
        """The ids that may come next, ascending, if they are at most so many; else none."""
        if self.complete:
            return ()
        ids: list[int] = np.flatnonzero(self.allowed()).tolist()
        return ids if len(ids) <= most else ()

    def accepts(self, draft: Sequence[int]) -> int:
        """How many of these tokens fit, from the first on; `runtime.engine.constraint` says what that is worth."""
        if self.complete:
            return 0
        text = list(takewhile(lambda token: token not in self._ends, draft))
        fitting: int = self._matcher.validate_tokens(text)
        self._check()
        return fitting

    def accept(self, token: int) -> None:
        """Go on behind a token."""
        self._matcher.consume_token(token)
        self._check()

    def _check(self) -> None:
        if self._matcher.is_error():
            reason = _said(self._matcher)
            raise CallerError(
                f"{self._where} takes too much work to follow ({reason}); make it simpler", param=self._where
            )


class _Words:
    """A tokenizer in the library's terms.

    It could read a tokenizer.json itself: in twice the time and a second copy, and it would take a text's letters for
    control tokens.
    """

    bos_token_id: Final = None

    def __init__(
        self,
        tokenizer: Tokenizer,
        vocabulary: int,
        ends: Sequence[int],
        spell: "weakref.WeakMethod[Callable[[str], Sequence[int]]]",
    ) -> None:
        """`spell` asks the library that was made of this; weakly, since no circle through it is ever freed."""
        self._tokenizer = tokenizer
        self._spell = spell
        self.eos_token_id = ends[0]
        self.special_token_ids = sorted(tokenizer.control_ids)
        self.tokens = tokenizer.spelt(vocabulary)

    def made(self) -> None:
        """Let go of what the library has a copy of."""
        self.tokens.clear()

    def __call__(self, text: bytes) -> Sequence[int]:
        """How text that has to come is written: by the tokenizer, or letter for letter where that would change it."""
        ids: Sequence[int] = self._tokenizer.encode_midway(text.decode())
        return ids or (spell(text.decode()) if (spell := self._spell()) else ())


class Compiler:
    """Makes grammars for one vocabulary. May be used from several threads; blocks for what a grammar takes."""

    def __init__(self, tokenizer: Tokenizer, vocabulary: int, ends: Collection[int], limits: Limits) -> None:
        """Take a model's tokenizer, and how many ids the model has: it may be more.

        `ends` are the ids that end an answer.
        """
        self._tokenizer = tokenizer
        self._vocabulary = vocabulary
        self._ends = list(ends)
        self._limits = limits
        self._lock = threading.Lock()
        self._known: llguidance.LLTokenizer | None = None
        self._made: OrderedDict[Constraint, Grammar] = OrderedDict()

    def prepare(self) -> None:
        """Do now what the first grammar would wait for: the library, and all that it wants to know of the vocabulary.

        Some tenths of a second, or a second where there are very many ids; nobody else runs Python for most of it. Who
        asks for a grammar meanwhile waits until it is done.
        """
        with self._lock:
            if self._ends and self._known is None:
                self._known = self._learn()

    def _learn(self) -> "llguidance.LLTokenizer":
        import llguidance  # noqa: PLC0415  said above

        words = _Words(self._tokenizer, self._vocabulary, self._ends, weakref.WeakMethod(self._spell))
        known = llguidance.LLTokenizer(llguidance.TokenizerWrapper(words), eos_token=self._ends)
        words.made()
        return known

    def _spell(self, text: str) -> Sequence[int]:
        """Letter for letter, in the longest tokens."""
        return () if self._known is None else self._known.greedy_tokenize(text)

    def compile(self, constraint: Constraint) -> Grammar:
        """Compile, or find again, what was asked for.

        Raises:
            CallerError: it is too much, malformed, unsatisfiable, or has a keyword that cannot be kept; says which.
        """
        check(constraint, self._limits)
        with self._lock:
            grammar = self._made.pop(constraint, None)
            if grammar is None:
                grammar = _on_deep_stack(lambda: self._compile(constraint))
            self._made[constraint] = grammar
            while len(self._made) > self._limits.grammars:
                self._made.popitem(last=False)
        return grammar

    def _compile(self, constraint: Constraint) -> Grammar:
        where = constraint.where
        if not self._ends:
            raise CallerError(
                f"{where} cannot be kept: this model has no token that ends an answer", param=where
            )
        import llguidance  # noqa: PLC0415  said above

        if self._known is None:
            self._known = self._learn()
        limits = llguidance.LLParserLimits(
            initial_lexer_fuel=500_000,  # some 10 ms
            step_lexer_fuel=100_000,  # some 10 ms
            step_max_items=20_000,  # some 1 ms
            max_lexer_states=50_000,  # some 100 MB
            max_grammar_size=100_000,
            precompute_large_lexemes=False,
            verbose_errors=False,
        )
        matcher = llguidance.LLMatcher(self._known, _written(constraint), log_level=0, limits=limits)
        # The first step shows what only steps can show: that nothing fits, or that one is too much work.
        if not matcher.is_error():
            matcher.compute_ff_tokens()
            matcher.compute_bitmask()
        if matcher.is_error():
            raise CallerError(f"{where} cannot be kept: {_said(matcher)}", param=where)
        return Grammar(matcher, self._vocabulary, self._ends, where)


def _written(constraint: Constraint) -> str:
    """A constraint in the library's own form."""
    from llguidance import LLMatcher  # noqa: PLC0415  said above

    written: str
    match constraint:
        case JsonSchema(text):
            written = LLMatcher.grammar_from_json_schema(_schema(text))
        case Rules(lark, schemas):
            parts = [f"json{place}: %json {json.dumps(_schema(text))}" for place, text in enumerate(schemas)]
            written = LLMatcher.grammar_from_lark("\n".join((lark, *parts)))
        case Regex(pattern):
            written = LLMatcher.grammar_from_regex(pattern)
        case Lark(grammar):
            written = LLMatcher.grammar_from_lark(grammar)
        case Choice(options):
            written = LLMatcher.grammar_from_regex("|".join(map(_literally, options)))
        case _:
            assert_never(constraint)
    return written


def _schema(text: str) -> dict[str, Any]:
    """A schema, narrowed, with how its JSON is to be written.

    That is as chat templates write it, which models learnt from; and free white space might never end.
    """
    schema = json.loads(text)
    narrow(schema)
    form = {
        "whitespace_flexible": False,
        "item_separator": ", ",
        "key_separator": ": ",
        "lenient": False,
        "coerce_one_of": False,
    }
    return ({} if schema is True else schema) | {"x-guidance": form}


def _literally(text: str) -> str:
    """A regular expression that matches the text alone."""
    return re.sub("[^0-9A-Za-z]", lambda match: f"\\x{{{ord(match[0]):x}}}", text)


def _said(matcher: "llguidance.LLMatcher") -> str:
    """The library's reason, in one line."""
    text = " ".join(matcher.get_error().replace("<non-verbose/>", "").split())
    if "oneOf constraints" in text:
        return 'it cannot be seen that the options of "oneOf" exclude each other; use "anyOf"'
    if "NoExtensionBias" in text:
        return "it is unsatisfiable, since nothing fits it"
    return text if len(text) <= _REASON else f"{text[:_REASON]}..."


def _on_deep_stack(work: Callable[[], _Result]) -> _Result:
    """Do it on a thread with room for deep recursion in native code; what it raises is raised here."""
    done: list[_Result] = []
    failed: list[BaseException] = []

    def run() -> None:
        try:
            done.append(work())
        except BaseException as exc:  # noqa: BLE001  raised again by who waits for it
            failed.append(exc)

    before = threading.stack_size(_STACK_BYTES)
    try:
        thread = threading.Thread(target=run, name="grammar.compile")
        thread.start()
    finally:
        threading.stack_size(before)
    thread.join()
    if failed:
        raise failed[0]
    return done[0]
