"""Grammars compiled for real tokenizers: what is kept, what is refused and why, and that nothing sent does harm."""

import gc
import json
import re
import weakref
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.engine.constraint import Constraint as Answer
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.text.constraint import Choice, Constraint, JsonSchema, Lark, Regex
from runtime.text.grammar import Compiler, Grammar, Progress
from runtime.text.later import Later
from runtime.text.tokenizer import Tokenizer
from runtime.text.unrolled import regex_run
from tests.support.text import byte_level, sentencepiece

pytest.importorskip("llguidance", reason="run script/check: it installs what is new")

LIMITS = Limits(grammars=4)
PADDED: Final = 9
"""Ids that a model has beyond its tokenizer's."""


def compiler_of(tokenizer: Tokenizer, limits: Limits = LIMITS) -> Compiler:
    return Compiler(tokenizer, tokenizer.vocabulary_size + PADDED, [end_of(tokenizer)], limits)


def end_of(tokenizer: Tokenizer) -> int:
    end = tokenizer.added("<|im_end|>")
    assert end is not None
    return end


TOKENIZER = Tokenizer(byte_level())
COMPILER = compiler_of(TOKENIZER)
BOTH = [(each, compiler_of(each)) for each in (TOKENIZER, Tokenizer(sentencepiece()))]


def schema(**keywords: Any) -> JsonSchema:
    return JsonSchema.of(keywords)


def wander(answer: Answer, tokenizer: Tokenizer, seed: int, *, steps: int = 80) -> list[int]:
    """What a model says that has no opinion; what is forced, too, is taken from what is allowed."""
    random = np.random.default_rng(seed)
    said: list[int] = []
    while not answer.complete and len(said) < steps:
        forced = list(answer.forced())
        logits = random.random(tokenizer.vocabulary_size + PADDED, dtype=np.float32)
        answer.restrict(logits)
        allowed = np.flatnonzero(np.isfinite(logits)).tolist()
        assert allowed, "something may always come, if only the end"
        assert max(allowed) < tokenizer.vocabulary_size, "no id that only the model has"
        if forced:
            assert allowed == forced[:1]
        token = int(logits.argmax())
        if token == end_of(tokenizer):
            break
        said.append(token)
        answer.accept(token)
    return said


@pytest.mark.parametrize(("tokenizer", "compiler"), BOTH, ids=["byte-level", "sentencepiece"])
@settings(max_examples=40)
@given(
    options=st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9), min_size=1, max_size=6
    ),
    seed=st.integers(0, 99),
)
def test_a_choice_is_one_of_the_texts(
    tokenizer: Tokenizer, compiler: Compiler, options: list[str], seed: int
) -> None:
    said = wander(compiler.compile(Choice(tuple(options))).begin(), tokenizer, seed)
    assert b"".join(map(tokenizer._bytes_of, said)).decode() in options


def prefixing() -> str:
    """A byte-level vocabulary whose texts begin with a space."""
    raw = json.loads(byte_level())
    raw["pre_tokenizer"]["add_prefix_space"] = True
    return json.dumps(raw)


def composing() -> str:
    """One that makes an e and its accent one letter."""
    raw = json.loads(byte_level())
    raw["normalizer"] = {"type": "NFC"}
    return json.dumps(raw)


@pytest.mark.parametrize("source", [byte_level(), sentencepiece(), prefixing(), composing()])
@pytest.mark.parametrize(
    "text", ["<|im_end|> or <tool_call>", "the end", " the end", "cafe\u0301", "狗 🧿\n\n"]
)
def test_text_is_said_to_the_letter(source: str, text: str) -> None:
    tokenizer = Tokenizer(source, ["<tool_call>"])
    compiler = compiler_of(tokenizer)
    for form in (Choice((text,)), Choice((f"{text}0", f"{text}1"))):
        said = wander(compiler.compile(form).begin(), tokenizer, 1)
        assert b"".join(map(tokenizer._bytes_of, said)).decode().rstrip("01") == text
        assert not tokenizer.control_ids.intersection(said)


def test_what_has_to_come_comes_at_once_though_texts_begin_with_a_space() -> None:
    for source in (sentencepiece(), prefixing()):
        tokenizer = Tokenizer(source)
        forced = compiler_of(tokenizer).compile(Choice(("lazy dog",))).begin().forced()
        assert b"".join(map(tokenizer._bytes_of, forced)) == b"lazy dog"


