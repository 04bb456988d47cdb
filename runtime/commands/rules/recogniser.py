"""Which templates a sentence follows. The one door to hassil and to the sentences of Home Assistant.

Knows templates and slots, no device: what a slot may hold comes with each sentence. Of the package's templates only
those of intents that are carried out here are loaded; our own, in the same notation, are in templates/<language>.toml.

A template follows hassil's notation (https://github.com/OHF-Voice/hassil).
"""

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from importlib import resources
from typing import Any

from hassil import recognize_all
from hassil.errors import MissingListError, MissingRuleError
from hassil.expression import TextChunk
from hassil.intents import Intents, SlotList, TextSlotList, TextSlotValue
from hassil.parse_expression import ParseExpressionError
from hassil.parser import ParseError
from hassil.recognize import RecognizeResult
from home_assistant_intents import get_intents, get_languages

from runtime.errors import ConfigError

HERE = "here"
"""What the slot `area` holds where a template leaves it to where the sentence was said."""

CARRIED_OUT = (
    "HassTurnOn",
    "HassTurnOff",
    "HassLightSet",
    "HassClimateSetTemperature",
    "HassClimateGetTemperature",
    "HassFanSetSpeed",
    "HassSetPosition",
    "HassSetVolume",
    "HassGetState",
    "HassNevermind",
)
_QUESTIONS = frozenset({"HassGetState", "HassClimateGetTemperature", "IngleReading", "IngleWhatIsOn"})
_NUMBERS = ("temperature", "position", "fan_speed", "brightness", "color_temperature", "volume", "number")
"""Lists that hold just the numbers of the sentence: a number beyond a device's range is refused with the range.

In a language whose number words are not made digits before, they are what the package has: a range, in words too.
"""
_SWITCHED = frozenset({"siren", "humidifier", "vacuum"})


@dataclass(frozen=True, slots=True)
class Value:
    """What a slot may hold: as it stands in the sentence, and what it means."""

    text: str
    meaning: Any
    domain: str = ""
    """The kind of device; templates that ask for another pass it by."""


@dataclass(frozen=True, slots=True)
class Match:
    """One way in which a sentence follows a template."""

    intent: str
    slots: Mapping[str, Any]
    said: Mapping[str, str] = field(default_factory=dict)
    """The words of each slot."""
    response: str = ""
    """How the package tells the quantifier of a question: any, all, which, how_many, one_yesno, one."""
    literal: int = 0
    """How many characters of the sentence are words of the template itself."""


def languages() -> tuple[str, ...]:
    """Those that there are templates for."""
    return tuple(get_languages())


class Recogniser:
    """The templates of one language, parsed once. What takes long is done at construction."""

    def __init__(self, language: str, own: Mapping[str, Sequence[str]] | None = None) -> None:
        """Load the templates of a language, or take those that are given.

        Args:
            language: one of `languages()`.
            own: templates by intent; None is what the package and our files have.

        Raises:
            ConfigError: a template of `own` cannot be read.
        """
        self.language = language
        self.in_digits = language.startswith(("en", "zh"))
        """Whether number words are made digits before, and any number is one."""
        self._intents = Intents.from_dict(_templates(language) if own is None else _alone(language, own))
        told = {name: intent for name, intent in self._intents.intents.items() if name not in _QUESTIONS}
        self._commands = replace(self._intents, intents=told)
        with _as_config_error():
            self._warm()

    def matches(
        self, text: str, values: Mapping[str, Sequence[Value]], *, question: bool = True
    ) -> Iterator[Match]:
        """Each way in which the sentence follows a template.

        Args:
            text: made plain, its numbers in digits.
            question: whether it may be one; templates of questions would follow some commands, too.
            values: by list name, what slots may hold in this sentence; `name`, `area`, `floor`, `number` and `option`.
        """
        lists: dict[str, SlotList] = {name: _list(name, of) for name, of in values.items()}
        for name in _NUMBERS:
            if self.in_digits or name not in self._intents.slot_lists:
                lists[name] = _list(name, values.get("number", ()))
        intents = self._intents if question else self._commands
        for result in recognize_all(text, intents, slot_lists=lists, intent_context={"area": HERE}):
            yield _match(result)

    def _warm(self) -> None:
        """Parse what hassil would parse at the first sentence."""
        nothing = dict.fromkeys(("name", "area", "floor", "option", *_NUMBERS), ())
        for intent in self._intents.intents.values():
            for data in intent.data:
                for sentence in data.sentences:
                    sentence.get_required_clauses(self._intents.expansion_rules | data.expansion_rules)
        tuple(self.matches("\u0001", nothing))


def _list(name: str, values: Iterable[Value]) -> TextSlotList:
    return TextSlotList(
        name=name,
        values=[
            TextSlotValue(
                TextChunk(each.text), each.meaning, {"domain": each.domain} if each.domain else None
            )
            for each in values
        ],
    )


def _match(result: RecognizeResult) -> Match:
    return Match(
        result.intent.name,
        {name: entity.value for name, entity in result.entities.items()},
        {name: entity.text.strip() for name, entity in result.entities.items()},
        result.response or "",
        result.text_chunks_matched,
    )


def _templates(language: str) -> dict[str, Any]:
    """The package's templates of what is carried out here, and ours."""
    package: dict[str, Any] = get_intents(language) or {"language": language, "intents": {}}
    own = _own(language)
    blocks = {
        name: [_for_us(name, block) for block in package["intents"][name]["data"]]
        for name in CARRIED_OUT
        if name in package["intents"]
    }
    for name, more in own.get("intents", {}).items():
        blocks.setdefault(name, []).extend(more)
    return {
        "language": language,
        "settings": package.get("settings", {}),
        "intents": {name: {"data": [b for b in data if b["sentences"]]} for name, data in blocks.items()},
        "lists": package.get("lists", {}) | {"zone": {"values": []}} | own.get("lists", {}),
        "expansion_rules": package.get("expansion_rules", {}) | own.get("rules", {}),
        "skip_words": [],
    }


def _alone(language: str, own: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    chinese = language.startswith(("zh", "ja"))
    intents = {name: {"data": [{"sentences": list(those)}]} for name, those in own.items()}
    return {"language": language, "settings": {"ignore_whitespace": chinese}, "intents": intents}


@contextmanager
def _as_config_error() -> Iterator[None]:
    try:
        yield
    # hassil asserts that a group is not empty
    except (ParseError, ParseExpressionError, MissingListError, MissingRuleError, AssertionError) as exc:
        raise ConfigError(
            f"a sentence cannot be read ({exc}); write words, [optional words] and (one|or|another)"
        ) from exc


def _own(language: str) -> dict[str, Any]:
    file = resources.files("runtime.commands.rules").joinpath("templates", f"{language}.toml")
    return tomllib.loads(file.read_text("utf-8")) if file.is_file() else {}


def _for_us(intent: str, block: dict[str, Any]) -> dict[str, Any]:
    """A block without the sentences that are no more than a name, and with the kinds that are switched here too."""
    requires = dict(block.get("requires_context", {}))
    domains = requires.get("domain", [])
    if "switch" in domains:
        requires["domain"] = [*domains, *_SWITCHED]
    sentences = block["sentences"]
    if intent == "HassTurnOn" and "scene" not in domains:
        sentences = [each for each in sentences if each != "[<the>] {name}"]
    return block | {"requires_context": requires, "sentences": sentences}
