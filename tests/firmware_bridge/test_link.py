"""Links: begun, kept, found to be down, begun anew; each rule of the protocol's section 2 by itself."""

import itertools
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware_bridge import cbor
from firmware_bridge.errors import NotConnectedError, ProtocolError, VersionError
from firmware_bridge.framing import Frame, Kind, Unframer, encode
from firmware_bridge.link.arq import REPETITIONS, Arq
from firmware_bridge.link.board import BoardLink
from firmware_bridge.link.events import Dead, Delivered, Down, Event, Reason, Rst, Up
from firmware_bridge.link.greeting import Syn, SynAck, read_syn, read_syn_ack
from firmware_bridge.link.host import HostLink
from firmware_bridge.link.rtt import FIRST_S, LONGEST_S, SHORTEST_S, RoundTrip


def names() -> Callable[[], int]:
    counting = itertools.count(100)
    return lambda: next(counting)


def host_link() -> HostLink:
    return HostLink(7, names())


def frames(data: bytes) -> list[Frame]:
    return Unframer().feed(data)


def greeted(boot: int = 1, *, dead_ms: int = 3000, mtu: int = 64, window: int = 4, link: int = 100) -> bytes:
    return encode(Frame(Kind.SYN_ACK, payload=SynAck(link, boot, mtu, window, dead_ms).encode()))


def up(host: HostLink, **said: int) -> None:
    host.step(0.0)
    assert Up(1, min(said.get("mtu", 64), 240)) in host.step(0.0, greeted(**said)).events


def asked(link: int = 100, host: int = 7) -> bytes:
    return encode(Frame(Kind.SYN, payload=Syn(link, host).encode()))


def test_a_host_asks_every_quarter_of_a_second_and_then_every_second() -> None:
    host, at, times = host_link(), 0.0, []
    down: list[Event] = []
    while at < 6:
        step = host.step(at)
        times += [at for frame in frames(step.output) if frame.kind is Kind.SYN]
        down += step.events
        assert step.due is not None
        assert step.due > at
        at = step.due
    assert times == [0.25 * n for n in range(9)] + [2.25, 3.25, 4.25, 5.25]
    assert down == [Down(Reason.NO_ANSWER)]


def test_until_it_is_greeted_a_host_ignores_all_else() -> None:
    host = host_link()
    host.step(0.0)
    noise = [
        encode(Frame(Kind.DATA, payload=b"old")),
        encode(Frame(Kind.ACK)),
        encode(Frame(Kind.RST, payload=b"\1")),
        greeted(link=99),
        asked(),
    ]
    step = host.step(0.1, b"".join(noise))
    assert (step.events, step.output) == ((), b"")
    with pytest.raises(NotConnectedError):
        host.send(b"x")


@pytest.mark.parametrize("version", [0, 2, 255])
def test_a_board_of_another_version_is_let_go(version: int) -> None:
    host = host_link()
    host.step(0.0)
    payload = cbor.write([version, 100, 64, 4, 1, 3000, 1])
    step = host.step(0.1, encode(Frame(Kind.SYN_ACK, payload=payload)))
    assert [type(e) for e in step.events] == [Down]
    assert isinstance(step.events[0], Down)
    assert step.events[0].reason is Reason.VERSION
    assert str(version) in step.events[0].detail
    assert [f.payload for f in frames(step.output)] == [bytes((Rst.PROTOCOL,))]
    assert step.due is None


@pytest.mark.parametrize(
    "said",
    [[1, 100], [1, 100, 47, 4, 1, 0, 1], [1, 100, 241, 4, 1, 0, 1], [1, 100, 64, 0, 1, 0, 1], [1, 100, 64, 9, 1, 0, 1],
     [1, 100, 64, 4, -1, 0, 1], [1, 100, 64, 4, 1, 299, 1], [1, 100, 64, 4, 1, 60_001, 1], [1, 100, 64, 4, 1, None, 1],
     [1, 100, 64, 4, 1, True, 1], [1, 100, 64, 4, 1, 0], [1, 100, 64, 4, 1, 0, -1], [], "hello"],
)  # fmt: skip
def test_a_greeting_that_cannot_be_is_said_and_tried_again_a_second_later(said: object) -> None:
    host = host_link()
    host.step(0.0)
    step = host.step(0.1, encode(Frame(Kind.SYN_ACK, payload=cbor.write(said))))  # type: ignore[arg-type]  # nonsense
    assert isinstance(step.events[0], Down)
    assert step.events[0].reason is Reason.PROTOCOL
    assert step.due == pytest.approx(1.1)


