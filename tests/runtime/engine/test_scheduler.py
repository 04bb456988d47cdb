"""Who begins and whose turn it is: a state machine, and shares of time counted over long runs."""

import random
from collections import Counter, defaultdict
from collections.abc import Mapping

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from runtime.engine.request import Priority
from runtime.engine.scheduler import Scheduler

SLOTS, DEPTH = 3, 4
Job = tuple[int, int]


class Model(RuleBasedStateMachine):
    """Jobs are (priority, arrival)."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler: Scheduler[Job] = Scheduler(slots=SLOTS, depth=DEPTH)
        self.waiting: list[Job] = []
        self.begun: list[Job] = []
        self.clients: dict[Job, str] = {}
        self.large: Job | None = None
        self.count = 0

    @rule(priority=st.sampled_from(Priority), client=st.sampled_from(["", "a", "b"]))
    def submit(self, priority: Priority, client: str) -> None:
        self.count += 1
        job = (int(priority), self.count)
        refusal = self.scheduler.submit(job, priority, client)
        free = max(0, SLOTS - sum(begun > Priority.COMMAND for begun, _ in self.begun))
        left = DEPTH - max(0, len(self.waiting) - free)
        own = sum(self.clients[waiting] == client for waiting in self.waiting) - free if client else 0
        assert refusal == ("queue" if left < 1 else "client" if own >= left else None)
        if refusal is None:
            self.waiting.append(job)
            self.clients[job] = client

    @rule(fits=st.booleans())
    def begin(self, *, fits: bool) -> None:
        job = self.scheduler.begin(lambda _: fits)
        has = Counter(self.clients[begun] for begun in self.begun)
        has[""] = 0
        if self.large not in self.waiting:
            self.large = None
        urgent = [each for each in self.waiting if self.large and each[0] < self.large[0]]
        first = self.large if self.large and not urgent else None
        first = first or min(
            self.waiting, key=lambda each: (each[0], has[self.clients[each]], each[1]), default=None
        )
        others = sum(priority > Priority.COMMAND for priority, _ in self.begun)
        if first is None or len(self.begun) == SLOTS + 1:
            assert job is None
        elif first[0] > Priority.COMMAND and others == SLOTS:
            assert job is None, "the last slot is for commands"
        elif first[0] == Priority.BACKGROUND and self.begun_in(Priority.BACKGROUND) == SLOTS - 1:
            assert job is None, "the last but one is not for what has time"
        elif not fits:
            assert job is None
            self.large = first if first[0] > Priority.COMMAND else self.large
        else:
            assert job == first
            self.waiting.remove(first)
            self.begun.append(first)

    def begun_in(self, priority: Priority) -> int:
        return sum(begun == priority for begun, _ in self.begun)

    @rule(stepping=st.sets(st.integers(1, 60)), seconds=st.floats(0, 10), finish=st.booleans())
    def turn(self, stepping: set[int], seconds: float, *, finish: bool) -> None:
        jobs = self.scheduler.turn(lambda job: job[1] in stepping)
        assert bool(jobs) == bool(self.begun)
        assert set(jobs) <= set(self.begun)
        assert len(set(jobs)) == len(jobs)
        if jobs and jobs[0][1] in stepping:
            riders = {job for job in self.begun if job[1] in stepping and job[0] <= jobs[0][0]}
            assert set(jobs) == riders, "all who decode, and are no less urgent, ride along"
        else:
            assert len(jobs) <= 1
        if jobs and finish:
            self.scheduler.finish(jobs[0])
            self.begun.remove(jobs[0])
        self.scheduler.used(seconds)

    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        if self.waiting:
            job = data.draw(st.sampled_from(self.waiting))
            assert self.scheduler.drop(job)
            self.waiting.remove(job)
        for job in self.begun:
            assert not self.scheduler.drop(job)

    @rule()
    def drain(self) -> None:
        assert sorted(self.scheduler.drain()) == sorted(self.waiting + self.begun)
        self.waiting, self.begun = [], []

    @invariant()
    def all_are_known(self) -> None:
        assert self.scheduler.waiting == len(self.waiting)
        assert sorted(self.scheduler.begun) == sorted(self.begun)


TestScheduler = Model.TestCase
TestScheduler.settings = settings(max_examples=300, stateful_step_count=40)


def scheduler_with(*priorities: Priority) -> Scheduler[int]:
    scheduler: Scheduler[int] = Scheduler(slots=len(priorities) + 1, depth=len(priorities))
    for number, priority in enumerate(priorities):
        assert scheduler.submit(number, priority) is None
    while scheduler.begin(lambda _: True) is not None:
        pass
    return scheduler


def seconds_of(
    scheduler: Scheduler[int], until: float, takes: dict[int, float], stepping: set[int]
) -> Mapping[int, float]:
    """Who had how much of the time, when a run of each takes so long."""
    spent: dict[int, float] = defaultdict(float)
    now = 0.0
    while now < until:
        turn = scheduler.turn(lambda job: job in stepping)
        seconds = max(takes[job] for job in turn)
        scheduler.used(seconds)
        now += seconds
        for job in turn:
            spent[job] += seconds
    return spent


def test_a_command_goes_first_and_does_not_starve_a_chat() -> None:
    scheduler = scheduler_with(Priority.CHAT)
    seconds_of(scheduler, 10.0, {0: 0.01}, {0})
    assert scheduler.submit(1, Priority.COMMAND) is None
    assert scheduler.begin(lambda _: True) == 1
    first = seconds_of(scheduler, 0.9, {0: 0.01, 1: 0.01}, {0, 1})
    assert first[0] == 0, "a command takes less than this, and has it alone"
    later = seconds_of(scheduler, 100.0, {0: 0.01, 1: 0.01}, set())
    assert later[0] == pytest.approx(100 / 9, abs=0.5), "whoever keeps commanding leaves a ninth to chat"


@pytest.mark.parametrize("flood", list(Priority))
@pytest.mark.parametrize("turns", [1, 5])
@pytest.mark.parametrize("at_once", [1, 4])
def test_short_requests_one_after_the_other_starve_nobody(flood: Priority, turns: int, at_once: int) -> None:
    """Each ends in its last turn, and another begins before the chat is asked for again."""
    scheduler: Scheduler[int] = Scheduler(slots=8, depth=100)
    assert scheduler.submit(0, Priority.CHAT) is None
    assert scheduler.begin(lambda _: True) == 0
    had: dict[bool, float] = defaultdict(float)
    left: dict[int, int] = {}
    for number in range(1, 4001):
        while len(left) < at_once:
            assert scheduler.submit(1000 * number + len(left), flood) is None
            left[1000 * number + len(left)] = turns
            assert scheduler.begin(lambda _: True) in left
        for job in scheduler.turn(lambda _: False):
            had[job == 0] += 0.02
            if job:
                left[job] -= 1
                if not left[job]:
                    del left[job]
                    scheduler.finish(job)
        scheduler.used(0.02)
    share = had[True] / (had[True] + had[False])
    expected = {Priority.COMMAND: 1 / 9, Priority.CHAT: 1 / (1 + at_once), Priority.BACKGROUND: 8 / 9}
    assert share == pytest.approx(expected[flood], rel=0.15)


def test_what_was_used_long_ago_is_no_credit() -> None:
    """An hour of commands, then nothing; a chat that begins then does not keep the next command waiting."""
    scheduler = scheduler_with(Priority.COMMAND)
    seconds_of(scheduler, 3600.0, {0: 0.1}, set())
    scheduler.finish(0)
    for job, priority in ((1, Priority.CHAT), (2, Priority.COMMAND)):
        assert scheduler.submit(job, priority) is None
        assert scheduler.begin(lambda _: True) == job
        spent = seconds_of(scheduler, 0.5, dict.fromkeys(range(3), 0.1), set())
        assert spent[job] == pytest.approx(0.5, abs=0.11)


def test_nobody_overtakes_who_does_not_fit_but_commands() -> None:
    scheduler: Scheduler[int] = Scheduler(slots=8, depth=100)
    small = {0, 2, 3, 4}
    for job, (priority, client) in enumerate(
        [
            (Priority.CHAT, "a"),
            (Priority.CHAT, "a"),
            (Priority.CHAT, "b"),
            (Priority.COMMAND, "c"),
            (Priority.CHAT, "c"),
        ]
    ):
        assert scheduler.submit(job, priority, client) is None
        if job == 0:
            assert scheduler.begin(small.__contains__) == 0
        if job == 1:
            assert scheduler.begin(small.__contains__) is None
    assert scheduler.begin(small.__contains__) == 3
    assert scheduler.begin(small.__contains__) is None
    assert scheduler.begin(lambda _: True) == 1
    assert {scheduler.begin(lambda _: True) for _ in range(2)} == {2, 4}


def test_a_long_prompt_and_decoding_share_the_time() -> None:
    scheduler = scheduler_with(Priority.CHAT, Priority.CHAT, Priority.CHAT)
    spent = seconds_of(scheduler, 60.0, {0: 0.25, 1: 0.01, 2: 0.01}, {1, 2})
    assert spent[0] == pytest.approx(30, abs=1)
    assert spent[1] == spent[2] == pytest.approx(30, abs=1), "those that decode do it together"


def test_a_short_prompt_does_not_wait_for_a_long_one() -> None:
    scheduler = scheduler_with(Priority.CHAT, Priority.CHAT)
    order = []
    for _ in range(6):
        turn = scheduler.turn(lambda _: False)
        scheduler.used(0.2)
        order += turn
    assert sorted(order[:2]) == sorted(order[2:4]) == sorted(order[4:]) == [0, 1]


def test_who_comes_later_is_not_owed_the_past() -> None:
    scheduler = scheduler_with(Priority.CHAT)
    seconds_of(scheduler, 30.0, {0: 0.1}, set())
    assert scheduler.submit(1, Priority.CHAT) is None
    assert scheduler.begin(lambda _: True) == 1
    spent = seconds_of(scheduler, 10.0, {0: 0.1, 1: 0.1}, set())
    assert spent[0] == pytest.approx(5.0, abs=0.2)


def test_nobody_waits_for_ever_whatever_runs_take() -> None:
    """Any mixture of classes and lengths: each gets its class's share within a bounded time."""
    rng = random.Random(20261123)
    for _ in range(50):
        priorities = [rng.choice(list(Priority)) for _ in range(rng.randint(2, 6))]
        scheduler = scheduler_with(*priorities)
        takes = {job: rng.uniform(0.005, 0.3) for job in range(len(priorities))}
        stepping = {job for job in takes if rng.random() < 0.5}
        spent = seconds_of(scheduler, 600.0, takes, stepping)
        assert set(spent) == set(takes)


