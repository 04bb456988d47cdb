"""Questions from the broker, answers back to it: at least once; of a priority one at a time, in the order they came.

Knows the lines they wait in, repeats and what to acknowledge when. A question is acknowledged only after its result is
with the broker, so one that we could not finish comes again. One that comes again is not computed again: a
client that did not see the answer asks with the same message, and gets the same result. Nothing here may
end the service: a broker that is away, or a message that is nonsense, is the normal case.
"""

import asyncio
import contextlib
import hashlib
import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, Literal, assert_never

from runtime.completion import Called, Completer, Delta, Finished, Priority, Progress, Thought
from runtime.errors import BusyError, CallerError, ChatTemplateError, IngleError, ModelNotFoundError
from runtime.limits import Limits
from runtime.mqtt import messages
from runtime.mqtt.acks import Acks
from runtime.mqtt.connection import Connection
from runtime.mqtt.flood import Flood
from runtime.mqtt.link import (
    AwayError,
    BarredError,
    Delivery,
    Down,
    Link,
    LinkEvent,
    Publication,
    Subscription,
    Up,
)
from runtime.mqtt.replies import Replies
from runtime.mqtt.topics import Topics, canceller, check_sender

_log = logging.getLogger(__name__)

_REMEMBERED: Final = 128
"""Results kept for questions that come again."""
_FAREWELL_S: Final = 2.0

_ANYWHERE: Final = Replies()


class Unfinished(Exception):  # noqa: N818  not an error: the broker keeps the question
    """The engine stopped in mid-answer because the appliance does."""


@dataclass(frozen=True, slots=True, eq=False)
class _Asked:
    """A question, how it came, and where its answer goes."""

    delivery: Delivery
    question: messages.Question
    topic: str


_Line = asyncio.Queue[_Asked]


