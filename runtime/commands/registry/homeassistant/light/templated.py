"""The template schema: one topic each way, and templates of the device's for what is said there."""

from runtime.commands.registry.codec import Codec, Number, Words
from runtime.commands.registry.devices import Domain, Options, Switch
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.light.common import BRIGHTEST, NAMES, Color, SetColor, whites
from runtime.commands.registry.standard import PERCENT
from runtime.commands.registry.templates import Template
from runtime.commands.registry.wiring import Publish, Report, Sequence, Setter
from runtime.errors import DeviceError

_WORDS = Words(((True, "on"), (False, "off")))
_PRIMARIES = ("red", "green", "blue")


def templated(entity: Entity) -> tuple[Part, ...]:
    """What a light does by templates."""
    topic, state = entity.topic("command_topic"), entity.topic("state_topic")
    on, off = entity.template("command_on_template"), entity.template("command_off_template")
    if topic is None or on is None or off is None:
        raise DeviceError("a light of the template schema needs command_topic and its on and off templates")
    switched_off = Publish(topic, _WORDS, off, "state", retain=entity.retain)
    state_on = (("state", "on"),)

    def reports(name: str, codec: Codec, template: Template | None) -> tuple[Report, ...]:
        return () if state is None or template is None else (Report(state, name, codec, template),)

    def part(name: str, domain: Domain, codec: Codec, key: str) -> Part:
        setter: Setter = Publish(topic, codec, on, key, beside=state_on, retain=entity.retain)
        if name == "brightness":
            setter = Sequence(((setter, ()),), ((0, switched_off, False),))
        return Part(name, domain, setter, reports(name, codec, entity.template(f"{key}_template")))

    switched_on = Publish(topic, _WORDS, on, "state", retain=entity.retain)
    power = Sequence(((switched_on, ()),), ((False, switched_off, False),))
    parts = [Part("power", Switch(), power, reports("power", _WORDS, entity.template("state_template")))]
    if entity.has("brightness_template"):
        parts.append(part("brightness", PERCENT, Number(PERCENT, 0, BRIGHTEST, wire_step=1), "brightness"))
    if entity.has("color_temp_template"):
        domain, codec = whites(entity)
        parts.append(part("color_temperature", domain, codec, "color_temp"))
    if all(entity.has(f"{each}_template") for each in _PRIMARIES):
        parts.append(Part("color", NAMES, SetColor(topic, Color("rgb"), on, state_on, retain=entity.retain)))
    if effects := entity.words("effect_list"):
        names = Words.same(effects)
        parts.append(part("effect", Options(effects), names, "effect"))
    return tuple(parts)
