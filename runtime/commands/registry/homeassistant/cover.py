"""A cover: open, closed or stopped, its position and its tilt. A garage door, a gate or a door is dangerous to open."""

from dataclasses import dataclass

from runtime.commands.registry.codec import Codec, Now, Number, Silent, Word, Words
from runtime.commands.registry.devices import Options, Value
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.standard import MOVING, PERCENT
from runtime.commands.registry.wiring import Report, Sequence, Setter
from runtime.errors import DeviceError


def cover(entity: Entity) -> tuple[Part, ...]:
    """What a cover does."""
    return (*_state(entity), *_position(entity), *_tilt(entity))


def _state(entity: Entity) -> list[Part]:
    pairs = [
        (state, entity.word(f"payload_{verb}", verb.upper()))
        for state, verb in (("open", "open"), ("closed", "close"), ("stopped", "stop"))
        if not entity.says_none(f"payload_{verb}")
    ]
    words = Words(tuple(pairs))
    setter: Setter | None = entity.publish(words, template=None)
    if setter is None and (position := _setter(entity)) is not None:
        pairs = [("open", ""), ("closed", "")]
        setter = Sequence((), (("open", position, 100.0), ("closed", position, 0.0)))
    if setter is None or not pairs:
        return []
    return [Part("state", Options(tuple(state for state, _ in pairs)), setter, _states(entity), MOVING)]


def _states(entity: Entity) -> tuple[Report, ...]:
    said = {
        entity.word(f"state_{state}", state): state
        for state in ("stopped", "open", "opening", "closed", "closing")
    }
    told = entity.report("state", Still(tuple(said.items())))
    if told:
        return told
    return entity.report("state", ByPosition(_scale(entity)), "position_topic", "position_template")


def _position(entity: Entity) -> list[Part]:
    setter, scale = _setter(entity), _scale(entity)
    reports = entity.report("position", scale, "position_topic", "position_template")
    return [Part("position", scale.domain, setter, reports)] if setter or reports else []


def _setter(entity: Entity) -> Setter | None:
    """A template is told percent, and the device's own number as `value`."""
    scale = _scale(entity)
    if entity.has("set_position_template"):
        return entity.publish(
            Number.plain(PERCENT), "set_position_topic", "set_position_template", "position"
        )
    return entity.publish(scale, "set_position_topic", None)


def _tilt(entity: Entity) -> list[Part]:
    low, high = entity.number("tilt_min", 0), entity.number("tilt_max", 100)
    if low == high:
        raise DeviceError("tilt_min and tilt_max are the same")
    scale = Number.counted(PERCENT, low, high, 1)
    if entity.has("tilt_command_template"):
        plain = Number.plain(PERCENT)
        setter = entity.publish(plain, "tilt_command_topic", "tilt_command_template", "tilt_position")
    else:
        setter = entity.publish(scale, "tilt_command_topic", None)
    reports = entity.report("tilt", scale, "tilt_status_topic", "tilt_status_template")
    return [Part("tilt", scale.domain, setter, reports)] if setter or reports else []


def _scale(entity: Entity) -> Number:
    low, high = entity.number("position_closed", 0), entity.number("position_open", 100)
    if low == high:
        raise DeviceError("position_open and position_closed are the same")
    return Number.counted(PERCENT, low, high, 1)


@dataclass(frozen=True, slots=True)
class Still:
    """The words of a state. One that stands still is where it came to: closed if it was closing, else open."""

    said: tuple[tuple[str, Value], ...]

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        return Words(()).write(value)

    def read(self, word: str, now: Now) -> Value:
        """See `Codec.read`."""
        state = Words((), self.said).read(word, now)
        if state != "stopped":
            return state
        if isinstance(position := now("position"), int | float):
            return "open" if position > 0 else "closed"
        if now("state") is None:
            raise Silent
        return "closed" if now("state") in {"closing", "closed"} else "open"


@dataclass(frozen=True, slots=True)
class ByPosition:
    """Open unless the position is none at all."""

    scale: Codec

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        return Words(()).write(value)

    def read(self, word: str, now: Now) -> Value:
        """See `Codec.read`."""
        return "closed" if self.scale.read(word, now) == 0 else "open"
