"""A command as a JSON object, whatever brought it: its fields, read strictly, and its result, written. No I/O.

A field that is not known is refused, for it may be the one that matters.
"""

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from runtime.commands.meaning import Action
from runtime.commands.order import Order, ReplyTo, Result
from runtime.commands.registry.devices import Range, Switch, Value
from runtime.commands.registry.house import House
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.strict_json import shown
from runtime.wire.fields import Fields, text

EXAMPLE: Final = '{"id": "1", "text": "turn on the kitchen light"}'
KNOWN: Final = (
    *("id", "text", "device", "capability", "value", "language", "area", "session", "expires_s"),
    *("dry_run", "explain", "answer", "confirms"),
)
_NAME_LENGTH: Final = 128
_SOONEST_S: Final = 0.1
_LATEST_S: Final = 86400.0
_LISTED: Final = 20
_NUMBER: Final = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)
_SWITCHED: Final = {"on": True, "off": False}


@dataclass(frozen=True, slots=True)
class OrderReader:
    """What is known of the house and its owner's wishes when a command is read."""

    limits: Limits
    expiry_s: float
    """How old a command may be when it is begun, where its sender does not say."""
    answer: bool
    """Whether the model says something to what is no command, where the sender does not say."""
    house: Callable[[], House]
    languages: tuple[str, ...] = ()
    """Those that are understood; none: whatever a sender says."""

    def order(
        self,
        fields: Fields,
        known_as: str,
        reply: ReplyTo,
        *,
        sender: str,
        now: float,
        at_most_s: float | None = None,
    ) -> Order:
        """The order that the fields say; `now` in seconds since the epoch, `at_most_s` a message's time.

        Raises:
            CallerError: they say none, or one that cannot be.
        """
        sentence, action = self._sentence(fields), self._action(fields)
        confirms = name(fields, "confirms")
        if sum(each is not None for each in (sentence, action, confirms)) == 0:
            raise CallerError(f"there is nothing to do; send a sentence, or {EXAMPLE}", param="text")
        if sentence is not None and action is not None:
            raise CallerError("send either text, or device, capability and value", param="text")
        expires = fields.real("expires_s", _SOONEST_S, _LATEST_S)
        if at_most_s is not None:
            expires = min(at_most_s, _LATEST_S if expires is None else expires)
        return Order(
            id=known_as,
            sender=sender,
            text=sentence,
            action=action,
            reply=reply,
            received_at=now,
            expires_at=now + (self.expiry_s if expires is None else expires),
            language=self._language(fields),
            area=self._area(fields),
            session=name(fields, "session") or "",
            confirms=confirms,
            dry_run=fields.flag("dry_run"),
            explain=fields.flag("explain"),
            answer=self.answer if fields.get("answer") is None else fields.flag("answer"),
        )

    def _sentence(self, fields: Fields) -> str | None:
        sentence = fields.text("text")
        if sentence is None:
            return None
        if not sentence.strip():
            raise CallerError(f"the command is empty; send a sentence, or {EXAMPLE}", param="text")
        if len(sentence) > self.limits.command_letters:
            raise CallerError(
                f"the command has {len(sentence)} characters; say it in {self.limits.command_letters} at most",
                param="text",
            )
        return sentence

    def _language(self, fields: Fields) -> str | None:
        language = name(fields, "language")
        if language is None or not self.languages:
            return language
        if _primary(language) not in {_primary(each) for each in self.languages}:
            raise CallerError(
                f"language is {shown(language)}; this appliance understands {', '.join(self.languages)}",
                param="language",
            )
        return language

    def _area(self, fields: Fields) -> str | None:
        area, areas = name(fields, "area"), self.house().areas
        if area is None or area in areas:
            return area
        near = difflib.get_close_matches(area.casefold(), areas, n=1)
        some = ", ".join(list(areas)[:_LISTED])
        hint = (
            f"did you mean {near[0]}?"
            if near
            else f"there are {some}"
            if some
            else "there are none; leave it out"
        )
        raise CallerError(f"there is no area {shown(area)}; {hint}", param="area")

    def _action(self, fields: Fields) -> Action | None:
        device, capability = name(fields, "device"), name(fields, "capability")
        if device is None and capability is None and "value" not in fields.values:
            return None
        if device is None or capability is None:
            missing = "device" if device is None else "capability"
            raise CallerError(f"{missing} is missing; send device, capability and value", param=missing)
        return Action(device, capability, self._value(fields, device, capability))

    def _value(self, fields: Fields, device: str, capability: str) -> Value:
        value = fields.get("value")
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return float(value)
        if not isinstance(value, str) or len(value) > _NAME_LENGTH:
            raise CallerError(
                f"value is {shown(value)}; send true, false, a number or a short text", param="value"
            )
        word = text(value, "value")
        there = self.house().devices.get(device)
        kind = None if there is None else there.capability(capability)
        if kind is not None and isinstance(kind.domain, Switch):
            return _SWITCHED.get(word.lower(), word)
        if kind is not None and isinstance(kind.domain, Range) and _NUMBER.fullmatch(word.strip()):
            return float(word)
        return word


def _primary(language: str) -> str:
    """`zh` of zh-TW."""
    return language.partition("-")[0].casefold()


def check_known(fields: Fields, *more: str) -> None:
    """Refuse a field that means nothing; `more` are those that one front end has besides.

    Raises:
        CallerError: names the field, and the nearest that there is.
    """
    known = (*KNOWN, *more)
    if unknown := [key for key in fields.values if key not in known]:
        near = difflib.get_close_matches(unknown[0], known, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
        named = shown(unknown[0])
        raise CallerError(f"{named} is not a field of a command; {hint}", param=named.strip("'\""))


def order_id(fields: Fields) -> str | None:
    """The id that the sender gave.

    Raises:
        CallerError: it can be none.
    """
    value = fields.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    given = name(fields, "id")
    if given is not None and given.startswith("~"):
        raise CallerError("an id does not begin with ~, which those do that we make up", param="id")
    return given


def name(fields: Fields, key: str) -> str | None:
    """A short text.

    Raises:
        CallerError: it is empty, or long.
    """
    value = fields.text(key)
    if value is not None and not 1 <= len(value) <= _NAME_LENGTH:
        raise CallerError(f"{key} has {len(value)} characters; send a text of 1 to {_NAME_LENGTH}", param=key)
    return value


def result_told(result: Result) -> dict[str, Any]:
    """A result as JSON has it; what does not apply is left out."""
    said: dict[str, Any] = {
        "id": result.order,
        "status": result.status.value,
        "text": result.text,
        "actions": [action_told(each) for each in result.actions],
        "route": result.route.value,
        "confidence": round(result.confidence, 4),
        "language": result.language,
    }
    maybe = {
        "reason": result.reason and result.reason.value,
        "confirmed": result.confirmed,
        "token": result.token,
        "options": list(result.options) or None,
        "due_at": result.due_at,
        "session": result.session or None,
    }
    said |= {name: value for name, value in maybe.items() if value is not None}
    if result.candidates:
        said["candidates"] = [
            {"label": each.label, "score": round(each.score, 4)}
            | ({} if each.action is None else {"action": action_told(each.action)})
            for each in result.candidates
        ]
    if result.ms:
        said["ms"] = {stage: round(ms, 3) for stage, ms in result.ms.items()}
    return said


def action_told(action: Action) -> dict[str, Any]:
    """An action as JSON has it."""
    return {"device": action.device, "capability": action.capability, "value": action.value}
