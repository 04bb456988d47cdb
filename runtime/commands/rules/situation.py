"""What a recognised sentence is read in: the house, the language, where it was said, and what was recognised."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from runtime.commands.registry.house import House

_ENGLISH_MANY: Final = re.compile(
    r"\b(?:lights|lamps|lighting|fans|blinds|curtains|shades|shutters|windows|doors|gates|awnings|"
    r"locks|switches|"
    r"all|every|both|everything|everywhere|each|thermostats|heaters|speakers|them|those|these)\b"
)
_ENGLISH_ONE: Final = re.compile(
    r"\b(?!light up\b)(?<!no more )(?:light|lamp|fan|blind|curtain|shade|shutter|window|door|gate|awning|lock|switch|"
    r"thermostat|heater|speaker)\b"
)
_ENGLISH_LAMP: Final = re.compile(r"\blamps?\b")
_CHINESE_ALL: Final = re.compile(r"全部|所有|都|每一?[盞個台扇道]")


def known(area: str | None, house: House) -> str | None:
    """Where it was said, if the house has such a place: a satellite may tell of one that is long gone."""
    return area if area in house.areas else None


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything that reading a sentence may ask about."""

    house: House
    language: str
    area: str | None
    """Where it was said."""
    text: str
    """Made plain, in digits, without its time."""
    later: bool = False
    """It is not for now: how things are then is not known."""

    @property
    def many(self) -> bool:
        """Whether more than one may be meant: not if the sentence names a kind in the singular.

        Chinese has no plural, and a room as a whole ("illuminate the kitchen") names no kind.
        """
        if not self.language.startswith("en") or _ENGLISH_MANY.search(self.text):
            return True
        return not _ENGLISH_ONE.search(self.text)

    @property
    def every(self) -> bool:
        """Whether all are meant, in so many words."""
        if self.language.startswith("zh"):
            return bool(_CHINESE_ALL.search(self.text))
        return bool(re.search(r"\b(?:all|every|both|everywhere|each)\b", self.text))

    @property
    def lamp(self) -> bool:
        """Whether it speaks of lamps rather than of lights."""
        return bool(_ENGLISH_LAMP.search(self.text))


@dataclass(frozen=True, slots=True)
class Found:
    """What the templates made of a sentence: the same of however many devices have the name."""

    intent: str
    slots: Mapping[str, Any]
    """Without those that say which devices."""
    response: str = ""
    devices: tuple[str, ...] = ()
    """Ids, where a name was said."""
    together: bool = False
    """All of the devices are meant, as by `them`; else one of them is."""
    area: str | None = None
    """Id of an area, `here`, or None for anywhere."""
    floor: str | None = None
    kind: str | None = None
    device_class: tuple[str, ...] = ()
    whole: bool = False
    """Of a kind in a place, all there is."""
