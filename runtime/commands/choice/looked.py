"""What a sentence says by itself, before it is held against what the house can do: who is meant, and what nobody knows.

Knows words and the names of the house; knows nothing of what counts how much.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from runtime.commands.choice.cues import Said, orders
from runtime.commands.language.quantities import Quantity
from runtime.commands.registry.devices import Kind
from runtime.commands.sentence import Sentence
from runtime.commands.shortlist.likeness import Likeness
from runtime.commands.shortlist.naming import Heard, Named, Naming, mentions_all
from runtime.commands.shortlist.vocabulary import vocabulary
from runtime.commands.shortlist.words import alike, characters, stem, words

SURE: Final = 0.8
"""A word or a name is taken for said."""
SOLE: Final = 0.9
"""How surely a kind points, where there is one such device."""
ELSEWHERE: Final = 0.2
"""And where it is in another room than was said."""
_ONE_OF_SOME: Final = 0.5
_ABLE: Final = 0.6
"""How surely `louder` points at the only thing that makes a sound."""
_NEAR: Final = 0.7
_CUT: Final = 0.9
"""Two words written together are as surely one that is known."""
_LONG: Final = 6
"""Letters of what is cut in two."""
_ANYONE_CAN: Final = frozenset({"power", "state", "mode", "position"})
_WORD: Final = re.compile(r"[a-z]+(?:'[a-z]+)?")
_PLAIN_HAN: Final = re.compile(
    r"[的了嗎吧啊喔啦呢我你他幫請把給讓要可以一下好現在先再就也都很太有是在到去來麻煩謝不那這個]"
)
_PLACED: Final = re.compile(r"\b(?:in|inside|from|of) (?:(?:the|my|our) )?(?P<room>[a-z]+)(?![a-z' -]*[a-z])")
"""A room behind what is in it, at the end: a place, and no more than a place."""
_ONE_THING: Final = re.compile(
    r"^(?:please )?(?:(?:turn|switch|power) (?:on|off)|open|close|shut|lock|unlock|start|stop|toggle|dim)"
    r" (?:(?:the|my|our|a|an) )?(?P<thing>[a-z]+(?: [a-z]+)?)(?: please)?$"
    r"|^(?:please )?(?:turn|switch|power) (?:(?:the|my|our|a|an) )?(?P<other>[a-z]+(?: [a-z]+)?)"
    r" (?:on|off)(?: please)?$"
    r"|^請?(?:幫我)?(?:打開|開啟|關掉|關閉|關上|啟動|停止|切換)(?P<han>[\u3400-\u9fff]{2,6})$"
)
_MANY_WORDS, _MANY_CHARACTERS = 3, 6


@dataclass(frozen=True)
class Looked:
    """One sentence."""

    sentence: Sentence
    heard: Heard
    said: Said
    quantities: tuple[Quantity, ...]
    negated: bool
    naming: Naming
    likeness: Likeness | None
    """None without an encoder, or in a language that it does not read."""

    @cached_property
    def named(self) -> Mapping[str, Named]:
        """Of each device."""
        return self.naming.named(self.heard)

    @cached_property
    def areas(self) -> frozenset[str]:
        """Ids of those that are named."""
        return self.naming.areas(self.heard)

    @cached_property
    def everyone(self) -> bool:
        """Whether all of a kind are meant."""
        return mentions_all(self.heard)

    @cached_property
    def pointed(self) -> Mapping[str, float]:
        """How surely each device is meant: by its name, as the only one of its kind there, or as the only one able."""
        devices = self.naming.devices
        here = {self.sentence.area} if self.sentence.area else set()
        near = {
            each.id
            for each in devices.values()
            if not (self.areas or here) or each.area in (self.areas or here)
        }
        of_kind = [device for device in near if self.named[device].kind >= SURE]
        able = [self._able(name, near) for name in self.said.about - _ANYONE_CAN]
        if self.said.needs_light:
            able.append([device for device in near if self.naming.devices[device].kind is Kind.LIGHT])
        pointed = {}
        for device, each in self.named.items():
            kind = (SOLE if of_kind == [device] else _ONE_OF_SOME) * each.kind
            kind = kind if device in near else min(kind, ELSEWHERE * each.kind)
            pointed[device] = max(each.name, kind, _ABLE if [device] in able else 0.0)
        return pointed

    def _able(self, capability: str, near: set[str]) -> list[str]:
        found = {device: self.naming.devices[device].capability(capability) for device in near}
        return [device for device, each in found.items() if each is not None and each.settable]

    def apart(self, devices: Collection[str]) -> Iterator[str]:
        """Other devices, but for those whose names are a part of these ones': the lamp in `desk lamp`."""
        own = [name for device in devices for name in self.naming.parts(device)]
        for other in self.naming.devices:
            if other not in devices and not any(
                set(name) <= set(each) for name in self.naming.parts(other) for each in own
            ):
                yield other

    @cached_property
    def glued(self) -> frozenset[str]:
        """Ids of devices whose name may have been cut in two where a half is another's: `d humidifier`."""
        devices, places = self.naming.devices, self._split
        halves = {place + 1 for place in places}
        exact = {self._words[place] for place in halves if self._words[place] in self.naming.known}
        if not exact:
            return frozenset()
        joined = [self._words[place] + self._words[place + 1] for place in places]
        return frozenset(
            device
            for device in devices
            if any(
                alike(each, part) >= _CUT
                for name in self.naming.parts(device)
                for part in name
                for each in joined
            )
        )

    @cached_property
    def _split(self) -> tuple[int, ...]:
        """Places of unknown words that are, with the word after them, a word that is known: `d humidifier`."""
        common, known = vocabulary().common, self.naming.known
        long = [each for each in known if len(each) >= _LONG]
        return tuple(
            place
            for place, (word, after) in enumerate(pairwise(self._words))
            if word not in common
            and word not in known
            and any(alike(word + after, each) >= max(_CUT, alike(after, each)) for each in long)
        )

    @cached_property
    def _words(self) -> tuple[str, ...]:
        return tuple(stem(word) for word in _WORD.findall(self.heard.text))

    @cached_property
    def strange(self) -> bool:
        """Whether an unknown word stands before one for a kind or a device: `added light`, `office printer`."""
        common, heard, cut = vocabulary().common, self._words, self._split
        content = [word not in common for word in heard]
        known = [self._familiar(word) >= _NEAR for word in heard]
        return any(
            place not in cut
            and content[place]
            and not known[place]
            and content[place + 1]
            and known[place + 1]
            for place in range(len(heard) - 1)
        )

    @cached_property
    def orders(self) -> int:
        """How many of its parts want something."""
        return orders(self.naming.without_names(self.heard.text))

    @cached_property
    def absent(self) -> str:
        """What is named that houses have and this one has not: `dishwasher`, `attic`; empty if nothing is."""
        listed, known = vocabulary(), self.naming.known
        if self.heard.han:
            names = "".join(self.naming.han)
            there = [each for each in listed.things if not each.isascii() and each in self.heard.han]
            return max((each for each in there if each not in names), key=len, default="") or self.nowhere
        heard, cut = self.heard.words, self._split
        whole = {self._words[place + 1] for place in cut}
        for word, after in zip(heard, (*heard[1:], ""), strict=False):
            described = word in listed.rooms and after in known and after not in listed.rooms
            if word not in known and word not in whole and (word in listed.things or described):
                return word
        return self.nowhere

    @cached_property
    def nowhere(self) -> str:
        """The room that something is to be in, and that this house has not; empty if there is no such."""
        listed, known = vocabulary(), self.naming.known
        if self.heard.han:
            names = "".join(self.naming.han)
            there = [each for each in listed.places if each in self.heard.han and each not in names]
            return max(there, key=len, default="")
        said = (stem(match["room"]) for match in _PLACED.finditer(self.heard.text))
        return next((each for each in said if each in listed.rooms and each not in known), "")

    @cached_property
    def object(self) -> str:
        """What a sentence that is no more than a verb and a thing is about; empty of any other sentence."""
        match = _ONE_THING.match(self.heard.text.strip(" .!。"))
        said = "" if match is None else match["thing"] or match["other"] or match["han"] or ""
        ordinary = vocabulary().common
        return "" if all(stem(word) in ordinary for word in _WORD.findall(said)) and said.isascii() else said

    @cached_property
    def left(self) -> tuple[float, float]:
        """The share of words that neither the house nor a cue explains; and how many there are, where many are 1."""
        if self.heard.han:
            rest = _PLAIN_HAN.sub("", characters(self.said.rest))
            for name in self.naming.han:
                rest = rest.replace(name, "")
            return len(rest) / len(self.heard.han), min(1.0, len(rest) / _MANY_CHARACTERS)
        common = vocabulary().common
        content = [word for word in map(stem, _WORD.findall(self.said.rest)) if word not in common]
        left = [word for word in content if self._familiar(word) < SURE]
        total = len([word for word in words(self.heard.text) if word not in common])
        return (len(left) / total if total else 0.0), min(1.0, len(left) / _MANY_WORDS)

    def _familiar(self, word: str) -> float:
        return max((alike(word, other) for other in self.naming.known), default=0.0)
