"""The simulated board answers whatever comes, or nothing, and goes on."""

from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("smpclient", reason="smpclient is not installed; script/check installs it")

from smp.os_management import EchoWriteRequest, EchoWriteResponse

from firmware_bridge import cbor
from firmware_bridge.smp.framing import Reader, encode
from firmware_bridge.smp.simulator import FACTORY, SimulatedSmpBoard, new_flash

BODIES = st.one_of(
    st.binary(max_size=60),
    st.dictionaries(
        st.sampled_from(["off", "data", "len", "sha", "image", "hash", "confirm", "d", "argv", "x"]),
        st.one_of(
            st.none(), st.booleans(), st.integers(-9, 9), st.text(max_size=6), st.lists(st.integers(0, 9))
        ),
        max_size=4,
    ).map(lambda said: cbor.write(cast("cbor.Item", said))),
)


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 70), st.integers(0, 9), BODIES), max_size=8))
def test_any_message_leaves_a_board_that_answers(messages: list[tuple[int, int, int, bytes]]) -> None:
    board = SimulatedSmpBoard(new_flash(slot_sectors=8))
    for first, group, command, body in messages:
        frame = bytes([first, 0]) + len(body).to_bytes(2) + group.to_bytes(2) + bytes([0, command]) + body
        board.step(0, encode(frame))
    said, _ = board.step(0, encode(bytes(EchoWriteRequest(d="there?", sequence=7))))
    (answer,) = Reader().feed(said)
    assert EchoWriteResponse.loads(answer).r == "there?"
    assert board.running.version == "1.0.0"
    assert board.loader.flash.read(0, len(FACTORY)) == FACTORY


@given(st.binary(max_size=2000))
def test_garbage_is_answered_with_nothing(garbage: bytes) -> None:
    board = SimulatedSmpBoard(new_flash(slot_sectors=8))
    board.step(0, garbage)
    said, _ = board.step(0, b"\n" + encode(bytes(EchoWriteRequest(d="there?", sequence=7))))
    assert EchoWriteResponse.loads(Reader().feed(said)[-1]).r == "there?"
