"""What a question is about: which devices, where, and what of them. Every word of it has to be accounted for.

A word that nothing explains may be what the question is really about ("the temperature of the sun"): then it is not
answered here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from runtime.commands.asking.form import Question, question
from runtime.commands.asking.marked import Names, own_words, unmarked
from runtime.commands.asking.words import Words
from runtime.commands.registry.devices import Device, Kind, Options
from runtime.commands.registry.house import House
from runtime.commands.rules.state import WITH_SENSORS
from runtime.commands.shortlist.vocabulary import vocabulary
from runtime.commands.wording.speak import word

OPPOSITE: Final[Mapping[str, str]] = {
    "on": "off",
    "off": "on",
    "open": "closed",
    "closed": "open",
    "locked": "unlocked",
    "unlocked": "locked",
}
_BY_PLACE: Final = frozenset({"temperature", "humidity", "motion", "moisture", "smoke", "gas"})
"""What may be asked of a place, or of the house, without saying of which device."""


class Scope(StrEnum):
    """How many are asked about."""

    ANY = "any"
    ALL = "all"
    WHICH = "which"
    HOW_MANY = "how_many"


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, understood."""

    devices: tuple[str, ...]
    """Ids of those that were named."""
    kind: str
    """What a kind was called; empty if none was."""
    alike: tuple[str, ...]
    """Ids of the devices of that kind."""
    areas: frozenset[str]
    floors: frozenset[str]
    outside: bool
    state: str
    """What they may be at; empty where that is what is asked."""
    either: bool
    """Chinese says the same of what is switched on and of what is open."""
    aspect: str
    """What is to be read; `status` for whatever there is to say."""
    scope: Scope
    anything: bool
    """Whatever there is, is asked about."""

    @property
    def placed(self) -> bool:
        """Whether it says where."""
        return bool(self.areas or self.floors) or self.outside


class Reader:
    """Reads questions about one house in one language."""

    def __init__(self, house: House, words: Words, language: str) -> None:
        self.names = Names(house, language, words)
        self._words = words
        self._language = language
        self._called = _called(house)
        known = {part: None for name in self._called for part in name.split()}
        known |= {part: None for area in house.areas.values() for name in area.names
                  for part in name.text.casefold().split()}  # fmt: skip
        own = own_words(house, known)
        self._own = {each: id_ for each, id_ in own.items() if _unknown(each, words)}

    def read(self, text: str, here: str | None, spoken_of: tuple[str, ...]) -> Asked | None:
        """What is asked, if anything is, and all of it is understood.

        Args:
            text: made plain, its numbers in digits.
            here: id of the area where it was said.
            spoken_of: ids of what was spoken of last.
        """
        words, says = self._words, self._words.says
        marked = self.names.mark(text)
        form = question(marked.text, words)
        if form is None:
            return None
        rest = form.text
        somebody = says["be_somebody"].search(rest) is not None
        floors = marked.floors
        outside = says["outside"].search(rest) is not None
        areas = marked.areas | ({here} if here and says["here"].search(rest) else set())
        for name in ("outside", "here", *(("stairs",) if areas else ())):
            rest = says[name].sub(" ", rest)
        scope, anything = self._scope(rest), says["anything"].search(rest) is not None
        verbs, rest = words.taken(words.verbs, rest) if form.acts or form.backwards else ((), rest)
        kind, rest = self._kind(rest)
        aspects, rest = words.taken(words.aspects, rest)
        rest, compared = says["compared"].subn(" ", says["backwards"].sub(" ", rest))
        states, rest = words.taken(words.states, rest)
        rest = words.turned["off"].sub(" ", rest) if "off" in words.turned and states else rest
        devices, rest = self._devices(marked.devices, rest)
        pronoun = says["it"].search(rest) is not None
        options, rest = self._options(devices, rest)
        if form.acts:
            rest = says["leave"].sub(" ", rest)
        if words.filler.sub(" ", unmarked(rest)).strip():
            return None
        if not (devices or kind or areas or floors or anything) and pronoun:
            devices = tuple(each for each in spoken_of if each in self.names.house.devices)
        said = tuple(dict.fromkeys((*verbs, *states, *options))) or (("on",) if form.lit else ())
        state, either = _state(said, self._language)
        if form.backwards or form.denied:
            state = OPPOSITE.get(state, state)
        aspect = _aspect(aspects) or ("temperature" if compared and not (kind or devices) else "")
        if not aspect and somebody and not said and (areas or floors or outside):
            aspect = "motion"
        if not aspect and len(said) > 1 and not devices and not kind:
            state, scope = next((each for each in ("on", "open", "locked") if each in said), ""), Scope.WHICH
        elif not aspect and (form.between or self._reads_only(devices) or _is_open(said, aspects, form)):
            aspect, state = "status", ""
        asked = Asked(
            devices, kind, tuple(each.id for each in self._called.get(kind, ())), frozenset(areas), floors,
            outside, state, either, aspect, scope, anything,
        )  # fmt: skip
        return asked if _whole(asked, self.names.house) else None

    def _reads_only(self, devices: tuple[str, ...]) -> bool:
        """Whether these are sensors of a value: their name says what is asked."""
        kinds = {self.names.house.devices[each].kind for each in devices}
        return kinds == {Kind.SENSOR}

    def _kind(self, text: str) -> tuple[str, str]:
        """What a kind is called, the longest that is said; known of devices or not."""
        for name, pattern in _kinds():
            left, count = pattern.subn(" ", text)
            if count:
                return name, left
        return "", text

    def _devices(self, named: tuple[str, ...], text: str) -> tuple[tuple[str, ...], str]:
        """Those that were named, and those that a word of their names alone stands for."""
        heard = [each for each in re.findall(r"[a-z0-9']+", text) if each in self._own]
        for each in heard:
            text = re.sub(rf"\b{re.escape(each)}\b", " ", text)
        return tuple(dict.fromkeys((*named, *(self._own[each] for each in heard)))), text

    def _options(self, devices: Iterable[str], text: str) -> tuple[tuple[str, ...], str]:
        """Options of the named devices that are said."""
        found = []
        for device in (self.names.house.devices[each] for each in devices):
            for capability in device.capabilities:
                if not isinstance(capability.domain, Options):
                    continue
                for option in capability.domain.values:
                    for form in {option.replace("_", " "), word("value", option, self._language)} - {""}:
                        if re.search(rf"(?<![a-z]){re.escape(form)}(?![a-z])", text):
                            found.append(option)
                            text = text.replace(form, " ")
        return tuple(found), text

    def _scope(self, text: str) -> Scope:
        says = self._words.says
        for scope in (Scope.HOW_MANY, Scope.ALL, Scope.WHICH):
            if says[scope].search(text):
                return scope
        return Scope.ANY


