"""What the owner wrote of a house, and nothing in the house fits: a rule that would never hold, a name that is a typo.

Devices may come at any time, so an id that nobody has is told, and not refused. A word that only just misses one that
is known for certain is refused: a rule that protects nothing must not pass for one that does.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import Final

from runtime.commands.policy.settings import PolicySettings
from runtime.commands.registry.devices import Options, Press, Range, Switch, shown
from runtime.commands.registry.house import House
from runtime.commands.registry.standard import LOCK, OPENINGS, STANDARD
from runtime.commands.registry.toml import HouseFile
from runtime.commands.rules.owner import Sentences
from runtime.errors import ConfigError

_NEAR: Final = 0.8
_WORDS: Final = ("on", "off", *OPENINGS.values, *LOCK.values)
_NUMBER: Final = re.compile(r"-?[0-9.*?]+")


def refuse_misspelt(policy: PolicySettings, house: HouseFile) -> None:
    """Hold the policy against what the owner wrote of the house, before anything is heard of it.

    Raises:
        ConfigError: an area, a capability or a value that only just misses one; says where and which.
    """
    capabilities = [each for found in house.devices for each in found.entry.device.capabilities]
    options = [each.domain.values for each in capabilities if isinstance(each.domain, Options)]
    known = {
        "areas": {each.id for each in house.areas},
        "capabilities": {*STANDARD, *(each.name for each in capabilities)},
        "values": {*_WORDS, *(value for values in options for value in values)},
    }
    called = {name.text.casefold(): each.id for each in house.areas for name in each.names}
    for where, key, pattern in _patterns(policy):
        if key not in known or any(fnmatchcase(each, pattern) for each in ("", *known[key])):
            continue
        near = (called.get(pattern.casefold()) if key == "areas" else None) or _misses(pattern, known[key])
        if near is not None:
            raise ConfigError(f"{where} has {pattern[:40]!r}, which fits nothing; did you mean {near!r}?")


def unmatched(policy: PolicySettings, file: HouseFile, sentences: Sentences, house: House) -> tuple[str, ...]:
    """A sentence for each name in the owner's files that fits nothing in the house as it is now."""
    devices = house.devices
    there: dict[str, Callable[[str], bool]] = {
        "devices": _any(devices),
        "areas": _any({"", *house.areas}),
        "capabilities": _any({each.name for device in devices.values() for each in device.capabilities}),
        "values": lambda pattern: _is_value(pattern, house),
    }
    nearest: dict[str, Collection[str]] = {"devices": devices, "areas": house.areas}
    told = [
        _line(f"policy.toml: {where}", pattern, nearest.get(key, ()))
        for where, key, pattern in _patterns(policy)
        if key in there and not there[key](pattern)
    ]
    told += [
        _line(f"house.toml: discovered[{place}].id", each.id, devices)
        for place, each in enumerate(file.owned.values())
        if each.id not in devices and not each.ignore
    ]
    told += [
        _line(f"sentences.toml: sentence[{place}].do", each.device, devices)
        for place, sentence in enumerate(sentences.sentences)
        for each in sentence.do
        if each.device not in devices
    ]
    return tuple(dict.fromkeys(told))


def _patterns(policy: PolicySettings) -> Iterator[tuple[str, str, str]]:
    """Place, key and pattern."""
    rules = [("dangerous", place, scope) for place, scope in enumerate(policy.dangerous)]
    rules += [("quiet", place, each.scope) for place, each in enumerate(policy.quiet)]
    rules += [("clients", place, scope) for place, each in enumerate(policy.clients) for scope in each.scopes]
    for table, place, scope in rules:
        for key in type(scope).__dataclass_fields__:
            for pattern in getattr(scope, key):
                yield f"{table}[{place}].{key}", key, pattern


def _any(names: Iterable[str]) -> Callable[[str], bool]:
    return lambda pattern: pattern == "*" or any(fnmatchcase(each, pattern) for each in names)


def _is_value(pattern: str, house: House) -> bool:
    """Whether something can be set to what fits the pattern."""
    if pattern == "*":
        return True
    for _, capability in house.settable():
        match capability.domain:
            case Options(values):
                fits = any(fnmatchcase(each, pattern) for each in values)
            case Switch():
                fits = any(fnmatchcase(shown(each), pattern) for each in (True, False))
            case Press():
                fits = fnmatchcase("", pattern)
            case Range():
                fits = _NUMBER.fullmatch(pattern) is not None
            case _:
                fits = False
        if fits:
            return True
    return False


def _misses(pattern: str, known: Collection[str]) -> str | None:
    """What is known and was nearly written; numbers that differ, as in the names of rooms, are no typo."""
    folded = {each.casefold(): each for each in known}
    near = get_close_matches(pattern.casefold(), folded, n=1, cutoff=_NEAR)
    if not near or re.findall(r"\d", near[0]) != re.findall(r"\d", pattern):
        return None
    return folded[near[0]]


def _line(where: str, name: str, known: Collection[str]) -> str:
    near = get_close_matches(name, known, n=1)
    advice = f"did you mean {near[0]!r}?" if near else "correct it, or look whether that is reachable"
    return f"{where} has {name[:64]!r}, which fits nothing in the house now; {advice}"