def test_it_can_be_prepared() -> None:
    compiler = compiler_of(TOKENIZER)
    with ThreadPoolExecutor(3) as pool:
        asked = pool.submit(compiler.compile, Choice(("a", "b")))
        for _ in range(2):
            pool.submit(compiler.prepare)
        assert asked.result().begin().allowed().sum() == 2
    Compiler(TOKENIZER, 700, [], LIMITS).prepare()


def test_what_is_asked_for_again_is_found_again() -> None:
    compiler = compiler_of(TOKENIZER)
    first = compiler.compile(Regex("a+"))
    assert compiler.compile(Regex("a+", "another name")) is first
    for letter in "bcde":
        compiler.compile(Regex(letter))
    assert compiler.compile(Regex("a+")) is not first, "only so many are kept"


def test_properties_that_nobody_spoke_of_are_not_invented() -> None:
    lamp = {"type": "object", "properties": {"on": {"const": True}}, "required": ["on"]}
    for spoken, forced in (
        (lamp, '{"on": true}'),
        ({"type": "array", "items": lamp, "minItems": 1, "maxItems": 1}, '[{"on": true}]'),
        (lamp | {"additionalProperties": True}, '{"on": true'),
        (lamp | {"patternProperties": {"^x": {}}}, '{"on": true'),
        (lamp | {"required": ["on", "off"]}, '{"on": true, "off":'),
        ({"allOf": [lamp, {"properties": {"off": {}}}]}, '{"on": true'),
    ):
        answer = COMPILER.compile(JsonSchema.of(spoken)).begin()
        assert TOKENIZER.decode(answer.forced()) == forced


@pytest.mark.parametrize(
    "spoken",
    [
        {"type": "number"},
        {"type": "integer"},
        {"type": ["number", "null"], "minimum": 0.5},
        {"type": "number", "exclusiveMaximum": -3},
        {"type": "integer", "maximum": 7, "multipleOf": 7},
    ],
)
def test_numbers_end_and_are_what_any_reader_can_hold(spoken: dict[str, Any]) -> None:
    grammar = COMPILER.compile(JsonSchema.of(spoken))
    for seed in range(30):
        text = TOKENIZER.decode(wander(grammar.begin(), TOKENIZER, seed))
        assert re.fullmatch(r"null|-?\d{1,16}(\.\d{1,6})?", text), text


@pytest.mark.parametrize(
    "spoken",
    [
        {"type": "number", "minimum": 1e-9, "maximum": 2e-9},
        {"type": "number", "minimum": 0.1234567, "maximum": 0.12345671},
        {"type": "integer", "minimum": 2**60, "maximum": 2**60 + 3},
        {"type": "number", "const": 0.123456789},
        {"type": "number", "enum": [1e-8]},
        {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.000001},
    ],
)
def test_what_is_narrowed_stays_satisfiable(spoken: dict[str, Any]) -> None:
    assert wander(COMPILER.compile(JsonSchema.of(spoken)).begin(), TOKENIZER, 1, steps=9)


def test_answers_do_not_meet() -> None:
    grammar = COMPILER.compile(Regex("[ab]{2}"))
    one, other = grammar.begin(), grammar.begin()
    (token,) = TOKENIZER.encode("a", special=False)
    one.accept(token)
    one.accept(token)
    assert one.complete
    assert not other.complete


FORMS: Final = (
    Choice(("yes", "yes, please", "no")),
    Regex("(ab|ba|[0-9]{2}){2,9}"),
    schema(type="object", properties={"on": {"type": "boolean"}, "why": {"type": "string"}}, required=["on"]),
    Lark('start: "set " NAME " to " /[0-9]{1,2}/\nNAME: "lamp" | "lamplight"'),
)


def behind(grammar: Grammar, said: Sequence[int]) -> Progress:
    answer = grammar.begin()
    for token in said:
        answer.accept(token)
    return answer


