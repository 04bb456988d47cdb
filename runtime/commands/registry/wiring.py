"""How a device is spoken to and listened to over MQTT: what a description of one is turned into.

Knows topics, words and templates of one device. Does not know which format described it, and has no connection: the
feed listens where a `Found` says and asks its reports what was heard; the registry asks its binding what to send.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from runtime.commands.meaning import Action
from runtime.commands.registry.binding import Entry, Outgoing
from runtime.commands.registry.codec import UNKNOWN, Codec, Now, Silent, Word
from runtime.commands.registry.devices import Value
from runtime.commands.registry.house import House
from runtime.commands.registry.templates import Template
from runtime.errors import CallerError, DeviceError
from runtime.strict_json import parse

CHANNEL: Final = "mqtt"
_DEPTH: Final = 16


class Setter(Protocol):
    """How one capability is set."""

    def outgoing(self, value: Value, now: Now) -> tuple[Outgoing, ...]:
        """What to send; `now` has how the device is.

        Raises:
            DeviceError: the device's words or templates cannot say it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Publish:
    """The word for the value, on one topic: as it is, in a field of a JSON object, or through a template."""

    topic: str
    codec: Codec
    template: Template | None = None
    variable: str = "value"
    """What the template calls the word."""
    field: str | None = None
    beside: tuple[tuple[str, Word], ...] = ()
    """Other fields of the object, or other variables of the template."""
    retain: bool = False

    def outgoing(self, value: Value, now: Now) -> tuple[Outgoing, ...]:  # noqa: ARG002  the border's
        """See `Setter.outgoing`."""
        word = self.codec.write(value)
        if self.template is not None:
            text = self.template.command({**dict(self.beside), "value": word, self.variable: word})
        elif self.field is not None:
            text = json.dumps({**dict(self.beside), self.field: word}, ensure_ascii=False)
        else:
            text = str(word)
        return (Outgoing(CHANNEL, self.topic, text.encode(), retain=self.retain),)


@dataclass(frozen=True, slots=True)
class Sequence:
    """Several messages, in this order; each is told its own value, or the one that is set."""

    steps: tuple[tuple[Setter, tuple[Value, ...]], ...]
    """A setter and its fixed value, or none to be told what is set."""
    instead: tuple[tuple[Value, Setter, Value], ...] = ()
    """A value that is set by another setter, at another value: brightness 0 is power off."""

    def outgoing(self, value: Value, now: Now) -> tuple[Outgoing, ...]:
        """See `Setter.outgoing`."""
        for each, setter, other in self.instead:
            if each == value and isinstance(each, bool) is isinstance(value, bool):
                return setter.outgoing(other, now)
        return tuple(
            each
            for setter, fixed in self.steps
            for each in setter.outgoing(fixed[0] if fixed else value, now)
        )


@dataclass(frozen=True, slots=True)
class Wired:
    """Implements `Binding`: a setter a capability."""

    setters: Mapping[str, Setter]

    def outgoing(self, action: Action, house: House) -> tuple[Outgoing, ...]:
        """See `Binding.outgoing`."""
        setter = self.setters.get(action.capability)
        if setter is None:
            raise DeviceError(f"{action.device} has nothing to set {action.capability} with; it is only read")
        return setter.outgoing(action.value, lambda name: house.value(action.device, name))


@dataclass(frozen=True, slots=True)
class Fades:
    """What was said holds for so long only, unless it is said again."""

    after_s: float
    value: Value
    """What it is at then; None is not known."""


@dataclass(frozen=True, slots=True)
class Report:
    """What a device says on one topic about one capability."""

    topic: str
    capability: str
    codec: Codec
    template: Template | None = None
    field: tuple[str, ...] = ()
    """Where it stands in a JSON object; a message without it says nothing of this capability."""
    fades: Fades | None = None

    def read(self, payload: bytes, now: Now) -> tuple[Value, ...]:
        """The value, None if the device says that it does not know, or nothing where it says nothing of this.

        Raises:
            DeviceError: what it says means nothing.
        """
        try:
            text = self._text(payload)
            if not text:
                return ()
            return (None,) if text == UNKNOWN else (self.codec.read(text, now),)
        except Silent:
            return ()

    def _text(self, payload: bytes) -> str:
        if self.template is not None:
            return self.template.value(decoded(payload)).strip()
        if not self.field:
            return decoded(payload).strip()
        value: Any = json_of(payload)
        for key in self.field:
            if not isinstance(value, dict) or key not in value:
                raise Silent
            value = value[key]
        return value.strip() if isinstance(value, str) else as_word(value)


@dataclass(frozen=True, slots=True)
class Sign:
    """A topic that tells whether a device can be reached."""

    topic: str
    there: str = "online"
    gone: str = "offline"
    template: Template | None = None

    def read(self, payload: bytes) -> bool | None:
        """True or False; None if it is neither word.

        Raises:
            DeviceError: its template fails.
        """
        text = decoded(payload) if self.template is None else self.template.value(decoded(payload)).strip()
        return True if text == self.there else False if text == self.gone else None


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a device can be reached, from all that tells of it. One that has said nothing is not away."""

    signs: tuple[Sign, ...]
    mode: Literal["all", "any", "latest"] = "latest"

    def there(self, heard: Mapping[str, bool], latest: bool) -> bool:  # noqa: FBT001  what was heard last
        """By topic what was heard, and what was heard last."""
        match self.mode:
            case "all":
                return all(heard.values())
            case "any":
                return any(heard.values()) or len(heard) < len({sign.topic for sign in self.signs})
            case "latest":
                return latest


@dataclass(frozen=True, slots=True)
class Found:
    """A device that was described, and how to hear of it."""

    entry: Entry
    reports: tuple[Report, ...] = ()
    presence: Presence | None = None
    area_name: str | None = None
    """The area by its name, where the description has no id for it."""
    spare_id: str | None = None
    """What it is called if another of the same source has its id."""

    @property
    def topics(self) -> frozenset[str]:
        """Where it speaks."""
        signs = self.presence.signs if self.presence else ()
        return frozenset({*(each.topic for each in self.reports), *(each.topic for each in signs)})


def decoded(payload: bytes) -> str:
    """A message as text.

    Raises:
        DeviceError: it is none.
    """
    try:
        return payload.decode()
    except UnicodeDecodeError as exc:
        raise DeviceError("it says something that is not UTF-8 text") from exc


def json_of(payload: bytes) -> Any:
    """A message as JSON.

    Raises:
        DeviceError: it is none.
    """
    try:
        return parse(payload, depth=_DEPTH)
    except CallerError as exc:
        raise DeviceError(f"it says something that is not JSON: {exc}") from exc


def as_word(value: object) -> str:
    """A JSON value as a template would write it: true is True, null is None."""
    return str(value) if value is None or isinstance(value, str | bool | int | float) else json.dumps(value)
