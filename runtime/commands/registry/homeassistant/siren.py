"""A siren: on and off, in JSON unless it has a template."""

from runtime.commands.registry.devices import Switch
from runtime.commands.registry.homeassistant.either import InJson
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.switch import on_off
from runtime.commands.registry.wiring import Publish, Sequence


def siren(entity: Entity) -> tuple[Part, ...]:
    """On and off."""
    words, topic = on_off(entity), entity.topic("command_topic")
    if topic is None:
        return ()
    template = entity.template("command_template")
    setter: Publish | Sequence = Publish(topic, words, template, "state", "state")
    if (off := entity.template("command_off_template")) is not None:
        setter = Sequence(((setter, ()),), ((False, Publish(topic, words, off, "state"), False),))
    reports = entity.report("power", InJson("state", words), template="state_value_template")
    return (Part("power", Switch(), setter, reports),)