@pytest.mark.parametrize(("tokenizer", "compiler"), BOTH, ids=["byte-level", "sentencepiece"])
@settings(max_examples=60)
@given(data=st.data(), form=st.sampled_from(FORMS), seed=st.integers(0, 99))
def test_a_draft_counts_as_far_as_it_fits(
    tokenizer: Tokenizer, compiler: Compiler, data: st.DataObject, form: Constraint, seed: int
) -> None:
    grammar = compiler.compile(form)
    said = wander(grammar.begin(), tokenizer, seed)
    begun = data.draw(st.integers(0, len(said)))
    length = data.draw(st.integers(0, len(said) - begun))
    stray = data.draw(st.integers(0, tokenizer.vocabulary_size - 1))
    answer, draft = behind(grammar, said[:begun]), said[begun : begun + length]
    there = behind(grammar, said[: begun + length])
    counted = answer.accepts((*draft, stray, *draft))
    if there.complete or stray == end_of(tokenizer):
        assert counted == length
    elif there.allowed()[stray]:
        assert counted > length
    elif not there.forced():
        assert counted == length
    assert answer.accepts(said[begun:]) == len(said) - begun
    untouched = behind(grammar, said[:begun])
    assert answer.complete == untouched.complete
    if not answer.complete:
        assert answer.forced() == untouched.forced()
        assert np.array_equal(answer.allowed(), untouched.allowed())


@pytest.mark.parametrize(
    ("constraint", "reason"),
    [
        (schema(type="array", uniqueItems=True), "uniqueItems"),
        (schema(**{"not": {"type": "string"}}), "not"),
        (schema(**{"if": {"type": "string"}}), "if"),
        (schema(type="string", format="colour"), "colour"),
        (schema(type="fruit"), "fruit"),
        (schema(oneOf=[{"type": "integer"}, {"type": "number"}]), "anyOf"),
        (schema(type="integer", minimum=5, maximum=4), "Unsatisfiable.*minimum"),
        (schema(enum=[]), "unsatisfiable"),
        (JsonSchema("false"), "[Uu]nsatisfiable"),
        (schema(type="object", required=["a"], additionalProperties=False), "required property 'a'"),
        (schema(allOf=[{"type": "string"}, {"type": "integer"}]), "Unsatisfiable"),
        (schema(**{"$ref": "#"}), "no JSON that fits it ever ends"),
        (schema(type="array", minItems=1, items={"$ref": "#"}), "no JSON that fits it ever ends"),
        (schema(**{"$ref": "#/nowhere"}), "/nowhere"),
        (schema(**{"$ref": "https://example.org/schema"}), "example.org"),
        (schema(type="string", pattern="(?=a)b"), "look-around"),
        (schema(type="string", pattern="("), "regex"),
        (JsonSchema('{"type": "string", "type": "null"}'), "given twice"),
        (JsonSchema("[" * 99), "nests deeper"),
        (JsonSchema("{"), "not JSON"),
        (schema(**{"x-guidance": {"lenient": True}}), "x-guidance"),
        (schema(type="integer", multipleOf=99_999_989), "multiples"),
        (schema(type="number", allOf=[{"multipleOf": 0.0997}, {"multipleOf": 991}]), "multiples"),
        (schema(type="string", allOf=[{"pattern": "^(.{97})*$"}, {"pattern": "^(.{89})*$"}]), "one pattern"),
        (schema(type="object", patternProperties={"^(.{97})*$": {}, "^(.{89})*x$": {}}), "one pattern"),
        (schema(type="string", minLength=10**6), "repeat less"),
        (schema(type="array", minItems=10**6, items={"const": "a"}), "repeat less"),
        (schema(const="x" * 5000), "repeat less"),
        (schema(enum=["x" * 70_000]), "bytes"),
        (Regex("(a{1000}){1000}"), "repeat less"),
        (Regex("(x|ya{99999999999999999999})"), "repeat less"),
        (Regex("\ud800"), "surrogate"),
        (Regex("(" * 2000), "regex"),
        (Lark("start: start"), "unsatisfiable"),
        (Lark("start: /(a{1000}){1000}/"), "repeat less"),
        (Lark("start: T\n" + "\n".join(f"T{'I' * i}: T{'I' * (i + 1)} T{'I' * (i + 1)}" for i in range(1, 30))), "."),
        (Lark('start: T\nT: U{99}\nU: V{99}\nV: "abc"'), "repeat less"),
        (Lark('start: %json {"type": "object"}'), "%json"),
        (Lark("start: <|im_end|>"), "angle bracket"),
        (Lark("start: A\nA: /a/ & /b/"), "&"),
        (Lark("".join(f"r{i}: r{i + 1}\n" for i in range(3000))), "definitions"),
        (Lark("begin: /a/"), "start"),
        (Choice(()), "options"),
        (Choice(("a", "")), "empty"),
        (Choice(tuple(map(str, range(1001)))), "1001 options"),
    ],
    ids=lambda value: ascii(value)[:60],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused_with_the_reason(constraint: Constraint, reason: str) -> None:
    with pytest.raises(CallerError, match=reason) as caught:
        COMPILER.compile(constraint)
    assert caught.value.param == constraint.where
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("pattern", "letters"),
    [
        ("abc", 3),
        ("a{9}", 9),
        ("(ab){2,5}c*", 5),
        ("(a{10}){10}", 100),
        ("x|y{50}|z", 50),
        (r"[a-z{}]{3}\{4\p{L}\u{1F600}", 7),
        ("(?:a{0}b?)+", 2),
        ("((a{1000}){1000}){1000}", 1e9),
    ],
)
def test_how_long_a_run_a_pattern_leaves_no_choice_in(pattern: str, letters: float) -> None:
    assert regex_run(pattern) == letters


