"""Colours by name, and in the ways that lamps count them. Numbers only."""

import colorsys
import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Form = Literal["rgb", "hs", "xy"]
"""Red, green, blue to 255; hue in degrees and saturation in percent; CIE 1931 x and y."""

COLORS: Final[Mapping[str, tuple[int, int, int]]] = MappingProxyType(
    {
        "white": (255, 255, 255),
        "red": (255, 0, 0),
        "orange": (255, 128, 0),
        "yellow": (255, 255, 0),
        "green": (0, 255, 0),
        "turquoise": (0, 255, 200),
        "blue": (0, 0, 255),
        "purple": (128, 0, 255),
        "pink": (255, 80, 160),
        "brown": (165, 82, 42),
    }
)
"""Red, green and blue of each name that can be said."""
FORMS: Final[tuple[Form, ...]] = ("rgb", "hs", "xy")
KEYS: Final[Mapping[Form, tuple[str, ...]]] = MappingProxyType(
    {"rgb": ("r", "g", "b"), "hs": ("h", "s"), "xy": ("x", "y")}
)

_DARK: Final = 0.04045
"""Below it the curve of sRGB is a line."""


def counted(name: str, form: Form) -> tuple[int | float, ...]:
    """A colour as a lamp counts it."""
    rgb = COLORS[name]
    match form:
        case "rgb":
            return rgb
        case "hs":
            hue, saturation, _ = colorsys.rgb_to_hsv(*(each / 255 for each in rgb))
            return round(hue * 360, 1), round(saturation * 100, 1)
        case "xy":
            return _xy(rgb)


def nearest(numbers: tuple[float, ...], form: Form) -> str:
    """The name of the colour that is most like it."""
    here = _place(numbers, form)
    return min(COLORS, key=lambda name: math.dist(here, _place(counted(name, form), form)))


def _place(numbers: tuple[float, ...], form: Form) -> tuple[float, ...]:
    """Where a colour lies, so that near ones look alike: hue goes round, and brightness does not count."""
    if form == "xy":
        return numbers
    if form == "rgb":
        brightest = max(*numbers, 1)
        return tuple(each / brightest for each in numbers)
    turn = math.radians(numbers[0])
    return numbers[1] * math.cos(turn), numbers[1] * math.sin(turn)


def _xy(rgb: tuple[int, int, int]) -> tuple[float, float]:
    """By way of linear light and the primaries of sRGB (IEC 61966-2-1)."""
    red, green, blue = (_linear(each / 255) for each in rgb)
    x = 0.4124 * red + 0.3576 * green + 0.1805 * blue
    y = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    z = 0.0193 * red + 0.1192 * green + 0.9505 * blue
    return round(x / (x + y + z), 4), round(y / (x + y + z), 4)


def _linear(part: float) -> float:
    return part / 12.92 if part <= _DARK else ((part + 0.055) / 1.055) ** 2.4
