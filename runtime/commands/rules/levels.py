"""Values from a range or of a few words: brightness, colour, temperature, speed, position, volume, options."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from runtime.commands.language.quantities import Quantity
from runtime.commands.meaning import Cannot, Meaning, Reason
from runtime.commands.registry.devices import Device, Kind, Options
from runtime.commands.rules.setting import beyond, setting, without
from runtime.commands.rules.situation import Found, Situation
from runtime.commands.rules.targets import Outcome, carry_out

_MAIN: Final = {
    Kind.LIGHT: "brightness",
    Kind.FAN: "speed",
    Kind.COVER: "position",
    Kind.VALVE: "position",
    Kind.CLIMATE: "temperature",
    Kind.HUMIDIFIER: "humidity",
    Kind.MEDIA_PLAYER: "volume",
}
"""What a number without further words is to a kind; `value` for others."""
_KINDS: Final = {
    "temperature": Kind.CLIMATE,
    "speed": Kind.FAN,
    "position": Kind.COVER,
    "volume": Kind.MEDIA_PLAYER,
    "humidity": Kind.HUMIDIFIER,
}
"""What has a level, where a room is named and no device."""
_OF_LIGHT: Final = re.compile(r"light|lamp|bright|dim|亮|燈|照明")
_CHOSEN: Final = ("value", "mode", "preset", "fan_mode", "effect", "color")
"""Where a word that is an option is looked for."""


def main_level(device: Device) -> str:
    """The capability that a bare number, or up and down, are about."""
    return _MAIN.get(device.kind, "value")


def light(found: Found, situation: Situation) -> Meaning | None:
    """`HassLightSet`: brightness, colour, colour temperature."""
    names = (("brightness", "brightness"), ("color", "color"), ("temperature", "color_temperature"))
    slot, capability = next((slot, capability) for slot, capability in names if slot in found.slots)
    value = found.slots[slot]
    if capability == "brightness" and not found.devices and _may_be_degrees(value, situation):
        return None
    value = float(value) if isinstance(value, int) else value
    return carry_out(found, situation, lambda device: setting(device, capability, value, situation))


def climate(found: Found, situation: Situation) -> Meaning:
    """`HassClimateSetTemperature`."""
    return _set("temperature", found, situation, found.slots["temperature"])


def fan(found: Found, situation: Situation) -> Meaning:
    """`HassFanSetSpeed`."""
    return _set("speed", found, situation, found.slots["percentage"])


def position(found: Found, situation: Situation) -> Meaning:
    """`HassSetPosition`."""
    return _set("position", found, situation, found.slots["position"])


def volume(found: Found, situation: Situation) -> Meaning:
    """`HassSetVolume`."""
    return _set("volume", found, situation, found.slots["volume_level"])


def humidity(found: Found, situation: Situation) -> Meaning:
    """The humidity that a humidifier is to keep."""
    return _set("humidity", found, situation, found.slots["number"])


def level(found: Found, situation: Situation) -> Meaning:
    """A bare number, to whatever it is to each device."""
    number = found.slots["number"]
    return carry_out(found, situation, lambda device: setting(device, main_level(device), number, situation))


def at(found: Found, situation: Situation) -> Meaning | None:
    """The same without a verb, as far as the device takes the number: else "lamp at 7" may speak of the clock."""
    meaning = level(found, situation)
    return None if isinstance(meaning, Cannot) else meaning


def option(found: Found, situation: Situation) -> Meaning:
    """A word that is one of a device's options: a mode, a preset, an effect, the value of a select."""
    words: Sequence[str] = found.slots["option"]
    return carry_out(found, situation, lambda device: _chosen(device, words, situation))


def _set(capability: str, found: Found, situation: Situation, value: object) -> Meaning:
    value = float(value) if isinstance(value, int) else value
    if not found.devices:
        found = replace(found, kind=_KINDS[capability])
    return carry_out(found, situation, lambda device: setting(device, capability, value, situation))


def _may_be_degrees(value: object, situation: Situation) -> bool:
    """Whether "set the bedroom to 21" could be about warmth: a room and a number say nothing of light."""
    return isinstance(value, Quantity) and not value.unit and not _OF_LIGHT.search(situation.text)


def _chosen(device: Device, words: Sequence[str], situation: Situation) -> Outcome:
    refusal: Cannot | None = None
    for name in _CHOSEN:
        capability = device.capability(name)
        if capability is None or not capability.settable or not isinstance(capability.domain, Options):
            continue
        for word in words:
            if word in capability.domain.values:
                return setting(device, name, word, situation)
        refusal = refusal or beyond(device, name, words[0], situation)
    return refusal or Cannot(Reason.NO_SUCH_CAPABILITY, without(device, "mode", situation).text)
