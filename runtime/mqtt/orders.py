"""A payload on a command topic, read: an order, or the reason why it is none. Bytes to values; no I/O.

Plain text is a sentence as it is. What begins with a brace is a JSON object, read as `runtime.wire.commands` has it,
with `reply_to` besides.
"""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from runtime.commands.order import Order, ReplyTo
from runtime.commands.registry.house import House
from runtime.errors import CallerError
from runtime.limits import Limits
from runtime.mqtt.link import Delivery
from runtime.mqtt.replies import Replies
from runtime.mqtt.topics import ANY, Source, check_sender
from runtime.strict_json import parse
from runtime.wire.commands import OrderReader, check_known, order_id
from runtime.wire.fields import Fields

CHANNEL: Final = "mqtt"


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
    languages: tuple[str, ...] = ()
    """Those that are understood; none: whatever a sender says."""

    def order(self, delivery: Delivery, source: Source, now: float, *, again: bool) -> Order:
        """The order that a message is; `now` in seconds since the epoch, `again` if it may have come before.

        Raises:
            RefusedError: it is none.
        """
        given: str | None = None
        reply = ReplyTo(CHANNEL, source.result, delivery.correlation)
        try:
            reply = self._reply(delivery, source, delivery.response_topic) or reply
            fields = self._fields(delivery)
            given = order_id(fields)
            check_sender(source.sender)
            if delivery.response_topic is None:
                reply = self._reply(delivery, source, fields.text("reply_to")) or reply
            check_known(fields, "reply_to")
            order = self._orders.order(
                fields,
                _made_up(delivery) if given is None else given,
                reply,
                sender=source.sender,
                now=now,
                at_most_s=None if delivery.expiry_s is None else float(delivery.expiry_s),
            )
        except CallerError as exc:
            if exc.param == "reply_to":
                reply = replace(reply, address=source.refusal)
            raise RefusedError(exc, given, reply) from exc
        return replace(order, made_up=given is None, again=given is None and again, shared=source.node == ANY)

    @property
    def _orders(self) -> OrderReader:
        return OrderReader(self.limits, self.expiry_s, self.answer, self.house, self.languages)

    def _reply(self, delivery: Delivery, source: Source, topic: str | None) -> ReplyTo | None:
        if topic is None:
            return None
        return ReplyTo(CHANNEL, self.replies.check(topic, source.sender), delivery.correlation)

    def _fields(self, delivery: Delivery) -> Fields:
        """The message as fields, those of a plain sentence being its text."""
        size = delivery.oversize or len(delivery.payload)
        if size > self.limits.request_bytes:
            raise CallerError(
                f"the message has {size} bytes; send at most {self.limits.request_bytes}, or raise limits.request_bytes"
            )
        begin = delivery.payload.lstrip()[:1]
        if begin in {b"{", b"["}:
            return Fields.of(parse(delivery.payload, depth=self.limits.json_depth))
        return Fields({"text": _decoded(delivery.payload)})


def _decoded(payload: bytes) -> str:
    try:
        return payload.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        raise CallerError(f"the command is not UTF-8 (byte {exc.start}); send text encoded as UTF-8") from exc


def _made_up(delivery: Delivery) -> str:
    """An id for an order without one, by which a second delivery of it can be found (`Order.again`)."""
    digest = hashlib.sha256(delivery.payload).hexdigest()[:16]
    return f"~{delivery.packet:x}-{digest}.{secrets.token_hex(6)}"
