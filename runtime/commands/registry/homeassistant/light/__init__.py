"""A light: on and off, brightness, colour, its temperature, and effects; one file a schema of its messages."""

from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.light.default import default
from runtime.commands.registry.homeassistant.light.in_json import in_json
from runtime.commands.registry.homeassistant.light.templated import templated
from runtime.errors import DeviceError


def light(entity: Entity) -> tuple[Part, ...]:
    """What a light does."""
    match entity.word("schema", "default"):
        case "default" | "basic":
            return default(entity)
        case "json":
            return in_json(entity)
        case "template":
            return templated(entity)
        case schema:
            raise DeviceError(f"a light has the schema {schema[:40]!r}; known are default, json and template")
