"""Results, put into words. Knows what came of an order; not how."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from runtime.commands.dispatch.dispatch import Outcome, UnreachableError
from runtime.commands.meaning import Action, Interpretation, Option, Reason, Which
from runtime.commands.order import Order, Result, Status
from runtime.commands.policy.policy import Denied
from runtime.commands.registry.devices import Range, shown
from runtime.commands.registry.house import House


class Say(Protocol):
    """Fixed sentences, in the language of whoever asked."""

    def __call__(self, key: str, language: str, **values: str) -> str:
        """The sentence of that key, with the values in its places."""
        ...


@dataclass(frozen=True, slots=True)
class Results:
    """Writes them, in one house's words."""

    say: Say
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
            language=self.of(order),
            session=order.session,
        )

    def of(self, order: Order) -> str:
        """The language to answer in."""
        return order.language or self.language

    def refused(self, draft: Result, reason: Reason, key: str, **values: str) -> Result:
        """Nothing is done, and this is why."""
        return self.put(draft, Status.REFUSED, key, **values, reason=reason)

    def denied(self, draft: Result, denied: Denied) -> Result:
        """The policy says no."""
        return self.refused(draft, denied.reason, denied.why, what=denied.detail)

    def unreachable(self, draft: Result, error: UnreachableError) -> Result:
        """A device went away, or cannot be told."""
        return self.refused(draft, error.reason, "unreachable", why=str(error))

    def failed(self, draft: Result, why: str) -> Result:
        """Nothing is done, by a fault that is not the sender's."""
        return replace(draft, status=Status.FAILED, text=why, actions=())

    def would(self, draft: Result, actions: tuple[Action, ...], house: House) -> Result:
        """A dry run."""
        what = listed(actions, house, draft.language)
        return replace(self.put(draft, Status.WOULD, "would", what=what), actions=actions)

    def planned(self, draft: Result, actions: tuple[Action, ...], house: House, due_at: float) -> Result:
        """Written down, for later."""
        what = listed(actions, house, draft.language)
        return replace(self.put(draft, Status.PLANNED, "planned", what=what), actions=actions, due_at=due_at)

    def cancelled(self, draft: Result, actions: tuple[Action, ...], house: House) -> Result:
        """Not to be done any more."""
        what = listed(actions, house, draft.language)
        return replace(self.put(draft, Status.CANCELLED, "cancelled", what=what), actions=actions)

    def asked(self, draft: Result, which: Which, token: str | None = None) -> Result:
        """A question back."""
        options = tuple(option.label for option in which.options)
        return replace(draft, status=Status.ASKED, text=which.question, options=options, token=token)

    def is_meant(self, draft: Result, option: Option, house: House, seconds: float) -> Which:
        """The question whether something dangerous is meant."""
        what = listed(option.meaning.actions, house, draft.language)
        return Which(self.say("confirm", draft.language, what=what, seconds=f"{seconds:g}"), (option,))

    def sent(self, draft: Result, outcome: Outcome, house: House, *, confirmed: bool | None) -> Result:
        """What became of actions that were to be sent."""
        language = draft.language
        if outcome.uncertain:
            return self.unknown(draft, (*outcome.sent, *outcome.uncertain), house)
        if not outcome.sent:
            why = "; ".join(dict.fromkeys(why for _, why in outcome.missed))
            return self.failed(draft, self.say("failed", language, why=why))
        key, what = "done" if confirmed else "sent", listed(outcome.sent, house, language)
        if outcome.missed:
            missed = listed((action for action, _ in outcome.missed), house, language)
            told = self.put(draft, Status.SENT, "partly", what=what, missed=missed, reason=Reason.AWAY)
            return replace(told, actions=outcome.sent, confirmed=False if confirmed is not None else None)
        told = self.put(draft, Status.DONE if confirmed else Status.SENT, key, what=what)
        return replace(told, actions=outcome.sent, confirmed=confirmed)

    def sent_all(self, draft: Result, actions: tuple[Action, ...], house: House) -> Result:
        """What it will be once all of it was sent."""
        return self.sent(draft, Outcome(actions), house, confirmed=None)

    def unknown(self, draft: Result, actions: tuple[Action, ...], house: House) -> Result:
        """It may have been done."""
        what = listed(actions, house, draft.language)
        return replace(self.put(draft, Status.UNKNOWN, "unknown", what=what), actions=actions)

    def put(
        self, draft: Result, status: Status, key: str, *, reason: Reason | None = None, **values: str
    ) -> Result:
        """The draft with its status and its sentence."""
        return replace(draft, status=status, text=self.say(key, draft.language, **values), reason=reason)


def listed(actions: Iterable[Action], house: House, language: str) -> str:
    """What is to be how: "desk lamp on, blinds 40 %"."""
    return ", ".join(dict.fromkeys(_one(action, house, language) for action in actions))


def _one(action: Action, house: House, language: str) -> str:
    device = house.devices.get(action.device)
    if device is None:
        return action.device
    name = next((each.text for each in device.names if each.language == language), device.name)
    capability = device.capability(action.capability)
    unit = capability.domain.unit if capability and isinstance(capability.domain, Range) else ""
    return " ".join(filter(None, (name, shown(action.value), unit)))
