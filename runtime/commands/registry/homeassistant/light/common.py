"""What the schemas of a light share: brightness on the device's scale, the range of its whites, its colours."""

import json
import math
from dataclasses import dataclass
from typing import Final

from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.codec import Codec, Mireds, Now, Number, Word
from runtime.commands.registry.colors import COLORS, KEYS, Form, counted, nearest
from runtime.commands.registry.devices import Options, Range, Value
from runtime.commands.registry.homeassistant.entity import Entity
from runtime.commands.registry.homeassistant.number import bounded
from runtime.commands.registry.standard import PERCENT
from runtime.commands.registry.templates import Template
from runtime.commands.registry.wiring import CHANNEL
from runtime.errors import DeviceError

NAMES: Final = Options(tuple(COLORS))
BRIGHTEST: Final = 255
_KELVIN: Final = 50
"""No lamp that counts in mireds knows a finer difference over all of its range."""


def brightness(entity: Entity) -> Number:
    """Percent, and the device's own count."""
    scale = entity.number("brightness_scale", BRIGHTEST)
    if scale < 1:
        raise DeviceError("brightness_scale must be 1 or more")
    return Number.counted(PERCENT, 0, scale, 1)


def whites(entity: Entity) -> tuple[Range, Codec]:
    """The colour temperatures, in kelvin, and how the device counts them."""
    most, least = entity.number("max_mireds", 500), entity.number("min_mireds", 153)
    if least <= 0 or most <= 0:
        raise DeviceError("min_mireds and max_mireds must be above 0")
    coldest = entity.number("max_kelvin", round(1e6 / least))
    warmest = entity.number("min_kelvin", round(1e6 / most))
    if warmest <= 0:
        raise DeviceError("min_kelvin must be above 0")
    if entity.flag("color_temp_kelvin"):
        domain = bounded(entity, warmest, coldest, 1, "K")
        return domain, Number.plain(domain)
    low, high = _KELVIN * math.ceil(warmest / _KELVIN), _KELVIN * math.floor(coldest / _KELVIN)
    ends = (low, high) if low < high else (warmest, coldest)
    domain = bounded(entity, ends[0], ends[1], _KELVIN, "K")
    return domain, Mireds(domain)


@dataclass(frozen=True, slots=True)
class Color:
    """Colours as the device says them: numbers with commas between, or in an object of JSON."""

    form: Form

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        return ",".join(map(str, self.numbers(value)))

    def read(self, word: str, now: Now) -> Value:  # noqa: ARG002  the border's
        """See `Codec.read`."""
        try:
            if word.startswith("{"):
                said = json.loads(word)
                numbers = [float(said[key]) for key in KEYS[self.form]]
            else:
                numbers = [float(each) for each in word.split(",")]
        except (ValueError, KeyError, TypeError, RecursionError) as exc:
            raise DeviceError(f"it says {word[:40]!r}, which is no colour") from exc
        if len(numbers) != len(KEYS[self.form]) or not all(abs(each) <= 1e4 for each in numbers):  # noqa: PLR2004  and no NaN
            raise DeviceError(f"it says {word[:40]!r}, which is no colour")
        return nearest(tuple(numbers), self.form)

    def numbers(self, value: Value) -> tuple[int | float, ...]:
        """A colour's numbers.

        Raises:
            DeviceError: it is no colour's name.
        """
        if not isinstance(value, str) or value not in COLORS:
            raise DeviceError(f"{value} is no colour; known are {', '.join(COLORS)}")
        return counted(value, self.form)


@dataclass(frozen=True, slots=True)
class SetColor:
    """A colour on a topic: as words, through a template that has its numbers by name, or in JSON."""

    topic: str
    color: Color
    template: Template | None = None
    beside: tuple[tuple[str, Word], ...] = ()
    in_json: bool = False
    retain: bool = False

    def outgoing(self, value: Value, now: Now) -> tuple[Outgoing, ...]:  # noqa: ARG002  the border's
        """See `Setter.outgoing`."""
        numbers = self.color.numbers(value)
        if self.in_json:
            color = dict(zip(KEYS[self.color.form], numbers, strict=True))
            text = json.dumps({**dict(self.beside), "color": color})
        elif self.template is not None:
            names = {"rgb": ("red", "green", "blue"), "hs": ("hue", "sat"), "xy": ("x", "y")}[self.color.form]
            word = self.color.write(value)
            text = self.template.command(
                {**dict(self.beside), "value": word, **dict(zip(names, numbers, strict=True))}
            )
        else:
            text = str(self.color.write(value))
        return (Outgoing(CHANNEL, self.topic, text.encode(), retain=self.retain),)
