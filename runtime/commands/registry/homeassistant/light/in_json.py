"""The JSON schema: one object on one topic, each way."""

from runtime.commands.registry.codec import Codec, Words
from runtime.commands.registry.colors import FORMS
from runtime.commands.registry.devices import Domain, Options, Switch
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.light.common import NAMES, Color, SetColor, brightness, whites
from runtime.commands.registry.wiring import Publish, Report, Sequence, Setter

_WORDS = Words(((True, "ON"), (False, "OFF")))


def in_json(entity: Entity) -> tuple[Part, ...]:
    """What a light does by objects."""
    topic, state = entity.topic("command_topic"), entity.topic("state_topic")
    if topic is None:
        return ()
    power = Publish(topic, _WORDS, field="state", retain=entity.retain)
    on = (("state", "ON"),)
    modes = frozenset(entity.words("supported_color_modes"))

    def reports(name: str, codec: Codec, *field: str) -> tuple[Report, ...]:
        return () if state is None else (Report(state, name, codec, None, field),)

    def part(name: str, domain: Domain, codec: Codec, field: str) -> Part:
        setter: Setter = Publish(topic, codec, field=field, beside=on, retain=entity.retain)
        if name == "brightness":
            setter = Sequence(((setter, ()),), ((0, power, False),))
        return Part(name, domain, setter, reports(name, codec, field))

    parts = [Part("power", Switch(), power, reports("power", _WORDS, "state"))]
    if entity.flag("brightness") or modes - {"onoff"}:
        count = brightness(entity)
        parts.append(part("brightness", count.domain, count, "brightness"))
    if entity.flag("color_temp") or "color_temp" in modes:
        domain, codec = whites(entity)
        parts.append(part("color_temperature", domain, codec, "color_temp"))
    if form := next((each for each in FORMS if entity.flag(each) or each in modes), None):
        color = SetColor(topic, Color(form), beside=on, in_json=True, retain=entity.retain)
        parts.append(Part("color", NAMES, color, reports("color", Color(form), "color")))
    if effects := entity.words("effect_list"):
        parts.append(part("effect", Options(effects), Words.same(effects), "effect"))
    return tuple(parts)
