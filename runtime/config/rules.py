"""From a raw value (TOML, or an environment variable's text) to the type a setting has, or a reason why not.

Knows types and ranges; not which settings there are nor where a value came from. A refusal is a ValueError
whose text continues the sentence that begins with the setting's name.
"""

import contextlib
import math
import re
import types
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, get_args, get_origin
from urllib.parse import urlsplit

_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})
_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "a text", Path: "a path"}
_SHOWN = 40


class Rule(Protocol):
    """A condition on a value that already has the right type."""

    def check(self, value: Any) -> None:
        """Raise ValueError, the text continuing "<setting> ...", if the value is impossible."""
        ...


@dataclass(frozen=True, slots=True)
class Between:
    """A number from `low` to `high`, both included."""

    low: int
    high: int

    def check(self, value: float) -> None:
        """Refuse what is outside."""
        if not self.low <= value <= self.high:
            raise ValueError(f"is {shown(value)}, but must be between {self.low} and {self.high}")


@dataclass(frozen=True, slots=True)
class Positive:
    """A finite number above zero."""

    def check(self, value: float) -> None:
        """Refuse zero, negative, infinite and not-a-number."""
        if not (value > 0 and math.isfinite(value)):
            raise ValueError(f"is {shown(value)}, but must be above zero")


@dataclass(frozen=True, slots=True)
class Matches:
    """A text that matches a pattern whole; `meaning` says the pattern in words."""

    pattern: str
    meaning: str

    def check(self, value: str) -> None:
        """Refuse what does not match."""
        if not re.fullmatch(self.pattern, value):
            raise ValueError(f"is {shown(value)}, but must be {self.meaning}")


@dataclass(frozen=True, slots=True)
class NoneOf:
    """A text that is not one of those that mean something else; `why` continues it."""

    taken: tuple[str, ...]
    why: str

    def check(self, value: str) -> None:
        """Refuse those."""
        if value in self.taken:
            raise ValueError(f"is {shown(value)}, but {self.why}: choose another name")


@dataclass(frozen=True, slots=True)
class BrokerUrl:
    """`mqtt://host[:port]` or `mqtts://host[:port]`. A password inside it is refused, and never shown."""

    def check(self, value: str) -> None:
        """Refuse other schemes, credentials, paths and impossible ports."""
        if "@" in value:
            raise ValueError(
                "must not carry a user name or password: "
                "set mqtt.username, and mqtt.password_file to a file with the password"
            )
        form = "must look like mqtt://host:1883 or mqtts://host:8883"
        try:
            url = urlsplit(value)
            port = url.port
        except ValueError as exc:
            raise ValueError(f"is {shown(value)}, but {form}") from exc
        extra = url.path.strip("/") or url.query or url.fragment
        if url.scheme not in {"mqtt", "mqtts"} or not url.hostname or extra or port == 0:
            raise ValueError(f"is {shown(value)}, but {form}")


def shown(value: object) -> str:
    """A value as it appears in an error message: short, on one line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def convert(hint: Any, raw: object) -> Any:
    """The value as the type `hint`.

    Raises:
        ValueError: wrong type or impossible value.
    """
    origin = get_origin(hint)
    if origin is Annotated:
        base, *rules = get_args(hint)
        value = convert(base, raw)
        for rule in rules:
            rule.check(value)
        return value
    if origin in {types.UnionType, typing.Union}:
        return convert(_not_none(hint), raw)
    if origin is Literal:
        if raw not in get_args(hint):
            raise ValueError(f"is {shown(raw)}, but must be one of {', '.join(get_args(hint))}")
        return raw
    if origin is tuple:
        if not isinstance(raw, list | tuple):
            raise ValueError(f"is {shown(raw)}, but must be a list")
        return tuple(convert(get_args(hint)[0], item) for item in raw)
    return _scalar(hint, raw)


def from_text(hint: Any, text: str) -> object:
    """An environment variable's text as the raw value TOML would have given. Commas separate a list."""
    origin = get_origin(hint)
    if origin is Annotated or origin in {types.UnionType, typing.Union}:
        return from_text(_not_none(hint), text)
    if origin is tuple:
        return [from_text(get_args(hint)[0], part.strip()) for part in text.split(",") if part.strip()]
    if hint is bool and text.lower() in _TRUE | _FALSE:
        return text.lower() in _TRUE
    if hint in {int, float}:
        with contextlib.suppress(ValueError):  # `convert` says what was expected
            return hint(text)
    return text


def _not_none(hint: Any) -> Any:
    return next(option for option in get_args(hint) if option is not type(None))


def _scalar(kind: type[Any], raw: object) -> Any:
    if kind is Path:
        if not isinstance(raw, str | Path) or not str(raw).strip() or "\0" in str(raw):
            raise ValueError(f"is {shown(raw)}, but must be a path")
        return Path(raw).expanduser()
    if kind is float and isinstance(raw, int) and not isinstance(raw, bool):
        return _finite(raw)
    if not isinstance(raw, kind) or (isinstance(raw, bool) and kind is not bool):
        raise ValueError(f"is {shown(raw)}, but must be {_NAMES[kind]}")
    return _finite(raw) if isinstance(raw, float) else raw


def _finite(raw: float) -> float:
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError(f"is {shown(raw)}, but must be a finite number")
    return value
