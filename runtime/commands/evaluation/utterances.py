"""What is said in an evaluation, and what would be right: TOML files as values.

A right answer is a set of actions, or one of four words. Of a number it may be a bound: `lamp.brightness=>40`.
"""

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final

from runtime.commands.evaluation.house import HOUSE, read_toml
from runtime.commands.evaluation.tables import Table
from runtime.commands.meaning import Action
from runtime.commands.registry.devices import Options, Range, Switch, Value
from runtime.commands.registry.house import House
from runtime.errors import CallerError

_ACTION: Final = re.compile(
    r"(?P<device>[a-z0-9_.-]+)\.(?P<capability>[a-z0-9_]+)=(?P<bound>[<>]=?)?(?P<value>.*)", re.DOTALL
)
_BOUNDS: Final[Mapping[str, Callable[[float, float], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_DIGITS: Final = 0.01
"""A third has no last digit."""


class Word(StrEnum):
    """What is right without an action."""

    CLARIFY = "clarify"
    REFUSE = "refuse"
    TELL = "tell"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True)
class Wanted:
    """One action that is right."""

    device: str
    capability: str
    value: Value
    bound: str = ""
    """Empty: the value itself. Else <, <=, > or >=, of a number."""

    def allows(self, action: Action) -> bool:
        """Whether the action is it."""
        if (action.device, action.capability) != (self.device, self.capability):
            return False
        found, value = action.value, self.value
        if not isinstance(value, float) or isinstance(found, bool) or not isinstance(found, int | float):
            return type(found) is type(value) and found == value
        compare = _BOUNDS.get(self.bound)
        return compare(found, value) if compare else math.isclose(found, value, abs_tol=_DIGITS)

    def __str__(self) -> str:
        return f"{Action(self.device, self.capability, self.value)}".replace("=", f"={self.bound}", 1)


Answer = tuple[Wanted, ...] | Word


@dataclass(frozen=True, slots=True)
class Utterance:
    """One sentence."""

    id: str
    kind: str
    language: str
    text: str
    answers: tuple[Answer, ...]
    """Each is right; the first is what is expected."""
    area: str | None = None
    said_before: tuple[str, ...] = ()
    after_s: float = 0.0
    states: tuple[tuple[str, str, Value], ...] = ()
    """Device, capability, value: where they differ from the house's."""
    about: tuple[str, ...] = field(default=())
    """Devices that the answer to a question tells of; none leaves that open."""


def read_utterances(folder: Path, house: House) -> tuple[Utterance, ...]:
    """Every sentence of the folder's TOML files but the house's, in the order of their names.

    Raises:
        CallerError: a file cannot be read, an id is there twice, or an answer is outside the house.
    """
    found = [
        utterance
        for path in sorted(folder.glob("*.toml"))
        if path.name != HOUSE
        for utterance in _file(path, house)
    ]
    seen: set[str] = set()
    for utterance in found:
        if utterance.id in seen:
            raise CallerError(f"the id {utterance.id!r} is there twice; give one of them another")
        seen.add(utterance.id)
    return tuple(found)


def _file(path: Path, house: House) -> Iterator[Utterance]:
    whole = read_toml(path)
    for raw in whole.get("utterance", list, []):
        table = Table(raw, f"{path.name}: {raw.get('id', 'an utterance without an id')}")
        answers = (table.any("expected"), *table.get("also", list, []))
        utterance = Utterance(
            id=table.needed("id", str),
            kind=table.needed("kind", str),
            language=table.get("language", str, "en"),
            text=table.needed("text", str),
            answers=tuple(_answer(answer, house, table.where) for answer in answers),
            area=table.optional("area"),
            said_before=table.texts("said_before"),
            after_s=table.number("after_s", 0.0),
            states=tuple(
                _state(key, value, table.where) for key, value in table.get("states", dict, {}).items()
            ),
            about=table.texts("about"),
        )
        table.get("note", str, "")
        table.done()
        yield utterance
    whole.done()


def _state(key: str, value: Value, where: str) -> tuple[str, str, Value]:
    device, dot, capability = key.rpartition(".")
    if not dot:
        raise CallerError(f"{where}: states are named device.capability, not {key!r}; correct it")
    return device, capability, value


def _answer(raw: object, house: House, where: str) -> Answer:
    if isinstance(raw, str) and raw in set(Word):
        return Word(raw)
    if isinstance(raw, list) and raw and all(isinstance(text, str) for text in raw):
        return tuple(read_action(text, house, where) for text in raw)
    raise CallerError(f"{where}: an answer is a list of actions or one of {', '.join(Word)}, not {raw!r}")


def read_action(text: str, house: House, where: str) -> Wanted:
    """An action as `Action` prints itself, or with a bound.

    Raises:
        CallerError: it is written otherwise, or is not inside the house.
    """
    match = _ACTION.fullmatch(text)
    device = house.devices.get(match["device"]) if match else None
    capability = device.capability(match["capability"]) if match and device else None
    if match is None or device is None or capability is None:
        raise CallerError(f"{where}: {text!r} is no device.capability=value of the house; correct it")
    written, value = match["value"], None
    match capability.domain:
        case Switch() if written in {"on", "off"}:
            value = written == "on"
        case Range():
            try:
                value = float(written)
            except ValueError:
                raise CallerError(f"{where}: {text!r} needs a number; correct it") from None
        case Options(values) if written in values:
            value = written
        case _ if written:
            raise CallerError(f"{where}: {text!r} has a value that the device does not take; correct it")
    return Wanted(device.id, capability.name, value, match["bound"] or "")
