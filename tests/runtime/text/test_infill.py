"""Prompts for the middle of a text, for each way that vocabularies write them."""

import json

import pytest

from runtime.completion import Completer, CompletionRequest, Wording
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.text.chat import ChatTemplate
from runtime.text.infill import Infill
from runtime.text.tokenizer import Tokenizer
from tests.support.engine import EngineSimulator
from tests.support.text import byte_level

FAMILIES = [
    ("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    ("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    ("<|fim_pre|>", "<|fim_suf|>", "<|fim_mid|>"),
    ("<\uff5cfim\u2581begin\uff5c>", "<\uff5cfim\u2581hole\uff5c>", "<\uff5cfim\u2581end\uff5c>"),
]


def with_tokens(*contents: str) -> Tokenizer:
    raw = json.loads(byte_level())
    first = 1 + max(*raw["model"]["vocab"].values(), *(token["id"] for token in raw["added_tokens"]))
    form = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    raw["added_tokens"] += [
        {"id": first + place, "content": content, **form} for place, content in enumerate(contents)
    ]
    return Tokenizer(json.dumps(raw))


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family[0])
def test_the_prefix_comes_first_then_the_suffix(family: tuple[str, str, str]) -> None:
    tokenizer = with_tokens(*family)
    infill = Infill.of(tokenizer)
    assert infill is not None
    before, after = "def f():\n    ", "\n\nprint(f())"
    prefix, suffix, middle = (tokenizer.added(name) for name in family)
    assert infill.ids(tokenizer, before, after) == (
        prefix,
        *tokenizer.encode(before, special=False),
        suffix,
        *tokenizer.encode(after, special=False),
        middle,
    )
    assert {prefix, suffix, middle, tokenizer.added("<|endoftext|>")} <= infill.ends


def test_letters_of_the_tokens_are_letters_in_a_file() -> None:
    tokenizer = with_tokens(*FAMILIES[0])
    infill = Infill.of(tokenizer)
    assert infill is not None
    ids = infill.ids(tokenizer, FAMILIES[0][1], FAMILIES[0][2])
    assert [token for token in ids if token in infill.ends] == [infill.prefix, infill.suffix, infill.middle]


def test_a_vocabulary_without_the_tokens_cannot() -> None:
    assert Infill.of(Tokenizer(byte_level())) is None


async def test_a_request_with_a_suffix_ends_where_the_middle_does() -> None:
    tokenizer = with_tokens(*FAMILIES[0])
    engine = EngineSimulator()
    wording = Wording.of(tokenizer, ChatTemplate(""), engine.manifest, Limits())
    completer = Completer(engine, wording, Limits())
    asked = CompletionRequest(prompt="a = ", suffix="\nb = 2")
    assert [event async for event in completer.complete(asked)]
    (request,) = engine.requests
    infill = Infill.of(tokenizer)
    assert infill is not None
    assert request.prompt_ids[0] == infill.prefix
    assert request.prompt_ids[-1] == infill.middle
    assert infill.ends | set(engine.manifest.eos_ids) == request.stop_ids
    await anext(completer.complete(CompletionRequest(prompt="a = ", suffix="")))
    assert engine.requests[-1].prompt_ids == tokenizer.encode("a = ", special=True)


async def test_a_model_that_cannot_says_so() -> None:
    engine = EngineSimulator()
    wording = Wording.of(Tokenizer(byte_level()), ChatTemplate(""), engine.manifest, Limits())
    with pytest.raises(CallerError, match="no tokens for them") as caught:
        await anext(Completer(engine, wording, Limits()).complete(CompletionRequest(prompt="a", suffix="b")))
    assert caught.value.param == "suffix"