def test_a_board_tells_how_many_hosts_it_had() -> None:
    board, told = BoardLink(1), []
    for link, host in enumerate((7, 7, 8, 7, 0)):
        step = board.step(0.1 * link, asked(link, host))
        (greeting,) = [read_syn_ack(f.payload, link) for f in frames(step.output) if f.kind is Kind.SYN_ACK]
        assert greeting
        assert Up(host, 240, greeting.hosts) in step.events
        told.append(greeting.hosts)
    assert told == [1, 1, 2, 3, 4]


@given(st.binary(max_size=60))
def test_no_greeting_raises_anything_but_what_is_said(payload: bytes) -> None:
    for reads in (read_syn, lambda p: read_syn_ack(p, 100)):
        try:
            reads(payload)
        except ProtocolError:
            continue


def test_greetings_may_have_more_items_and_a_later_host_is_answered_as_of_this_version() -> None:
    assert read_syn(cbor.write([3, 5, 240, 8, 7, "more"])) == Syn(5, 7)
    assert read_syn_ack(cbor.write([1, 5, 64, 2, 9, 0, 3, "more"]), 5) == SynAck(5, 9, 64, 2, 0, 3)
    with pytest.raises(VersionError):
        read_syn(cbor.write([0, 5, 240, 8, 7]))


def test_a_board_says_once_that_it_has_started() -> None:
    board = BoardLink(1)
    assert [(f.kind, f.payload) for f in frames(board.step(0.0).output)] == [(Kind.RST, b"\1")]
    assert board.step(0.1).output == b""


def test_a_board_without_a_link_answers_talk_with_a_reset_and_nothing_else() -> None:
    board = BoardLink(1)
    board.step(0.0)
    for kind in (Kind.DATA, Kind.ACK):
        assert [f.kind for f in frames(board.step(0.1, encode(Frame(kind))).output)] == [Kind.RST]
    for kind in (Kind.RST, Kind.SYN_ACK):
        assert board.step(0.1, encode(Frame(kind, payload=b"\1"))).output == b""


def test_the_same_link_asked_for_again_changes_nothing() -> None:
    board = BoardLink(1)
    board.step(0.0)
    first = board.step(0.1, asked())
    assert first.events == (Up(7, 240),)
    board.step(0.2, encode(Frame(Kind.DATA, 0, 0, b"a")))
    again = board.step(0.3, asked())
    assert again.events == ()
    assert frames(again.output)[0].payload == frames(first.output)[0].payload
    assert frames(again.output)[0].ack == 1
    assert board.step(0.4, encode(Frame(Kind.DATA, 1, 0, b"b"))).events == (Delivered(b"b"),)


def test_another_link_begins_at_zero() -> None:
    board = BoardLink(1)
    board.step(0.1, asked())
    board.step(0.2, encode(Frame(Kind.DATA, 0, 0, b"a")))
    assert board.step(0.3, asked(101)).events == (Down(Reason.REPLACED), Up(7, 240))
    assert board.step(0.4, encode(Frame(Kind.DATA, 0, 0, b"b"))).events == (Delivered(b"b"),)


def test_a_board_refuses_a_greeting_that_cannot_be() -> None:
    board = BoardLink(1)
    board.step(0.0)
    step = board.step(0.1, encode(Frame(Kind.SYN, payload=cbor.write([1, 100, 10, 8, 7]))))
    assert [f.payload for f in frames(step.output)] == [bytes((Rst.PROTOCOL,))]


@pytest.mark.parametrize(
    ("payload", "reason"),
    [(b"\1", Reason.RESET), (b"\2", Reason.PROTOCOL), (b"\3", Reason.LEFT), (b"", Reason.RESET)],
)
def test_a_reset_ends_a_link_and_the_host_begins_another(payload: bytes, reason: Reason) -> None:
    host = host_link()
    up(host)
    step = host.step(1.0, encode(Frame(Kind.RST, payload=payload)))
    assert step.events == (Down(reason),)
    asked_again = [f for f in frames(step.output) if f.kind is Kind.SYN]
    assert [read_syn(f.payload).link for f in asked_again] == [101]


