"""A switch, and what every component with an on and an off shares with it."""

from runtime.commands.registry.codec import Words
from runtime.commands.registry.devices import Switch
from runtime.commands.registry.homeassistant.entity import Entity, Part


def on_off(entity: Entity) -> Words:
    """The entity's words for on and off, and what it says where that differs."""
    on, off = entity.word("payload_on", "ON"), entity.word("payload_off", "OFF")
    said = ((entity.word("state_on", on), True), (entity.word("state_off", off), False))
    return Words(((True, on), (False, off)), said)


def power(entity: Entity, state_template: str = "state_value_template") -> Part | None:
    """On and off by `command_topic`; None without it."""
    words = on_off(entity)
    setter = entity.publish(words)
    if setter is None:
        return None
    return Part("power", Switch(), setter, entity.report("power", words, template=state_template))


def switch(entity: Entity) -> tuple[Part, ...]:
    """On and off."""
    part = power(entity, "value_template")
    return () if part is None else (part,)
