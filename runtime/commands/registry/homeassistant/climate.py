"""A climate: the temperature it keeps, the one there is, its mode, and what else the air has."""

from dataclasses import dataclass, replace
from typing import Final

from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.codec import Now, Number, Word, Words
from runtime.commands.registry.devices import Switch, Value
from runtime.commands.registry.homeassistant.choosing import one_of
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.humidifier import humidity
from runtime.commands.registry.homeassistant.number import bounded
from runtime.commands.registry.homeassistant.switch import on_off
from runtime.commands.registry.running import OFF, resumed
from runtime.commands.registry.standard import ANY_NUMBER
from runtime.commands.registry.wiring import Setter
from runtime.errors import DeviceError

_MODES: Final = ("auto", "off", "cool", "heat", "dry", "fan_only")
_FAN_MODES: Final = ("auto", "low", "medium", "high")


def climate(entity: Entity) -> tuple[Part, ...]:
    """What a climate does."""
    modes = entity.words("modes", _MODES)
    mode = one_of(entity, "mode", modes, "mode", "mode_state_template")
    return (
        *_power(entity, modes, mode),
        *mode,
        *_temperature(entity),
        *one_of(
            entity, "fan_mode", entity.words("fan_modes", _FAN_MODES), "fan_mode", "fan_mode_state_template"
        ),
        *one_of(entity, "preset", entity.words("preset_modes"), "preset_mode", "preset_mode_value_template"),
        *one_of(
            entity,
            "swing",
            entity.words("swing_modes", ("on", "off")),
            "swing_mode",
            "swing_mode_state_template",
        ),
        *humidity(entity, 30, 99),
    )


def _temperature(entity: Entity) -> list[Part]:
    fahrenheit = entity.word("temperature_unit", "C") == "F"
    unit = "°F" if fahrenheit else "°C"
    low, high = (
        entity.number("min_temp", 45 if fahrenheit else 7),
        entity.number("max_temp", 95 if fahrenheit else 35),
    )
    kept = bounded(entity, low, high, entity.number("temp_step", 1), unit)
    codec = Number.plain(kept)
    parts = []
    setter = entity.publish(codec, "temperature_command_topic", "temperature_command_template")
    if setter is not None:
        reports = entity.report("temperature", codec, "temperature_state_topic", "temperature_state_template")
        parts.append(Part("temperature", kept, setter, reports))
    there = replace(ANY_NUMBER, unit=unit)
    current = entity.report(
        "current_temperature",
        Number.plain(there),
        "current_temperature_topic",
        "current_temperature_template",
    )
    return [*parts, Part("current_temperature", there, None, current)] if current else parts


def _power(entity: Entity, modes: tuple[str, ...], mode: tuple[Part, ...]) -> list[Part]:
    """On and off: by a topic of its own, or as modes. Which it is tells the mode."""
    reports = entity.report("power", _Running(), "mode_state_topic", "mode_state_template")
    words = on_off(entity)
    setter: Setter | None = entity.publish(words, "power_command_topic", "power_command_template")
    if setter is not None:
        return [Part("power", Switch(), setter, reports)]
    if not mode or mode[0].setter is None or OFF not in modes or len(modes) == 1:
        return []
    return [Part("power", Switch(), _ByMode(mode[0].setter, modes), reports, by_mode=True)]


@dataclass(frozen=True, slots=True)
class _ByMode:
    """On is a mode, and so is off."""

    mode: Setter
    modes: tuple[str, ...]

    def outgoing(self, value: Value, now: Now) -> tuple[Outgoing, ...]:
        """See `Setter.outgoing`."""
        mode = resumed(self.modes, now) if value else OFF
        if mode is None:
            active = " or ".join(each for each in self.modes if each != OFF)
            raise DeviceError(f"it was not heard to run yet; say which mode it is to be in, {active}")
        return self.mode.outgoing(mode, now)


@dataclass(frozen=True, slots=True)
class _Running:
    """Any mode but off is on."""

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        return Words(()).write(value)

    def read(self, word: str, now: Now) -> Value:  # noqa: ARG002  the border's
        """See `Codec.read`."""
        return word != OFF
