"""The values of a described capability, and the device's words for them: what is written, or what is usual."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from runtime.commands.registry import standard
from runtime.commands.registry.codec import Codec, Number, Said, Words
from runtime.commands.registry.devices import (
    Domain,
    Kind,
    Options,
    Press,
    Range,
    Switch,
    Text,
    Value,
)
from runtime.commands.registry.tables import CapabilityTable, RangeTable, finite, option_words, word, words
from runtime.errors import DeviceError

_SENT: Final[Mapping[str, str]] = {
    "on": "ON",
    "off": "OFF",
    "open": "OPEN",
    "closed": "CLOSE",
    "stopped": "STOP",
    "locked": "LOCK",
    "unlocked": "UNLOCK",
}
"""What devices are usually sent."""
_ALSO_SAID: Final[Mapping[str, tuple[str, ...]]] = {
    "on": ("ON", "on", "On", "true", "True", "1"),
    "off": ("OFF", "off", "Off", "false", "False", "0"),
}
"""What they say of it, other than the value's name as it is and in capitals."""


def domain_of(name: str, table: CapabilityTable, kind: Kind) -> Domain:
    """The values of a capability: as described, or as usual for its name.

    Raises:
        DeviceError: they are described twice, or not at all, or cannot be.
    """
    told = [
        table.range,
        table.options,
        table.switch or None,
        table.press or None,
        table.text or None,
        table.unit,
    ]
    if sum(each is not None for each in told) > 1:
        raise DeviceError("it has more than one of range, unit, options, switch, press and text; leave one")
    if table.range is not None:
        return _range(table.range)
    if table.options is not None:
        return Options(option_words(table.options, "options"))
    if table.switch or table.press or table.text:
        return Switch() if table.switch else Press() if table.press else Text()
    if table.unit is not None:
        if table.topic is not None:
            raise DeviceError("what is set needs a range; write its unit there")
        return replace(standard.ANY_NUMBER, unit=word(table.unit, "unit"))
    usual = standard.usual_domain(kind, name)
    if usual is None:
        raise DeviceError("its values are not known; give it a range, options, switch = true or press = true")
    return usual


def _range(table: RangeTable) -> Range:
    if not finite(table.low, table.high, table.step) or table.low > table.high:
        raise DeviceError("its range needs a low below its high, and a step that is not negative")
    return Range(table.low, table.high, table.step, table.unit and word(table.unit, "unit"))


def dangerous_values(
    told: bool | tuple[str | float | bool, ...],  # noqa: FBT001  as it is written
    domain: Domain,
) -> tuple[tuple[Value, ...], bool]:
    """Which values are dangerous, and whether all are, as an owner says it.

    Raises:
        DeviceError: a value that it cannot be set to.
    """
    if isinstance(told, bool):
        return (), told
    values: list[Value] = []
    for each in told:
        on_or_off = isinstance(domain, Switch) and each in {"on", "off"}
        value: Value = each == "on" if on_or_off else each
        if (fault := domain.check(value)) is not None:
            raise DeviceError(f"dangerous holds what it cannot be set to: {fault}")
        values.append(value)
    return tuple(values), False


def codec_of(name: str, domain: Domain, table: CapabilityTable, kind: Kind) -> Codec:
    """The device's words for these values.

    Raises:
        DeviceError: words of values that there are not, or a count that cannot be.
    """
    match domain:
        case Range():
            if table.wire is None:
                return Number.plain(domain)
            if not finite(table.wire.low, table.wire.high, table.wire.step):
                raise DeviceError("wire needs a low and a high that differ, and a step that is not negative")
            return Number.counted(domain, table.wire.low, table.wire.high, table.wire.step)
        case Text():
            return Said()
        case Press():
            usual = "ON" if kind is Kind.SCENE else "PRESS"
            return Words(((None, usual if table.payload is None else word(table.payload, "payload")),))
        case Switch():
            return _words({"on": True, "off": False}, table)
        case Options():
            return _words({each: each for each in (*domain.values, *standard.also_read(kind, name))}, table)


def _words(values: Mapping[str, Value], table: CapabilityTable) -> Words:
    sent = words(table.payloads, "payloads", tuple(values))
    said = words(table.states, "states", tuple(values))
    pairs = tuple((value, sent.get(name) or _SENT.get(name, name)) for name, value in values.items())
    heard = {word_: values[name] for name, word_ in said.items()}
    for value, word_ in pairs:
        heard.setdefault(word_, value)
    for name, value in values.items():
        for each in (name, name.upper(), *_ALSO_SAID.get(name, ())):
            heard.setdefault(each, value)
    return Words(pairs, tuple(heard.items()))
