"""Changes to how something is now: brighter, warmer, up by ten percent."""

import re
from dataclasses import replace
from typing import Final

from runtime.commands.language.quantities import Quantity
from runtime.commands.language.relative import changed
from runtime.commands.meaning import Action, Meaning, Tell
from runtime.commands.registry.devices import Device, Kind, Range, Value
from runtime.commands.rules.levels import main_level
from runtime.commands.rules.setting import without
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import Open, Outcome, carry_out
from runtime.commands.wording.describe import limits, say_of, shown, the
from runtime.commands.wording.speak import say

_KINDS: Final = {
    "brightness": Kind.LIGHT,
    "color_temperature": Kind.LIGHT,
    "warmth": Kind.CLIMATE,
    "temperature": Kind.CLIMATE,
    "volume": Kind.MEDIA_PLAYER,
    "speed": Kind.FAN,
    "position": Kind.COVER,
    "humidity": Kind.HUMIDIFIER,
}
"""What is meant where a room is named, and no device."""
_STATED: Final = re.compile(r"^(?![把將讓]).*(?<![調弄開變更再])[冷涼暖熱亮暗]$")
"""How something is, in Chinese, where a verb or an amount would say how it is to be."""
_OF_LIGHT: Final = re.compile(r"\b(?:lights?|lamps?|lighting)\b|燈|照明")


def adjust(found: Found, situation: Situation) -> Meaning | None:
    """`IngleAdjust`: more or less of something, against the state as it was last heard."""
    if _STATED.match(situation.text) and "complaint" not in found.slots:
        return None
    change = str(found.slots["change"])
    aspect = change[:-1] or str(found.slots.get("aspect", ""))
    up = change.endswith("+")
    if not found.devices:
        named = Kind.LIGHT if _OF_LIGHT.search(situation.text) else _KINDS.get(aspect)
        kind = found.kind or named
        if kind is None:
            return None
        found = replace(found, kind=kind, whole=True)
    return carry_out(found, situation, lambda device: _moved(device, aspect, found, situation, up=up))


def _moved(device: Device, aspect: str, found: Found, situation: Situation, *, up: bool) -> Outcome:
    name, up = _capability(device, aspect, up=up)
    capability = device.capability(name)
    if capability is None or not capability.settable or not isinstance(capability.domain, Range):
        return without(device, name, situation)
    language = situation.language
    now = situation.house.value(device.id, name)
    if situation.house.value(device.id, "power") is False and device.kind is Kind.LIGHT:
        if not up or not found.devices:
            text = say_of("told.off_and_left", device, situation.house, language)
            return Tell(text, (device.id,))
        now = capability.domain.low if now is None else now
    by = found.slots.get("number")
    difference = _difference(by, capability.domain, now) if isinstance(by, Quantity) else None
    amount = str(found.slots.get("amount", ""))
    value = changed(capability.domain, now, up=up, amount=amount, by=difference)
    called = the(device, situation.house, language)
    if value is None:
        low, high = limits(capability.domain)
        question = say("asked.how_much", language, device=called, low=low, high=high)
        return Open(Action(device.id, name, None), question)
    if value == now:
        at = shown(value, device, name, language)
        return Tell(say_of("told.already", device, situation.house, language, value=at), (device.id,))
    return Action(device.id, name, value)


def _capability(device: Device, aspect: str, *, up: bool) -> tuple[str, bool]:
    """What is changed, and which way: warmer light is of a lower colour temperature."""
    match aspect:
        case "warmth" if device.kind is Kind.LIGHT:
            return "color_temperature", not up
        case "warmth" | "temperature":
            return "temperature", up
        case "level" | "":
            return main_level(device), up
        case "brightness" if device.kind is not Kind.LIGHT:
            return main_level(device), up
        case _:
            return aspect, up


def _difference(by: Quantity, domain: Range, now: Value) -> float:
    """In the domain's unit; "by half" is half of what it is at."""
    if by.unit == "of" and isinstance(now, int | float):
        return by.value * (now - min(domain.low, 0))
    if by.unit == "%" and domain.unit != "%":
        return by.value / 100 * (domain.high - domain.low)
    return by.value / 1.8 if by.unit == "°F" and domain.unit == "°C" else by.value
