"""A select: one of its options."""

from runtime.commands.registry.codec import Words
from runtime.commands.registry.devices import Options
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.errors import DeviceError


def select(entity: Entity) -> tuple[Part, ...]:
    """One of the options."""
    options = entity.words("options")
    if not options:
        raise DeviceError("a select has no options")
    words = Words.same(options)
    setter = entity.publish(words)
    if setter is None:
        return ()
    return (Part("value", Options(options), setter, entity.report("value", words)),)
