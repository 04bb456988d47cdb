"""The service's promises, the test being the broker."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runtime.errors import BusyError, EngineError
from runtime.limits import Limits
from runtime.mqtt.messages import EXAMPLE
from runtime.mqtt.service import MqttService
from runtime.mqtt.topics import Topics
from tests.support.completer import scripted_completer
from tests.support.engine import EngineSimulator
from tests.support.mqtt import MemoryLink, until
from tests.support.text import CHATML

ANSWER = (10, 11, 12)
LIMITS = Limits(queue_depth=2, drain_seconds=0.5, request_bytes=2000)


@asynccontextmanager
async def serving(
    engine: EngineSimulator, link: MemoryLink, limits: Limits = LIMITS, template: str = CHATML
) -> AsyncIterator[tuple[MqttService, asyncio.Event]]:
    stop = asyncio.Event()
    service = MqttService(
        link, Topics("kitchen"), scripted_completer(engine, limits, template), limits, version="0"
    )
    task = asyncio.create_task(service.run(stop))
    await until(lambda: link.opened)
    link.up()
    try:
        yield service, stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 10)


def question(question_id: str, prompt: str = "hello") -> dict[str, str]:
    return {"id": question_id, "prompt": prompt}


async def test_a_question_is_answered_and_then_acknowledged() -> None:
    link = MemoryLink()
    link.confirming.clear()
    async with serving(EngineSimulator(ANSWER), link) as (service, _):
        assert service.connected
        delivery = link.deliver(question("a"))
        await until(lambda: bool(link.results()))
        assert link.acknowledged == []
        link.confirming.set()
        await until(lambda: link.acknowledged == [delivery])
    (result,) = link.results()
    assert (result["id"], result["model"], result["finish_reason"]) == ("a", "tiny", "stop")
    assert result["usage"]["completion_tokens"] == len(ANSWER)
    assert result["text"]
    assert list(link.subscriptions) == [
        "ingle/kitchen/chat",
        "ingle/kitchen/cancel",
        "ingle/kitchen/cancel/from/+",
    ]
    assert link.states() == ["online", "offline"]
    assert link.will is not None
    assert link.will.retain
    assert link.closed


async def test_an_answer_that_the_broker_bars_is_not_asked_for_again() -> None:
    link = MemoryLink()
    link.barred |= {"ingle/kitchen/chat/result", "ingle/kitchen/status"}
    async with serving(EngineSimulator(ANSWER), link):
        deliveries = [link.deliver(question("a")), link.deliver(question("b"))]
        await until(lambda: link.acknowledged == deliveries)


async def test_a_question_that_comes_again_is_answered_again_but_computed_once() -> None:
    engine, link = EngineSimulator(ANSWER), MemoryLink()
    async with serving(engine, link):
        deliveries = [link.deliver(question("a")), link.deliver(question("a"))]
        await until(lambda: link.acknowledged == deliveries)
        link.down()
        link.up()
        deliveries.append(link.deliver(question("a")))
        await until(lambda: link.acknowledged == deliveries)
    assert len(engine.requests) == 1
    first, *others = link.results()
    assert others == [first, first]


async def test_an_id_that_is_used_again_for_another_question_gets_its_own_answer() -> None:
    engine, link = EngineSimulator(ANSWER), MemoryLink()
    async with serving(engine, link):
        link.deliver(question("a", "one"))
        link.deliver(question("a", "two"))
        await until(lambda: len(link.acknowledged) == 2)
    assert len(engine.requests) == 2


async def test_a_failure_is_not_remembered() -> None:
    engine, link = EngineSimulator(ANSWER, fail_after=1, failure=EngineError("0xdead")), MemoryLink()
    async with serving(engine, link):
        link.deliver(question("a"))
        await until(lambda: len(link.acknowledged) == 1)
        engine.failure = None
        link.deliver(question("a"))
        await until(lambda: len(link.acknowledged) == 2)
    failed, answered = link.results()
    assert failed["error"]["code"] == "failed"
    assert "0xdead" not in str(failed)
    assert answered["text"]


@pytest.mark.parametrize(
    ("payload", "question_id", "part"),
    [
        (b"turn on the light", None, EXAMPLE),
        (b"", None, EXAMPLE),
        (b"\xff\xfe", None, EXAMPLE),
        (b'{"id": "a", "prompt": "x", "model": "other"}', "a", "no model 'other'"),
        (b'{"id": "a", "prompt": "x", "max_tokens": 5000}', "a", "5000"),
        (b'{"id": "a", "prompt": "' + b"x" * 2000 + b'"}', None, "at most 2000"),
    ],
)
async def test_bad_input_gets_a_reason_and_the_next_question_its_answer(
    payload: bytes, question_id: str | None, part: str
) -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link):
        deliveries = [link.deliver(payload), link.deliver(question("next"))]
        await until(lambda: link.acknowledged == deliveries)
    refused, answered = link.results()
    assert refused["id"] == question_id
    assert refused["error"]["code"] == "invalid"
    assert part in refused["error"]["message"]
    assert answered["id"] == "next"
    assert answered["text"]


async def test_what_is_malformed_takes_no_place_in_the_queue() -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER, token_s=60), link) as (_, stop):
        link.deliver(question("running"))
        nonsense = [link.deliver(b"turn on the light") for _ in range(6)]
        await until(lambda: link.acknowledged == nonsense)
        for question_id in ("1", "2"):  # as many as the queue has places
            link.deliver(question(question_id))
        await asyncio.sleep(0.01)
        stop.set()
    assert [result["error"]["code"] for result in link.results()] == ["invalid"] * 6


async def test_what_was_asked_before_anyone_listened_is_dropped() -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link):
        stale = link.deliver(question("stale"), retained=True)
        foreign = link.deliver(question("foreign"), topic="ingle/other/chat")
        assert link.acknowledged == [stale, foreign]
    assert link.results() == []


async def test_one_too_many_is_told_to_come_back_and_the_others_are_answered() -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER, token_s=0.02), link):
        link.deliver(question("running"))
        await asyncio.sleep(0.01)
        for question_id in ("1", "2", "3"):
            link.deliver(question(question_id))
        await until(lambda: len(link.acknowledged) == 4)
    results = {result["id"]: result for result in link.results()}
    assert results["3"]["error"]["code"] == "busy"
    assert all(results[answered]["text"] for answered in ("running", "1", "2"))


async def test_a_command_waits_for_no_chat_and_a_chat_for_nothing_in_the_background() -> None:
    engine, link = EngineSimulator(ANSWER, token_s=0.02), MemoryLink()
    async with serving(engine, link):
        running = link.deliver({**question("background"), "priority": "background"})
        await until(lambda: bool(engine.requests))
        waiting = [link.deliver(question(each)) for each in ("1", "2")]
        command = link.deliver({**question("command"), "priority": "command"})
        await until(lambda: len(link.acknowledged) == 4)
    assert link.acknowledged == [running, *waiting, command]
    assert [result["id"] for result in link.results()] == ["background", "command", "1", "2"]
    assert [request.priority.name for request in engine.requests].count("COMMAND") == 1


async def test_an_answer_is_held_to_a_form_and_one_that_cannot_be_kept_is_refused() -> None:
    pytest.importorskip("llguidance", reason="run script/check: it installs what is new")
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link):
        link.deliver({**question("held"), "structured_outputs": {"choice": ["on", "off"]}})
        link.deliver({**question("impossible"), "json_schema": {"not": {}}})
        await until(lambda: len(link.acknowledged) == 2)
    held, impossible = link.results()
    assert held["text"] in {"on", "off"}
    assert held["finish_reason"] == "stop"
    assert impossible["error"]["code"] == "invalid"
    assert impossible["error"]["param"] == "json_schema"


async def test_commands_keep_their_order_and_leave_no_place_to_chats() -> None:
    engine, link = EngineSimulator(ANSWER, token_s=0.002), MemoryLink()
    async with serving(engine, link):
        chats = [link.deliver(question(str(number))) for number in range(4)]
        commands = [link.deliver({**question(name), "priority": "command"}) for name in ("on", "off")]
        await until(lambda: len(link.acknowledged) == 6)
    results = [result["id"] for result in link.results() if "text" in result]
    assert results.index("on") < results.index("off")
    assert {str(result["id"]) for result in link.results() if "error" in result} == {"2", "3"}
    assert set(link.acknowledged) == {*chats, *commands}


async def test_while_an_answer_is_finished_no_other_begins() -> None:
    engine, link = EngineSimulator(ANSWER, token_s=0.02), MemoryLink()
    async with serving(engine, link) as (_, stop):
        running = link.deliver(question("running"))
        await until(lambda: bool(engine.requests))
        stop.set()
        await asyncio.sleep(0.01)
        link.deliver({**question("late"), "priority": "command"})
    assert [result["id"] for result in link.results()] == ["running"]
    assert link.acknowledged == [running]


async def test_stopping_finishes_the_running_answer_and_leaves_the_others_with_the_broker() -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER, token_s=0.02), link) as (_, stop):
        running = link.deliver(question("running"))
        await asyncio.sleep(0.01)
        link.deliver(question("waiting"))
        stop.set()
    assert [result["id"] for result in link.results()] == ["running"]
    assert link.acknowledged == [running]


async def test_an_answer_that_outlasts_the_drain_is_left_with_the_broker() -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER, token_s=60), link) as (_, stop):
        link.deliver(question("long"))
        await asyncio.sleep(0.01)
        stop.set()
    assert link.results() == []
    assert link.acknowledged == []
    assert link.states() == ["online", "offline"]


async def test_stopping_waits_for_no_answer_that_could_not_be_sent() -> None:
    link, limits = MemoryLink(), Limits(drain_seconds=600)
    async with serving(EngineSimulator(ANSWER, token_s=60), link, limits) as (_, stop):
        link.deliver(question("long"))
        await asyncio.sleep(0.01)
        link.down()
        stop.set()
    assert link.acknowledged == []


async def test_an_engine_that_stops_in_mid_answer_leaves_the_question_with_the_broker() -> None:
    engine, link = EngineSimulator(ANSWER, token_s=0.02), MemoryLink()
    async with serving(engine, link):
        link.deliver(question("cut"))
        await until(lambda: bool(engine.requests))
        await engine.close()
        await asyncio.sleep(0.05)
        assert link.acknowledged == []
    assert link.results() == []


async def test_a_broker_that_is_away_costs_one_line_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link) as (service, _):
        caplog.clear()
        for _ in range(5):
            link.down()
        assert not service.connected
        lines = [record for record in caplog.records if record.name == "runtime.mqtt.service"]
        assert [record.levelname for record in lines if record.levelname != "DEBUG"] == ["WARNING"]
        link.up()
        assert service.connected


async def test_only_so_many_results_are_remembered() -> None:
    engine, link = EngineSimulator(ANSWER), MemoryLink()
    async with serving(engine, link):
        for number in range(130):
            link.deliver(question(str(number)))
            await until(lambda: len(link.acknowledged) == number + 1)  # noqa: B023  awaited in the same turn
        link.deliver(question("129"))
        link.deliver(question("0"))
        await until(lambda: len(link.acknowledged) == 132)
    assert len(engine.requests) == 131


async def test_a_template_that_fails_is_told_to_who_asked(caplog: pytest.LogCaptureFixture) -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link, template="{{ messages[0].nothing.here }}"):
        asked = {"id": "a", "messages": [{"role": "user", "content": "hello"}]}
        delivery = link.deliver(asked)
        await until(lambda: link.acknowledged == [delivery])
    (result,) = link.results()
    assert result["error"]["code"] == "failed"
    assert "chat template fails" in result["error"]["message"]
    assert "Traceback" not in caplog.text


async def test_an_answer_is_told_piece_by_piece_to_whoever_wants_that() -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link):
        link.deliver({**question("a"), "stream": True}, correlation=b"c")
        link.deliver(question("b"))
        await until(lambda: len(link.acknowledged) == 2)
    pieces = [each for each in link.published if each.topic == "ingle/kitchen/chat/delta"]
    told = [json.loads(each.payload) for each in pieces]
    assert {each["id"] for each in told} == {"a"}
    assert [each["n"] for each in told] == list(range(len(told)))
    assert "".join(each["text"] for each in told) == link.results()[0]["text"]
    assert {(each.qos, each.correlation) for each in pieces} == {(0, b"c")}


async def test_a_question_that_is_taken_back_is_not_answered_further() -> None:
    engine, link = EngineSimulator(ANSWER, token_s=60), MemoryLink()
    async with serving(engine, link, Limits(queue_depth=16)):
        running, waiting = link.deliver(question("running")), link.deliver(question("waiting"))
        await until(lambda: bool(engine.requests))
        taken = [link.deliver({"id": each}, topic="ingle/kitchen/cancel") for each in ("waiting", "running")]
        await until(lambda: link.acknowledged == [running, waiting, *taken])
        nobody = link.deliver({"id": "nobody"}, topic="ingle/kitchen/cancel")
        await until(lambda: link.acknowledged[4:] == [nobody])
        engine.token_s = 0
        link.deliver(question("next"))
        await until(lambda: len(link.acknowledged) == 6)
    results = {each["id"]: each for each in link.results()}
    assert [results[each]["error"]["code"] for each in ("running", "waiting")] == ["cancelled"] * 2
    assert "nothing with this id" in results["nobody"]["error"]["message"]
    assert results["next"]["text"]


async def test_a_flood_that_nobody_wants_acknowledged_takes_no_questions_place(
    caplog: pytest.LogCaptureFixture,
) -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link):
        link.confirming.clear()
        for number in range(1000):
            link.deliver(b'{"\\ud800": 1}', qos=0)
            link.deliver({"id": number}, topic="ingle/kitchen/cancel", qos=0)
        asked = link.deliver(question("a"))
        link.confirming.set()
        await until(lambda: link.acknowledged == [asked])
    told = [each for each in link.results() if "error" in each]
    (line,) = [each for each in caplog.messages if each.startswith("dropped")]
    assert len(told) <= 2 * LIMITS.queue_depth
    assert f"dropped {2000 - len(told)} messages with QoS 0" in line


anything = st.binary(max_size=100) | st.dictionaries(
    st.text(st.characters(categories=["Cs", "Ll"]), max_size=2)
    | st.sampled_from(["id", "prompt", "reply_to"]),
    st.none() | st.floats(allow_nan=False) | st.text(st.characters(categories=["Cs", "Ll"]), max_size=3),
    max_size=3,
).map(lambda each: json.dumps(each).encode())


@settings(max_examples=60, deadline=None)
@given(anything, st.sampled_from(["chat", "cancel", "cancel/from/tablet"]))
def test_after_any_message_the_next_question_is_answered(payload: bytes, where: str) -> None:
    async def ask() -> None:
        link = MemoryLink()
        async with serving(EngineSimulator(ANSWER), link):
            first = link.deliver(payload, topic=f"ingle/kitchen/{where}")
            asked = link.deliver(question("the next"))
            await until(lambda: link.acknowledged == [first, asked])
        assert link.results()[-1]["id"] == "the next"

    asyncio.run(ask())


async def test_a_question_is_taken_back_on_the_plain_topic_only() -> None:
    """It came from nobody that the broker vouches for."""
    engine, link = EngineSimulator(ANSWER, token_s=0.02), MemoryLink()
    async with serving(engine, link):
        asked = link.deliver(question("a"))
        other = link.deliver({"id": "a"}, topic="ingle/kitchen/cancel/from/tablet")
        await until(lambda: link.acknowledged == [asked, other])
    assert {each.get("error", {}).get("code") for each in link.results()} == {None, "invalid"}


async def test_a_command_is_taken_back_by_who_has_it() -> None:
    link, stop, asked = MemoryLink(), asyncio.Event(), []

    async def withdraw(sender: str, order_id: str) -> bool:
        asked.append((sender, order_id))
        return order_id == "7"

    completer = scripted_completer(EngineSimulator(ANSWER), LIMITS)
    service = MqttService(link, Topics("kitchen"), completer, LIMITS, version="0", withdraw=withdraw)
    task = asyncio.create_task(service.run(stop))
    await until(lambda: link.opened)
    link.up()
    for each in (7, "8"):
        link.deliver({"id": each}, topic="ingle/kitchen/cancel")
    link.deliver({"id": 7}, topic="ingle/kitchen/cancel/from/tablet")
    await until(lambda: len(link.acknowledged) == 3)
    stop.set()
    await task
    assert asked == [("", "7"), ("", "8"), ("tablet", "7")]
    assert [each["id"] for each in link.results()] == ["8"]


async def test_a_cancel_that_cannot_be_written_down_stays_with_the_broker() -> None:
    link, stop = MemoryLink(), asyncio.Event()

    async def withdraw(_sender: str, _order_id: str) -> bool:
        raise BusyError("the appliance is stopping; ask again in a minute")

    completer = scripted_completer(EngineSimulator(ANSWER), LIMITS)
    service = MqttService(link, Topics("kitchen"), completer, LIMITS, version="0", withdraw=withdraw)
    task = asyncio.create_task(service.run(stop))
    await until(lambda: link.opened)
    link.up()
    link.deliver({"id": 7}, topic="ingle/kitchen/cancel")
    await until(lambda: len(link.results()) == 1)
    stop.set()
    await task
    assert link.results()[0]["error"]["code"] == "busy"
    assert link.acknowledged == []


@pytest.mark.parametrize("name", ["http", "hermes", "console"])
async def test_nobody_takes_back_by_a_name_of_ours(name: str) -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link):
        cancel = link.deliver({"id": 7}, topic=f"ingle/kitchen/cancel/from/{name}")
        await until(lambda: link.acknowledged == [cancel])
    assert "give the broker's client another name" in link.results()[0]["error"]["message"]


@pytest.mark.parametrize("payload", [b"", b"stop", b"{}", b'{"id": "a", "all": true}', b'{"id": [1]}'])
async def test_what_takes_nothing_back_is_told_why(payload: bytes) -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link):
        link.deliver(payload, topic="ingle/kitchen/cancel")
        await until(lambda: len(link.acknowledged) == 1)
    assert link.results()[0]["error"]["code"] == "invalid"


async def test_an_answer_goes_where_it_was_asked_for() -> None:
    link = MemoryLink()
    async with serving(EngineSimulator(ANSWER), link):
        link.deliver(question("a"), response_topic="clients/me", correlation=b"1")
        link.deliver({**question("b"), "reply_to": "clients/you"})
        link.deliver({**question("c"), "reply_to": "ingle/kitchen/chat"})
        link.deliver(question("d"), response_topic="clients/+")
        await until(lambda: len(link.acknowledged) == 4)
    said = {each.topic: each for each in link.published}
    assert said["clients/me"].correlation == b"1"
    assert json.loads(said["clients/you"].payload)["id"] == "b"
    assert [each["error"]["param"] for each in link.results()] == ["reply_to"] * 2
