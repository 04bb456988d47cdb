"""Answers under a grammar: always valid, the same with and without jumps, ended where they are whole."""

import json
import os
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import pytest
from numpy.typing import NDArray

from models.manifest import TOKENIZER_NAME, Manifest
from runtime.engine.bank import new_slot
from runtime.engine.constraint import Constraint, Grammar
from runtime.engine.engine import OnnxEngine
from runtime.engine.request import Done, Event, Prefill, Request, Sampling, Token
from runtime.engine.session import Session
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.text.constraint import Choice, JsonSchema, Lark, Regex
from runtime.text.grammar import Compiler
from runtime.text.tokenizer import Tokenizer
from tests.support.schemas import random_schema
from tests.support.tiny import tiny_bundle

jsonschema = pytest.importorskip("jsonschema", reason="run script/check: it installs what is new")
pytest.importorskip("llguidance", reason="run script/check: it installs what is new")

SCHEMAS: Final = int(os.environ.get("INGLENOOK_SCHEMAS", "1000"))
"""How many random schemas are tried: a few seconds for a thousand."""
LIMITS = Limits(prefill_chunk=16, cache_slots=2)
PROMPT = (5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16)
LAMP = JsonSchema.of(
    {
        "type": "object",
        "properties": {
            "device": {"enum": ["lamp", "light", "fan"]},
            "level": {"type": "integer", "minimum": 0, "maximum": 100},
            "note": {"type": "string", "maxLength": 4},
        },
        "required": ["device", "level", "note"],
        "additionalProperties": False,
    }
)


@dataclass(frozen=True)
class Room:
    """A tiny model with its engine, its tokenizer and its compiler."""

    path: Path
    manifest: Manifest
    engine: OnnxEngine
    tokenizer: Tokenizer
    compiler: Compiler

    async def play(self, request: Request) -> list[Event]:
        return [event async for event in self.engine.generate(request)]