def test_who_asks_for_much_leaves_room_for_others() -> None:
    scheduler: Scheduler[int] = Scheduler(slots=2, depth=8)
    flood = [scheduler.submit(number, Priority.CHAT, "much") for number in range(20)]
    assert flood == [None] * 6 + ["client"] * 14, "two will find a slot, four may wait"
    assert scheduler.submit(100, Priority.CHAT, "little") is None, "there is a place"
    assert [scheduler.begin(lambda _: True) for _ in range(3)] == [0, 100, None], "and it is next"


def test_what_has_time_leaves_a_slot_to_chats() -> None:
    scheduler: Scheduler[int] = Scheduler(slots=3, depth=8)
    for number in range(5):
        assert scheduler.submit(number, Priority.BACKGROUND) is None
    assert [scheduler.begin(lambda _: True) for _ in range(3)] == [0, 1, None]
    assert scheduler.submit(10, Priority.CHAT) is None
    assert scheduler.begin(lambda _: True) == 10
    scheduler.finish(10)
    scheduler.finish(0)
    assert scheduler.begin(lambda job: job != 2) is None, "it does not fit"
    assert scheduler.submit(11, Priority.CHAT) is None
    assert scheduler.begin(lambda _: True) == 11, "and keeps nobody back who is more urgent"


def test_when_nobody_has_a_place_it_is_the_queues_fault() -> None:
    scheduler: Scheduler[int] = Scheduler(slots=1, depth=2)
    assert [scheduler.submit(number, Priority.CHAT) for number in range(4)] == [None, None, None, "queue"]
