"""Our values in paho's packets and back: the properties that MQTT 5 adds. No connection, no state."""

from typing import Any, Final

import paho.mqtt.client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from runtime.mqtt.link import Delivery, Publication, Session, Subscription

_SESSION_S: Final = 24 * 3600
"""How long a broker keeps our questions while we are away."""
_LARGEST_WINDOW: Final = 65535
_LARGEST_PACKET: Final = (1 << 28) - 1


def connecting(session: Session, largest_packet: int) -> Properties:
    """What we ask of a broker: to keep the session, and not to send more than we can hold."""
    properties = _properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = _SESSION_S if session.persistent else 0
    properties.ReceiveMaximum = min(session.window, _LARGEST_WINDOW)
    properties.MaximumPacketSize = min(largest_packet, _LARGEST_PACKET)
    return properties  # type: ignore[no-any-return]  # paho sets its attributes by name


def publish(client: mqtt.Client, publication: Publication) -> mqtt.MQTTMessageInfo:
    """Queue it with the client."""
    beside = publishing(publication) if client.protocol == mqtt.MQTTv5 else None
    return client.publish(publication.topic, publication.payload, publication.qos, publication.retain, beside)


def publishing(publication: Publication, kind: int = PacketTypes.PUBLISH) -> Properties | None:
    """What goes beside the payload; None if nothing does."""
    properties, plain = _properties(kind), True
    for name, value in (
        ("CorrelationData", publication.correlation),
        ("ResponseTopic", publication.response_topic),
        ("ContentType", publication.content_type),
        ("MessageExpiryInterval", publication.expiry_s),
    ):
        if value is not None:
            setattr(properties, name, value)
            plain = False
    return None if plain else properties


def subscribing(subscription: Subscription) -> SubscribeOptions:
    """How MQTT 5 subscribes. A subscription is renewed on each connection, which is no reason to hear all again."""
    handling = (
        SubscribeOptions.RETAIN_SEND_ON_SUBSCRIBE
        if subscription.retained
        else SubscribeOptions.RETAIN_DO_NOT_SEND
    )
    return SubscribeOptions(qos=subscription.qos, retainHandling=handling)


def delivered(message: mqtt.MQTTMessage, epoch: int, largest: int, *, resumed: bool) -> Delivery:
    """A message as it came on a connection; a payload of more than `largest` bytes is let go.

    Raises:
        UnicodeDecodeError: the topic is not UTF-8, which no broker should have let pass.
    """
    properties: dict[str, Any] = {} if message.properties is None else vars(message.properties)
    size = len(message.payload)
    return Delivery(
        epoch=epoch,
        packet=message.mid,
        qos=message.qos,
        topic=message.topic,
        payload=bytes(message.payload) if size <= largest else b"",
        retained=message.retain,
        resumed=resumed,
        response_topic=properties.get("ResponseTopic"),
        correlation=properties.get("CorrelationData"),
        content_type=properties.get("ContentType"),
        expiry_s=properties.get("MessageExpiryInterval"),
        user=tuple(properties.get("UserProperty", ())),
        oversize=size if size > largest else 0,
    )


def _properties(kind: int) -> Any:
    return Properties(kind)  # type: ignore[no-untyped-call]  # paho's gap
