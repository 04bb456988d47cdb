"""Hermes, the topics that Rhasspy and Snips speak: what was heard becomes a command, what was asked an intent.

Values to payloads and back; no I/O. Both spellings of a slot's raw value are sent, for both are expected.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from runtime.commands.meaning import Action, CancelPlanned, Do, Interpretation, Tell, TellPlanned
from runtime.commands.order import Result, Status
from runtime.commands.registry.devices import shown
from runtime.commands.registry.house import House
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.mqtt.link import Publication
from runtime.mqtt.results import encoded
from runtime.strict_json import parse
from runtime.wire.commands import name as short
from runtime.wire.fields import Fields

QUERY: Final = "hermes/nlu/query"
CAPTURED: Final = "hermes/asr/textCaptured"
_INTENT: Final = "hermes/intent/"
_NOT_RECOGNIZED: Final = "hermes/nlu/intentNotRecognized"
_SAY: Final = "hermes/tts/say"
_END: Final = "hermes/dialogueManager/endSession"
_CONTINUE: Final = "hermes/dialogueManager/continueSession"

_MOST_INTENTS: Final = 256
_LONGEST_INTENT: Final = 128
"""Letters: no intent of ours has a longer name."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A sentence, and the conversation it is part of."""

    text: str
    site: str = "default"
    session: str | None = None
    id: str | None = None
    language: str | None = None
    intents: tuple[str, ...] | None = None
    """Of a query: those that may be answered with."""


def heard(payload: bytes, limits: Limits) -> Heard:
    """What is said on `QUERY` or `CAPTURED`. What we do not use is not looked at.

    Raises:
        CallerError: there is no sentence in it, or it is too long, or a name is.
    """
    if len(payload) > limits.request_bytes:
        raise CallerError(
            f"the message has {len(payload)} bytes; send at most {limits.request_bytes}, or raise limits.request_bytes"
        )
    fields = Fields.of(parse(payload, depth=limits.json_depth))
    text = fields.text("input") or fields.text("text") or ""
    if not text.strip() or len(text) > limits.command_letters:
        raise CallerError(f"send a sentence of 1 to {limits.command_letters} characters", param="input")
    wanted = fields.get("intentFilter")
    intents = None
    if isinstance(wanted, list) and wanted:
        if len(wanted) > _MOST_INTENTS:
            raise CallerError(f"intentFilter has {len(wanted)} names; send at most {_MOST_INTENTS}")
        intents = tuple(each for each in wanted if isinstance(each, str) and len(each) <= _LONGEST_INTENT)
    site, session, query, language = (
        short(fields, each) if fields.get(each) else None for each in ("siteId", "sessionId", "id", "lang")
    )
    return Heard(text, site or "default", session, query, language, intents)


def understood(asked: Heard, found: Interpretation, house: House) -> Publication:
    """What a query means; nothing is done about it."""
    base = {"input": asked.text, "siteId": asked.site, "sessionId": asked.session, "id": asked.id}
    name, slots = _intent(found, house, asked.text)
    if name is None or (asked.intents is not None and name not in asked.intents):
        return Publication(_NOT_RECOGNIZED, encoded({**base, "customData": None}))
    said = {
        **base,
        "intent": {"intentName": name, "confidenceScore": round(found.confidence, 4)},
        "slots": slots,
        "customData": None,
        "asrTokens": None,
        "asrConfidence": None,
        "lang": found.language,
    }
    return Publication(f"{_INTENT}{name}", encoded(said))


def said(asked: Heard, result: Result) -> Iterator[Publication]:
    """What came of a command, to be spoken; a question keeps the conversation open for its answer."""
    if result.status is Status.ASKED and asked.session is not None:
        yield Publication(_CONTINUE, encoded({"sessionId": asked.session, "text": result.text}))
        return
    spoken = {
        "text": result.text,
        "lang": result.language,
        "siteId": asked.site,
        "sessionId": asked.session,
        "id": result.order,
    }
    yield Publication(_SAY, encoded(spoken))
    if asked.session is not None:
        yield Publication(_END, encoded({"sessionId": asked.session}))


def _intent(found: Interpretation, house: House, text: str) -> tuple[str | None, list[dict[str, Any]]]:
    """Its name, and its slots."""
    match found.meaning:
        case Do(actions, after_s) if actions:
            names = {_named(each) for each in actions}
            name = names.pop() if len(names) == 1 else "SetDevices"
            slots = [slot for each in actions for slot in _slots(each, house, text)]
            if after_s > 0:
                slots.append(_slot("after_s", f"{after_s:g}", after_s, text, "Number"))
            return name, slots
        case CancelPlanned(devices):
            return "CancelPlanned", [_slot("device", each, each, text) for each in devices]
        case TellPlanned(devices):
            return "GetPlanned", [_slot("device", each, each, text) for each in devices]
        case Tell(answer, about):
            slots = [_slot("device", each, each, text) for each in about]
            return "GetState", [*slots, _slot("answer", answer, answer, text)]
        case _:
            return None, []


def _named(action: Action) -> str:
    match action.value:
        case True if action.capability == "power":
            return "TurnOn"
        case False if action.capability == "power":
            return "TurnOff"
        case None:
            return "Activate"
        case _:
            return f"Set{''.join(each.capitalize() for each in action.capability.split('_'))}"


def _slots(action: Action, house: House, text: str) -> Iterator[dict[str, Any]]:
    device = house.devices.get(action.device)
    names = [] if device is None else [each.text for each in device.names]
    raw = next((each for each in names if each.lower() in text.lower()), action.device)
    yield _slot("device", raw, action.device, text)
    yield _slot("capability", action.capability, action.capability, text)
    if action.value is not None:
        number = isinstance(action.value, int | float) and not isinstance(action.value, bool)
        value = action.value if number else shown(action.value)
        yield _slot("value", shown(action.value), value, text, "Number" if number else "Custom")
    if device is not None and device.area is not None:
        yield _slot("area", device.area, device.area, text)


def _slot(name: str, raw: str, value: object, text: str, kind: str = "Custom") -> dict[str, Any]:
    start = text.lower().find(raw.lower())
    span = {"start": start, "end": start + len(raw)} if start >= 0 else {"start": 0, "end": len(text)}
    return {
        "entity": name,
        "slotName": name,
        "confidence": 1.0,
        "raw_value": raw,
        "rawValue": raw,
        "value": {"kind": kind, "value": value},
        "range": span,
    }