@pytest.fixture(params=["llama-tied", "lfm2", "granite-4-hybrid", "falcon-h1", "gemma3"], scope="module")
def variant(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def built(variant: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    path = tmp_path_factory.mktemp(variant) / "b"
    return path, tiny_bundle(path, variant=variant)


async def enter(path: Path, manifest: Manifest) -> Room:
    tokenizer = Tokenizer.load(path / TOKENIZER_NAME)
    compiler = Compiler(tokenizer, manifest.vocabulary_size, manifest.eos_ids, LIMITS)
    return Room(
        path, manifest, OnnxEngine.load(path, manifest, limits=LIMITS, threads=1), tokenizer, compiler
    )


@pytest.fixture
async def room(built: tuple[Path, Manifest]) -> AsyncIterator[Room]:
    room = await enter(*built)
    yield room
    await room.engine.close()


@pytest.fixture
async def llama(tmp_path: Path) -> AsyncIterator[Room]:
    room = await enter(tmp_path / "b", tiny_bundle(tmp_path / "b"))
    yield room
    await room.engine.close()


def ask(room: Room, grammar: Grammar, **fields: object) -> Request:
    request = Request(PROMPT, 200, stop_ids=frozenset(room.manifest.eos_ids), grammar=grammar)
    return replace(request, **fields)  # type: ignore[arg-type]  # keywords of the test's own


def ids(events: Sequence[Event]) -> tuple[int, ...]:
    return tuple(event.id for event in events if isinstance(event, Token))


def done(events: Sequence[Event]) -> Done:
    assert isinstance(events[-1], Done)
    assert events[-1].usage.completion == len(ids(events))
    return events[-1]


class Plodding:
    """A grammar that never says what has to come, so that each token is a step of its own."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar

    def begin(self) -> Constraint:
        return _Plodding(self._grammar.begin())


class Whole:
    """A grammar that never says how few may come, so that every step computes the whole head."""

    def __init__(self, grammar: Grammar) -> None:
        self._grammar = grammar

    def begin(self) -> Constraint:
        return _Whole(self._grammar.begin())


class _Plodding:
    def __init__(self, answer: Constraint) -> None:
        self._answer = answer

    @property
    def complete(self) -> bool:
        return self._answer.complete

    def forced(self) -> Sequence[int]:
        return ()

    def restrict(self, logits: NDArray[np.float32]) -> None:
        self._answer.restrict(logits)

    def few(self, most: int) -> Sequence[int]:
        return self._answer.few(most)

    def accepts(self, draft: Sequence[int]) -> int:
        return self._answer.accepts(draft)

    def accept(self, token: int) -> None:
        self._answer.accept(token)


class _Whole(_Plodding):
    def forced(self) -> Sequence[int]:
        return self._answer.forced()

    def few(self, most: int) -> Sequence[int]:
        return () if most else self._answer.few(most)


def naive(room: Room, grammar: Grammar) -> tuple[int, ...]:
    """The likeliest allowed token, one step after the other, by the rules on a blackboard."""
    slot = new_slot(Session(room.path, room.manifest, threads=1))
    answer, said = grammar.begin(), list[int]()
    for token in PROMPT:
        row = slot.step(token).copy()
    while not answer.complete and len(said) < 200:
        answer.restrict(row)
        token = int(row.argmax())
        if token in room.manifest.eos_ids:
            break
        said.append(token)
        answer.accept(token)
        row = slot.step(token).copy()
    return tuple(said)


GRAMMARS = (
    LAMP,
    Choice(("turn the light on", "turn the light off", "nothing")),
    Regex(r"[a-c]{2}-[0-9]{3}( and so on){2}"),
    Lark('start: "set " NAME " to " /[0-9]{1,2}/\nNAME: "lamp" | "lamplight"'),
    JsonSchema.of({"const": {"a": ["all of this", "has to come", 17]}}),
)


@pytest.mark.parametrize("constraint", GRAMMARS, ids=lambda each: type(each).__name__)
async def test_jumps_change_nothing_but_the_steps(room: Room, constraint: JsonSchema) -> None:
    grammar = room.compiler.compile(constraint)
    events = await room.play(ask(room, grammar))
    assert done(events).reason == "stop"
    assert ids(events) == naive(room, grammar)
    assert ids(await room.play(ask(room, Plodding(grammar)))) == ids(events)


@pytest.mark.parametrize("recipe", ["int8", "int4-affine"])
@pytest.mark.parametrize("variant", ["llama-tied", "gemma3", "llama-untied"])
async def test_few_logits_change_nothing_but_the_time(variant: str, recipe: str, tmp_path: Path) -> None:
    room = await enter(tmp_path / "b", tiny_bundle(tmp_path / "b", variant=variant, recipe=recipe))
    for constraint in GRAMMARS:
        grammar = room.compiler.compile(constraint)
        for sampling in (Sampling(), Sampling(temperature=1.0, seed=3, top_k=20, repetition_penalty=1.3)):
            events = await room.play(ask(room, grammar, sampling=sampling))
            assert ids(await room.play(ask(room, Whole(grammar), sampling=sampling))) == ids(events)
    await room.engine.close()


async def test_what_follows_a_jump_is_computed_on_the_right_cache(room: Room) -> None:
    """The next turn goes on from what was jumped over, and answers as an engine that was never there."""
    grammar = room.compiler.compile(LAMP)
    first = ids(await room.play(ask(room, grammar)))
    later = Request((*PROMPT, *first, 20, 21, 22), 12)
    events = await room.play(later)
    fresh = OnnxEngine(room.engine._session, LIMITS)
    assert ids([event async for event in fresh.generate(later)]) == ids(events)
    await fresh.close()
    # what was told last was not run, and it may have been a run of several tokens
    assert len(PROMPT) < done(events).usage.cached < len(PROMPT) + len(first)


async def test_every_schema_is_kept_and_ended(llama: Room) -> None:
    reasons: Counter[str] = Counter()
    for seed in range(SCHEMAS):
        schema = random_schema(seed)
        try:
            grammar = llama.compiler.compile(JsonSchema.of(schema))
        except CallerError as exc:
            reasons[f"refused: {exc}"] += 1
            continue
        sampling = Sampling(temperature=1.0, seed=seed)
        events = await llama.play(ask(llama, grammar, max_tokens=240, sampling=sampling))
        text = llama.tokenizer.decode(ids(events))
        assert done(events).reason == "stop", f"seed {seed}: {schema} gave {text}"
        jsonschema.Draft202012Validator(schema).validate(json.loads(text))
        reasons["kept"] += 1
    print(reasons)
    assert reasons["kept"] >= 0.9 * SCHEMAS


async def test_room_for_less_than_the_whole_says_so(llama: Room) -> None:
    grammar = llama.compiler.compile(LAMP)
    whole = ids(await llama.play(ask(llama, grammar)))
    for room in (1, 2, 3, 7, len(whole) - 1):
        events = await llama.play(ask(llama, grammar, max_tokens=room))
        assert ids(events) == whole[:room]
        assert done(events).reason == "length"
    events = await llama.play(ask(llama, grammar, max_tokens=len(whole)))
    assert done(events).reason == "stop", "it is whole, and not one token too long"


async def test_an_answer_without_a_choice_costs_no_step(llama: Room) -> None:
    grammar = llama.compiler.compile(JsonSchema.of({"const": "there is only one way to say this"}))
    events = await llama.play(ask(llama, grammar))
    assert llama.tokenizer.decode(ids(events)) == '"there is only one way to say this"'
    progress = [event for event in events if isinstance(event, Prefill)]
    assert progress[-1] == Prefill(len(PROMPT), len(PROMPT), 0)
    assert done(events).reason == "stop"


async def test_a_long_run_lets_others_in_between(llama: Room) -> None:
    """A run of more tokens than a chunk is told and computed a chunk at a time."""
    text = "abcdefgh" * 12
    grammar = llama.compiler.compile(Regex(f"[xy]{text}[xy]"))
    events = await llama.play(ask(llama, grammar))
    assert text in llama.tokenizer.decode(ids(events))
    assert ids(events) == naive(llama, grammar)


@pytest.mark.parametrize(
    "sampling",
    [
        Sampling(temperature=1.0, top_k=3, seed=1),
        Sampling(temperature=1.5, top_p=0.5, min_p=0.05, seed=2),
        Sampling(repetition_penalty=5.0, presence_penalty=2.0),
        Sampling(logit_bias=dict.fromkeys(range(0, 288, 2), 100.0)),
        Sampling(logit_bias=dict.fromkeys(range(288), -100.0), temperature=0.7, seed=3),
    ],
)
async def test_no_sampling_leads_out_of_the_grammar(llama: Room, sampling: Sampling) -> None:
    schema = json.loads(LAMP.text)
    for seed in range(4):
        asked = ask(llama, llama.compiler.compile(LAMP), sampling=replace(sampling, seed=seed))
        events = await llama.play(asked)
        jsonschema.validate(json.loads(llama.tokenizer.decode(ids(events))), schema)


async def test_it_may_end_only_where_it_is_whole(llama: Room) -> None:
    ends = llama.manifest.eos_ids
    wants_to_end = Sampling(logit_bias=dict.fromkeys(ends, 100.0))
    grammar = llama.compiler.compile(Regex("(ab){3,9}"))
    events = await llama.play(ask(llama, grammar, sampling=wants_to_end))
    assert llama.tokenizer.decode(ids(events)) == "ababab"
    assert done(events).reason == "stop"
    wants_to_go_on = Sampling(logit_bias=dict.fromkeys(ends, -100.0))
    events = await llama.play(ask(llama, grammar, sampling=wants_to_go_on))
    assert llama.tokenizer.decode(ids(events)) == "ab" * 9


async def test_a_grammar_that_takes_too_much_on_the_way_is_the_callers(llama: Room) -> None:
    grammar = llama.compiler.compile(Lark('start: "x" ("a" start | "b" deep)\ndeep: "c" deep'))
    with pytest.raises(CallerError, match="too much work"):
        await llama.play(ask(llama, grammar, sampling=Sampling(logit_bias={_id(llama, "b"): 100.0})))
    assert done(await llama.play(Request(PROMPT, 3))).reason == "length", "the engine goes on"


def _id(room: Room, letters: str) -> int:
    (token,) = room.tokenizer.encode(letters, special=False)
    return token