def _is_open(said: tuple[str, ...], aspects: tuple[str, ...], form: Question) -> bool:
    """Whether it is how something is that is asked, rather than whether it is so."""
    return len(said) > 1 or "status" in aspects or (form.bare and not said)


def _whole(asked: Asked, house: House) -> bool:
    """Whether it says both of what, and what; what is only pressed is at nothing."""
    if not (asked.state or asked.aspect):
        return False
    if any(house.devices[each].kind in {Kind.SCENE, Kind.BUTTON} for each in asked.devices):
        return False
    if asked.devices or asked.kind:
        return True
    if asked.aspect:
        return asked.aspect in _BY_PLACE
    return asked.anything or asked.placed or asked.scope is Scope.ALL


def _aspect(said: tuple[str, ...]) -> str:
    """The one that is asked for: of `how loud is it set`, the volume."""
    found = [each for each in said if each != "status"]
    others = [each for each in found if each not in {"set", "temperature"}]
    return (others or found or [""])[0] if "set" in found else (found or [""])[0]


def _state(said: tuple[str, ...], language: str) -> tuple[str, bool]:
    """The one state that is said, and whether it is of switches and of doors alike."""
    if len(said) != 1:
        return "", False
    either = language.startswith("zh") and said[0] in {"on", "off"}
    return ("on" if said[0] == "lit" else said[0]), either


def _called(house: House) -> Mapping[str, tuple[Device, ...]]:
    """The devices that each word for a kind stands for: narrow words first of all for what is just that."""
    called: dict[str, list[Device]] = {}
    words = vocabulary()
    for device in house.devices.values():
        names = set(words.of(device))
        if device.kind is Kind.BINARY_SENSOR:
            classes = [name for name, those in WITH_SENSORS.items() if device.device_class in those]
            names |= {each for name in classes for each in words.classes.get(name, ())}
        names |= {kind for name in device.names for kind in _last(name.text.casefold())}
        names |= {each.split()[-1] for each in names if each.isascii()}
        for name in names:
            called.setdefault(name, []).append(device)
    return {name: tuple(_just(name, devices) or devices) for name, devices in called.items()}


def _just(kind: str, devices: Iterable[Device]) -> list[Device]:
    """Of covers, those that a narrow word is said of: of an awning and blinds, `awning` is the awning."""
    classes = vocabulary().classes
    if not any(kind in names for names in classes.values()):
        return []
    return [
        each
        for each in devices
        if each.kind is not Kind.COVER
        or kind in classes.get(each.device_class or "", ())
        or any(kind in _last(name.text.casefold()) for name in each.names)
    ]


def _last(name: str) -> Iterator[str]:
    """The words for a kind that a name ends with: the longest, and of any door in Chinese that it is one."""
    kinds = [each for each, _ in _kinds()]
    last = next(iter(name.split()[-1:]), "")
    yield from (each for each in kinds if each in {last, last.removesuffix("s")})
    longest = next((each for each in kinds if not each.isascii() and name.endswith(each)), None)
    if longest is not None:
        yield from {longest, longest[-1:] if longest.endswith("門") else longest}


@cache
def _kinds() -> list[tuple[str, re.Pattern[str]]]:
    """Every word for a kind, the longest first."""
    words = vocabulary()
    found = {name for names in (*words.kinds.values(), *words.classes.values()) for name in names}
    found -= {"water", "gas", "heat", "mood", "music", "水", "鎖", "扇"}
    return [(name, _plural(name)) for name in sorted(found, key=lambda each: (-len(each), each))]


def _plural(name: str) -> re.Pattern[str]:
    if not name.isascii():
        return re.compile(re.escape(name))
    return re.compile(rf"(?<![a-z0-9'])(?:{re.escape(name)})(?:s|es)?(?![a-z0-9])")


def _unknown(each: str, words: Words) -> bool:
    """Whether a word is none that questions are asked with."""
    taken = any(
        pattern.search(each)
        for part in (words.aspects, words.states, words.verbs)
        for pattern in part.values()
    )
    return not taken and bool(words.filler.sub("", each).strip())
