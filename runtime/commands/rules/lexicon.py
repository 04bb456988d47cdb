"""What a house's things are called, ready to be looked for in sentences; made anew when areas or devices change."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from runtime.commands.language.names import Of, Spoken, names, spoken
from runtime.commands.language.quantities import quantities
from runtime.commands.registry.devices import Area, Device, Kind, Options
from runtime.commands.registry.house import House
from runtime.commands.rules.recogniser import Value
from runtime.commands.wording.speak import wording

PRONOUNS: Final = (
    "it", "them", "that", "this", "these", "those", "它", "它們", "牠", "他", "他們", "那個", "這個", "那些", "這些",
    "剛才的", "剛剛的",
)  # fmt: skip
_SLOTS: Final = {Of.DEVICE: "name", Of.AREA: "area", Of.FLOOR: "floor"}


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The names of one house in one language."""

    language: str
    version: int
    devices: Mapping[str, Device]
    areas: Mapping[str, Area]
    named: tuple[tuple[str, Value], ...]
    """Slot and value."""
    options: tuple[Value, ...]
    pressed: frozenset[str]
    """Ids of scenes and buttons."""

    @classmethod
    def of(cls, house: House, language: str) -> "Lexicon":
        """Gather the names; some milliseconds for a hundred devices."""
        named = tuple((_SLOTS[each.of], _value(each, house)) for each in names(house, language) if each.text)
        pressed = frozenset(
            each.id for each in house.devices.values() if each.kind in {Kind.SCENE, Kind.BUTTON}
        )
        options = tuple(_options(house, language))
        return cls(language, house.version, house.devices, house.areas, named, options, pressed)

    def fits(self, house: House) -> bool:
        """Whether it still tells of this house."""
        return self.version == house.version and self.devices == house.devices and self.areas == house.areas

    def words(self, text: str) -> Iterator[str]:
        """What in a sentence belongs to the house: names and options."""
        yield from (value.text for _, value in self.named if value.text in text)
        yield from (each.text for each in self.options if each.text in text)

    def values(self, text: str, spoken_of: Sequence[str]) -> Mapping[str, Sequence[Value]]:
        """What slots may hold in one sentence: only what stands in it, so matching does not grow with the house.

        Args:
            text: made plain, in digits.
            spoken_of: ids of what was spoken of last, for `it` and `them`.
        """
        found: dict[str, list[Value]] = {"name": [], "area": [], "floor": []}
        for pronoun in (each for each in PRONOUNS if each in text):
            for device in (self.devices[each] for each in spoken_of if each in self.devices):
                name = Spoken(pronoun, Of.DEVICE, device.id)
                found["name"].append(Value(pronoun, name, str(device.kind)))
        for slot, value in self.named:
            if value.text in text:
                found[slot].append(value)
        numbers = dict(quantities(text))
        return {
            **found,
            "number": [Value(said, quantity) for said, quantity in numbers.items()],
            "option": [each for each in self.options if each.text in text],
        }


def _value(name: Spoken, house: House) -> Value:
    if name.of is not Of.DEVICE:
        return Value(name.text, name.id)
    return Value(name.text, name, str(house.devices[name.id].kind))


def _options(house: House, language: str) -> list[Value]:
    """The words of all options that can be set, as devices have them and as the language does."""
    words: dict[str, list[str]] = {}
    for device in house.devices.values():
        for capability in device.capabilities:
            if (
                not capability.settable
                or not isinstance(capability.domain, Options)
                or capability.name == "state"
            ):
                continue
            for option in capability.domain.values:
                for said in (
                    option,
                    option.replace("_", " "),
                    wording(language).get(f"value.{option}", option),
                ):
                    form = spoken(said, language)
                    if form and option not in words.setdefault(form, []):
                        words[form].append(option)
    return [Value(said, tuple(options)) for said, options in words.items()]
