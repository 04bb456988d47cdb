"""A fan: on and off, its speed in percent, a preset, whether it swings, and which way it turns."""

from runtime.commands.registry.codec import Steps, Words
from runtime.commands.registry.devices import Switch
from runtime.commands.registry.homeassistant.choosing import one_of
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.switch import power
from runtime.commands.registry.wiring import Sequence
from runtime.errors import DeviceError


def fan(entity: Entity) -> tuple[Part, ...]:
    """What a fan does."""
    on = power(entity)
    if on is None or on.setter is None:
        return ()
    parts = [on]
    steps = Steps(round(entity.number("speed_range_min", 1)), round(entity.number("speed_range_max", 100)))
    if not 1 <= steps.first < steps.last:
        raise DeviceError("speed_range_min must be at least 1, and below speed_range_max")
    speed = entity.publish(steps, "percentage_command_topic", "percentage_command_template")
    if speed is not None:
        reports = entity.report("speed", steps, "percentage_state_topic", "percentage_value_template")
        parts.append(Part("speed", steps.domain, Sequence(((speed, ()),), ((0, on.setter, False),)), reports))
    parts += one_of(
        entity, "preset", entity.words("preset_modes"), "preset_mode", "preset_mode_value_template"
    )
    swings = Words(
        (
            (True, entity.word("payload_oscillation_on", "oscillate_on")),
            (False, entity.word("payload_oscillation_off", "oscillate_off")),
        )
    )
    swing = entity.publish(swings, "oscillation_command_topic", "oscillation_command_template")
    if swing is not None:
        reports = entity.report(
            "oscillation", swings, "oscillation_state_topic", "oscillation_value_template"
        )
        parts.append(Part("oscillation", Switch(), swing, reports))
    parts += one_of(entity, "direction", ("forward", "reverse"), "direction", "direction_value_template")
    return tuple(parts)
