"""A valve: open and closed, or a position. A gas valve is dangerous to open."""

from dataclasses import dataclass

from runtime.commands.registry.codec import Now, Number, Silent, Word, Words, number_in
from runtime.commands.registry.devices import Options, Value
from runtime.commands.registry.homeassistant.cover import ByPosition, Still
from runtime.commands.registry.homeassistant.either import InJson, field
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.standard import MOVING, PERCENT
from runtime.commands.registry.wiring import Sequence, Setter
from runtime.errors import DeviceError


def valve(entity: Entity) -> tuple[Part, ...]:
    """What a valve does."""
    if entity.flag("reports_position"):
        return _positioned(entity)
    pairs = [
        (state, entity.word(f"payload_{verb}", verb.upper()))
        for state, verb in (("open", "open"), ("closed", "close"))
        if not entity.says_none(f"payload_{verb}")
    ]
    if entity.has("payload_stop"):
        pairs.append(("stopped", entity.word("payload_stop", "STOP")))
    setter = entity.publish(Words(tuple(pairs)))
    if setter is None or not pairs:
        return ()
    said = Still(_said(entity, "open", "opening", "closed", "closing"))
    options = Options(tuple(state for state, _ in pairs))
    return (Part("state", options, setter, entity.report("state", InJson("state", said)), MOVING),)


def _positioned(entity: Entity) -> tuple[Part, ...]:
    """One topic for numbers both ways, on which it also says that it is moving."""
    low, high = entity.number("position_closed", 0), entity.number("position_open", 100)
    if low == high:
        raise DeviceError("position_open and position_closed are the same")
    scale = Number.counted(PERCENT, low, high, 1)
    position = entity.publish(scale)
    if position is None:
        return ()
    instead: tuple[tuple[Value, Setter, Value], ...] = (("open", position, 100.0), ("closed", position, 0.0))
    states: tuple[str, ...] = ("open", "closed")
    if entity.has("payload_stop"):
        stop = entity.publish(Words((("stopped", entity.word("payload_stop", "STOP")),)))
        instead += (("stopped", stop, "stopped"),) if stop else ()
        states += ("stopped",) if stop else ()
    moving = _OneOrOther(Still(_said(entity, "opening", "closing")), ByPosition(scale))
    where = InJson("position", _Numeric(scale))
    return (
        Part("state", Options(states), Sequence((), instead), entity.report("state", moving), MOVING),
        Part("position", scale.domain, position, entity.report("position", where)),
    )


def _said(entity: Entity, *states: str) -> tuple[tuple[str, Value], ...]:
    return tuple((entity.word(f"state_{state}", state), state) for state in states)


@dataclass(frozen=True, slots=True)
class _Numeric:
    """A number; a word says nothing of it."""

    scale: Number

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        return self.scale.write(value)

    def read(self, word: str, now: Now) -> Value:
        """See `Codec.read`."""
        try:
            number_in(word)
        except DeviceError:
            raise Silent from None
        return self.scale.read(word, now)


@dataclass(frozen=True, slots=True)
class _OneOrOther:
    """A word for moving, or else the position tells."""

    moving: Still
    place: ByPosition

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        return self.moving.write(value)

    def read(self, word: str, now: Now) -> Value:
        """See `Codec.read`."""
        try:
            return self.moving.read(field(word, "state"), now)
        except (DeviceError, Silent):
            return self.place.read(field(word, "position"), now)
