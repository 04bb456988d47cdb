"""A scene or a button: it happens when it is pressed."""

from runtime.commands.registry.codec import Words
from runtime.commands.registry.devices import Kind, Press
from runtime.commands.registry.homeassistant.entity import Entity, Part


def press(entity: Entity) -> tuple[Part, ...]:
    """Something to press."""
    if entity.kind is Kind.SCENE:
        setter = entity.publish(Words(((None, entity.word("payload_on", "ON")),)), template=None)
    else:
        setter = entity.publish(Words(((None, entity.word("payload_press", "PRESS")),)))
    return () if setter is None else (Part("activate", Press(), setter),)
