"""The default schema: a topic for each thing a light does, and one to switch it on that goes with them."""

from dataclasses import dataclass

from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.codec import Now, Words
from runtime.commands.registry.colors import FORMS
from runtime.commands.registry.devices import Domain, Options, Switch, Value
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.homeassistant.light.common import NAMES, Color, SetColor, brightness, whites
from runtime.commands.registry.homeassistant.switch import on_off
from runtime.commands.registry.wiring import Report, Sequence, Setter
from runtime.errors import DeviceError


def default(entity: Entity) -> tuple[Part, ...]:
    """What a light does by topics."""
    words = on_off(entity)
    switch = entity.publish(words, template=None)
    if switch is None:
        return ()
    first = entity.word("on_command_type", "last")
    if first not in {"last", "first", "brightness"}:
        raise DeviceError("on_command_type must be last, first or brightness")
    parts: list[Part] = []
    count = brightness(entity)
    dim = entity.publish(count, "brightness_command_topic", "brightness_command_template")
    power: Setter = switch if dim is None or first != "brightness" else _OnByBrightness(switch, dim)

    def part(name: str, domain: Domain, setter: Setter, reports: tuple[Report, ...]) -> Part:
        on: tuple[Setter, tuple[Value, ...]] = (switch, (True,))
        itself: tuple[Setter, tuple[Value, ...]] = (setter, ())
        steps = {"last": (itself, on), "first": (on, itself), "brightness": (itself,)}[first]
        return Part(name, domain, Sequence(steps, ((0, switch, False),)), reports)

    state = (
        entity.report("power", words, template="state_value_template")
        if entity.has("state_value_template")
        else ()
    )
    parts.append(Part("power", Switch(), power, state or entity.report("power", words)))
    if dim is not None:
        reports = entity.report("brightness", count, "brightness_state_topic", "brightness_value_template")
        parts.append(part("brightness", count.domain, dim, reports))
    range_, mireds = whites(entity)
    white = entity.publish(mireds, "color_temp_command_topic", "color_temp_command_template")
    if white is not None:
        reports = entity.report(
            "color_temperature", mireds, "color_temp_state_topic", "color_temp_value_template"
        )
        parts.append(part("color_temperature", range_, white, reports))
    parts += [part("color", NAMES, setter, reports) for setter, reports in _colors(entity)[:1]]
    if effects := entity.words("effect_list"):
        names = Words.same(effects)
        effect = entity.publish(names, "effect_command_topic", "effect_command_template")
        reports = entity.report("effect", names, "effect_state_topic", "effect_value_template")
        parts += [part("effect", Options(effects), effect, reports)] if effect else []
    return tuple(parts)


def _colors(entity: Entity) -> list[tuple[Setter, tuple[Report, ...]]]:
    """The ways in which it can be told a colour, the plainest first."""
    found: list[tuple[Setter, tuple[Report, ...]]] = []
    for form in FORMS:
        topic, template = entity.topic(f"{form}_command_topic"), entity.template(f"{form}_command_template")
        if topic is not None:
            reports = entity.report("color", Color(form), f"{form}_state_topic", f"{form}_value_template")
            found.append((SetColor(topic, Color(form), template, retain=entity.retain), reports))
    return found


@dataclass(frozen=True, slots=True)
class _OnByBrightness:
    """Off by its word; on by the brightness that it last had, or all of it."""

    switch: Setter
    dim: Setter

    def outgoing(self, value: Value, now: Now) -> tuple[Outgoing, ...]:
        """See `Setter.outgoing`."""
        if not value:
            return self.switch.outgoing(False, now)
        before = now("brightness")
        return self.dim.outgoing(before or 100, now)
