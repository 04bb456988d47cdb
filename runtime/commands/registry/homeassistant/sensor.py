"""A sensor, which tells a number, a word or a text, and one that tells on or off. Both are only read."""

from dataclasses import replace
from typing import Final

from runtime.commands.registry.codec import Number, Said, Words
from runtime.commands.registry.devices import Kind, Options, Range, Switch, Text
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.switch import on_off
from runtime.commands.registry.standard import ANY_NUMBER
from runtime.commands.registry.wiring import Fades

_LONGEST_UNIT: Final = 20
_OF_TIME: Final = frozenset({"timestamp", "date"})


def sensor(entity: Entity) -> tuple[Part, ...]:
    """What a sensor tells: a number if it has a unit, or a class of numbers; one of its options; else a text."""
    unit, kind = entity.word("unit_of_measurement", ""), entity.device_class
    if kind == "enum" and (options := entity.words("options")):
        words = Words.same(options)
        return _read(entity, Options(options), words)
    if unit or entity.has("state_class") or (kind is not None and kind not in _OF_TIME | {"enum"}):
        domain = replace(ANY_NUMBER, unit=unit[:_LONGEST_UNIT])
        return _read(entity, domain, Number.plain(domain))
    return _read(entity, Text(), Said())


def binary_sensor(entity: Entity) -> tuple[Part, ...]:
    """On or off, whatever that means for its class."""
    return _read(entity, Switch(), on_off(entity))


def _fades(entity: Entity) -> Fades | None:
    """How long what it says holds: until it is off again by itself, or until nobody can know any more."""
    for key, value in (("off_delay", False), ("expire_after", None)):
        after = entity.number(key, 0)
        if after > 0 and (value is None or entity.kind is Kind.BINARY_SENSOR):
            return Fades(after, value)
    return None


def _read(
    entity: Entity, domain: Options | Range | Text | Switch, codec: Words | Number | Said
) -> tuple[Part, ...]:
    fades = _fades(entity)
    reports = tuple(replace(each, fades=fades) for each in entity.report("value", codec))
    return (Part("value", domain, None, reports),) if reports else ()
