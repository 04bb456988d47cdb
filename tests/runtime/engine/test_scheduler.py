"""Order among jobs, as a state machine."""

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from runtime.engine.request import Priority
from runtime.engine.scheduler import Scheduler

SLOTS, DEPTH = 2, 4


class Model(RuleBasedStateMachine):
    """Jobs are (priority, arrival); the scheduler must step the least of those it may."""

    def __init__(self) -> None:
        super().__init__()
        self.scheduler: Scheduler[tuple[int, int]] = Scheduler(slots=SLOTS, depth=DEPTH)
        self.waiting: list[tuple[int, int]] = []
        self.begun: list[tuple[int, int]] = []
        self.count = 0

    @rule(priority=st.sampled_from(Priority))
    def submit(self, priority: Priority) -> None:
        self.count += 1
        job = (int(priority), self.count)
        accepted = self.scheduler.submit(job, priority)
        assert accepted == (len(self.waiting) < DEPTH)
        if accepted:
            self.waiting.append(job)

    @rule(finish=st.booleans())
    def step(self, *, finish: bool) -> None:
        chosen = self.scheduler.next()
        may = self.begun + (sorted(self.waiting)[:1] if len(self.begun) < SLOTS else [])
        if not may:
            assert chosen is None
            return
        assert chosen is not None
        job, begins = chosen
        assert job == min(may)
        assert begins == (job in self.waiting)
        if begins:
            self.waiting.remove(job)
            self.begun.append(job)
        if finish:
            self.begun.remove(job)
            self.scheduler.finish(job)

    @rule(data=st.data())
    def drop(self, data: st.DataObject) -> None:
        if self.waiting:
            job = data.draw(st.sampled_from(self.waiting))
            assert self.scheduler.drop(job)
            self.waiting.remove(job)
        for job in self.begun:
            assert not self.scheduler.drop(job)

    @invariant()
    def counts_agree(self) -> None:
        assert (self.scheduler.waiting, self.scheduler.begun) == (len(self.waiting), len(self.begun))


TestScheduler = Model.TestCase
TestScheduler.settings = settings(max_examples=300, stateful_step_count=40)
