"""An order's life on a good day, and what happens to orders that are refused."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, time
from pathlib import Path

import pytest

from runtime.api.ordering import HttpCommands
from runtime.commands.desk import DeskSettings
from runtime.commands.interpret import Interpreter
from runtime.commands.meaning import (
    Action,
    Cannot,
    Do,
    Interpretation,
    Meaning,
    Option,
    Reason,
    Route,
    Tell,
    Which,
)
from runtime.commands.order import ReplyTo, Status
from runtime.commands.policy.policy import Policy
from runtime.commands.policy.scope import Scope
from runtime.commands.policy.settings import Client, PolicySettings, Quiet, Rates
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.devices import Name
from runtime.commands.registry.house import House
from runtime.commands.rules.clarified import Clarified
from runtime.commands.rules.owner import Sentences
from runtime.commands.rules.stage import Rules
from runtime.commands.sentence import Memory, Sentence
from runtime.commands.wording.speak import say
from runtime.errors import BusyError, CallerError, DeviceError, EngineError
from runtime.limits import Limits
from runtime.wire.commands import OrderReader
from runtime.wire.fields import Fields
from tests.support.clocks import SimulatedClock
from tests.support.desk import (
    BLIND_40,
    LAMP,
    LAMP_OFF,
    LAMP_ON,
    SENTENCES,
    UNLOCK,
    InterpreterSimulator,
    RegistrySimulator,
    desk_in,
)


async def test_a_command_reaches_its_device_once_and_its_sender_hears_of_it(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        result = await around.ask("blind 40", explain=True)
        assert (result.status, result.text) == (Status.SENT, "Set the blind to 40%.")
        assert around.channel.carried == ["blind/position=40"]
        assert result.ms.keys() >= {"journal", "send"}
        assert (result.route, result.confirmed, result.actions) == (Route.RULES, None, BLIND_40.actions)


async def test_a_device_that_tells_its_state_makes_it_done(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        around.channel.after = lambda _: around.registry.say("lamp", "power", value=True)
        result = await around.ask("lamp on")
        assert (result.status, result.confirmed) == (Status.DONE, True)
        assert result.text == "Turned on the desk lamp."


async def test_a_device_that_does_not_say_so_leaves_it_sent(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        around.channel.after = lambda _: around.registry.say("lamp", "power", value=False)
        result = await around.ask("lamp on")
        assert (result.status, result.confirmed) == (Status.SENT, False)
        assert result.text == "Turned on the desk lamp; it has not answered yet."


async def test_what_a_device_says_it_is_already_is_sent_all_the_same(tmp_path: Path) -> None:
    """And done, if it says so again."""
    async with desk_in(tmp_path) as around:
        around.registry.say("lamp", "power", value=True)
        result = await around.ask("lamp on")
        assert (result.status, result.confirmed) == (Status.SENT, None)
        assert around.channel.carried == ["lamp/power=True"]
        around.channel.after = lambda _: around.registry.say("lamp", "power", value=True)
        result = await around.ask("lamp on")
        assert (result.status, result.confirmed) == (Status.DONE, True)


async def test_a_result_is_in_the_language_of_the_order(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        result = await around.ask("blind 40", language="zh-TW")
        assert (result.language, result.text) == ("zh-TW", "已將blind設為40%。")
        refused = await around.ask(None, action=Action("blind", "position", 140), language="zh-TW")
        assert refused.text == say(
            "refused.out_of_range", "zh-TW", device="blind", low="0", high="100%", value="140%"
        )


async def test_an_action_needs_no_understanding_and_has_the_same_rules(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        result = await around.ask(None, action=BLIND_40.actions[0])
        assert (result.status, result.route) == (Status.SENT, Route.DIRECT)
        wrong = await around.ask(None, action=Action("blind", "position", 140))
        assert (wrong.status, wrong.reason) == (Status.REFUSED, Reason.OUT_OF_RANGE)
        assert wrong.text == "The blind takes 0 to 100%, not 140%."
        assert around.interpreter.heard == []


@pytest.mark.parametrize(
    ("action", "text"),
    [
        (Action("ghost", "power", value=True), "There is no ghost that I know of."),
        (Action("lamp", "volume", 4), "The desk lamp has no volume that can be set."),
        (Action("lamp", "power", 4), "The desk lamp takes on, off, not 4."),
        (Action("door", "state", "ajar"), "The front door takes locked, unlocked, not ajar."),
    ],
)
async def test_a_refusal_says_what_the_device_takes(tmp_path: Path, action: Action, text: str) -> None:
    async with desk_in(tmp_path) as around:
        result = await around.ask(None, action=action)
        assert (result.status, result.text) == (Status.REFUSED, text)


async def test_questions_answers_and_what_was_not_understood_come_back_as_they_are(tmp_path: Path) -> None:
    which = Which("Which lamp?", (Option("the left one", LAMP_ON), Option("the right one", LAMP_OFF)))
    meanings: dict[str, Meaning] = {
        "which": which,
        "how": Tell("It is on."),
        "what": Cannot(Reason.OUT_OF_SCOPE, "No."),
        "": Do(()),
    }
    async with desk_in(tmp_path, interpreter=InterpreterSimulator(meanings)) as around:
        asked = await around.ask("which")
        assert (asked.status, asked.text) == (Status.ASKED, "Which lamp?")
        assert asked.options == ("the left one", "the right one")
        told = await around.ask("how")
        assert (told.status, told.text) == (Status.TOLD, "It is on.")
        refused = await around.ask("what")
        assert (refused.status, refused.reason, refused.text) == (Status.REFUSED, Reason.OUT_OF_SCOPE, "No.")
        assert (await around.ask("")).status is Status.REFUSED
        assert around.channel.sent == []


async def test_the_same_order_is_done_once_and_answered_twice(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        order = around.order("blind 40")
        await around.desk.take(order)
        (first,) = await around.outbox.results(order.id)
        elsewhere = ReplyTo("console", "elsewhere")
        await around.desk.take(replace(order, reply=elsewhere))
        assert await around.outbox.results(order.id, 2) == [first, first]
        assert around.outbox.told[-1][0] == elsewhere
        assert len(around.channel.sent) == 1
        with pytest.raises(CallerError, match="used for another command"):
            await around.desk.take(replace(order, text="lamp on"))


async def test_everybody_who_asks_while_an_order_is_under_way_is_told_once(tmp_path: Path) -> None:
    settings = DeskSettings(state_wait_s=0.05, drain_s=1.0, orders=3)
    async with desk_in(tmp_path, settings=settings) as around:
        around.channel.gate = asyncio.Event()
        order = around.order("blind 40")
        for address in ("anna", "elsewhere", "anna", "a third place"):
            await around.desk.take(replace(order, reply=ReplyTo("console", address)))
        with pytest.raises(BusyError, match="3 wait for this command"):
            await around.desk.take(replace(order, reply=ReplyTo("console", "one too many")))
        around.channel.gate.set()
        await around.outbox.results(order.id, 3)
        assert [reply.address for reply, _ in around.outbox.told] == ["anna", "elsewhere", "a third place"]
        await around.desk.take(order)
        await around.outbox.results(order.id, 4)
        assert [each.order for each in around.heard] == [order.id]
        assert around.channel.carried == ["blind/position=40"]


async def test_many_requests_with_one_id_all_get_its_result(tmp_path: Path) -> None:
    http = HttpCommands()
    async with desk_in(tmp_path, more={"http": http}) as around:
        http.open(around.desk, OrderReader(Limits(), 30.0, answer=False, house=House))
        around.channel.gate = asyncio.Event()
        asking = [
            asyncio.create_task(http.ask(Fields({"id": "7", "text": "blind 40"}), 10.0, sender="http"))
            for _ in range(20)
        ]
        while not around.interpreter.heard:  # noqa: ASYNC110  it tells nobody
            await asyncio.sleep(0.002)
        around.channel.gate.set()
        results = await asyncio.gather(*asking)
        assert {(each.order, each.status) for each in results} == {("7", Status.SENT)}
        assert around.channel.carried == ["blind/position=40"]


async def test_what_some_cannot_confirm_is_not_confirmed(tmp_path: Path) -> None:
    both: dict[str, Meaning] = {"both": Do((*LAMP_ON.actions, *BLIND_40.actions))}
    async with desk_in(tmp_path, interpreter=InterpreterSimulator(both)) as around:
        around.channel.after = lambda _: around.registry.say("lamp", "power", value=True)
        result = await around.ask("both")
        assert (result.status, result.confirmed) == (Status.SENT, None)


async def test_an_empty_order_is_refused_at_the_door(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        with pytest.raises(CallerError, match="empty"):
            await around.desk.take(around.order(None))


async def test_what_came_too_late_is_not_begun(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock) as around:
        order = around.order("blind 40")
        late = replace(order, received_at=order.received_at - 60, expires_at=order.received_at - 30)
        await around.desk.take(late)
        (result,) = await around.outbox.results(order.id)
        assert (result.status, result.reason) == (Status.REFUSED, Reason.TOO_LATE)
        around.channel.gate = asyncio.Event()
        first, second = around.order("blind 40"), around.order("blind 40")
        await around.desk.take(first)
        await around.desk.take(second)
        clock.pass_by(40.0)
        around.channel.gate.set()
        (waited,) = await around.outbox.results(second.id)
        assert waited.reason is Reason.TOO_LATE
        assert len(around.channel.sent) == 1


async def test_what_takes_too_long_to_understand_is_not_done(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        around.interpreter.slow["blind 40"] = asyncio.Event()
        order = around.order("blind 40")
        await around.desk.take(replace(order, expires_at=order.received_at + 0.05))
        (result,) = await around.outbox.results(order.id)
        assert result.reason is Reason.TOO_LATE


async def test_a_slow_sentence_keeps_its_own_conversation_waiting_and_no_other(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        slow = around.interpreter.slow["lamp on"] = asyncio.Event()
        first, second = around.order("lamp on"), around.order("lamp off")
        await around.desk.take(first)
        await around.desk.take(second)
        other = await around.ask("blind 40", sender="bert")
        assert other.status is Status.SENT
        same_sender = await around.ask("blind 40", session="kitchen")
        assert same_sender.status is Status.SENT
        assert around.interpreter.heard == ["lamp on", "blind 40", "blind 40"]
        slow.set()
        await around.outbox.results(second.id)
        assert around.channel.carried[-2:] == ["lamp/power=True", "lamp/power=False"]


async def test_a_later_command_does_not_overtake_the_retry_of_an_earlier_one(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock) as around:
        around.channel.away.add("lamp/power")
        first, second = around.order("lamp on"), around.order("lamp off")
        await around.desk.take(first)
        await around.desk.take(second)
        assert (await around.ask("blind 40", sender="bert")).status is Status.SENT
        around.channel.away.clear()
        clock.pass_by(0.1)
        await around.outbox.results(second.id)
        assert around.channel.carried == ["blind/position=40", "lamp/power=True", "lamp/power=False"]


async def test_a_device_that_stays_away_is_told_of_in_a_while(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock) as around:
        around.channel.away.add("blind/position")
        order = around.order("blind 40")
        await around.desk.take(order)
        for _ in range(40):
            clock.pass_by(0.1)
            await asyncio.sleep(0.002)
        (result,) = await around.outbox.results(order.id)
        assert result.status is Status.FAILED
        assert result.text == (
            "I could not set the blind to 40%: blind/position cannot be reached; look at its plug."
        )


async def test_of_several_devices_those_that_could_be_told_are_named(tmp_path: Path) -> None:
    both = Do((*LAMP_ON.actions, *BLIND_40.actions))
    settings = DeskSettings(state_wait_s=0.05, retry_s=0.0)
    interpreter = InterpreterSimulator({"both": both})
    async with desk_in(tmp_path, settings=settings, interpreter=interpreter) as around:
        around.channel.away.add("blind/position")
        result = await around.ask("both")
        assert (result.status, result.actions, result.reason) == (Status.SENT, LAMP_ON.actions, Reason.AWAY)
        assert result.text == "Turned on the desk lamp. But I could not set the blind to 40%."


async def test_a_device_removed_or_away_meanwhile_refuses(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        around.channel.gate = asyncio.Event()
        await around.desk.take(around.order("blind 40"))
        gone, away = around.order("blind 40"), around.order("lamp on")
        await around.desk.take(gone)
        around.registry.remove("blind")
        around.registry.house = replace(around.registry.house, away=frozenset({"lamp"}))
        await around.desk.take(away)
        around.channel.gate.set()
        (first,), (second,) = await around.outbox.results(gone.id), await around.outbox.results(away.id)
        assert (first.reason, first.text) == (
            Reason.NO_SUCH_DEVICE,
            "Blind is not there any more, so nothing was done.",
        )
        assert second.reason is Reason.AWAY
        assert len(around.channel.sent) == 1


async def test_what_the_broker_never_acknowledges_is_unknown(tmp_path: Path) -> None:
    settings = DeskSettings(state_wait_s=0.05, send_s=0.05, drain_s=0.1)
    async with desk_in(tmp_path, settings=settings) as around:
        around.channel.gate = asyncio.Event()
        result = await around.ask("blind 40")
        assert result.status is Status.UNKNOWN
        assert "may or may not" in result.text


async def test_a_model_that_cannot_be_had_and_a_fault_fail_one_order_alone(tmp_path: Path) -> None:
    class Failing(InterpreterSimulator):
        async def interpret(
            self, sentence: Sentence, house: House, memory: Memory, *, answer: bool = False
        ) -> tuple[Interpretation, Memory]:
            if sentence.text == "busy":
                raise BusyError("16 requests are waiting; ask again in a few seconds")
            if sentence.text == "engine":
                raise EngineError("inference failed")
            if sentence.text == "bug":
                raise KeyError(sentence.text)
            return await super().interpret(sentence, house, memory, answer=answer)

    async with desk_in(tmp_path, interpreter=Failing({"blind 40": BLIND_40})) as around:
        assert (await around.ask("busy")).text.startswith("16 requests are waiting")
        assert (await around.ask("engine")).status is Status.FAILED
        fault = await around.ask("bug")
        assert (fault.status, fault.text.split(",")[0]) == (Status.FAILED, "Something went wrong inside me")
        assert (await around.ask("blind 40")).status is Status.SENT


async def test_too_many_at_once_are_told_to_come_back(tmp_path: Path) -> None:
    settings = DeskSettings(state_wait_s=0.0, orders=3)
    async with desk_in(tmp_path, settings=settings) as around:
        around.channel.gate = asyncio.Event()
        orders = [around.order("blind 40") for _ in range(3)]
        for order in orders:
            await around.desk.take(order)
        with pytest.raises(BusyError, match="3 commands are waiting"):
            await around.desk.take(around.order("blind 40"))
        around.channel.gate.set()
        for order in orders:
            await around.outbox.results(order.id)
        assert (await around.ask("blind 40")).status is Status.SENT


async def test_a_client_that_asks_too_often_is_refused(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(rates=Rates(client_per_minute=1)))
    async with desk_in(tmp_path, policy=policy) as around:
        assert (await around.ask("blind 40")).status is Status.SENT
        assert (await around.ask("blind 40")).reason is Reason.TOO_OFTEN


async def test_a_flood_is_refused_before_it_is_understood(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(rates=Rates(client_per_minute=1)))
    async with desk_in(tmp_path, policy=policy) as around:
        for _ in range(65):
            refused = await around.ask("blind 40")
        assert refused.reason is Reason.TOO_OFTEN
        assert len(around.interpreter.heard) == 60


async def test_a_yes_a_lock_and_a_question_go_through_when_all_is_used_up(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(rates=Rates(client_per_minute=2)))
    meanings: dict[str, Meaning] = {
        "lock": Do((Action("door", "state", "locked"),)),
        "is it": Tell("It is.", ("door",)),
    }
    simulator = InterpreterSimulator({**SENTENCES, **meanings})
    async with desk_in(tmp_path, policy=policy, interpreter=simulator) as around:
        assert (await around.ask("unlock")).status is Status.ASKED
        assert (await around.ask("yes")).status is Status.SENT
        assert (await around.ask("unlock")).status is Status.ASKED
        assert (await around.ask("yes")).status is Status.SENT
        assert (await around.ask("unlock")).reason is Reason.TOO_OFTEN
        assert (await around.ask("lock")).status is Status.SENT
        assert (await around.ask("lamp off")).status is Status.SENT
        assert (await around.ask("is it")).status is Status.TOLD


async def test_who_is_in_no_table_is_told_nothing_and_which_name_is_missing(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(clients=(Client("bert"),)))
    simulator = InterpreterSimulator({"is it": Tell("It is.", ("door",))})
    async with desk_in(tmp_path, policy=policy, interpreter=simulator) as around:
        refused = await around.ask("is it")
        assert (refused.status, refused.reason) == (Status.REFUSED, Reason.NOT_ALLOWED)
        assert "“anna”" in refused.text
        assert not around.interpreter.heard
        assert (await around.ask("is it", sender="bert")).status is Status.TOLD


@pytest.mark.parametrize(
    ("action", "said"),
    [
        (Action("lmap", "power", value=True), "There is no lmap that I know of; did you mean lamp?"),
        (Action("zzz", "power", value=True), "There is no zzz that I know of."),
        (Action("lamp", "brightnes", 40), "that can be set; did you mean brightness?"),
        (Action("lamp", "volume", 40), "The desk lamp has no volume that can be set."),
    ],
)
async def test_a_slip_in_a_direct_command_is_told_with_the_nearest(
    tmp_path: Path, action: Action, said: str
) -> None:
    async with desk_in(tmp_path) as around:
        assert said in (await around.ask(action=action)).text


class Wordless(RegistrySimulator):
    """A house whose devices have no words for what they are to do."""

    def outgoing(self, action: Action) -> tuple[Outgoing, ...]:
        raise DeviceError(f"{action.capability} has no mode yet; say which")


async def test_a_device_that_has_no_words_for_it_is_not_called_away(tmp_path: Path) -> None:
    async with desk_in(tmp_path, registry=Wordless()) as around:
        told = await around.ask("lamp on")
    assert told.status is Status.REFUSED
    assert told.text == "The desk lamp was told nothing: power has no mode yet; say which."


async def test_a_quiet_device_says_until_when(tmp_path: Path) -> None:
    policy = Policy(
        PolicySettings(quiet=(Quiet(time(22), time(7)),)),
        local=lambda _: datetime(2026, 1, 1, 23, tzinfo=UTC),
    )
    async with desk_in(tmp_path, policy=policy) as around:
        said = (await around.ask("lamp on")).text
        assert said == "It is quiet time for the desk lamp until 07:00; say it again then."


async def test_of_several_devices_those_are_named_that_say_nothing(tmp_path: Path) -> None:
    fan = replace(LAMP, id="fan", names=(Name("fan"),))
    plug = replace(LAMP, id="plug", names=(Name("plug"),))
    registry = RegistrySimulator(House(devices={"lamp": LAMP, "fan": fan, "plug": plug}))
    every = Do(tuple(Action(each, "power", value=True) for each in ("lamp", "fan", "plug")))
    simulator = InterpreterSimulator({"all on": every})
    async with desk_in(tmp_path, registry=registry, interpreter=simulator) as around:
        around.channel.after = lambda sent: (
            registry.say("fan", "power", value=True) if sent.address == "fan/power" else None
        )
        told = await around.ask("all on")
    said = "Turned on the desk lamp, the fan and the plug; no answer yet from the desk lamp and the plug."
    assert (told.status, told.text) == (Status.SENT, said)


async def test_a_client_is_not_told_about_what_it_may_not_command(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(clients=(Client("anna", (Scope(kinds=("light",)),)),)))
    simulator = InterpreterSimulator({"door": Tell("It is.", ("door",)), "lamp": Tell("On.", ("lamp",))})
    async with desk_in(tmp_path, policy=policy, interpreter=simulator) as around:
        assert (await around.ask("door")).reason is Reason.NOT_ALLOWED
        assert (await around.ask("lamp")).status is Status.TOLD


async def test_a_dry_run_says_what_would_be_done(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        result = await around.ask("blind 40", dry_run=True)
        assert (result.status, result.text) == (Status.WOULD, "I would set the blind to 40%.")
        asks = await around.ask("unlock", dry_run=True)
        assert (asks.status, asks.token) == (Status.WOULD, None)
        assert asks.text == "I would ask whether it is meant, and after a yes unlock the front door."
        assert asks.actions == UNLOCK.actions
        later = await around.ask("blind later", dry_run=True)
        assert later.text == "I would set the blind to 40% in 10 minutes."
        assert around.channel.sent == []


async def test_what_is_dangerous_needs_a_yes(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock) as around:
        asked = await around.ask("unlock")
        assert (asked.status, asked.options) == (Status.ASKED, ("yes", "no"))
        assert asked.text == "Do you really want me to unlock the front door? Say yes or no."
        assert asked.token
        assert (await around.ask("yes", sender="bert")).status is Status.REFUSED
        done = await around.ask("yes")
        assert (done.status, around.channel.carried) == (Status.SENT, ["door/state='unlocked'"])
        assert (await around.ask("yes")).status is Status.REFUSED


async def test_a_doubtful_reading_of_what_is_dangerous_is_asked_about_once(tmp_path: Path) -> None:
    doubtful = Which("Do you really mean that?", (Option("unlock the front door", UNLOCK),))
    simulator = InterpreterSimulator({**SENTENCES, "perhaps unlock": doubtful})
    async with desk_in(tmp_path, interpreter=simulator) as around:
        asked = await around.ask("perhaps unlock")
        assert asked.text == "Do you really want me to unlock the front door? Say yes or no."
        assert asked.options == ("yes", "no")
        assert (await around.ask("yes")).status is Status.SENT
        token = (await around.ask("perhaps unlock")).token
        assert token
        assert (await around.ask(None, confirms=token)).status is Status.SENT
        chinese = await around.ask("perhaps unlock", language="zh-TW")
        assert (chinese.text, chinese.options) == (
            "確定要解鎖front door嗎？請說「是」或「不要」。",
            ("是", "不要"),
        )


async def test_whether_something_harmless_is_meant_is_a_yes_or_no_too(tmp_path: Path) -> None:
    doubtful = Which("Really turn it on?", (Option("turn on the lamp", LAMP_ON),))
    async with desk_in(tmp_path, interpreter=InterpreterSimulator({"perhaps": doubtful})) as around:
        asked = await around.ask("perhaps")
        assert (asked.text, asked.options, asked.token) == ("Really turn it on?", ("yes", "no"), None)


async def test_what_may_not_be_done_is_not_asked_about(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(clients=(Client("anna", (Scope(kinds=("light",)),)),)))
    doubtful = Which("Really?", (Option("unlock the front door", UNLOCK),))
    simulator = InterpreterSimulator({"perhaps unlock": doubtful})
    async with desk_in(tmp_path, policy=policy, interpreter=simulator) as around:
        assert (await around.ask("perhaps unlock")).reason is Reason.NOT_ALLOWED


async def test_a_question_about_something_planned_says_when(tmp_path: Path) -> None:
    planned: dict[str, Meaning] = {"unlock later": replace(UNLOCK, after_s=2.0)}
    async with desk_in(tmp_path, interpreter=InterpreterSimulator(planned)) as around:
        asked = await around.ask("unlock later")
        assert asked.text == "Do you really want me to unlock the front door in 2 seconds? Say yes or no."
        asked = await around.ask("unlock later", language="zh-TW")
        assert asked.text == "確定要在 2 秒後解鎖front door嗎？請說「是」或「不要」。"


async def test_a_token_is_a_yes_to_what_was_asked_alone(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock) as around:
        token = (await around.ask("unlock")).token
        other = await around.ask("ring", confirms="wrong")
        assert (other.reason, around.channel.sent) == (Reason.NOT_CONFIRMED, [])
        assert other.text == say("unknown_token", "en")
        again = await around.ask(None, confirms=token, language="zh-TW")
        assert (again.reason, again.text) == (Reason.NOT_CONFIRMED, say("unknown_token", "zh-TW")), "one try"
        token = (await around.ask("unlock")).token
        another = await around.ask(
            None, action=Action("door", "state", "unlocked"), sender="bert", confirms=token
        )
        assert another.text == say("unknown_token", "en"), "anna was asked"
        token = (await around.ask("unlock")).token
        meant = {"unlock both": Do((*UNLOCK.actions, *BLIND_40.actions))}
        around.interpreter.meanings |= meant
        assert (await around.ask("unlock both", confirms=token)).text == say("other_token", "en")
        token = (await around.ask("unlock")).token
        assert (await around.ask(None, confirms=token)).status is Status.SENT
        token = (await around.ask("unlock")).token
        assert (await around.ask("unlock", confirms=token)).status is Status.SENT
        token = (await around.ask("unlock")).token
        clock.pass_by(31.0)
        late = await around.ask(None, confirms=token)
        assert (late.reason, late.text) == (Reason.NOT_CONFIRMED, say("not_confirmed", "en"))
        assert (await around.ask("unlock")).status is Status.ASKED
        await around.ask("blind 40")
        assert (await around.ask("yes")).status is Status.REFUSED, "something else was said in between"


@pytest.mark.parametrize(
    ("answer", "unlocked"), [("yes", True), ("no", False), ("the first one", False), ("lamp on", False)]
)
async def test_only_a_yes_is_a_yes_to_those_who_understand(
    tmp_path: Path, answer: str, *, unlocked: bool
) -> None:
    stages = (Clarified(), Rules(("en",), Sentences()))
    understanding = Interpreter(stages, (), None, languages=("en",))
    async with desk_in(tmp_path, understanding=understanding) as around:
        asked = await around.ask("unlock the front door")
        assert asked.status is Status.ASKED
        await around.ask(answer)
        assert ("door/state='unlocked'" in around.channel.carried) == unlocked


async def test_two_steps_in_a_breath_are_two_steps(tmp_path: Path) -> None:
    understanding = Interpreter((Rules(("en",), Sentences()),), (), None, languages=("en",))
    async with desk_in(tmp_path, understanding=understanding) as around:
        around.registry.say("lamp", "brightness", 40)
        around.channel.gate = asyncio.Event()
        orders = [around.order("make the desk lamp brighter") for _ in range(2)]
        for order in orders:
            await around.desk.take(order)
        around.channel.gate.set()
        levels = [(await around.outbox.results(order.id))[0].actions[-1].value for order in orders]
        assert isinstance(levels[0], float | int)
        assert isinstance(levels[1], float | int)
        assert 40 < levels[0] < levels[1]


async def test_a_fault_on_the_way_to_a_device_ends_no_other_order(tmp_path: Path) -> None:
    class Faulty(RegistrySimulator):
        def outgoing(self, action: Action) -> tuple[Outgoing, ...]:
            if action.device == "blind":
                raise KeyError(action.device)
            return super().outgoing(action)

    async with desk_in(tmp_path, registry=Faulty()) as around:
        assert (await around.ask("blind 40")).status is Status.FAILED
        assert (await around.ask("lamp on")).status is Status.SENT


async def test_a_tick_takes_no_more_than_there_is_room_for(tmp_path: Path) -> None:
    settings = DeskSettings(state_wait_s=0.0, orders=4)
    async with desk_in(tmp_path, settings=settings) as around:
        around.channel.gate = asyncio.Event()
        await around.desk.take(around.order("blind 40"))
        many = [around.desk.take(around.order("blind 40")) for _ in range(100)]
        answers = await asyncio.gather(*many, return_exceptions=True)
        assert [each for each in answers if each is not None and not isinstance(each, BusyError)] == []
        assert (answers.count(None), around.desk.open) == (3, 4)
        around.channel.gate.set()


async def test_a_client_is_refused_in_words(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(clients=(Client("anna", (Scope(kinds=("lock",)),)),)))
    async with desk_in(tmp_path, policy=policy) as around:
        refused = await around.ask("lamp on")
        assert (refused.reason, refused.text.split(";")[0]) == (
            Reason.NOT_ALLOWED,
            "The desk lamp may not be commanded so by the client “anna”",
        )


async def test_a_result_that_nobody_takes_is_told_again_until_somebody_does(tmp_path: Path) -> None:
    clock = SimulatedClock()
    async with desk_in(tmp_path, clock=clock) as around:
        around.outbox.failures = [BusyError("the broker is away"), BusyError("the broker is away")]
        order = around.order("blind 40")
        await around.desk.take(order)
        for _ in range(20):
            clock.pass_by(0.25)
            await asyncio.sleep(0.002)
        assert len(await around.outbox.results(order.id)) == 1


async def test_who_wants_no_answer_gets_none(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        await around.desk.take(around.order("blind 40", reply=None))
        await around.desk.take(around.order("blind 40", reply=ReplyTo("pigeon", "")))
        last = await around.ask("blind 40")
        assert last.status is Status.SENT
        assert len(around.outbox.told) == 1
        assert len(around.channel.sent) == 3


async def test_it_stops_in_good_order_and_takes_nothing_more(tmp_path: Path) -> None:
    async with desk_in(tmp_path) as around:
        around.channel.gate = asyncio.Event()
        order = around.order("blind 40")
        await around.desk.take(order)
        asyncio.get_running_loop().call_later(0.05, around.channel.gate.set)
    assert [result.order for _, result in around.outbox.told] == [order.id]
    with pytest.raises(BusyError, match="stopping"):
        await around.desk.take(around.order("blind 40"))


async def test_a_dry_run_uses_up_nothing(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(rates=Rates(client_per_minute=1)))
    async with desk_in(tmp_path, policy=policy) as around:
        for _ in range(3):
            order = replace(around.order("lamp on"), dry_run=True)
            await around.desk.take(order)
            assert [each.status for each in await around.outbox.results(order.id)] == [Status.WOULD]
        assert (await around.ask("lamp on")).status is Status.SENT
        assert (await around.ask("lamp on")).reason is Reason.TOO_OFTEN
