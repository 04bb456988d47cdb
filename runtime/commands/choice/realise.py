"""From a possible thing to actions: the value it leads to, out of the sentence's numbers and how things are now.

What has no value that the sentence gives is an open action (value None): a question for the person, or for the model.
"""

import re
from collections.abc import Sequence
from typing import Final

from runtime.commands.language.quantities import Quantity
from runtime.commands.language.relative import changed, rounded
from runtime.commands.meaning import Action
from runtime.commands.registry.devices import Device, Range, Value
from runtime.commands.registry.house import House
from runtime.commands.rules.setting import in_range
from runtime.commands.shortlist.possible import Aim, Possible

_SMALL: Final = re.compile(
    r"\b(a bit|a little|little bit|a tad|slightly|somewhat|a touch|a notch|a smidge|tiny)\b|一點|稍微|些微|一些"
)
_LARGE: Final = re.compile(r"\b(a lot|much|way|far|significantly|considerably|really)\b|很多|多一點|大幅")

_UNIT: Final = r"(?:%|°|degrees?|points?)"
_MOVED: Final = (
    r"(?:more|less|warmer|cooler|colder|hotter|brighter|dimmer|darker|louder|quieter|higher|lower"
    r"|faster|slower)"
)
_DIFFERENCE: Final = re.compile(
    rf"\bby (?:about |another |around )?\d"
    rf"|(?<!to )(?<!at )\b\d[\d.]* ?(?:{_UNIT}? ?{_MOVED}|{_UNIT} ?(?:up|down|off))\b"
    rf"|\b(?:up|down|add|another|extra|knock|take|drop)(?: (?!to\b|at\b)\w+){{0,3}} \d[\d.]* ?{_UNIT}"
    r"|(?:降低?|升高?|調高|調低|提高|減少?|增?加|[高低暖涼亮暗])個?\d"
)
_FACTORS: Final = (
    (re.compile(r"\b(?:twice as|doubled?)\b|加倍|兩倍"), 2.0),
    (re.compile(r"\b(?:halved?|(?:in|by) half|half as)\b|減半"), 0.5),
)


def is_difference(text: str) -> bool:
    """Whether the number of a sentence is a change and no target: `ten percent more`, `by two degrees`, `in half`."""
    return _factor(text) is not None or _DIFFERENCE.search(text) is not None


def _factor(text: str) -> float | None:
    return next((factor for pattern, factor in _FACTORS if pattern.search(text)), None)


def realise(possible: Possible, text: str, found: Sequence[Quantity], house: House) -> tuple[Action, ...]:
    """The actions; an open one where a number is wanted that the sentence does not give, or that does not fit."""
    name = possible.capability.name
    return tuple(
        Action(device.id, name, _value(possible, device, text, found, house)) for device in possible.devices
    )


def is_open(actions: Sequence[Action], possible: Possible) -> bool:
    """Whether a value is still missing."""
    return possible.aim is not Aim.PRESS and any(action.value is None for action in actions)


def fitting(found: Sequence[Quantity], domain: Range, capability: str) -> tuple[float, ...]:
    """Those of the sentence's numbers that the device takes, in its unit."""
    values = (in_range(each, domain, capability) for each in found if _of_unit(each, domain))
    return tuple(dict.fromkeys(rounded(domain, value) for value in values if domain.check(value) is None))


def _of_unit(quantity: Quantity, domain: Range) -> bool:
    if quantity.unit in {"", domain.unit}:
        return True
    return (quantity.unit in {"of", "%"} and domain.unit in {"%", ""}) or {quantity.unit, domain.unit} == {
        "°C",
        "°F",
    }


def _value(possible: Possible, device: Device, text: str, found: Sequence[Quantity], house: House) -> Value:
    domain = possible.capability.domain
    if not isinstance(domain, Range):
        return possible.value
    match possible.aim:
        case Aim.NUMBER:
            values = fitting(found, domain, possible.capability.name)
            return values[0] if len(values) == 1 else None
        case Aim.MOST:
            return domain.high
        case Aim.LEAST:
            return domain.low
        case Aim.MORE | Aim.LESS:
            now = house.value(device.id, possible.capability.name)
            return _moved(domain, now, text, found, up=possible.aim is Aim.MORE)
        case _:
            return possible.value


def _moved(domain: Range, now: Value, text: str, found: Sequence[Quantity], *, up: bool) -> float | None:
    """What a value is to become; less of something is not nothing of it, unless a number says so."""
    level = float(now) if isinstance(now, int | float) and not isinstance(now, bool) else None
    if (factor := _factor(text)) is not None:
        return None if level is None else rounded(domain, level * factor)
    amount = "large" if _LARGE.search(text) else "small" if _SMALL.search(text) else ""
    by = _difference(found, domain)
    value = changed(domain, now, up=up, amount=amount, by=by)
    if level is not None and by is None and value == domain.low < level:
        return rounded(domain, (level + domain.low) / 2)
    return value


def _difference(found: Sequence[Quantity], domain: Range) -> float | None:
    """By how much, where one number says it in the unit of the range."""
    (quantity, *more) = found or (Quantity(0.0, "none"),)
    return quantity.value if not more and quantity.unit in {"", domain.unit} else None
