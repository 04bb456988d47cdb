"""What is to become of an order: understood, held against the policy, and then done, planned, asked about or refused.

Sends nothing and writes nothing down. It changes what is remembered: the conversation, and the question that waits.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import assert_never

from runtime.commands.clock import Clock
from runtime.commands.desk.border import Devices, Interpreter, Memories
from runtime.commands.desk.heard_as import first_understood
from runtime.commands.desk.results import Results
from runtime.commands.desk.settings import DeskSettings
from runtime.commands.dispatch.under_way import UnderWay
from runtime.commands.journal.record import Record
from runtime.commands.meaning import (
    Action,
    CancelPlanned,
    Cannot,
    Do,
    Interpretation,
    Option,
    Reason,
    Route,
    Tell,
    TellPlanned,
    Which,
)
from runtime.commands.order import Order, Result, Status
from runtime.commands.planned import Planned
from runtime.commands.policy.confirmations import Confirmations, Missed
from runtime.commands.policy.policy import Confirm, Denied, Policy, Rule
from runtime.commands.sentence import Memory, Sentence
from runtime.commands.wording.describe import duration, later
from runtime.commands.wording.speak import say


@dataclass(frozen=True, slots=True)
class Finished:
    """There is nothing to send."""

    result: Result
    cancelled: tuple[Record, ...] = ()
    """What was planned, and is not to happen."""


@dataclass(frozen=True, slots=True)
class Doing:
    """To be sent now."""

    actions: tuple[Action, ...]
    draft: Result


@dataclass(frozen=True, slots=True)
class Planning:
    """To be written down for later."""

    actions: tuple[Action, ...]
    after_s: float
    draft: Result
    result: Result


Step = Finished | Doing | Planning


class Considering:
    """One for the house."""

    def __init__(
        self,
        devices: Devices,
        interpreter: Interpreter,
        memories: Memories,
        policy: Policy,
        planned: Planned,
        results: Results,
        clock: Clock,
        settings: DeskSettings,
        under_way: UnderWay,
    ) -> None:
        self._devices = devices
        self._under_way = under_way
        self._interpreter = interpreter
        self._memories = memories
        self._policy = policy
        self._planned = planned
        self._results = results
        self._clock = clock
        self._settings = settings
        self._confirmations = Confirmations(policy.settings.confirm_s)

    async def consider(self, order: Order, within_s: float) -> Step:
        """What is to be done about it; not later than in so many seconds.

        Raises:
            BusyError, EngineError: a model is needed that cannot be had now.
        """
        results = self._results
        nothing = results.unread(order)
        unheard = self._unheard(order, within_s)
        if unheard is not None:
            return Finished(unheard)
        waited = self._waited(order)
        if isinstance(waited, Missed):
            return Finished(results.refused(nothing, Reason.NOT_CONFIRMED, waited))
        try:
            async with asyncio.timeout(within_s):
                found, memory = await self._understand(order, waited)
        except TimeoutError:
            return Finished(results.refused(nothing, Reason.TOO_LATE, "too_late"))
        if not self._lets(order, found):
            return Finished(
                results.refused(results.begun(order, found), Reason.TOO_OFTEN, "too_many_commands")
            )
        step, asked = self._decide(order, found, waited)
        if not order.dry_run:
            if asked is not None:
                memory = replace(memory, asked=asked, text=order.text or "")
            self._memories.remember(order.sender, order.session, memory, self._clock.now().ticks)
        return step

    def _unheard(self, order: Order, within_s: float) -> Result | None:
        """Why it is not even understood."""
        results, nothing = self._results, self._results.unread(order)
        if within_s <= 0:
            return results.refused(nothing, Reason.TOO_LATE, "too_late")
        if not self._policy.knows(order.sender):
            return results.refused(nothing, Reason.NOT_ALLOWED, "no_client", client=order.sender)
        if not order.dry_run and not self._policy.admits(order.sender, self._clock.now()):
            return results.refused(nothing, Reason.TOO_OFTEN, "too_many_commands")
        return None

    def _lets(self, order: Order, found: Interpretation) -> bool:
        """Whether its sender has not asked too often; an answer was counted with what it answers."""
        if order.dry_run or found.route is Route.SESSION:
            return True
        return self._policy.counts(found.meaning, order.sender, self._clock.now())

    def _waited(self, order: Order) -> Do | Missed | None:
        """What waited to be confirmed; why there is nothing matters only to who sends a token."""
        if order.dry_run:
            return None if order.confirms is None else Missed.UNKNOWN
        ticks = self._clock.now().ticks
        waited = self._confirmations.meant(order.sender, order.session, order.confirms, ticks)
        return None if isinstance(waited, Missed) and order.confirms is None else waited

    async def _understand(self, order: Order, waited: Do | None) -> tuple[Interpretation, Memory]:
        now, language = self._clock.now(), self._results.of(order)
        memory = self._memories.recall(order.sender, order.session, now.ticks)
        if order.action is not None:
            direct = Interpretation(Do((order.action,)), Route.DIRECT, 1.0, language=language)
            return direct, Memory((order.action.device,))
        if order.text is None:
            do = waited or Do(())
            devices = tuple(dict.fromkeys(action.device for action in do.actions))
            return Interpretation(do, Route.SESSION, 1.0, language=language), Memory(devices)
        sentence = Sentence(order.text, language, order.area, now.wall)
        house = self._under_way.over(self._devices.house, now.wall)

        async def interpret(text: str) -> tuple[Interpretation, Memory]:
            return await self._interpreter.interpret(
                replace(sentence, text=text), house, memory, answer=order.answer
            )

        return await first_understood(order, interpret, memory)

    def _decide(self, order: Order, found: Interpretation, waited: Do | None) -> tuple[Step, Which | None]:
        """The next step, and the question that is asked with it."""
        draft = self._results.begun(order, found)
        match found.meaning:
            case Do() as do:
                said_yes = waited if order.confirms is not None or found.route is Route.SESSION else None
                return self._do(order, do, draft, said_yes)
            case CancelPlanned(devices):
                return self._cancel(order, devices, draft), None
            case TellPlanned(devices):
                return self._tell_planned(order, devices, draft), None
            case Tell(text, about):
                return Finished(self._told(order, text, about, draft)), None
            case Which() as which:
                return self._wonder(order, which, draft)
            case Cannot(reason, text):
                return Finished(replace(draft, status=Status.REFUSED, text=text, reason=reason)), None
            case _:
                assert_never(found.meaning)

    def _told(self, order: Order, text: str, about: tuple[str, ...], draft: Result) -> Result:
        house = self._devices.house
        if self._policy.tells(order.sender, about, house):
            return replace(draft, status=Status.TOLD, text=text)
        return self._results.refused(draft, Reason.NOT_ALLOWED, "not_told")

    def _do(self, order: Order, do: Do, draft: Result, said_yes: Do | None) -> tuple[Step, Which | None]:
        results, house, now = self._results, self._devices.house, self._clock.now()
        if (unfit := self._unfit(do, draft)) is not None:
            return Finished(unfit), None
        verdict = self._policy.judge(do, order.sender, house, now, dry_run=order.dry_run)
        if isinstance(verdict, Confirm) and verdict.do == said_yes:
            verdict = self._policy.judge(do, order.sender, house, now, confirmed=True, dry_run=order.dry_run)
        if isinstance(verdict, Denied):
            return Finished(results.denied(draft, verdict, house)), None
        if order.dry_run:
            asks = isinstance(verdict, Confirm)
            return Finished(results.would(draft, verdict.do, house, asks=asks)), None
        if isinstance(verdict, Confirm):
            return self._ask(order, verdict.do, draft)
        if verdict.do.after_s > 0:
            return self._plan(verdict.do, draft), None
        return Doing(verdict.do.actions, draft), None

    def _wonder(self, order: Order, which: Which, draft: Result) -> tuple[Step, Which | None]:
        """A question back. Whether just one thing is meant is asked once: where it is dangerous, that confirms it."""
        asked = self._results.asked(draft, which)
        if len(which.options) != 1:
            return Finished(asked), None
        meant, now = which.options[0].meaning, self._clock.now()
        if (unfit := self._unfit(meant, draft)) is not None:
            return Finished(unfit), None
        verdict = self._policy.judge(meant, order.sender, self._devices.house, now, dry_run=True)
        if isinstance(verdict, Denied):
            return Finished(self._results.denied(draft, verdict, self._devices.house)), None
        if isinstance(verdict, Confirm) and not order.dry_run:
            return self._ask(order, verdict.do, draft)
        return Finished(replace(asked, options=_yes_or_no(draft.language))), None

    def _unfit(self, do: Do, draft: Result) -> Result | None:
        """Why nothing can be made of it, nor be said of it."""
        if not do.actions:
            return self._results.refused(draft, Reason.NOT_UNDERSTOOD, "not_understood")
        if do.after_s > self._settings.ahead_s:
            longest = duration(self._settings.ahead_s, draft.language)
            return self._results.refused(draft, Reason.OUT_OF_RANGE, "too_long_a_delay", longest=longest)
        return None

    def _ask(self, order: Order, meant: Do, draft: Result) -> tuple[Step, Which | None]:
        """Whether that is meant. A confirmation of something else is none."""
        results = self._results
        if order.confirms is not None:
            return Finished(results.refused(draft, Reason.NOT_CONFIRMED, "other_token")), None
        language = draft.language
        yes, no = _yes_or_no(language)
        what = later(meant, self._devices.house, language)
        which = Which(say("asked.confirm", language, what=what), (Option(yes, meant),))
        token = self._confirmations.ask(order.sender, order.session, meant, self._clock.now().ticks)
        return Finished(replace(results.asked(draft, which), options=(yes, no), token=token)), which

    def _plan(self, do: Do, draft: Result) -> Step:
        results, settings = self._results, self._settings
        if len(self._planned) >= settings.plans:
            return Finished(results.refused(draft, Reason.TOO_OFTEN, "too_many_plans"))
        now = self._clock.now().wall
        planned = results.planned(draft, do.actions, self._devices.house, do.after_s, now)
        return Planning(do.actions, do.after_s, draft, planned)

    def _of(self, devices: tuple[str, ...]) -> list[Record]:
        """What is planned for any of these; for none, all of it."""
        return [
            record
            for record in self._planned
            if not devices or any(action.device in devices for action in record.plan)
        ]

    def _tell_planned(self, order: Order, devices: tuple[str, ...], draft: Result) -> Finished:
        """What is planned, the next first, as far as this sender may command it."""
        house, now = self._devices.house, self._clock.now()
        lets = self._policy.lets_all
        mine = (each for each in self._of(devices) if lets(order.sender, each.plan, house))
        waits = sorted(((each.after_s - each.age(now), each.plan) for each in mine), key=lambda each: each[0])
        return Finished(self._results.told_planned(draft, waits, house))

    def _cancel(self, order: Order, devices: tuple[str, ...], draft: Result) -> Finished:
        """What was planned for any of these, as far as this sender may command it."""
        house = self._devices.house
        named = self._of(devices)
        lets = self._policy.lets_all
        allowed = [record for record in named if lets(order.sender, record.plan, house)]
        if named and not allowed:
            denied = Denied(Rule.CLIENT, Reason.NOT_ALLOWED, named[0].plan[0], order.sender)
            return Finished(self._results.denied(draft, denied, house))
        if not allowed:
            return Finished(self._results.put(draft, Status.TOLD, "result.nothing_planned"))
        actions = tuple(action for record in allowed for action in record.plan)
        if order.dry_run:
            return Finished(self._results.would(draft, Do(actions), house))
        return Finished(self._results.cancelled(draft, actions, house), tuple(allowed))


def _yes_or_no(language: str) -> tuple[str, str]:
    return say("word.yes", language), say("word.no", language)