WORDS = st.sampled_from(
    [
        *(
            "a",
            "b",
            "ab",
            ".",
            "[a-f]",
            "[^x]",
            r"\d",
            r"\p{L}",
            "(",
            ")",
            "(?:",
            "|",
            "*",
            "+",
            "?",
            "{3}",
            "{2,9}",
        ),
        *(
            "{0,40}",
            "{60}",
            "^",
            "$",
            r"\b",
            "ü",
            "\\",
            "[",
            "]",
            "&",
            "~",
            "(?i)",
            '"',
            "/",
            "{",
            "}",
            ",",
            "-",
        ),
    ]
)
RULES = st.sampled_from(
    [
        *(
            "start",
            "a",
            "b",
            "A",
            "B",
            ":",
            ": ",
            "\n",
            "|",
            '"x"',
            '"yy"',
            "/[a-c]+/",
            "/(ab)*c/",
            "(",
            ")",
            "[",
            "]",
        ),
        *(
            "*",
            "+",
            "?",
            "{3}",
            "{2,4}",
            "~2..3",
            " ",
            "%ignore",
            "%import common.INT",
            "//",
            "&",
            "start: ",
            "<x>",
        ),
    ]
)
KEYS = (
    *(
        "type",
        "enum",
        "const",
        "properties",
        "required",
        "additionalProperties",
        "items",
        "prefixItems",
        "anyOf",
    ),
    *(
        "allOf",
        "oneOf",
        "$ref",
        "$defs",
        "pattern",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minimum",
    ),
    *("maximum", "multipleOf", "format", "patternProperties", "not", "minProperties", "x-guidance"),
)
VALUES = st.sampled_from(
    [
        *(
            "object",
            "array",
            "string",
            "integer",
            "number",
            "null",
            "#",
            "#/$defs/a",
            "#/properties/a",
            "date",
            "^a+$",
        ),
        *("a", 0, 1, 3, -2, 0.5, 1e9, 40, True, False, None, "(a|b)*", "\ud800"),
    ]
)
SCHEMAS = st.recursive(
    VALUES,
    lambda inner: (
        st.dictionaries(st.sampled_from((*KEYS, "a", "b")), inner, max_size=4) | st.lists(inner, max_size=3)
    ),
    max_leaves=14,
)


@settings(max_examples=300)
@given(
    st.lists(WORDS, max_size=12).map(lambda parts: Regex("".join(parts)))
    | st.lists(RULES, max_size=16).map(lambda parts: Lark("start: " + "".join(parts)))
    | SCHEMAS.map(JsonSchema.of)
)
def test_whatever_is_sent_is_kept_or_refused(constraint: Constraint) -> None:
    """Bounded work each way: that the process lives on, and raises nothing else, is the test."""
    with suppress(CallerError):
        wander(COMPILER.compile(constraint).begin(), TOKENIZER, 0, steps=24)


@pytest.mark.parametrize("levels", [200, 900])
def test_rules_that_name_each_other_deeply_do_no_harm(levels: int) -> None:
    """On a thread's usual stack, native code that follows them overflows and takes the process with it."""
    rules = "\n".join(f"r{level}: r{level + 1}" for level in range(levels))
    grammar = COMPILER.compile(Lark(f'start: r0\n{rules}\nr{levels}: "the end"'))
    assert TOKENIZER.decode(wander(grammar.begin(), TOKENIZER, 0)) == "the end"
    inner = {
        f"d{level}": {"type": "array", "items": {"$ref": f"#/$defs/d{level + 1}"}} for level in range(levels)
    }
    deep = {"$defs": {**inner, f"d{levels}": {"type": "null"}}, "$ref": "#/$defs/d0"}
    wander(COMPILER.compile(JsonSchema.of(deep)).begin(), TOKENIZER, 0)


