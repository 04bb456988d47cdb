"""Records what a model really answers, for the tests of drafting: `python -m tests.support.streams BUNDLE FILE`."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from models.bundle import Bundle
from runtime.engine.engine import OnnxEngine
from runtime.engine.request import Request, Token
from runtime.limits import Limits
from tests.support.questions import KINDS, in_tokens, questions

_EACH: Final = 10
"""Answers of each kind; half the commands are answered in a form, and are a kind of their own here."""
_TOKENS: Final = 96

Stream = dict[str, list[int]]
"""A prompt, an answer (with the token that ended it), and the places in it where a form left no choice."""


async def record(bundle: Bundle) -> dict[str, list[Stream]]:
    """What a model answers greedily, by kind of question."""
    asked = questions(_EACH * len(KINDS), tokens=_TOKENS)
    engine = OnnxEngine.load(bundle.path, bundle.manifest, limits=Limits())
    found: dict[str, list[Stream]] = {}
    for question, request in zip(asked, await in_tokens(bundle, asked), strict=True):
        answer = [event.id async for event in engine.generate(request) if isinstance(event, Token)]
        if len(answer) < request.max_tokens and request.grammar is None:
            answer.append(min(request.stop_ids))
        kind = "form" if request.grammar else question.kind
        stream = {"prompt": list(request.prompt_ids), "answer": answer, "forced": _forced(request, answer)}
        found.setdefault(kind, []).append(stream)
    await engine.close()
    return found


def _forced(request: Request, answer: Sequence[int]) -> list[int]:
    if request.grammar is None:
        return []
    constraint, places = request.grammar.begin(), list[int]()
    for place, token in enumerate(answer):
        if constraint.forced():
            places.append(place)
        constraint.accept(token)
    return places


def main(path: Path, into: Path) -> None:
    """Record with the bundle of a directory into a file."""
    streams = asyncio.run(record(Bundle.open(path)))
    into.write_text(json.dumps(streams, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