class MqttService:
    """Answers what comes on the chat topic of one node."""

    def __init__(
        self,
        link: Link,
        topics: Topics,
        completer: Completer,
        limits: Limits,
        *,
        version: str,
        replies: Replies = _ANYWHERE,
        group: str | None = None,
        withdraw: Callable[[str, str], Awaitable[bool]] | None = None,
    ) -> None:
        """`replies`: where answers may go; `group`: what the status says that this appliance is one of.

        `withdraw`: takes back the commands of a sender and an id; tells whether there was one.
        """
        self._link = link
        self._topics = topics
        self._completer = completer
        self._limits = limits
        self._version = version
        self._replies = replies
        self._group = group
        self._withdraw = withdraw
        self._acks = Acks(waiting=limits.queue_depth // 2)
        self._lines = {priority: _Line(limits.queue_depth) for priority in Priority}
        self._open: dict[_Asked, asyncio.Task[bytes] | None] = {}
        """What waits or runs; what runs with the task of its answer."""
        self._results: OrderedDict[bytes, bytes] = OrderedDict()
        self._side: set[asyncio.Task[None]] = set()
        self._connection = Connection(_log)
        self._flood = Flood(_log)
        self._busy: set[Priority] = set()
        self._leaving = False

    @property
    def connected(self) -> bool:
        """Whether the broker can be reached now."""
        return self._connection.there

    async def run(self, stop: asyncio.Event) -> None:
        """Serve until `stop` is set; then finish the running answers within the time for draining."""
        heard = (self._topics.chat, self._topics.cancel, self._topics.cancel_from)
        await self._link.open([Subscription(each) for each in heard], self._status("offline"), self._on_event)
        try:
            async with asyncio.TaskGroup() as tasks:
                workers = {
                    each: tasks.create_task(self._work(each, stop), name=f"mqtt.{each.name.lower()}")
                    for each in Priority
                }
                await stop.wait()
                for idle in workers.keys() - self._busy:
                    workers.pop(idle).cancel()
                if workers and self.connected:  # with the broker away nobody would get the answer
                    await asyncio.wait(workers.values(), timeout=self._limits.drain_seconds)
                for worker in workers.values():
                    worker.cancel()
            if self.connected:
                await asyncio.wait({self._spawn(self._status("offline"))}, timeout=_FAREWELL_S)
        finally:
            self._leaving = True
            self._flood.close()
            for task in self._side:
                task.cancel()
            await self._link.close()

    def _status(self, state: Literal["online", "offline"]) -> Publication:
        payload = messages.status(
            state, self._topics.node, model=self._completer.name, version=self._version, group=self._group
        )
        return Publication(self._topics.status, payload, retain=True)

    def _on_event(self, event: LinkEvent) -> None:
        if self._leaving:  # what the link says while it closes
            return
        match event:
            case Up(refused=refused):
                self._connection.up(f"MQTT is connected; ask on {self._topics.chat}", refused)
                self._spawn(self._status("online"))
            case Down(reason):
                self._connection.down("MQTT is away", reason)
            case Delivery() if event.qos == 0 and len(self._side) >= 2 * self._limits.queue_depth:
                self._flood.drop()  # what is said of it would take the place of what is said of others
            case Delivery():
                self._acks.arrived(event)
                self._receive(event)
            case _:
                assert_never(event)

    def _receive(self, delivery: Delivery) -> None:
        """Queue a question; what is no question, or one too many, is dealt with at once."""
        sender = canceller(delivery.topic)
        if delivery.retained or (sender is None and delivery.topic != self._topics.chat):
            _log.warning(
                "dropped a retained message on %s: it was asked before anyone listened", delivery.topic
            )
            self._done(delivery)
            return
        topic = self._topics.result
        try:
            if delivery.response_topic is not None:
                topic = self._replies.check(delivery.response_topic, sender or "")
            if sender is not None:
                check_sender(sender)
                self._take_back(delivery, sender, topic)
                return
            question = messages.question(delivery.payload, self._limits, size=delivery.oversize)
        except messages.MalformedError as exc:
            self._spawn(self._result(messages.refusal(exc.id, exc), delivery, topic), delivery)
            return
        except CallerError as exc:
            self._spawn(self._result(messages.refusal(None, exc), delivery, topic), delivery)
            return
        except Exception as exc:  # noqa: BLE001  one message must not hold up those behind it
            _log.exception("failed to read a message on %s", delivery.topic)
            self._spawn(self._result(messages.refusal(None, exc), delivery, topic), delivery)
            return
        self._line_up(delivery, question, topic)

    def _line_up(self, delivery: Delivery, question: messages.Question, topic: str) -> None:
        line = self._lines[question.request.priority]
        try:
            if delivery.response_topic is None and question.reply_to is not None:
                topic = self._replies.check(question.reply_to, "")
            asked = _Asked(delivery, question, topic)
            line.put_nowait(asked)
        except CallerError as exc:
            self._spawn(self._result(messages.refusal(question.id, exc), delivery, topic), delivery)
        except asyncio.QueueFull:
            full = BusyError(f"{line.maxsize} questions are waiting already; ask again in a few seconds")
            self._spawn(self._result(messages.refusal(question.id, full), delivery, topic), delivery)
        else:
            self._open[asked] = None

    def _take_back(self, delivery: Delivery, sender: str, topic: str) -> None:
        """What is asked under an id is not wanted any more: one that runs is stopped, one that waits has its result."""
        question_id = messages.taken_back(delivery.payload, self._limits)
        questions = () if sender else self._open  # they come from nobody that the broker vouches for
        meant = [each for each in questions if each.question.id == question_id]
        for each in meant:
            if (running := self._open[each]) is not None:
                running.cancel()
            else:
                del self._open[each]
                told = messages.refusal(question_id, messages.TakenBackError())
                self._spawn(self._result(told, each.delivery, each.topic), each.delivery)
        if meant:
            self._done(delivery)
        else:
            self._run(self._take_command_back(question_id, sender, delivery, topic))

    async def _take_command_back(
        self, order_id: messages.QuestionId, sender: str, delivery: Delivery, topic: str
    ) -> None:
        """It is no question; so it may be a command, which then has its own result."""
        try:
            known = self._withdraw is not None and await self._withdraw(sender, str(order_id))
        except IngleError as exc:  # it is not acknowledged, so the broker brings it to the next start
            await self._publish(self._result(messages.refusal(order_id, exc), delivery, topic), None)
            return
        if known:
            self._done(delivery)
            return
        unknown = CallerError("nothing with this id waits to be answered or done", param="id")
        told = messages.refusal(order_id, unknown)
        await self._publish(self._result(told, delivery, topic), delivery)

    def _result(self, payload: bytes, to: Delivery, topic: str) -> Publication:
        return Publication(topic, payload, correlation=to.correlation, content_type="application/json")

    def _spawn(self, publication: Publication, delivery: Delivery | None = None) -> asyncio.Task[None]:
        """Publish beside the questions that are being answered."""
        return self._run(self._publish(publication, delivery))

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work, name="mqtt.beside")
        self._side.add(task)
        task.add_done_callback(self._side.discard)
        return task

    async def _publish(self, publication: Publication, delivery: Delivery | None) -> None:
        """Publish, and once that is with the broker acknowledge what it answers."""
        try:
            with contextlib.suppress(BarredError):  # the log has it, and to be asked again changes no rules
                await self._link.publish(publication)
        except BusyError as exc:
            _log.warning("nothing was published on %s: %s", publication.topic, exc)
            return
        except AwayError:  # a piece of an answer that comes whole later
            return
        if delivery is not None:
            self._done(delivery)

    def _done(self, delivery: Delivery) -> None:
        for each in self._acks.finished(delivery):
            self._link.acknowledge(each)

    async def _work(self, priority: Priority, stop: asyncio.Event) -> None:
        """Answer one line: who is more urgent waits in another, and the engine lets it go first."""
        while not stop.is_set():
            asked = await self._lines[priority].get()
            if asked not in self._open:  # it was taken back
                continue
            self._busy.add(priority)
            try:
                result = await self._wanted(asked)
                await self._publish(self._result(result, asked.delivery, asked.topic), asked.delivery)
            except Unfinished:
                _log.info("a question was left with the broker: the appliance is stopping")
            finally:
                self._open.pop(asked, None)
                self._busy.discard(priority)

    async def _wanted(self, asked: _Asked) -> bytes:
        """The result for a question, as long as it is wanted."""
        answering = self._open[asked] = asyncio.create_task(self._handle(asked), name="mqtt.answer")
        try:
            await asyncio.wait({answering})
        finally:
            answering.cancel()
        if answering.cancelled():
            return messages.refusal(asked.question.id, messages.TakenBackError())
        return answering.result()

    async def _handle(self, asked: _Asked) -> bytes:
        """The result for a question, from memory if it is known."""
        digest = hashlib.sha256(asked.delivery.payload).digest()
        if (known := self._results.get(digest)) is not None:
            return known
        try:
            result = await self._answer(asked)
        except (CallerError, BusyError) as exc:
            return messages.refusal(asked.question.id, exc)
        except Unfinished:
            raise
        except ChatTemplateError as exc:
            _log.error("failed on question %r: %s", asked.question.id, exc)
            return messages.refusal(asked.question.id, exc)
        except Exception as exc:  # noqa: BLE001  one message must not end the service
            _log.exception("failed on question %r", asked.question.id)
            return messages.refusal(asked.question.id, exc)
        self._results[digest] = result
        if len(self._results) > _REMEMBERED:
            self._results.popitem(last=False)
        return result

    async def _answer(self, asked: _Asked) -> bytes:
        question = asked.question
        if question.model not in {None, self._completer.name}:
            raise ModelNotFoundError(question.model or "", (self._completer.name,))
        words: list[str] = []
        async with aclosing(self._completer.complete(question.request)) as events:
            async for event in events:
                match event:
                    case Progress() | Thought() | Called():
                        pass  # thoughts are no part of an answer, and no tools are offered here
                    case Delta(text):
                        if question.stream:
                            told = messages.piece(question.id, len(words), text)
                            beside = asked.delivery.correlation
                            self._spawn(Publication(self._topics.delta, told, qos=0, correlation=beside))
                        words.append(text)
                    case Finished("cancelled"):
                        raise Unfinished
                    case Finished():
                        return messages.answer(question, self._completer.name, "".join(words), event)
                    case _:
                        assert_never(event)
        raise RuntimeError("the completion ended without its last event")
