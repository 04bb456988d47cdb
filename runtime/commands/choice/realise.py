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
            amount = "large" if _LARGE.search(text) else "small" if _SMALL.search(text) else ""
            by = _difference(found, domain)
            return changed(domain, now, up=possible.aim is Aim.MORE, amount=amount, by=by)
        case _:
            return possible.value


def _difference(found: Sequence[Quantity], domain: Range) -> float | None:
    """By how much, where one number says it in the unit of the range."""
    (quantity, *more) = found or (Quantity(0.0, "none"),)
    return quantity.value if not more and quantity.unit in {"", domain.unit} else None
