"""A humidifier or dehumidifier: on and off, the humidity it keeps, and a mode."""

from runtime.commands.registry.codec import Number
from runtime.commands.registry.homeassistant.choosing import one_of
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.number import bounded
from runtime.commands.registry.homeassistant.switch import power
from runtime.commands.registry.standard import PERCENT


def humidifier(entity: Entity) -> tuple[Part, ...]:
    """What a humidifier does."""
    on = power(entity)
    parts = [] if on is None else [on]
    parts += humidity(entity, 0, 100)
    return (*parts, *one_of(entity, "mode", entity.words("modes"), "mode", "mode_state_template"))


def humidity(entity: Entity, low: float, high: float) -> list[Part]:
    """The humidity that is kept, and the one that there is."""
    parts = []
    kept = bounded(entity, entity.number("min_humidity", low), entity.number("max_humidity", high), 1, "%")
    codec = Number.plain(kept)
    setter = entity.publish(codec, "target_humidity_command_topic", "target_humidity_command_template")
    if setter is not None:
        reports = entity.report(
            "humidity", codec, "target_humidity_state_topic", "target_humidity_state_template"
        )
        parts.append(Part("humidity", kept, setter, reports))
    current = Number.plain(PERCENT)
    reports = entity.report(
        "current_humidity", current, "current_humidity_topic", "current_humidity_template"
    )
    return [*parts, Part("current_humidity", PERCENT, None, reports)] if reports else parts
