"""A number: from its min to its max."""

from runtime.commands.registry.codec import Number
from runtime.commands.registry.devices import Range
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.errors import DeviceError

_LONGEST_UNIT = 20


def bounded(entity: Entity, low: float, high: float, step: float, unit: str) -> Range:
    """A range, if one can count in it.

    Raises:
        DeviceError: it ends before it begins.
    """
    if low >= high or step < 0:
        raise DeviceError(f"the range of a {entity.kind} goes from {low:g} to {high:g} by {step:g}")
    return Range(low, high, step, unit[:_LONGEST_UNIT])


def number(entity: Entity) -> tuple[Part, ...]:
    """A number."""
    low, high, step = entity.number("min", 1), entity.number("max", 100), entity.number("step", 1)
    domain = bounded(entity, low, high, step, entity.word("unit_of_measurement", ""))
    codec = Number.plain(domain)
    setter = entity.publish(codec)
    if setter is None:
        return ()
    return (Part("value", domain, setter, entity.report("value", codec)),)
