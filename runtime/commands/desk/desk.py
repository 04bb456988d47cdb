"""The desk: takes orders, and sees each to its answer.

One conversation's orders are understood one after the other; different conversations, and devices, go side by side.
Knows the steps and their order. How each is done is next door: `considering.py` decides, `carrier.py` sends,
`teller.py` answers, the journal keeps.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, assert_never

from runtime.commands.clock import Clock, SystemClock
from runtime.commands.desk.border import Devices, Interpreter, Memories
from runtime.commands.desk.carrier import Carrier
from runtime.commands.desk.considering import Considering, Doing, Finished, Planning, Step
from runtime.commands.desk.conversations import Conversations
from runtime.commands.desk.places import Places
from runtime.commands.desk.recovery import Finding, find
from runtime.commands.desk.results import Results
from runtime.commands.desk.settings import DeskSettings
from runtime.commands.desk.tasks import Tasks
from runtime.commands.desk.teller import Teller
from runtime.commands.dispatch.dispatch import Dispatch
from runtime.commands.dispatch.heard import Heard
from runtime.commands.dispatch.lanes import Lanes
from runtime.commands.dispatch.under_way import UnderWay
from runtime.commands.journal.journal import Journal
from runtime.commands.journal.record import Phase, Plan, Received, Record, Repeated
from runtime.commands.journal.writer import JournalError
from runtime.commands.meaning import Action, Do, Reason
from runtime.commands.order import Order, Outbox, ReplyTo, Result, Status
from runtime.commands.planned import Planned
from runtime.commands.policy.policy import Denied, Policy
from runtime.commands.registry.binding import Channel
from runtime.errors import BusyError, CallerError, IngleError

_log = logging.getLogger(__name__)

_DEFAULTS: Final = DeskSettings()


class Desk:
    """One for the house. `run` has to run for `take` to return."""

    def __init__(
        self,
        registry: Devices,
        interpreter: Interpreter,
        policy: Policy,
        journal: Journal,
        channels: Mapping[str, Channel],
        outboxes: Mapping[str, Outbox],
        *,
        sessions: Memories,
        settings: DeskSettings = _DEFAULTS,
        clock: Clock | None = None,
        told: Callable[[Result], None] = lambda _: None,
    ) -> None:
        """`channels` carry to devices and `outboxes` answer senders; both by the name that orders and messages use.

        `told` hears each result once, whichever way the order came and however many asked.
        """
        clock = clock or SystemClock()
        self._registry = registry
        self._policy = policy
        self._journal = journal
        self._settings = settings
        self._clock = clock
        self._results = Results(settings.language)
        self._planned = Planned(clock, settings.grace_s)
        self._lanes = Lanes()
        self._under_way = UnderWay()
        self._heard = Heard(registry)
        dispatch = Dispatch(registry, channels, clock, send_s=settings.send_s)
        self._considering = Considering(
            registry,
            interpreter,
            sessions,
            policy,
            self._planned,
            self._results,
            clock,
            settings,
            self._under_way,
        )
        self._carrier = Carrier(journal, dispatch, self._heard, self._results, clock, settings, registry)
        self._teller = Teller(journal, outboxes, clock, settings.tell_s, told)
        self._open = Places(settings.orders)
        """Orders on the desk, and where their results go."""
        self._ahead = Places(settings.orders)
        """What is planned, and where its results go."""
        self._taking = 0
        self._ready = asyncio.Event()
        self._leaving = False
        self._tasks = Tasks(self._give_up)
        self._conversations = Conversations(self._tasks, self._see_to)

    @property
    def open(self) -> int:
        """How many orders were taken and have no result yet."""
        return len(self._open) + self._taking

    async def take(self, order: Order) -> None:
        """Return once the journal has the order, so that it may be acknowledged; its result comes by its outbox.

        The same order once more, known by sender, session and id, is not done again: it gets the result of the first.

        Raises:
            BusyError: too many are waiting, the journal's disk is full, or the appliance is stopping.
            CallerError: the order says nothing, or its id was used for something else before.
        """
        if order.text is None and order.action is None and order.confirms is None:
            raise CallerError("the command is empty; send words, or an action", param="text")
        await self._ready.wait()
        self._check_staying()
        if self.open >= self._settings.orders:
            raise BusyError(f"{self.open} commands are waiting already; ask again in a few seconds")
        # Whoever hands it in may leave; what the journal has is seen to all the same.
        self._taking += 1  # now, not when the task begins: others may come before
        await self._tasks.see_through(self._take(order))

    async def withdraw(self, sender: str, order_id: str) -> bool:
        """Do nothing more about the orders of this sender and id; whether there was one that is not begun, or planned.

        Returns once the journal has that they are cancelled, which is their result.

        Raises:
            BusyError: the appliance is stopping, and what waits or is planned stays.
        """
        await self._ready.wait()
        self._check_staying()

        def is_meant(record: Record) -> bool:
            return (record.order.sender, record.order.id) == (sender, order_id)

        planned = [each for each in self._planned if is_meant(each)]
        meant = self._conversations.take(is_meant)
        meant += [each for each in planned if self._planned.take(each.key) is not None]
        if meant:
            await self._tasks.see_through(self._cancelled(meant))
        return bool(meant)

    async def _cancelled(self, records: Sequence[Record]) -> None:
        """Write down that nothing is to be done about them, and then tell it."""
        drafts = [(each, replace(self._draft(each), actions=())) for each in records]
        told = [(each, self._results.put(its, Status.CANCELLED, "result.withdrawn")) for each, its in drafts]
        first, *rest = [(each.key, its) for each, its in told]
        try:
            await self._carrier.kept(lambda: self._journal.decide(*first, cancelled=rest))
        except JournalError as damaged:
            self._tasks.start(_end_with(damaged))
            raise
        except Exception:
            for each in records:
                self._stays(each)
            raise
        for each, its in told:
            self._tasks.start(self._tell(each.key, each.order, its), each)

    def _stays(self, record: Record) -> None:
        """What could not be taken back is as it was."""
        if record.later:
            self._planned.add(record)
        else:
            self._line_up(record)

    def _check_staying(self) -> None:
        if self._leaving:
            raise BusyError("the appliance is stopping; ask again in a minute")

    async def run(self, stop: asyncio.Event) -> None:
        """See to orders until `stop` is set; first to those that the last run left.

        To be begun once the registry knows the devices, or what the last run left is refused for want of them.

        Raises:
            JournalError: the journal's file is damaged. The next start begins another.
        """
        try:
            async with asyncio.TaskGroup() as group:
                self._tasks.begin(group)
                await self._recover()
                waiting = group.create_task(self._planned.run(self._due), name="desk.planned")
                self._ready.set()
                await stop.wait()
                self._leaving = True
                self._conversations.end()
                waiting.cancel()
                await self._tasks.drain(self._settings.drain_s)
        except* JournalError as damaged:
            raise damaged.exceptions[0] from None
        finally:
            self._leaving = True
            self._ready.set()
            self._heard.stop()

    async def _give_up(self, record: Record) -> None:
        """Answer it as far as it had got; one that cannot be answered now is for the next start."""
        try:
            now = await self._journal.record(record.key)
            if now is None or now.phase in {Phase.DECIDED, Phase.ANSWERED}:
                return
            draft = self._draft(now)
            told = replace(self._results.put(draft, Status.FAILED, "result.fault"), actions=())
            if now.phase in {Phase.SENDING, Phase.SENT}:
                actions = tuple(each.action for each in now.sendings)
                told = self._results.unknown(draft, actions, self._registry.house)
            await self._finish(record, told)
        finally:
            self._open.close(record.key)
            self._ahead.close(record.key)

    async def _take(self, order: Order) -> None:
        try:
            taken = await self._journal.take(order, self._clock.now())
        except JournalError as damaged:
            self._tasks.start(_end_with(damaged))
            raise
        finally:
            self._taking -= 1
        match taken:
            case Received(record):
                self._line_up(record)
            case Repeated(record, plan):
                self._tell_too(record, order.reply)
                if plan is not None:
                    self._tell_too(plan, order.reply)
            case _:
                assert_never(taken)

    def _tell_too(self, record: Record, reply: ReplyTo | None) -> None:
        """Who asks again hears what comes of it, or what came of it before."""
        for places in (self._open, self._ahead):
            if record.key in places:
                places.add(record.key, reply)
                return
        self._tasks.start(self._tell_again(record, reply))

    async def _tell_again(self, known: Record, reply: ReplyTo | None) -> None:
        """What was decided before, also if that was a moment ago; or begin with it, if nobody did."""
        key = known.key
        record = await self._journal.record(key)
        if record is None:  # answered, and forgotten meanwhile
            record = replace(known, phase=Phase.ANSWERED)
        if record.phase is Phase.RECEIVED and record.readable and key not in self._open:
            self._line_up(record)
        if key in self._open:
            self._open.add(key, reply)
            return
        result = record.told
        if result is None and not record.readable:
            result = self._results.unreadable(self._draft(record))
        if reply is not None and result is not None:
            await self._teller.repeat(reply, result)

    async def _recover(self) -> None:
        """Take up what the last run left: what may have been sent first, in the order it was."""
        found = await self._journal.unfinished()
        turns = [record.turn or 0 for record in found if record.phase is Phase.SENDING]
        sent = await self._journal.sent_after(min(turns)) if turns else ()
        for record in sorted(found, key=lambda record: (record.turn is None, record.turn or record.key)):
            self._resume(record, find(record, sent))
        if found:
            _log.info("%d commands of the last run are taken up", len(found))

    def _resume(self, record: Record, finding: Finding) -> None:
        draft, reply = self._draft(record), record.order.reply
        match finding:
            case Finding.BEGIN:
                self._line_up(record)
                return
            case Finding.WAIT:
                self._planned.add(record)
                self._ahead.open(record.key, [reply])
                return
            case Finding.TELL:
                self._tasks.start(self._teller.tell(record.key, _places(reply), draft), record)
                return
            case Finding.REPEAT:
                actions = tuple(each.action for each in record.sendings)
                ticket = self._lanes.enter(action.device for action in actions)
                work = self._carry(record, actions, self._carrier.carry_on(record, ticket))
            case Finding.UNKNOWN:
                work = self._finish(record, self._results.unknown(draft, draft.actions, self._registry.house))
            case Finding.UNREADABLE if record.phase is Phase.DECIDED:
                told = self._results.unreadable(draft)
                self._tasks.start(self._teller.tell(record.key, _places(reply), told), record)
                return
            case Finding.UNREADABLE:
                work = self._finish(record, self._results.unreadable(draft))
            case Finding.SENT:
                work = self._finish(record, draft)
            case _:
                assert_never(finding)
        self._open.open(record.key, [reply])
        self._tasks.start(work, record)

    def _due(self, record: Record) -> None:
        self._tasks.start(self._do_planned(record), record)

    async def _do_planned(self, record: Record) -> None:
        """Its time has come, or has passed while nobody was there. The rules hold as they are now."""
        self._open.open(record.key, [*self._ahead.close(record.key), record.order.reply])
        draft, now = self._draft(record), self._clock.now()
        if self._planned.is_late(record, now):
            await self._finish(record, self._results.refused(draft, Reason.TOO_LATE, "missed"))
            return
        do, house = Do(record.plan), self._registry.house
        verdict = self._policy.judge(do, record.order.sender, house, now, confirmed=True)
        if isinstance(verdict, Denied):
            await self._finish(record, self._results.denied(draft, verdict, house))
        else:
            self._begin(record, verdict.do.actions, draft)

    def _line_up(self, record: Record) -> None:
        """Behind what the same sender said before in this session."""
        self._open.open(record.key, [record.order.reply])
        self._conversations.join(record)

    async def _see_to(self, record: Record) -> None:
        """Understand it, and begin what is to be done, so that the next of the conversation is understood meanwhile."""
        step = await self._considered(record)
        match step:
            case Doing(actions, draft):
                self._begin(record, actions, draft)
            case Planning(actions, after_s, draft, result):
                plan = Plan(after_s, actions, self._clock.now(), draft)
                planned = await self._carrier.kept(partial(self._journal.plan, record.key, result, plan))
                self._planned.add(planned)
                self._ahead.open(planned.key, self._open.of(record.key))
                self._tasks.start(self._tell(record.key, record.order, result), record)
            case Finished(result, cancelled):
                self._tasks.start(self._finish(record, result, cancelled), record)
            case _:
                assert_never(step)

    async def _considered(self, record: Record) -> Step:
        try:
            return await self._considering.consider(record.order, self._carrier.left(record))
        except IngleError as exc:
            return Finished(self._results.failed(self._draft(record), str(exc)))

    def _draft(self, record: Record) -> Result:
        """What its result is made of."""
        return record.result or self._results.unread(record.order)

    def _begin(self, record: Record, actions: tuple[Action, ...], draft: Result) -> None:
        """Stand in the devices' lanes, now, and go on beside the conversation."""
        ticket = self._lanes.enter(action.device for action in actions)
        work = self._carrier.carry_out(record, actions, draft, ticket)
        self._tasks.start(self._carry(record, actions, work), record)

    def _carry(
        self, record: Record, actions: tuple[Action, ...], work: Coroutine[Any, Any, Result]
    ) -> Coroutine[Any, Any, None]:
        """From now on these are under way."""
        self._under_way.begin(actions)
        return self._carried(record, actions, work)

    async def _carried(
        self, record: Record, actions: tuple[Action, ...], work: Coroutine[Any, Any, Result]
    ) -> None:
        try:
            result = await work
        finally:
            self._under_way.end(actions)
        await self._finish(record, result)

    async def _finish(self, record: Record, result: Result, cancelled: tuple[Record, ...] = ()) -> None:
        """Write the result down, and then tell it."""
        mine = [each for each in cancelled if self._planned.take(each.key) is not None]
        house = self._registry.house
        told = [(each, self._results.cancelled(self._draft(each), each.plan, house)) for each in mine]
        pairs = [(each.key, its) for each, its in told]
        await self._carrier.kept(lambda: self._journal.decide(record.key, result, cancelled=pairs))
        for each, its in told:
            self._tasks.start(self._tell(each.key, each.order, its), each)
        await self._tell(record.key, record.order, result)

    async def _tell(self, key: int, order: Order, result: Result) -> None:
        places = (*self._open.close(key), *self._ahead.close(key))
        await self._teller.tell(key, places or _places(order.reply), result)


def _places(reply: ReplyTo | None) -> list[ReplyTo]:
    return [] if reply is None else [reply]


async def _end_with(error: Exception) -> None:
    """Ends the group of tasks that this is one of."""
    raise error
