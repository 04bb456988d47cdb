"""The link on bad lines, in simulated time: all once and in order, none wrong, and back within two seconds."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from firmware_bridge.framing import Frame, Kind, encode
from firmware_bridge.link.board import BoardLink
from firmware_bridge.link.events import Delivered, Event, Up
from firmware_bridge.link.host import HostLink
from tests.support.line import End, Line
from tests.support.noise import clean, everything, flipping

pytestmark = pytest.mark.counted

MESSAGES = 50_000
"""Each way."""
RESETS = 1000
CLOSE_S = 2.0


class Talk:
    """Both ends send numbered messages over a line; what arrives is held against what was sent on that link."""

    def __init__(self, rng: random.Random, baud: int | None = None) -> None:
        self.rng = rng
        self.boots = 1
        self.host = HostLink(7, lambda: rng.getrandbits(32))
        self.board = BoardLink(self.boots, mtu=64, window=4, dead_ms=900)
        self.line = Line(self.host, self.board, self.heard, baud=baud)
        self.sent: dict[str, list[bytes]] = {"host": [], "board": []}
        self.got: dict[str, int] = {"host": 0, "board": 0}
        self.links = 0

    def heard(self, end: End, event: Event) -> None:
        match event:
            case Delivered(payload):
                other, me = ("board", "host") if end is self.host else ("host", "board")
                assert payload == self.sent[other][self.got[me]], "lost, doubled, out of order or wrong"
                self.got[me] += 1
            case Up() if end is self.board:
                # What was waiting is dropped at both ends as the board begins: nothing of before may arrive.
                self.links += 1
                self.sent = {"host": [], "board": []}
                self.got = {"host": 0, "board": 0}

    def say(self, who: str) -> None:
        payload = b"%s %d " % (who.encode(), len(self.sent[who])) + self.rng.randbytes(self.rng.randrange(30))
        self.end(who).send(payload)
        self.sent[who].append(payload)
        self.line.wake()

    def wanting(self, count: int) -> list[str]:
        """Who has not said so many yet, and has room to say more."""
        return [w for w in self.sent if len(self.sent[w]) < count and self.end(w).unacknowledged < 8]

    def end(self, who: str) -> HostLink | BoardLink:
        return self.host if who == "host" else self.board

    def reset(self) -> None:
        self.boots += 1
        self.board = BoardLink(self.boots, mtu=64, window=4, dead_ms=900)
        self.line.ends[1] = self.board
        self.line.wake()

    def in_step(self) -> bool:
        """Whether both ends have the link that the board has now, and nothing is unacknowledged."""
        up = self.board.is_up and self.host.is_up and self.host.peer == self.boots
        return up and not self.host.unacknowledged and not self.board.unacknowledged


def test_a_hundred_thousand_messages_over_a_line_that_corrupts_one_byte_in_a_thousand() -> None:
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    talk = Talk(random.Random(seed))
    assert talk.line.run(talk.in_step, CLOSE_S)
    talk.line.spoil = flipping(talk.rng, 0.001)
    links = talk.links
    while min(len(each) for each in talk.sent.values()) < MESSAGES:
        for who in talk.wanting(MESSAGES):
            talk.say(who)
        assert talk.line.run(lambda: bool(talk.wanting(MESSAGES)) or talk.in_step(), 10)
    assert talk.line.run(talk.in_step, 10)
    assert talk.got == {"host": MESSAGES, "board": MESSAGES}
    assert talk.links == links, "the link was begun anew"
    dropped = talk.host.dropped.total + talk.board.dropped.total
    print(f"{2 * MESSAGES} messages in {talk.line.now:.0f} s of the line's time, {dropped} frames dropped")
    assert dropped > MESSAGES / 100


def test_a_thousand_resets_at_random_moments() -> None:
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    talk = Talk(random.Random(seed))
    talk.line.spoil = flipping(talk.rng, 0.001)
    assert talk.line.run(talk.in_step, CLOSE_S)
    slowest = 0.0
    for _ in range(RESETS):
        for who in ("host", "board"):
            if talk.end(who).is_up:
                for _ in range(talk.rng.randrange(6)):
                    talk.say(who)
        talk.line.run(lambda: False, talk.rng.random() * 0.1)
        talk.reset()
        since = talk.line.now
        assert talk.line.run(talk.in_step, CLOSE_S), "not in step after two seconds"
        slowest = max(slowest, talk.line.now - since)
    print(f"{RESETS} resets; the slowest took {slowest:.3f} s")


def test_a_line_with_everything_wrong_with_it() -> None:
    seed = random.SystemRandom().getrandbits(32)
    print("seed", seed)
    talk = Talk(random.Random(seed))
    talk.line.spoil = everything(talk.rng, 0.01)
    for _ in range(300):
        for who in ("host", "board"):
            if talk.end(who).is_up and talk.end(who).unacknowledged < 8:
                talk.say(who)
        talk.line.run(lambda: False, 0.1)
    talk.line.spoil = clean
    assert talk.line.run(talk.in_step, 2 * CLOSE_S)


@pytest.mark.parametrize("baud", [9600, 115200])
@pytest.mark.parametrize("who", ["host", "board"])
def test_a_sound_line_is_full_and_nothing_is_sent_twice(who: str, baud: int) -> None:
    talk = Talk(random.Random(1), baud)
    assert talk.line.run(talk.in_step, CLOSE_S)
    to = 1 if who == "host" else 0
    began, carried = talk.line.now, talk.line.carried[to]
    for _ in range(500):
        talk.say(who)
        talk.line.run(lambda: talk.end(who).unacknowledged < 8, 10)
    assert talk.line.run(talk.in_step, 10)
    sent = sum(len(payload) + 9 for payload in talk.sent[who])
    seconds, beats = talk.line.now - began, 9 * 20
    share = sent * 10 / baud / seconds
    print(f"{share:.0%} of {baud} baud")
    assert talk.line.carried[to] - carried <= sent + beats
    assert share > 0.9


class Trouble(RuleBasedStateMachine):
    """Both ends, and somebody with pliers."""

    def __init__(self) -> None:
        super().__init__()
        self.talk = Talk(random.Random(0))
        self.line = self.talk.line

    @rule(who=st.sampled_from(("host", "board")), count=st.integers(1, 12))
    def say(self, who: str, count: int) -> None:
        if self.talk.end(who).is_up:
            for _ in range(count):
                self.talk.say(who)

    @rule(seconds=st.floats(0.001, 2.0))
    def time_passes(self, seconds: float) -> None:
        self.line.run(lambda: False, seconds)

    @rule()
    def the_board_resets(self) -> None:
        self.talk.reset()

    @rule()
    def the_host_leaves_and_comes_back(self) -> None:
        self.line.inject(1, self.talk.host.close())
        self.talk.host = HostLink(8, lambda: self.talk.rng.getrandbits(32))
        self.line.ends[0] = self.talk.host
        self.line.wake()

    @rule(keep=st.integers(0, 40))
    def the_line_is_cut(self, keep: int) -> None:
        self.line.spoil = lambda data: data[:keep]

    @rule(rate=st.sampled_from((0.001, 0.01, 0.1)))
    def the_line_is_bad(self, rate: float) -> None:
        self.line.spoil = everything(self.talk.rng, rate)

    @rule()
    def the_line_is_mended(self) -> None:
        self.line.spoil = clean

    @rule(to=st.integers(0, 1), data=st.binary(max_size=300))
    def garbage(self, to: int, data: bytes) -> None:
        self.line.inject(to, data)

    @rule(
        to=st.integers(0, 1), kind=st.sampled_from((Kind.SYN, Kind.SYN_ACK)), payload=st.binary(max_size=30)
    )
    def a_strange_greeting(self, to: int, kind: Kind, payload: bytes) -> None:
        self.line.inject(to, encode(Frame(kind, payload=payload)))

    @precondition(lambda self: self.line.spoil is clean)
    @rule()
    def it_comes_to_rest(self) -> None:
        assert self.line.run(self.talk.in_step, 6.0)

    @invariant()
    def little_is_held(self) -> None:
        for end in (self.talk.host, self.talk.board):
            assert len(end._unframer._begun) <= 247

    def teardown(self) -> None:
        self.line.spoil = clean
        assert self.line.run(self.talk.in_step, 6.0)


Trouble.TestCase.settings = settings(max_examples=150, stateful_step_count=30, deadline=None)
TestTrouble = Trouble.TestCase
