"""What people ask a box beside the fire, made out of a few lists: the same 200 conversations every time.

Four kinds in turn: plain questions, commands about devices that the prompt lists, passages to be quoted or summed up,
and conversations that have gone on for a while.
"""

import random
from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import models
from models.bundle import Bundle
from runtime.completion import Completer, CompletionRequest, Message, SamplingOptions
from runtime.engine.request import Priority, Request
from runtime.limits import Limits
from runtime.text.constraint import JsonSchema
from tests.support.engine import EngineSimulator

Kind = Literal["question", "command", "passage", "conversation"]
KINDS: Final[tuple[Kind, ...]] = ("question", "command", "passage", "conversation")

_SUBJECTS: Final = """a lighthouse, the tide, a fuse, yeast, rust, a thermostat, dew, a compass, sourdough, an echo,
a rainbow, ice, soap, a barometer, a heat pump, a monsoon, an eclipse, granite, a violin, paper, a magnet, chalk,
a canal, a volcano, wool"""
_QUESTIONS: Final = ("What is {}?", "Explain {} to a child of six, in three sentences.")
_SENTENCES: Final = (
    "Please switch the {} off.",
    "Turn the {} on.",
    "Set the {} to fifty percent.",
    "I am going to bed, turn the {} off.",
)
_ROOMS: Final = ("kitchen", "living room", "bedroom", "hall", "bathroom", "garage", "garden", "study")
_THINGS: Final = ("light", "lamp", "heater", "fan", "blinds", "socket")
_ACTIONS: Final = ("turn_on", "turn_off", "set_level", "tell_state")
_HOUSE: Final = (
    "You control the devices of a house. Answer each sentence with one JSON object that has the keys device and "
    "action, and with nothing else. The devices, and what they can do:\n"
)
_TASKS: Final = (
    "Repeat the following text word for word:\n\n{}",
    "Correct the spelling of this text, and change nothing else:\n\n{}",
    "Sum up this text in two sentences, in its own words:\n\n{}",
    'Which sentence of this text tells the most? Quote it in quotation marks.\n\n"{}"',
    "Give the text below as a list, one sentence a line:\n\n{}",
)
_TURNS: Final = (
    ("What can I cook with eggs and flour?", "Pancakes, noodles or a simple cake. Do you have milk as well?"),
    ("How long does it take?", "Pancakes take about twenty minutes, the batter's rest included."),
    ("And for six people?", "Take 400 g of flour, six eggs and 750 ml of milk; bake them in two pans."),
    ("What goes with it?", "Apple sauce, jam, or cheese and ham if you want a warm meal."),
    ("Can I freeze what is left?", "Yes: lay paper between them, and they keep for two months."),
    ("Write me a shopping list.", "- six eggs\n- 400 g of flour\n- 750 ml of milk\n- apple sauce"),
)


@dataclass(frozen=True, slots=True)
class Question:
    """One conversation that waits for an answer."""

    kind: Kind
    request: CompletionRequest


def questions(count: int = 200, *, tokens: int = 48) -> tuple[Question, ...]:
    """So many, each to be answered greedily with at most so many tokens; the same for everyone."""
    sources = (_plain(), _commands(), _passages(), _conversations())
    greedy = SamplingOptions(temperature=0.0, repetition_penalty=1.0)
    return tuple(
        Question(
            KINDS[number % len(KINDS)],
            replace(next(sources[number % len(KINDS)]), max_tokens=tokens, sampling=greedy),
        )
        for number in range(count)
    )


async def in_tokens(bundle: Bundle, asked: Sequence[Question]) -> list[Request]:
    """What an engine would be asked in a bundle's own tokens, with all the time it wants."""
    recorder = EngineSimulator(loaded=bundle.manifest)
    completer = Completer.load(bundle.path, bundle.manifest, recorder, Limits())
    for question in asked:
        async with aclosing(completer.complete(question.request)) as events:
            async for _ in events:
                pass
    return [replace(request, deadline_s=None) for request in recorder.requests]


def _plain() -> Iterator[CompletionRequest]:
    for question in _QUESTIONS:
        for subject in _SUBJECTS.replace("\n", " ").split(", "):
            yield _asked(question.format(subject))


def _commands() -> Iterator[CompletionRequest]:
    """Five sentences a house, the last of which was said before; every other house wants its answers in a form."""
    chance = random.Random(4)
    for house in range(10):
        names = chance.sample([f"{room} {thing}" for room in _ROOMS for thing in _THINGS], 10)
        system = _HOUSE + "\n".join(f"- {name}: {', '.join(_ACTIONS)}" for name in names)
        schema = {
            "type": "object",
            "properties": {"device": {"enum": names}, "action": {"enum": list(_ACTIONS)}},
            "required": ["device", "action"],
            "additionalProperties": False,
        }
        said = [sentence.format(chance.choice(names)) for sentence in _SENTENCES]
        for sentence in (*said, said[0]):
            asked = _asked(sentence, Message("system", system))
            constraint = JsonSchema.of(schema) if house % 2 else None
            yield replace(asked, constraint=constraint, priority=Priority.COMMAND)


def _passages() -> Iterator[CompletionRequest]:
    text = Path(models.__file__).parent.joinpath("text", "fidelity-en.txt").read_text(encoding="utf-8")
    paragraphs = [part for part in text.split("\n\n") if 80 <= len(part) <= 700]
    for number in range(50):
        task = _TASKS[number % len(_TASKS)]
        yield _asked(task.format(paragraphs[number % len(paragraphs)]))


def _conversations() -> Iterator[CompletionRequest]:
    for number in range(50):
        turns = 1 + number // len(_TURNS) % 4
        told = [_TURNS[(number + turn) % len(_TURNS)] for turn in range(turns + 1)]
        system = Message("system", f"You help in kitchen number {number // 12}. Be brief.")
        history = [
            message
            for question, answer in told[:-1]
            for message in (Message("user", question), Message("assistant", answer))
        ]
        yield _asked(told[-1][0], system, *history)


def _asked(words: str, *before: Message) -> CompletionRequest:
    return CompletionRequest(messages=(*before, Message("user", words)))


def repeating(count: int, vocabulary: int, length: int, seed: int) -> Iterator[tuple[int, ...]]:
    """Prompts of random ids for models that understand none; stretches come again, in a prompt and in others."""
    chance = random.Random(seed)
    stretches = [tuple(chance.choices(range(vocabulary), k=12)) for _ in range(8)]
    for number in range(count):
        prompt = stretches[number % 3] * 3  # a beginning that others share
        size = chance.randrange(len(prompt) + 1, length)
        while len(prompt) < size:
            fresh = tuple(chance.choices(range(vocabulary), k=chance.randrange(1, 9)))
            prompt += chance.choice([fresh, chance.choice(stretches)])
        yield prompt
