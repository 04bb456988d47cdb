"""Carries out what was allowed: its turn, the journal, the devices, the result.

Between two of these steps the power may fail; the journal's phases say what then is known.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Final, TypeVar

from runtime.commands.backoff import pauses
from runtime.commands.clock import Clock, Moment
from runtime.commands.desk.border import Devices
from runtime.commands.desk.results import Results
from runtime.commands.desk.settings import DeskSettings
from runtime.commands.dispatch.dispatch import Dispatch, Outcome, Prepared, UnreachableError
from runtime.commands.dispatch.heard import Heard
from runtime.commands.dispatch.lanes import Ticket
from runtime.commands.journal.journal import Journal
from runtime.commands.journal.record import Record
from runtime.commands.meaning import Action, Reason
from runtime.commands.order import Result, Status
from runtime.errors import BusyError

_T = TypeVar("_T")

_FIRST_PAUSE_S: Final = 0.1
_LONGEST_PAUSE_S: Final = 5.0


class Carrier:
    """Sends what an order came to, once."""

    def __init__(
        self,
        journal: Journal,
        dispatch: Dispatch,
        heard: Heard,
        results: Results,
        clock: Clock,
        settings: DeskSettings,
        devices: Devices,
    ) -> None:
        self._journal = journal
        self._dispatch = dispatch
        self._heard = heard
        self._results = results
        self._clock = clock
        self._settings = settings
        self._devices = devices

    async def carry_out(
        self, record: Record, actions: tuple[Action, ...], draft: Result, ticket: Ticket
    ) -> Result:
        """Do it when it is its turn; what came of it is not in the journal yet."""
        begun = self._clock.now()
        with ticket:
            await ticket.turn()
            if self.left(record) <= 0:
                return self._too_late(draft)
            try:
                prepared = self._dispatch.prepare(actions)
            except UnreachableError as exc:
                return self._results.unreachable(draft, exc, self._devices.house)
            told = Outcome(tuple(each.action for each in prepared.sendings), prepared.missed)
            expected = self._results.sent(draft, told, self._devices.house, confirmed=None)
            await self.kept(lambda: self._journal.sending(record.key, prepared.sendings, expected))
            if self.left(record) <= 0:  # the disk was full for a while
                return self._too_late(draft)
            draft = self._timed(draft, "journal", begun)
            within = min(self.left(record), self._settings.retry_s)
            return await self._send(record, prepared, draft, ticket, within)

    async def carry_on(self, record: Record, ticket: Ticket) -> Result:
        """Do once more what may have been done before the appliance went down. Only for what may be done twice."""
        draft = record.result
        assert draft is not None  # noqa: S101  what is sending has one
        with ticket:
            await ticket.turn()
            if self.left(record) <= 0:
                return self._results.unknown(draft, draft.actions, self._devices.house)
            # The broker may not be there yet, after a start.
            result = await self._send(record, Prepared(record.sendings), draft, ticket, self.left(record))
        if result.status is Status.FAILED:  # this time; and the time before?
            return self._results.unknown(draft, draft.actions, self._devices.house)
        return result

    async def _send(
        self,
        record: Record,
        prepared: Prepared,
        draft: Result,
        ticket: Ticket,
        within_s: float,
    ) -> Result:
        begun = self._clock.now()
        with self._heard.expect(each.action for each in prepared.sendings) as expectation:
            outcome = await self._dispatch.send(prepared.sendings, within_s)
            if not outcome.missed and not outcome.uncertain:
                self._journal.sent(record.key)
            outcome = replace(outcome, missed=(*outcome.missed, *prepared.missed))
            ticket.leave()
            draft = self._timed(draft, "send", begun)
            begun = self._clock.now()
            confirmed = await expectation.met(self._settings.state_wait_s) if outcome.sent else None
            silent = expectation.silent
        if confirmed is not None:
            draft = self._timed(draft, "state", begun)
        return self._results.sent(draft, outcome, self._devices.house, confirmed=confirmed, silent=silent)

    async def kept(self, write: Callable[[], Awaitable[_T]]) -> _T:
        """Write to the journal; while its disk is full, again and again: reading and answering others go on."""
        pause = pauses(_FIRST_PAUSE_S, _LONGEST_PAUSE_S)
        while True:
            try:
                return await write()
            except BusyError:
                await self._clock.sleep(next(pause))

    def left(self, record: Record) -> float:
        """Seconds until an order may not be begun any more; of what was planned, until it is too late."""
        age = record.age(self._clock.now())
        if age < -self._settings.grace_s:  # over a restart the time of day was set back: nobody knows
            return 0.0
        if record.later:
            return record.after_s + self._settings.grace_s - age
        return record.order.expires_at - record.taken.wall - age

    def _too_late(self, draft: Result) -> Result:
        return self._results.refused(draft, Reason.TOO_LATE, "too_late")

    def _timed(self, draft: Result, name: str, since: Moment) -> Result:
        ms = round(1000 * (self._clock.now().ticks - since.ticks), 3)
        return replace(draft, ms={**draft.ms, name: ms})
