"""Calls amid free text, by a real engine: sound whenever one is opened, the same with and without jumps and drafts."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from models.manifest import TOKENIZER_NAME, Manifest
from runtime.engine.engine import OnnxEngine
from runtime.engine.request import Request, Sampling, Token
from runtime.limits import Limits
from runtime.text.constraint import Rules
from runtime.text.grammar import Compiler
from runtime.text.opened import Opened
from runtime.text.tokenizer import Tokenizer
from tests.support.tiny import tiny_bundle

pytest.importorskip("llguidance", reason="run script/check: it installs what is new")

PROMPT = tuple(range(20, 41))
SCHEMA = {
    "type": "object",
    "properties": {
        "room": {"enum": ["kitchen", "hall"]},
        "level": {"type": "integer", "minimum": 0, "maximum": 9},
    },
    "required": ["room", "level"],
    "additionalProperties": False,
}


@pytest.fixture(params=["llama-tied", "lfm2", "gemma3"], scope="module")
def built(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Manifest]:
    path = tmp_path_factory.mktemp(str(request.param)) / "b"
    return path, tiny_bundle(path, variant=str(request.param))


async def said(built: tuple[Path, Manifest], limits: Limits, request: Request) -> list[int]:
    engine = OnnxEngine.load(*built, limits=limits, threads=1)
    try:
        return [event.id async for event in engine.generate(request) if isinstance(event, Token)]
    finally:
        await engine.close()


def calls(ids: Sequence[int], opens: int, tokenizer: Tokenizer) -> list[str]:
    """What stands behind each opening token."""
    places = [place for place, token in enumerate(ids) if token == opens]
    return [tokenizer.decode(ids[start + 1 : end]) for start, end in pairwise([*places, len(ids)])]


@pytest.mark.parametrize("last", [True, False])
async def test_what_is_opened_is_sound_and_no_jump_or_draft_changes_it(
    built: tuple[Path, Manifest], *, last: bool
) -> None:
    path, manifest = built
    limits = Limits(prefill_chunk=8, cache_slots=2)
    tokenizer = Tokenizer.load(path / TOKENIZER_NAME)
    opens = min(tokenizer.control_ids - set(manifest.eos_ids))
    compiler = Compiler(tokenizer, manifest.vocabulary_size, manifest.eos_ids, limits)
    rules = Rules(f'start: <[{opens}]> "lamp " json0 ";"', (json.dumps(SCHEMA),))
    grammar = Opened(compiler.compile(rules), opens, last, manifest.eos_ids)
    for seed in range(3):
        asked = Request(
            PROMPT,
            90,
            Sampling(0.8, logit_bias={opens: 8.0}, seed=seed),
            stop_ids=frozenset(manifest.eos_ids),
            grammar=grammar,
        )
        ids = await said(built, limits, asked)
        made = calls(ids, opens, tokenizer)
        assert made
        for place, text in enumerate(made):
            head, sound, _ = text.partition(";")
            if sound:
                value = json.loads(head.removeprefix("lamp "))
                assert value["room"] in {"kitchen", "hall"}
                assert 0 <= value["level"] <= 9
            else:
                assert place == len(made) - 1, "only a length cuts a call"
        if last:
            assert len(made) == 1
            assert made[0].endswith(";") or len(ids) == 90
        assert ids == await said(built, replace(limits, draft_tokens=0), asked)
        assert ids == await said(built, limits, replace(asked, logprobs=0))