def test_a_board_that_has_started_again_is_noticed_by_its_greeting() -> None:
    for said in (
        greeted(boot=2),
        encode(Frame(Kind.SYN_ACK, ack=9, payload=SynAck(100, 1, 64, 4, 3000).encode())),
    ):
        host = host_link()
        up(host)
        assert host.step(1.0, said).events == (Down(Reason.RESET),)
    host = host_link()
    up(host)
    assert host.step(1.0, greeted()).events == ()


def test_resets_in_a_row_do_not_make_a_flood() -> None:
    host = host_link()
    host.step(0.0)
    host.step(0.01, greeted())
    asked_at = [0.0]
    at = 0.02
    while at < 1.0:
        link = read_syn_link(host.step(at, encode(Frame(Kind.RST, payload=b"\1"))).output)
        if link is not None:
            asked_at.append(at)
            host.step(at, greeted(link=link))
        at += 0.01
    assert all(later - earlier >= 0.25 for earlier, later in itertools.pairwise(asked_at))


def read_syn_link(output: bytes) -> int | None:
    return next((read_syn(f.payload).link for f in frames(output) if f.kind is Kind.SYN), None)


def test_silence_is_a_link_that_is_down_at_either_end() -> None:
    host, board = host_link(), BoardLink(1, dead_ms=900)
    up(host, dead_ms=900)
    board.step(0.0, asked())
    assert host.step(0.89).events == ()
    assert host.step(0.9).events == (Down(Reason.SILENT),)
    assert board.step(0.89).events == ()
    assert board.step(0.9).events == (Down(Reason.SILENT), Dead())


def test_both_say_that_they_are_there_every_third_of_it() -> None:
    host = host_link()
    up(host, dead_ms=900)
    assert frames(host.step(0.29).output) == []
    assert [f.kind for f in frames(host.step(0.3).output)] == [Kind.ACK]
    assert frames(host.step(0.31).output) == []


def test_who_only_knocks_looks_after_nothing() -> None:
    board = BoardLink(1, dead_ms=900)
    board.step(0.0, asked())
    events: list[Event] = []
    for tenth in range(1, 12):
        events += board.step(tenth / 10, asked()).events
    assert events[:2] == [Down(Reason.SILENT), Dead()]


def test_the_end_of_a_link_alone_is_not_the_end_of_care() -> None:
    board = BoardLink(1, dead_ms=900)
    board.step(0.0, asked())
    left = board.step(0.1, encode(Frame(Kind.RST, payload=b"\3")))
    assert left.events == (Down(Reason.LEFT),)
    assert board.step(0.2, asked(101)).events == (Up(7, 240),)
    board.step(0.3, encode(Frame(Kind.RST, payload=b"\3")))
    assert board.step(1.09).events == ()
    assert board.step(1.1).events == (Dead(),)
    assert board.step(2.5).events == ()


def test_a_board_that_never_goes_safe() -> None:
    board = BoardLink(1, dead_ms=0)
    board.step(0.0, asked())
    assert board.step(3.0).events == (Down(Reason.SILENT),)
    assert board.step(1e6).due is None


def test_more_than_was_agreed_is_a_broken_protocol() -> None:
    host, board = host_link(), BoardLink(1, mtu=48)
    up(host, mtu=48)
    board.step(0.0, asked())
    long = encode(Frame(Kind.DATA, payload=b"x" * 49))
    step = host.step(0.1, long)
    assert Down(Reason.PROTOCOL) in step.events
    assert bytes((Rst.PROTOCOL,)) in [f.payload for f in frames(step.output)]
    assert board.step(0.1, long).events == ()  # too long for its buffer: dropped as noise is
    assert board.dropped.too_long == 1
    with pytest.raises(ValueError, match="48 bytes, not 49"):
        board.send(b"x" * 49)


def test_leaving_is_said() -> None:
    host = host_link()
    up(host)
    assert [f.payload for f in frames(host.close())] == [bytes((Rst.LEAVING,))]
    assert host.step(9.0).due is None


# Delivery


