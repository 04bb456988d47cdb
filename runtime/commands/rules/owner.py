"""The owner's own sentences: what they say, and what is then done. They come before every other way of understanding.

A sentence is written in hassil's notation: words, `[optional words]`, `(one|or|another)`. What it does is checked
against the devices there are each time it is said, never when the file is read: devices come and go.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from models.strict import MisfitError, load
from runtime.commands.language.normalise import clean
from runtime.commands.meaning import Action, Cannot, Do, Meaning, Reason, Tell
from runtime.commands.registry.devices import Switch
from runtime.commands.rules.recogniser import Recogniser
from runtime.commands.rules.setting import setting
from runtime.commands.rules.situation import Situation
from runtime.commands.wording.speak import say
from runtime.errors import ConfigError

_MOST_SENTENCES: Final = 500
_MOST_ACTIONS: Final = 50
_REMEMBERED: Final = 512
_SWITCHED: Final = {"on": True, "off": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class _ActionTable:
    device: str
    capability: str
    value: bool | float | str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """What may be said, and what it means."""

    say: tuple[str, ...]
    """Templates."""
    do: tuple[_ActionTable, ...] = ()
    answer: str | None = None
    """Told instead: of what is done, the result tells."""
    language: str | None = None
    """BCP 47; None is any."""


@dataclass(frozen=True, slots=True)
class _File:
    sentence: tuple[Sentence, ...] = ()


@dataclass(frozen=True, slots=True)
class Sentences:
    """All that the owner wrote."""

    sentences: tuple[Sentence, ...] = ()

    @classmethod
    def read(cls, text: str, name: str = "sentences.toml") -> "Sentences":
        """Read TOML.

        Args:
            text: of the file.
            name: as messages call it.

        Raises:
            ConfigError: no TOML, an unknown key, or a sentence that cannot be one; says which.
        """
        try:
            found = load(_File, tomllib.loads(text))
        except (tomllib.TOMLDecodeError, RecursionError) as exc:
            raise ConfigError(f"{name} is not valid TOML: {exc}") from exc
        except MisfitError as exc:
            raise ConfigError(f"{name}: {exc}") from exc
        if len(found.sentence) > _MOST_SENTENCES:
            raise ConfigError(f"{name} has more than {_MOST_SENTENCES} sentences; take some out")
        for place, each in enumerate(found.sentence):
            if wrong := _wrong(each):
                raise ConfigError(f"{name}: sentence[{place}] {wrong}")
            for one in each.say:
                _parse(one, f"{name}: sentence[{place}]")
        return cls(found.sentence)

    @classmethod
    def file(cls, path: Path) -> "Sentences":
        """Read a file.

        Raises:
            ConfigError: it cannot be read, or as `read`.
        """
        try:
            return cls.read(path.read_bytes().decode("utf-8-sig"), str(path))
        except OSError as exc:
            raise ConfigError(
                f"{path} cannot be read ({exc.strerror}); name another file of sentences"
            ) from exc
        except UnicodeDecodeError as exc:
            raise ConfigError(f"{path} is not UTF-8 text; save it as UTF-8") from exc


class Owned:
    """The owner's sentences of one language, ready to be recognised."""

    def __init__(self, sentences: Sentences, language: str) -> None:
        """Parse them.

        Raises:
            ConfigError: a template cannot be read.
        """
        base = language.split("-", maxsplit=1)[0]
        self._sentences: Mapping[str, Sentence] = {
            str(place): each
            for place, each in enumerate(sentences.sentences)
            if each.language is None or each.language.split("-")[0].casefold() == base
        }
        templates = {key: [_template(one) for one in each.say] for key, each in self._sentences.items()}
        self._recogniser = Recogniser(language, templates) if templates else None
        self._key = lru_cache(_REMEMBERED)(self._matched)

    def meaning(self, texts: Sequence[str], situation: Situation) -> Meaning | None:
        """What the owner wants done when this is said; the first of the texts that is a sentence of theirs counts."""
        if self._recogniser is None:
            return None
        keys = (self._key(text) for text in dict.fromkeys(texts))
        key = next((each for each in keys if each is not None), None)
        return None if key is None else _meant(self._sentences[key], situation)

    def _matched(self, text: str) -> str | None:
        matches = () if self._recogniser is None else self._recogniser.matches(text, {})
        return next((each.intent for each in matches), None)


def _template(said: str) -> str:
    return clean(said).casefold()


def _parse(said: str, where: str) -> None:
    """Raise ConfigError where a template cannot be read."""
    try:
        Recogniser("en", {"": [_template(said)]})
    except ConfigError as exc:
        advice = "close each ( and [, and put words between"
        raise ConfigError(f"{where} has {said[:80]!r}, which cannot be read; {advice}") from exc


def _wrong(sentence: Sentence) -> str | None:
    if not sentence.say or not all(each.strip() for each in sentence.say):
        return 'says nothing; write say = ["movie time"]'
    if any(char in each for each in sentence.say for char in "{}<>"):
        return "has { } or < >, which are for templates of ours; write words, [optional words] and (one|or|another)"
    if bool(sentence.do) == bool(sentence.answer):
        return "needs either do or answer: of what is done, the result tells"
    if len(sentence.do) > _MOST_ACTIONS:
        return f"does more than {_MOST_ACTIONS} things; make two sentences of it"
    return None


def _meant(sentence: Sentence, situation: Situation) -> Meaning:
    if sentence.answer:
        return Tell(sentence.answer)
    actions = []
    for each in sentence.do:
        device = situation.house.devices.get(each.device)
        if device is None:
            text = say("refused.no_such_device", situation.language, what=each.device)
            return Cannot(Reason.NO_SUCH_DEVICE, text)
        capability = device.capability(each.capability)
        switch = capability is not None and isinstance(capability.domain, Switch)
        value = (
            _SWITCHED.get(each.value, each.value) if switch and isinstance(each.value, str) else each.value
        )
        action = setting(device, each.capability, value, situation)
        if not isinstance(action, Action):
            return action
        actions.append(action)
    return Do(tuple(actions))
