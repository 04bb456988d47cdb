"""Results, put into words. Knows what came of an order; not how."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from runtime.commands.desk.refusals import denial, unreachable
from runtime.commands.dispatch.dispatch import Outcome, UnreachableError
from runtime.commands.meaning import Action, Do, Interpretation, Reason, Route, Which
from runtime.commands.order import Order, Result, Status
from runtime.commands.policy.policy import Denied
from runtime.commands.registry.house import House
from runtime.commands.wording.describe import describe, duration, later, listed, proposal, the
from runtime.commands.wording.speak import say


@dataclass(frozen=True, slots=True)
class Results:
    """Writes them, each from a draft that has what is known of the order already."""

    language: str
    """Of orders that do not say their own."""

    def begun(self, order: Order, found: Interpretation) -> Result:
        """As far as it is known once an order was understood; the rest is filled in."""
        return Result(
            order=order.id,
            status=Status.SENT,
            text="",
            route=found.route,
            confidence=found.confidence,
            candidates=found.candidates if order.explain else (),
            ms=found.ms,
            language=found.language,
            session=order.session,
        )

    def unread(self, order: Order) -> Result:
        """As far as it is known of an order that was not understood, yet or ever."""
        return self.begun(order, Interpretation(Do(()), Route.NONE, 0.0, language=self.of(order)))

    def of(self, order: Order) -> str:
        """The language to answer in."""
        return order.language or self.language

    def put(
        self, draft: Result, status: Status, key: str, *, reason: Reason | None = None, **values: str
    ) -> Result:
        """The draft with its status and its sentence."""
        return replace(draft, status=status, text=say(key, draft.language, **values), reason=reason)

    def refused(self, draft: Result, reason: Reason, key: str, **values: str) -> Result:
        """Nothing is done, and this is why."""
        return self.put(draft, Status.REFUSED, f"refused.{key}", reason=reason, **values)

    def denied(self, draft: Result, denied: Denied, house: House) -> Result:
        """The policy says no."""
        text = denial(denied, house, draft.language)
        return replace(draft, status=Status.REFUSED, text=text, reason=denied.reason)

    def unreachable(self, draft: Result, error: UnreachableError, house: House) -> Result:
        """A device went away, or cannot be told."""
        text = unreachable(error, house, draft.language)
        return replace(draft, status=Status.REFUSED, text=text, reason=error.reason)

    def failed(self, draft: Result, why: str) -> Result:
        """Nothing is done, by a fault that is not the sender's; `why` is a whole sentence."""
        return replace(draft, status=Status.FAILED, text=why, actions=())

    def would(self, draft: Result, do: Do, house: House, *, asks: bool = False) -> Result:
        """A dry run; `asks`: whether it would be asked about first."""
        key = "result.would_ask" if asks else "result.would"
        told = self.put(draft, Status.WOULD, key, what=later(do, house, draft.language))
        return replace(told, actions=do.actions)

    def planned(
        self, draft: Result, actions: Sequence[Action], house: House, after_s: float, now: float
    ) -> Result:
        """Written down, for later; `now` in seconds since the epoch."""
        what, delay = proposal(actions, house, draft.language), duration(after_s, draft.language)
        told = self.put(draft, Status.PLANNED, "result.planned", what=what, delay=delay)
        return replace(told, actions=tuple(actions), due_at=now + after_s)

    def told_planned(
        self, draft: Result, waits: Sequence[tuple[float, tuple[Action, ...]]], house: House
    ) -> Result:
        """What is planned; `waits`: in so many seconds, what."""
        language = draft.language
        if not waits:
            return self.put(draft, Status.TOLD, "result.nothing_planned")
        whats = [later(Do(plan, max(1.0, wait)), house, language) for wait, plan in waits]
        return self.put(
            draft, Status.TOLD, "result.are_planned", count=str(len(whats)), what="; ".join(whats)
        )

    def cancelled(self, draft: Result, actions: Sequence[Action], house: House) -> Result:
        """Not to be done any more."""
        devices = dict.fromkeys(action.device for action in actions)
        here = [house.devices[each] for each in devices if each in house.devices]
        names = listed([the(each, house, draft.language) for each in here], draft.language)
        if here:
            told = self.put(draft, Status.CANCELLED, "result.cancelled", devices=names)
        else:
            told = self.put(draft, Status.CANCELLED, "result.cancelled_all")
        return replace(told, actions=tuple(actions))

    def asked(self, draft: Result, which: Which) -> Result:
        """A question back."""
        options = tuple(option.label for option in which.options)
        return replace(draft, status=Status.ASKED, text=which.question, options=options)

    def sent(
        self,
        draft: Result,
        outcome: Outcome,
        house: House,
        *,
        confirmed: bool | None,
        silent: Collection[str] = (),
    ) -> Result:
        """What became of actions that were to be sent; `silent`: ids of devices that did not say yet that it is so."""
        language = draft.language
        if outcome.uncertain:
            return self.uncertain(draft, (*outcome.sent, *outcome.uncertain), house)
        missed = [action for action, _ in outcome.missed]
        if not outcome.sent:
            why = "; ".join(dict.fromkeys(why for _, why in outcome.missed))
            what = proposal(missed, house, language)
            return self.failed(draft, say("result.failed", language, what=what, why=why))
        draft = replace(draft, actions=outcome.sent, confirmed=confirmed)
        what = describe(outcome.sent, house, language)
        if missed:
            draft = replace(draft, confirmed=None if confirmed is None else False)
            left = proposal(missed, house, language)
            return self.put(draft, Status.SENT, "result.partly", reason=Reason.AWAY, what=what, missed=left)
        if confirmed is False:
            done = what.removesuffix(say("word.end", language))
            devices = dict.fromkeys(action.device for action in outcome.sent)
            if len(devices) == 1:
                return self.put(draft, Status.SENT, "result.sent", what=done)
            waited = [house.devices[each] for each in devices if each in silent and each in house.devices]
            names = listed([the(each, house, language) for each in waited], language)
            return self.put(draft, Status.SENT, "result.sent_some", what=done, devices=names)
        return replace(draft, status=Status.DONE if confirmed else Status.SENT, text=what)

    def unreadable(self, draft: Result) -> Result:
        """What was noted of it cannot be read."""
        return replace(self.put(draft, Status.UNKNOWN, "result.unreadable"), actions=())

    def uncertain(self, draft: Result, actions: Sequence[Action], house: House) -> Result:
        """It was told, and nobody said whether it was done."""
        what = proposal(actions, house, draft.language)
        told = self.put(draft, Status.UNKNOWN, "result.uncertain", what=what)
        return replace(told, actions=tuple(actions))

    def unknown(self, draft: Result, actions: Sequence[Action], house: House) -> Result:
        """It may have been done; with no actions, it may have been done elsewhere."""
        if not actions:
            return self.put(draft, Status.UNKNOWN, "result.unknown_shared")
        what = proposal(actions, house, draft.language)
        return replace(self.put(draft, Status.UNKNOWN, "result.unknown", what=what), actions=tuple(actions))