class TestLater:
    """Thoughts first."""

    OPENS, CLOSES = TOKENIZER.encode("(", special=False)[0], TOKENIZER.encode(")", special=False)[0]
    GRAMMAR = COMPILER.compile(Choice(("yes", "no")))

    def say(self, text: str, *, begun: bool) -> Answer:
        opens = None if begun else self.OPENS
        answer = Later(self.GRAMMAR, opens=opens, closes=self.CLOSES, ends=[end_of(TOKENIZER)]).begin()
        for token in TOKENIZER.encode(text, special=False):
            answer.accept(token)
        return answer

    def may(self, answer: Answer) -> Sequence[int]:
        logits = np.zeros(TOKENIZER.vocabulary_size + PADDED, dtype=np.float32)
        answer.restrict(logits)
        found: list[int] = np.flatnonzero(np.isfinite(logits)).tolist()
        return found

    def test_it_may_think_or_answer(self) -> None:
        allowed = self.may(self.say("", begun=False))
        assert self.OPENS in allowed
        assert len(allowed) < 10
        assert not self.say("", begun=False).forced()

    @pytest.mark.parametrize(
        ("text", "begun"), [("(", False), ("(no way! yes", False), ("", True), ("hm", True)]
    )
    def test_a_thought_is_free_but_does_not_end_the_answer(self, text: str, begun: bool) -> None:  # noqa: FBT001  a row
        answer = self.say(text, begun=begun)
        allowed = self.may(answer)
        assert end_of(TOKENIZER) not in allowed
        assert len(allowed) == TOKENIZER.vocabulary_size + PADDED - 1
        assert not answer.complete
        assert not answer.forced()

    @pytest.mark.parametrize(
        ("said", "begun", "draft", "fits"),
        [
            ("", False, "yes", "yes"),
            ("", False, "(hm)yes", "(hm)yes"),
            ("", False, "(hm)so", "(hm)"),
            ("", False, "hm)yes", ""),
            ("(", False, "anything (at) all", "anything (at)"),
            ("", True, "hm", "hm"),
            ("", True, "hm)no)", "hm)no"),
            ("(hm)", False, "no", "no"),
            ("(hm)", False, "(hm)no", ""),
            ("ye", False, "s", "s"),
            ("", True, "so<|im_end|>)no", "so"),
            ("", False, "yes<|im_end|>", "yes"),
        ],
    )
    def test_a_draft_counts_as_far_as_it_fits(self, said: str, begun: bool, draft: str, fits: str) -> None:  # noqa: FBT001  a row
        answer = self.say(said, begun=begun)
        tokens = TOKENIZER.encode(draft, special=True)
        assert TOKENIZER.decode(tokens[: answer.accepts(tokens)]) == fits
        assert TOKENIZER.decode(tokens[: answer.accepts(tokens)]) == fits, "asking changes nothing"

    @pytest.mark.parametrize(("text", "begun"), [("(hm)", False), ("hm)", True), ("", False)])
    def test_what_follows_is_held_to_the_grammar(self, text: str, begun: bool) -> None:  # noqa: FBT001  a row
        answer = self.say(text + "yes", begun=begun)
        assert answer.complete


def test_a_model_that_never_ends_an_answer_is_held_to_nothing() -> None:
    compiler = Compiler(TOKENIZER, 700, [], LIMITS)
    with pytest.raises(CallerError, match="no token that ends"):
        compiler.compile(Regex("a"))


def test_tokens_that_mean_something_to_the_template_are_no_text() -> None:
    reserved = Tokenizer(byte_level(), ["<tool_call>"])
    grammar: Grammar = compiler_of(reserved).compile(Regex("(?s:.*)"))
    allowed = grammar.begin().allowed()
    for mark in reserved.control_tokens - {"<|im_end|>"}:
        token = reserved.added(mark)
        assert token is not None
        assert not allowed[token]
    assert allowed.sum() > 300


def test_a_tokenizer_is_freed_with_what_was_compiled_for_it() -> None:
    tokenizer = Tokenizer(byte_level())
    compiler = compiler_of(tokenizer)
    compiler.compile(Regex("[ab]+")).begin().forced()
    there = weakref.ref(tokenizer)
    del tokenizer, compiler
    gc.collect()
    assert there() is None
