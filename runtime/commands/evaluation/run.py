"""Every sentence of a set through whatever understands, with what came of it and how long it took. Nothing is moved."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from runtime.commands.evaluation.house import read_house
from runtime.commands.evaluation.judge import Verdict, judge
from runtime.commands.evaluation.utterances import Utterance, read_utterances
from runtime.commands.interpret import Interpreter
from runtime.commands.meaning import Interpretation, Meaning
from runtime.commands.registry.house import House, State
from runtime.commands.sentence import Memory, Sentence, Stage

Understand = Callable[[Sentence, House, Memory], Awaitable[Interpretation]]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one utterance."""

    utterance: Utterance
    found: Interpretation
    verdict: Verdict
    ms: float


@dataclass(frozen=True, slots=True)
class Set:
    """A house and what is said in it."""

    name: str
    house: House
    utterances: Sequence[Utterance]


def read_sets(folder: Path) -> tuple[Set, ...]:
    """The set in a folder, or those in its folders.

    Raises:
        CallerError: one cannot be read.
    """
    places = (
        [folder] if (folder / "house.toml").exists() else sorted(p for p in folder.iterdir() if p.is_dir())
    )
    houses = [(place, read_house(place)) for place in places]
    return tuple(Set(place.name, house, read_utterances(place, house)) for place, house in houses)


async def run(found: Set, understand: Understand) -> list[Outcome]:
    """Say every utterance, one after the other."""
    outcomes = []
    for utterance in found.utterances:
        sentence = Sentence(utterance.text, utterance.language, utterance.area, time.time())
        house = _as_it_is_then(found.house, utterance)
        started = time.perf_counter()
        meant = await understand(sentence, house, Memory(devices=utterance.said_before))
        ms = 1000 * (time.perf_counter() - started)
        outcomes.append(Outcome(utterance, meant, judge(_meaning(meant), utterance), ms))
    return outcomes


def alone(stages: Sequence[Stage]) -> Understand:
    """Stages in turn, sentence by sentence, with nothing around them."""

    async def understand(sentence: Sentence, house: House, memory: Memory) -> Interpretation:
        ms: dict[str, float] = {}
        for stage in stages:
            started = time.perf_counter()
            reading = await stage.read(sentence, house, memory)
            ms[stage.name] = 1000 * (time.perf_counter() - started)
            if reading is not None:
                return Interpretation(
                    reading.meaning, reading.route, reading.confidence, reading.candidates, ms
                )
        raise RuntimeError("the last stage has to answer")

    return understand


def whole(interpreter: Interpreter) -> Understand:
    """As the appliance understands."""

    async def understand(sentence: Sentence, house: House, memory: Memory) -> Interpretation:
        found, _ = await interpreter.interpret(sentence, house, memory)
        return found

    return understand


def _meaning(found: Interpretation) -> Meaning:
    return found.meaning


def _as_it_is_then(house: House, utterance: Utterance) -> House:
    if not utterance.states:
        return house
    states = {(device, capability): State(value, 0.0) for device, capability, value in utterance.states}
    return replace(house, states={**house.states, **states})
