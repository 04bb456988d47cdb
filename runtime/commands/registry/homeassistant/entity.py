"""One entity's keys, read with care: each of the type that it must have, each topic a device's, each template sound.

What every component shares: names, ids, availability, and the usual way to be set and to report.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from runtime.commands.registry.codec import FARTHEST, Codec, Word
from runtime.commands.registry.devices import Domain, Kind, Name
from runtime.commands.registry.homeassistant.message import Config
from runtime.commands.registry.homeassistant.neighbour import Thing
from runtime.commands.registry.names import LONGEST_NAME, made_id, plain_name
from runtime.commands.registry.standard import MOMENTARY
from runtime.commands.registry.tables import MOST_OPTIONS, option_words
from runtime.commands.registry.templates import Template
from runtime.commands.registry.topics import device_topic
from runtime.commands.registry.wiring import Presence, Publish, Report, Setter, Sign
from runtime.errors import DeviceError

_LONGEST_WORD: Final = 1000
_MOST_SIGNS: Final = 16


@dataclass(frozen=True, slots=True)
class Part:
    """One capability of an entity, and its topics."""

    name: str
    domain: Domain
    setter: Setter | None
    reports: tuple[Report, ...] = ()
    also_read: tuple[str, ...] = ()
    by_mode: bool = False


class Entity:
    """What an entity says of itself."""

    def __init__(self, config: Config, kind: Kind) -> None:
        self._keys = config.keys
        self._device = config.device
        self._config = config
        self._granted = thing.topics if (thing := Thing.at(config.place)) else frozenset[str]()
        self.kind = kind

    def has(self, key: str) -> bool:
        """Whether a key is there, and not null."""
        return self._keys.get(key) is not None

    def says_none(self, key: str) -> bool:
        """Whether a key is null: what usually is there, is not."""
        return key in self._keys and self._keys[key] is None

    def word(self, key: str, default: str) -> str:
        """A text, or what stands for one: Home Assistant takes true for True and 1 for 1."""
        return _word(self._keys.get(key), key, default)

    def topic(self, key: str) -> str | None:
        """A topic where the device listens or speaks; None without it."""
        if not self.has(key) or self._keys[key] == "":
            return None
        return device_topic(self.word(key, ""), key, self._granted)

    def template(self, key: str) -> Template | None:
        """A template; None without it."""
        source = self._keys.get(key)
        if source is None or source == "":
            return None
        if not isinstance(source, str):
            raise DeviceError(f"{key} is no text")
        return Template(source)

    def number(self, key: str, default: float) -> float:
        """A finite number; one may be written as a text."""
        value = self._keys.get(key)
        if value is None:
            return default
        try:
            number = math.nan if isinstance(value, bool) else float(value)
        except (TypeError, ValueError):
            number = math.nan
        if not abs(number) <= FARTHEST:  # nor if it is not a number at all
            raise DeviceError(f"{key} is no number, or too large a one")
        return number

    def flag(self, key: str, *, default: bool = False) -> bool:
        """True or false."""
        value = self._keys.get(key)
        if value is None:
            return default
        return value if isinstance(value, bool) else str(value).lower() in {"true", "yes", "on", "1"}

    def words(self, key: str, default: tuple[str, ...] = ()) -> tuple[str, ...]:
        """A list of different options; a single text is a list of one."""
        value = self._keys.get(key)
        if value is None:
            return default
        listed = value if isinstance(value, list) else [value]
        if len(listed) > MOST_OPTIONS:
            raise DeviceError(f"{key} has {len(listed)} entries; {MOST_OPTIONS} are the most")
        found = tuple(dict.fromkeys(_word(each, key, "") for each in listed))
        return option_words(found, key) if found else ()

    def publish(
        self,
        codec: Codec,
        topic: str = "command_topic",
        template: str | None = "command_template",
        variable: str = "value",
        beside: tuple[tuple[str, Word], ...] = (),
    ) -> Publish | None:
        """How something is set, under the keys of its topic and template; None without the topic."""
        name = self.topic(topic)
        if name is None:
            return None
        found = self.template(template) if template else None
        return Publish(name, codec, found, variable, beside=beside, retain=self.retain)

    def report(
        self, capability: str, codec: Codec, topic: str = "state_topic", template: str = "value_template"
    ) -> tuple[Report, ...]:
        """How something is heard of; nothing without the topic."""
        name = self.topic(topic)
        return () if name is None else (Report(name, capability, codec, self.template(template)),)

    @property
    def retain(self) -> bool:
        """Whether the broker keeps what is sent."""
        return self.flag("retain") and self.kind not in MOMENTARY

    @property
    def hidden(self) -> bool:
        """Whether it is for those who set the device up, and not for those who live with it."""
        return self.has("entity_category") or not self.flag("enabled_by_default", default=True)

    @property
    def device_class(self) -> str | None:
        """Garage, temperature, motion..."""
        return self.word("device_class", "")[:LONGEST_NAME] or None

    @property
    def ids(self) -> tuple[str, str]:
        """The id that the device would like, and one that nobody else can have."""
        own = made_id(self._config.place)
        wanted = self.word("default_entity_id", "") or self.word("object_id", "")
        if not wanted:
            return own, own
        domain = f"{self._config.component}."
        return made_id(wanted if wanted.startswith(domain) else domain + wanted), own

    @property
    def names(self) -> tuple[Name, ...]:
        """The device's name with the entity's own; the device's alone where the entity has none, or says null."""
        device = _word(self._device.get("name"), "device.name", "")
        own = self.word("name", "")
        if own and device and own.lower().startswith(device.lower()):
            own = own[len(device) :].strip(" -_:.")
        elif not own and "name" not in self._keys and device:
            own = (self.device_class or "").replace("_", " ")
        whole = f"{device} {own}".strip() or self._config.place.replace("_", " ").replace(".", " ")
        return (Name(plain_name(whole, "name")),)

    @property
    def area(self) -> str | None:
        """Where the device would have itself."""
        name = _word(self._device.get("suggested_area"), "device.suggested_area", "")
        return plain_name(name, "device.suggested_area") if name.strip() else None

    @property
    def presence(self) -> Presence | None:
        """What tells whether it can be reached; None if nothing does."""
        listed = self._keys.get("availability")
        if self.has("availability_topic"):
            template = self._keys.get("availability_template")
            own = {"topic": self._keys["availability_topic"], "value_template": template}
            listed = [{**self._keys, **own}]
        if not listed:
            return None
        if not isinstance(listed, list) or len(listed) > _MOST_SIGNS:
            raise DeviceError(f"availability is no list of at most {_MOST_SIGNS} topics")
        mode = self.word("availability_mode", "latest")
        return Presence(tuple(_sign(each, self._granted) for each in listed), _mode(mode))


def _sign(raw: Mapping[str, Any], granted: frozenset[str]) -> Sign:
    source = raw.get("value_template")
    return Sign(
        device_topic(_word(raw.get("topic"), "availability.topic", ""), "availability.topic", granted),
        _word(raw.get("payload_available"), "payload_available", "online"),
        _word(raw.get("payload_not_available"), "payload_not_available", "offline"),
        Template(source) if isinstance(source, str) and source else None,
    )


def _mode(word: str) -> Literal["all", "any", "latest"]:
    match word:
        case "all" | "any" | "latest":
            return word
        case _:
            raise DeviceError("availability_mode must be all, any or latest")


def _word(value: object, key: str, default: str) -> str:
    match value:
        case None:
            return default
        case str() if len(value) <= _LONGEST_WORD:
            return value
        case bool() | int() | float():
            return str(value)
        case _:
            raise DeviceError(f"{key} is no text of at most {_LONGEST_WORD} characters")
