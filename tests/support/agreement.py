"""Holds the answers of an engine with everything that makes it fast against those of one that has nothing of it.

`python -m tests.support.agreement BUNDLE...` prints the report. Where two answers part, the plain logits say by how
much one token led the other: the noise of running tokens at once is what nobody can promise; more is a bug.
"""

import argparse
import asyncio
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from models.bundle import Bundle
from models.cpu import cpu_class
from runtime.engine.engine import OnnxEngine
from runtime.engine.interface import EngineStats
from runtime.engine.prefix import common_prefix
from runtime.engine.request import Done, Request, Token
from runtime.engine.session import Session
from runtime.limits import Limits
from tests.support.plainly import END, Noise, greedy, lead, noise
from tests.support.questions import KINDS, Kind, in_tokens, questions

AT_ONCE: Final = 8
"""Streams that an engine is asked for at the same time."""
FAST: Final = Limits()
_TEXTS: Final = 20
"""Prompts whose answers the noise is measured over."""
_LONGEST: Final = 256
"""Tokens of each that count."""

Answer = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Parting:
    """Where a fast answer leaves the plain one."""

    question: int
    place: int
    lead: float
    """By how much the plain token is likelier than the fast one, in logits."""


@dataclass(frozen=True, slots=True)
class Agreement:
    """What was found for one bundle."""

    noise: Noise
    answers: int
    tokens: int
    """Of the plain answers, as far as they were compared."""
    partings: tuple[Parting, ...]
    stats: tuple[EngineStats, ...]
    """Of the fast engine, before and after its restart."""

    @property
    def beyond(self) -> tuple[Parting, ...]:
        """Partings that noise does not explain."""
        return tuple(parting for parting in self.partings if parting.lead > self.noise.largest)


async def fast_answers(
    session: Session, requests: Sequence[Request], limits: Limits, prefixes: Path
) -> tuple[list[tuple[int, Answer]], tuple[EngineStats, ...]]:
    """All is asked, eight at once; the engine is started again; all is asked one by one, which is when it guesses."""
    found: list[tuple[int, Answer]] = []
    stats = []
    for streams in (AT_ONCE, 1):
        engine = OnnxEngine(session, limits, prefixes=prefixes)
        found += await _ask(engine, requests, streams)
        stats.append(engine.stats)
        await engine.close()
    return found, tuple(stats)


async def _ask(engine: OnnxEngine, requests: Sequence[Request], at_once: int) -> list[tuple[int, Answer]]:
    waiting = iter(range(len(requests)))
    found: list[tuple[int, Answer]] = []

    async def stream() -> None:
        for place in waiting:
            found.append((place, await _answer(engine, requests[place])))  # noqa: PERF401  streams take turns

    async with asyncio.TaskGroup() as streams:
        for _ in range(at_once):
            streams.create_task(stream())
    return found


async def _answer(engine: OnnxEngine, request: Request) -> Answer:
    said: list[int] = []
    async for event in engine.generate(request):
        match event:
            case Token():
                said.append(event.id)
            case Done(reason="stop"):
                said.append(END)
            case _:
                pass
    return tuple(said)


async def compare(
    session: Session,
    requests: Sequence[Request],
    prefixes: Path,
    *,
    limits: Limits = FAST,
    say: Callable[[str], None] = lambda _: None,
) -> Agreement:
    """Ask everything plainly and fast; measure the noise over what was said. `say` hears what is begun."""
    say(f"asking {len(requests)} questions plainly")
    plain = [greedy(session, request) for request in requests]
    say("asking them fast, eight at once, then one by one")
    fast, stats = await fast_answers(session, requests, limits, prefixes)
    say("measuring what running tokens at once changes")
    texts = [
        (*request.prompt_ids, *(token for token in answer if token != END))[-_LONGEST:]
        for request, answer in zip(requests, plain, strict=True)
    ]
    measured = noise(session, texts[:: -(-len(texts) // _TEXTS)])
    tokens, partings = 0, []
    for question, answer in fast:
        expected = plain[question]
        place = common_prefix(answer, expected)
        tokens += min(place + 1, len(expected))
        if place < max(len(answer), len(expected)):
            tokens_there = ((*expected, END)[place], (*answer, END)[place])
            by = lead(session, requests[question], expected[:place], tokens_there)
            partings.append(Parting(question, place, by))
    return Agreement(measured, len(fast), tokens, tuple(partings), stats)


async def report(path: Path, count: int) -> bool:
    """Print the report for a bundle; whether noise explains every parting."""
    bundle = Bundle.open(path)
    session = Session(path, bundle.manifest)
    asked = questions(count)
    with TemporaryDirectory() as prefixes:
        requests = await in_tokens(bundle, asked)
        found = await compare(
            session, requests, Path(prefixes), say=lambda what: print(f"{what} ...", file=sys.stderr)
        )
    schemes = sorted({row.scheme for row in bundle.manifest.quantization}) or ["fp32"]
    print(f"{bundle.manifest.name} ({', '.join(schemes)}) on {cpu_class()}")
    one = found.noise
    print(
        f"  noise of {one.positions} places: 99.9 % change the lead by at most {one.most:.4f}, all by at most "
        f"{one.largest:.4f}; {one.flips} have another likeliest token"
    )
    furthest = max((parting.lead for parting in found.partings), default=0.0)
    kinds: list[Kind] = [asked[parting.question].kind for parting in found.partings]
    parted = ", ".join(f"{kinds.count(kind)} {kind}" for kind in KINDS if kind in kinds)
    print(
        f"  {found.answers} answers to {count} prompts, {found.tokens} tokens compared: "
        f"{found.answers - len(found.partings)} are the same, {len(found.partings)} part"
        + (
            f" ({parted}) at leads of at most {furthest:.4f}, {len(found.beyond)} beyond the noise"
            if parted
            else ""
        )
    )
    for each in found.stats:
        print(
            f"  {each.requests} requests: {each.cached_tokens} of {each.prompt_tokens} prompt tokens were cached, "
            f"{each.restored} beginnings came from disk, {each.accepted_tokens} of {each.drafted_tokens} "
            "guessed tokens were right"
        )
    for parting in found.beyond:
        print(f"  beyond: question {parting.question}, token {parting.place}, lead {parting.lead:.4f}")
    return not found.beyond


def main() -> None:
    """Report on each bundle named."""
    parser = argparse.ArgumentParser(prog="script/agreement", description=__doc__)
    parser.add_argument("bundles", nargs="+", type=Path, help="directories with a manifest.json")
    parser.add_argument("--prompts", type=int, default=200)
    options = parser.parse_args()
    agreed = [asyncio.run(report(path, options.prompts)) for path in options.bundles]
    raise SystemExit(0 if all(agreed) else 1)


if __name__ == "__main__":
    main()
