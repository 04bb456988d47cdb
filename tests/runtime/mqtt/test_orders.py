"""What a message on a command topic is read as."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.meaning import Action
from runtime.commands.order import Order
from runtime.commands.registry.devices import Value
from runtime.limits import Limits
from runtime.mqtt.link import Delivery
from runtime.mqtt.orders import Reader, RefusedError
from runtime.mqtt.replies import DeviceTopics, Replies
from runtime.mqtt.topics import source
from tests.support.lamps import house, outgoing

LIMITS = Limits(request_bytes=2000, command_letters=100)
NOW = 1000.0


def read(
    message: object, topic: str = "ingle/home/command", allowed: tuple[str, ...] = (), **beside: Any
) -> Order:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    came = source(topic)
    assert came is not None
    heard = {"sensors/hall", "home/hall/online"}
    replies = Replies(allowed, "homeassistant", DeviceTopics(house, outgoing), lambda topic: topic in heard)
    reader = Reader(replies, LIMITS, 30.0, answer=False, house=house, languages=("en", "zh-TW"))
    given: dict[str, Any] = {"epoch": 1, "packet": 5, "qos": 1} | beside
    return reader.order(Delivery(topic=topic, payload=payload, **given), came, NOW, again=False)


def test_plain_text_is_a_sentence_as_it_is() -> None:
    order = read("打開廚房的燈".encode())
    assert (order.text, order.action, order.sender) == ("打開廚房的燈", None, "")
    assert order.made_up
    assert order.reply is not None
    assert order.reply.address == "ingle/home/command/result"
    assert (order.received_at, order.expires_at) == (NOW, NOW + 30)


@pytest.mark.parametrize("name", ["http", "hermes", "console"])
def test_nobody_commands_by_a_name_of_ours(name: str) -> None:
    with pytest.raises(RefusedError, match="give the broker's client another name"):
        read({"id": "7", "text": "unlock"}, f"ingle/home/command/from/{name}")


def test_every_field_has_its_place() -> None:
    fields = {
        "id": 7,
        "text": "it is dark",
        "language": "en",
        "area": "kitchen",
        "session": "tablet",
        "expires_s": 5,
        "dry_run": True,
        "explain": True,
        "answer": True,
        "confirms": "token",
        "reply_to": "clients/tablet",
    }
    order = read(fields, "ingle/home/command/from/tablet")
    assert order.id == "7"
    assert order.sender == "tablet"
    assert (order.language, order.area, order.session, order.confirms) == ("en", "kitchen", "tablet", "token")
    assert order.dry_run
    assert order.explain
    assert order.answer
    assert order.expires_at == NOW + 5
    assert order.reply is not None
    assert order.reply.address == "clients/tablet"
    assert not order.made_up


@pytest.mark.parametrize(
    ("value", "read_as"), [("on", True), ("OFF", False), (True, True), ("dim", "dim"), (3, 3.0), (None, None)]
)
def test_a_direct_command_has_the_value_that_is_meant(value: object, read_as: Value) -> None:
    order = read({"device": "lamp1", "capability": "power", "value": value})
    assert order.action == Action("lamp1", "power", read_as)
    assert type(order.action.value) is type(read_as)


@pytest.mark.parametrize(
    ("value", "read_as"),
    [
        ("30", 30.0),
        (" 12.5 ", 12.5),
        ("-4", -4.0),
        ("1e3", "1e3"),
        ("\uff13\uff10", "\uff13\uff10"),
        ("", ""),
    ],
)
def test_a_number_may_be_written_as_a_text_if_it_is_plainly_one(value: str, read_as: Value) -> None:
    order = read({"device": "lamp1", "capability": "brightness", "value": value})
    assert order.action == Action("lamp1", "brightness", read_as)
    assert type(order.action.value) is type(read_as)


@pytest.mark.parametrize("language", ["en", "en-GB", "ZH-tw", "zh"])
def test_a_language_that_is_understood_goes_by_any_of_its_regions(language: str) -> None:
    assert read({"text": "x", "language": language}).language == language


def test_the_owner_may_name_a_topic_that_looks_like_a_programs_input() -> None:
    assert read({"text": "x", "reply_to": "tools/get/me"}, allowed=("tools/get/+",)).reply is not None
    assert read({"text": "x", "reply_to": "ingle/home/reply/set"}).reply is not None


def test_what_mqtt_5_says_beside_a_message_comes_before_what_is_in_it() -> None:
    order = read(
        {"text": "x", "reply_to": "a", "expires_s": 60}, response_topic="b", correlation=b"\xff", expiry_s=3
    )
    assert order.reply is not None
    assert (order.reply.address, order.reply.correlation) == ("b", b"\xff")
    assert order.expires_at == NOW + 3


@pytest.mark.parametrize(
    ("payload", "part"),
    [
        (b"", "the command is empty"),
        (b" \n", "the command is empty"),
        (b"\xff\xfet\x00u\x00", "not UTF-8"),
        (b'{"text": "\xff"}', "not UTF-8"),
        (b'{"text": "x"', "not JSON"),
        (b"[1, 2]", "send an object"),
        (b"{}", "nothing to do"),
        (b"x" * 101, "101 characters; say it in 100"),
        (b"x" * 2001, "2001 bytes; send at most 2000, or raise limits.request_bytes"),
        (b'{"text": "x", "txet": 1}', "did you mean text?"),
        (b'{"text": "x", "colour": 1}', "known are id, text"),
        (b'{"text": "x", "id": ""}', "id has 0 characters"),
        (b'{"text": "x", "id": "~1"}', "does not begin with ~"),
        (b'{"text": "x", "id": [1]}', "id is"),
        (b'{"text": "x", "text": "y"}', "twice"),
        (b'{"text": "x", "area": "kichen"}', "no area 'kichen'; did you mean kitchen?"),
        (b'{"text": "x", "area": "moon"}', "no area 'moon'; there are kitchen"),
        (b'{"text": "x", "language": "de"}', "language is 'de'; this appliance understands en, zh-TW"),
        (b'{"text": "x", "expires_s": 0}', "expires_s"),
        (b'{"text": "x", "expires_s": 1e9}', "expires_s"),
        (b'{"text": "x", "dry_run": "yes"}', "dry_run"),
        (b'{"text": "x", "device": "lamp1", "capability": "power", "value": true}', "either text"),
        (b'{"device": "lamp1", "value": true}', "capability is missing"),
        (b'{"value": true}', "device is missing"),
        (b'{"device": "lamp1", "capability": "power", "value": [1]}', "value is"),
        (b'{"device": "lamp1", "capability": "brightness", "value": NaN}', "NaN"),
        (b'{"a":' * 40 + b"1" + b"}" * 40, "nests deeper"),
    ],
)
def test_what_is_no_command_is_told_why(payload: bytes, part: str) -> None:
    with pytest.raises(RefusedError) as refused:
        read(payload)
    assert part in str(refused.value)
    assert refused.value.reply.address == "ingle/home/command/result"


def test_a_payload_that_was_let_go_is_told_its_size() -> None:
    with pytest.raises(RefusedError, match="10000000 bytes"):
        read(b"", oversize=10_000_000)


@pytest.mark.parametrize(
    "topic",
    [
        *(
            "a/+",
            "a/#",
            "#",
            "",
            "$SYS/broker",
            "$share/g/a",
            "a\0b",
            "ingle/home/command",
            "ingle/any/command",
        ),
        *(
            "ingle/home/command/from/me",
            "ingle/home/chat",
            "ingle/other/cancel",
            "ingle/home/status",
        ),
        *("homeassistant/light/x/config", "homeassistant/status", "hermes/nlu/query", "ingle/home/registry"),
        *("devices/lamp1/power/set", "devices/bell/activate/set", "sensors/hall", "home/hall/online"),
        *("cmnd/plug/POWER", "zigbee2mqtt/lamp/set", "zigbee2mqtt/lamp/get", "zigbee2mqtt/lamp/set/state"),
        *("zigbee2mqtt/bridge/request/restart", "shellies/plug/command"),
    ],
)
@pytest.mark.parametrize("beside", [True, False])
def test_no_result_is_sent_where_something_would_act_on_it(topic: str, *, beside: bool) -> None:
    """The reason goes to the topic that nobody chose."""
    fields = {"id": "a", "text": "x"} | ({} if beside else {"reply_to": topic})
    with pytest.raises(RefusedError) as refused:
        read(fields, response_topic=topic if beside else None)
    assert refused.value.param == "reply_to"
    assert refused.value.reply.address == "ingle/home/command/result"


def test_senders_may_be_held_to_topics_of_their_own() -> None:
    allowed = ("clients/%c/#", "shared/results")
    tablet = "ingle/home/command/from/tablet"
    assert read({"text": "x", "reply_to": "clients/tablet/1"}, tablet, allowed).reply is not None
    assert read({"text": "x", "reply_to": "shared/results"}, allowed=allowed).reply is not None
    for topic, named in (
        (tablet, "clients/phone/1"),
        ("ingle/home/command", "clients//1"),
        (tablet, "other"),
    ):
        with pytest.raises(RefusedError, match=r"mqtt\.reply_topics") as refused:
            read({"text": "x", "reply_to": named}, topic, allowed)
        own = "ingle/home/reply/tablet" if topic == tablet else "ingle/home/command/result"
        assert refused.value.reply.address == own, "where its sender may listen"


def test_an_id_that_is_made_up_tells_a_second_delivery_and_nothing_else() -> None:
    first, again, other = read(b"hello"), read(b"hello"), read(b"bye")
    assert first.id != again.id
    assert first.id.rpartition(".")[0] == again.id.rpartition(".")[0] != other.id.rpartition(".")[0]
    assert first.id.rpartition(".")[0] != read(b"hello", packet=6).id.rpartition(".")[0]


def test_what_comes_for_whoever_is_free_is_marked() -> None:
    order = read(b"hello", "ingle/any/command/from/tablet")
    assert order.shared
    assert order.reply is not None
    assert order.reply.address == "ingle/any/command/result"


@given(st.binary(max_size=300) | st.text(max_size=100).map(str.encode))
def test_nothing_but_an_order_or_a_refusal_comes_of_any_bytes(payload: bytes) -> None:
    try:
        order = read(payload)
    except RefusedError:
        return
    assert order.text is not None or order.action is not None


values = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(), st.lists, max_leaves=3
)
names = st.sampled_from(
    ["id", "text", "device", "capability", "value", "expires_s", "session", "reply_to", "answer"]
)


@given(st.dictionaries(names, values))
def test_nothing_but_an_order_or_a_refusal_comes_of_any_fields(fields: dict[str, object]) -> None:
    try:
        order = read(fields)
    except RefusedError:
        return
    assert (order.text is None) != (order.action is None) or order.confirms is not None
