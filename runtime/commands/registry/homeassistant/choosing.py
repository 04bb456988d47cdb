"""What several components have besides: one of a few words, with topics of its own."""

from runtime.commands.registry.codec import Words
from runtime.commands.registry.devices import Options
from runtime.commands.registry.homeassistant.entity import Entity, Part


def one_of(
    entity: Entity,
    name: str,
    options: tuple[str, ...],
    key: str,
    state_template: str,
) -> tuple[Part, ...]:
    """A capability whose topics begin with `key`: `<key>_command_topic` and so on; nothing without one."""
    if not options:
        return ()
    words = Words.same(options)
    setter = entity.publish(words, f"{key}_command_topic", f"{key}_command_template")
    reports = entity.report(name, words, f"{key}_state_topic", state_template)
    return (Part(name, Options(options), setter, reports),) if setter or reports else ()