def test_no_more_are_on_the_way_than_the_other_side_takes() -> None:
    arq = Arq(window=2)
    for payload in (b"a", b"b", b"c"):
        arq.send(payload)
    assert [f.payload for f in arq.transmit(0.0)] == [b"a", b"b"]
    assert list(arq.transmit(0.1)) == []
    arq.receive(Frame(Kind.ACK, ack=1), 0.1)
    assert [(f.seq, f.payload) for f in arq.transmit(0.1)] == [(2, b"c")]


def test_what_is_not_acknowledged_is_sent_again_from_the_first_on() -> None:
    arq = Arq(window=4)
    for payload in (b"a", b"b", b"c"):
        arq.send(payload)
    list(arq.transmit(0.0))
    arq.receive(Frame(Kind.ACK, ack=1), 0.1)
    assert arq.due is not None
    assert [f.payload for f in arq.transmit(arq.due)] == [b"b", b"c"]


def test_after_eight_repetitions_it_has_failed() -> None:
    arq = Arq(window=1)
    arq.send(b"a")
    list(arq.transmit(0.0))
    for _ in range(REPETITIONS):
        assert arq.due is not None
        list(arq.transmit(arq.due))
    assert not arq.failed
    assert arq.due is not None
    list(arq.transmit(arq.due))
    assert arq.failed


@pytest.mark.parametrize("ack", [3, 128, 255])
def test_an_acknowledgement_of_what_is_not_on_the_way_is_ignored(ack: int) -> None:
    arq = Arq(window=4)
    arq.send(b"a")
    list(arq.transmit(0.0))
    arq.receive(Frame(Kind.ACK, ack=ack), 0.1)
    assert arq.unacknowledged == 1


def test_a_frame_out_of_turn_is_answered_with_what_is_expected() -> None:
    arq = Arq(window=4)
    assert arq.receive(Frame(Kind.DATA, seq=1, payload=b"b"), 0.0) is None
    assert list(arq.transmit(0.0)) == [Frame(Kind.ACK, ack=0)]
    assert arq.receive(Frame(Kind.DATA, seq=0, payload=b"a"), 0.0) == b"a"
    assert arq.receive(Frame(Kind.DATA, seq=0, payload=b"a"), 0.0) is None
    assert list(arq.transmit(0.0)) == [Frame(Kind.ACK, ack=1)]


def test_an_answer_carries_the_acknowledgement() -> None:
    arq = Arq(window=4)
    arq.receive(Frame(Kind.DATA, seq=0, payload=b"a"), 0.0)
    arq.send(b"answer")
    assert list(arq.transmit(0.0)) == [Frame(Kind.DATA, 0, 1, b"answer")]


# The time to wait


def test_the_estimate_is_that_of_rfc_6298() -> None:
    trip = RoundTrip()
    assert trip.timeout_s == FIRST_S
    trip.sample(0.1)
    assert trip.timeout_s == pytest.approx(0.1 + 4 * 0.05)
    trip.sample(0.2)
    variation = 0.75 * 0.05 + 0.25 * 0.1
    assert trip.timeout_s == pytest.approx(0.1 * 7 / 8 + 0.2 / 8 + 4 * variation)


@given(st.lists(st.one_of(st.none(), st.floats(0, 10))))
def test_the_wait_keeps_within_its_bounds(samples: list[float | None]) -> None:
    trip = RoundTrip()
    for sample in samples:
        before = trip.timeout_s
        if sample is None:
            trip.timed_out()
            assert trip.timeout_s == min(2 * before, LONGEST_S)
        else:
            trip.sample(sample)
        assert SHORTEST_S <= trip.timeout_s <= LONGEST_S


def test_what_was_sent_twice_is_no_sample() -> None:
    arq = Arq(window=1)
    arq.send(b"a")
    list(arq.transmit(0.0))
    list(arq.transmit(FIRST_S))
    assert arq.due == pytest.approx(FIRST_S + 2 * FIRST_S)
    arq.receive(Frame(Kind.ACK, ack=1), FIRST_S + 0.001)
    arq.send(b"b")
    list(arq.transmit(1.0))
    assert arq.due == pytest.approx(1.0 + 2 * FIRST_S)  # still doubled: nothing unambiguous came
