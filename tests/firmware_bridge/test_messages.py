"""Messages: written in one way and read strictly; what is none is refused by name, and nothing else is raised."""

from dataclasses import fields
from typing import Any

import cbor2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import cbor
from firmware_bridge.errors import MessageError
from firmware_bridge.messages import (
    ALL,
    About,
    Describe,
    Description,
    Done,
    Error,
    Event,
    Get,
    Hello,
    Is,
    Log,
    Message,
    Reboot,
    Set,
    Time,
    decode,
    encode,
    number_of,
)

ID = st.integers(1, 65535)
INDEX = st.integers(0, (1 << 32) - 1)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=24).filter(lambda t: len(t.encode()) <= 24)
VALUE = st.one_of(st.none(), st.booleans(), st.integers(-(1 << 31), (1 << 31) - 1))
MAP = st.dictionaries(st.integers(0, 9), st.one_of(VALUE, TEXT, st.lists(st.integers(-9, 9), max_size=3)))
MESSAGES: dict[type[Message], st.SearchStrategy[Message]] = {
    Hello: st.builds(Hello, ID),
    About: st.builds(About, ID, TEXT.filter(bool), TEXT, TEXT, st.integers(0, 10_000)),
    Describe: st.builds(Describe, ID, INDEX),
    Description: st.builds(Description, ID, INDEX, MAP),
    Set: st.builds(Set, ID, INDEX, VALUE),
    Get: st.builds(Get, ID, INDEX),
    Is: st.builds(Is, ID, INDEX, VALUE),
    Event: st.builds(Event, st.just(0), INDEX, VALUE),
    Log: st.builds(Log, st.just(0), st.integers(0, 3), TEXT),
    Time: st.builds(Time, ID, st.integers(0, (1 << 32) - 1)),
    Error: st.builds(Error, st.integers(0, 65535), st.integers(0, 255), TEXT),
    Reboot: st.builds(Reboot, ID),
    Done: st.builds(Done, ID),
}
ANY_MESSAGE = st.one_of(*MESSAGES.values())


def test_every_message_has_a_sample_and_a_type_of_its_own() -> None:
    assert MESSAGES.keys() == set(ALL)
    assert [each.type for each in ALL] == list(range(len(ALL)))


@given(ANY_MESSAGE)
def test_what_is_written_is_read(message: Message) -> None:
    assert decode(encode(message)) == message


@given(ANY_MESSAGE, st.lists(st.one_of(VALUE, TEXT), min_size=1, max_size=3))
def test_more_items_than_are_known_are_ignored(message: Message, more: list[Any]) -> None:
    items = cbor2.loads(encode(message))
    assert decode(cbor2.dumps([*items, *more])) == message


@given(ANY_MESSAGE)
def test_fewer_items_than_are_needed_are_no_message(message: Message) -> None:
    items = cbor2.loads(encode(message))
    assert len(items) == len(fields(message)) + 1
    with pytest.raises(MessageError):
        decode(cbor2.dumps(items[:-1]))


@given(ANY_MESSAGE, st.binary(min_size=1, max_size=4))
def test_nothing_comes_after_a_message(message: Message, rest: bytes) -> None:
    with pytest.raises(MessageError):
        decode(encode(message) + rest)


@given(st.binary(max_size=240))
def test_whatever_comes_is_a_message_or_refused_as_none(payload: bytes) -> None:
    try:
        assert encode(decode(payload))
    except MessageError:
        assert 0 <= number_of(payload) <= 65535


@given(ANY_MESSAGE, st.data())
def test_a_message_with_a_byte_changed_is_read_or_refused(message: Message, data: st.DataObject) -> None:
    payload = bytearray(encode(message))
    payload[data.draw(st.integers(0, len(payload) - 1))] = data.draw(st.integers(0, 255))
    try:
        decode(bytes(payload))
    except MessageError:
        return


@pytest.mark.parametrize(
    "payload",
    [
        "",
        "80",
        "00",
        "8200f5",  # a request that is True
        "820000",  # a request under no number
        "82001800",  # a number longer than needed
        "8218001801",
        "9f0001ff",  # indefinite
        "8200fb3ff0000000000000",  # a float
        "8200c001",  # a tag
        "820041ff",  # bytes
        "8200f7",  # undefined
        "82001a00010000",  # beyond 65535
        "821863 01".replace(" ", ""),  # no such type
        "840401001b0000000100000000",  # 33 bits
        "8404010081818181810 0".replace(" ", ""),  # too deep
        "84030100a200010002",  # a key twice
        "840801" + "00" + "60",  # a log under a number
        "8408000463616263",  # no such level
        "840800007819" + "61" * 25,  # a text of 25 bytes
        "8408000062c328",  # not UTF-8
        "c582" + "1b00000000ffffffff01",  # a power that would fill the memory
    ],
)
def test_what_is_no_message(payload: str) -> None:
    with pytest.raises(MessageError):
        decode(bytes.fromhex(payload))


@pytest.mark.parametrize(
    "item", [1.5, b"x", object(), "x" * 25, 1 << 32, -(1 << 31) - 1, [[[[[1]]]]], "\ud800"]
)
def test_what_cannot_be_said_is_not_written(item: Any) -> None:
    with pytest.raises(MessageError):
        cbor.write([item])


def test_a_message_that_breaks_its_own_rules_is_not_written() -> None:
    with pytest.raises(MessageError, match="no id of Hello"):
        encode(Hello(0))
    with pytest.raises(MessageError, match="no value of Set"):
        encode(Set(1, 0, 1 << 31))


def test_the_number_of_what_is_no_message_is_read_if_it_can_be() -> None:
    assert number_of(cbor2.dumps([99, 7])) == 7
    assert number_of(cbor2.dumps([4, 9])) == 9
    assert number_of(cbor2.dumps(["x", 7, 1])) == 7
    assert number_of(cbor2.dumps([4])) == 0
    assert number_of(b"\xff") == 0
