"""A payload on a command topic, read: an order, or the reason why it is none. Bytes to values; no I/O.

Plain text is a sentence as it is. What begins with a brace is a JSON object, and is read strictly: a field that is not
known may be the one that matters.
"""

import difflib
import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from runtime.commands.meaning import Action
from runtime.commands.order import Order, ReplyTo
from runtime.commands.registry.devices import Switch, Value
from runtime.commands.registry.house import House
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.mqtt.link import Delivery
from runtime.mqtt.replies import Replies
from runtime.mqtt.topics import ANY, Source
from runtime.strict_json import parse, shown
from runtime.wire.fields import Fields, text

CHANNEL: Final = "mqtt"
EXAMPLE: Final = '{"id": "1", "text": "turn on the kitchen light"}'
KNOWN: Final = (
    *("id", "text", "device", "capability", "value", "language", "area", "session", "expires_s"),
    *("dry_run", "explain", "answer", "confirms", "reply_to"),
)
_NAME_LENGTH: Final = 128
_SOONEST_S: Final = 0.1
_LATEST_S: Final = 86400.0
_SWITCHED: Final = {"on": True, "off": False}


class RefusedError(CallerError):
    """No order can be made of a message. Knows where to say so, and as much of its id as could be read."""

    def __init__(self, cause: CallerError, order_id: str | None, reply: ReplyTo) -> None:
        super().__init__(str(cause), param=cause.param)
        self.id = order_id
        self.reply = reply


@dataclass(frozen=True, slots=True)
class Reader:
    """What is known of the house and its owner's wishes when a message is read."""

    replies: Replies
    limits: Limits
    expiry_s: float
    """How old a command may be when it is begun, where its sender does not say."""
    answer: bool
    """Whether the model says something to what is no command, where the sender does not say."""
    house: Callable[[], House]

    def order(self, delivery: Delivery, source: Source, now: float, *, again: bool) -> Order:
        """The order that a message is; `now` in seconds since the epoch, `again` if it may have come before.

        Raises:
            RefusedError: it is none.
        """
        order_id: str | None = None
        reply = ReplyTo(CHANNEL, source.result, delivery.correlation)
        try:
            reply = self._reply(delivery, source, delivery.response_topic) or reply
            fields = self._fields(delivery)
            order_id = _id(fields)
            if delivery.response_topic is None:
                reply = self._reply(delivery, source, fields.text("reply_to")) or reply
            _check_known(fields)
            return self._read(fields, delivery, source, (order_id, reply), now, again=again)
        except CallerError as exc:
            raise RefusedError(exc, order_id, reply) from exc

    def _reply(self, delivery: Delivery, source: Source, topic: str | None) -> ReplyTo | None:
        if topic is None:
            return None
        return ReplyTo(CHANNEL, self.replies.check(topic, source.sender), delivery.correlation)

    def _fields(self, delivery: Delivery) -> Fields:
        """The message as fields, those of a plain sentence being its text."""
        size = delivery.oversize or len(delivery.payload)
        if size > self.limits.request_bytes:
            raise CallerError(f"the message has {size} bytes; send at most {self.limits.request_bytes}")
        begin = delivery.payload.lstrip()[:1]
        if begin in {b"{", b"["}:
            return Fields.of(parse(delivery.payload, depth=self.limits.json_depth))
        return Fields({"text": _decoded(delivery.payload)})

    def _read(
        self,
        fields: Fields,
        delivery: Delivery,
        source: Source,
        known: tuple[str | None, ReplyTo],
        now: float,
        *,
        again: bool,
    ) -> Order:
        order_id, reply = known
        sentence, action = self._sentence(fields), self._action(fields)
        confirms = _name(fields, "confirms")
        if sum(each is not None for each in (sentence, action, confirms)) == 0:
            raise CallerError(f"there is nothing to do; send a sentence, or {EXAMPLE}", param="text")
        if sentence is not None and action is not None:
            raise CallerError("send either text, or device, capability and value", param="text")
        expires = fields.real("expires_s", _SOONEST_S, _LATEST_S)
        if delivery.expiry_s is not None:
            expires = min(float(delivery.expiry_s), _LATEST_S if expires is None else expires)
        return Order(
            id=_made_up(delivery) if order_id is None else order_id,
            sender=source.sender,
            text=sentence,
            action=action,
            reply=reply,
            received_at=now,
            expires_at=now + (self.expiry_s if expires is None else expires),
            language=_name(fields, "language"),
            area=_name(fields, "area"),
            session=_name(fields, "session") or "",
            made_up=order_id is None,
            again=order_id is None and again,
            shared=source.node == ANY,
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
                f"the command has {len(sentence)} characters; say it in {self.limits.command_letters}",
                param="text",
            )
        return sentence

    def _action(self, fields: Fields) -> Action | None:
        device, capability = _name(fields, "device"), _name(fields, "capability")
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
        return word


def _check_known(fields: Fields) -> None:
    if unknown := [key for key in fields.values if key not in KNOWN]:
        near = difflib.get_close_matches(unknown[0], KNOWN, n=1)
        hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(KNOWN)}"
        raise CallerError(f"{shown(unknown[0])} is not a field of a command; {hint}", param=unknown[0])


def _decoded(payload: bytes) -> str:
    try:
        return payload.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise CallerError(f"the command is not UTF-8 (byte {exc.start}); send text encoded as UTF-8") from exc


def _id(fields: Fields) -> str | None:
    value = fields.get("id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    order_id = _name(fields, "id")
    if order_id is not None and order_id.startswith("~"):
        raise CallerError("an id does not begin with ~, which those do that we make up", param="id")
    return order_id


def _name(fields: Fields, key: str) -> str | None:
    value = fields.text(key)
    if value is not None and not 1 <= len(value) <= _NAME_LENGTH:
        raise CallerError(f"{key} has {len(value)} characters; send a text of 1 to {_NAME_LENGTH}", param=key)
    return value


def _made_up(delivery: Delivery) -> str:
    """An id for an order without one, by which a second delivery of it can be found (`Order.again`)."""
    digest = hashlib.sha256(delivery.payload).hexdigest()[:16]
    return f"~{delivery.packet:x}-{digest}.{secrets.token_hex(6)}"
