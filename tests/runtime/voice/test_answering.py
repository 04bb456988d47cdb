"""What is said back: the desk's result, once for each utterance, or a model's words to what is no command."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.desk.border import Interpreter
from runtime.commands.order import Order, Status
from runtime.commands.policy.policy import Policy
from runtime.commands.policy.scope import Scope
from runtime.commands.policy.settings import Client, PolicySettings
from runtime.errors import BusyError
from runtime.voice.answering import SpokenCommands, SpokenSettings
from runtime.voice.border import Answerer, Said
from tests.support.desk import Around, InterpreterSimulator, RegistrySimulator, desk_in

SETTINGS = SpokenSettings(within_s=5.0)


class TalkSimulator:
    """Implements `Talk`: says what it heard."""

    def __init__(self) -> None:
        self.heard: list[tuple[str, str, str]] = []
        self.silent = False

    async def answer(self, text: str, *, language: str, session: str) -> AsyncGenerator[str, None]:
        self.heard.append((text, language, session))
        if not self.silent:
            yield f"You said {text}."
            yield "Is that so?"


@asynccontextmanager
async def spoken(
    folder: Path,
    *,
    policy: Policy | None = None,
    registry: RegistrySimulator | None = None,
    understanding: Interpreter | None = None,
) -> AsyncGenerator[tuple[SpokenCommands, TalkSimulator, Around], None]:
    talk = TalkSimulator()
    commands = SpokenCommands("voice", settings=SETTINGS, talk=talk)
    async with desk_in(
        folder, more={"voice": commands}, policy=policy, registry=registry, understanding=understanding
    ) as around:
        # The journal and the desk go by a simulated clock; what is said is said now.
        commands.open(_Now(around))
        yield commands, talk, around


class _Now:
    """Hands orders to a desk whose clock stands still."""

    def __init__(self, around: Around) -> None:
        self._around = around

    async def take(self, order: Order) -> None:
        now = self._around.clock.now().wall
        left = order.expires_at - order.received_at
        await self._around.desk.take(replace(order, received_at=now, expires_at=now + left))


async def said(answerer: Answerer, *texts: str, language: str | None = None, session: str = "") -> list[Said]:
    return [each async for each in answerer.answer(texts, language=language, session=session)]


async def test_a_command_is_done_once_and_what_came_of_it_is_said(tmp_path: Path) -> None:
    async with spoken(tmp_path) as (commands, talk, around):
        told = await said(commands, "lamp on", "lamp off")
        assert told == [Said("Turned on the desk lamp; it has not answered yet.", "en", status=Status.SENT)]
        assert around.channel.carried == ["lamp/power=True"]
        assert talk.heard == []


async def test_the_same_words_said_again_are_done_again(tmp_path: Path) -> None:
    async with spoken(tmp_path) as (commands, _, around):
        await said(commands, "ring")
        await said(commands, "ring")
        assert len(around.channel.carried) == 2


async def test_what_is_dangerous_waits_for_a_yes_in_the_same_session(tmp_path: Path) -> None:
    async with spoken(tmp_path) as (commands, _, around):
        (asked,) = await said(commands, "unlock", session="hall")
        assert (asked.asks, asked.status) == (True, Status.ASKED)
        await said(commands, "yes", session="kitchen")
        assert around.channel.carried == []
        (done,) = await said(commands, "yes", session="hall")
        assert (done.asks, done.status) == (False, Status.SENT)
        assert around.channel.carried == ["door/state='unlocked'"]


@pytest.mark.parametrize(
    "texts", [(), ("",), ("  ", "\n"), ("...",), ("[BLANK_AUDIO]", "(music)", "*sighs*")]
)
async def test_where_nothing_was_said_nothing_is_done_or_said(texts: Sequence[str], tmp_path: Path) -> None:
    async with spoken(tmp_path) as (commands, talk, around):
        assert await said(commands, *texts) == []
        assert (around.interpreter.heard, talk.heard) == ([], [])


@given(st.lists(st.text(alphabet=" .,!?[]()\n♪…", max_size=8), max_size=4))
def test_stops_and_spaces_are_never_something_said(texts: list[str]) -> None:
    talk = TalkSimulator()
    commands = SpokenCommands("voice", settings=SETTINGS, talk=talk)
    assert asyncio.run(said(commands, *texts)) == []


async def test_what_is_no_command_a_model_answers_clause_by_clause(tmp_path: Path) -> None:
    async with spoken(tmp_path) as (commands, talk, _):
        told = await said(commands, "why is the sky blue", language="en-GB", session="hall")
        assert told == [Said("You said why is the sky blue.", "en"), Said("Is that so?", "en")]
        assert talk.heard == [("why is the sky blue", "en", "hall")]


async def test_what_sounds_like_a_command_no_model_answers(tmp_path: Path) -> None:
    async with spoken(tmp_path) as (commands, talk, _):
        (told,) = await said(commands, "Turn on the flux capacitor")
        assert (told.status, talk.heard) == (Status.REFUSED, [])


async def test_a_model_that_says_nothing_does_not_leave_one_waiting(tmp_path: Path) -> None:
    async with spoken(tmp_path) as (commands, talk, _):
        talk.silent = True
        (told,) = await said(commands, "hm")
        assert told.status is Status.REFUSED
        assert told.text


async def test_without_a_model_one_is_told_that_it_was_not_understood(tmp_path: Path) -> None:
    commands = SpokenCommands("voice", settings=SETTINGS, talk=None, commands=False)
    assert [each.status for each in await said(commands, "hello")] == [Status.REFUSED]
    del tmp_path


async def test_before_the_desk_is_there_one_is_told_so_and_no_model_answers_instead() -> None:
    talk = TalkSimulator()
    commands = SpokenCommands("voice", settings=SETTINGS, talk=talk)
    (told,) = await said(commands, "lamp on")
    assert (told.status, talk.heard) == (Status.FAILED, [])
    assert "starting" in told.text
    commands.shut("No commands are taken; free the disk.")
    assert (await said(commands, "lamp on"))[0].text == "No commands are taken; free the disk."


async def test_what_takes_too_long_is_said_to_be_pending_and_its_result_harms_nobody(tmp_path: Path) -> None:
    slow = InterpreterSimulator()
    slow.slow["slow"] = asyncio.Event()
    commands = SpokenCommands("voice", settings=replace(SETTINGS, within_s=0.05), talk=None)
    async with desk_in(tmp_path, more={"voice": commands}, interpreter=slow) as around:
        commands.open(_Now(around))
        (told,) = await said(commands, "slow")
        assert (told.status, told.text[:14]) == (Status.UNKNOWN, "That was taken")
        slow.slow["slow"].set()


async def test_a_full_desk_is_told_as_a_sentence() -> None:
    class Full:
        async def take(self, order: Order) -> None:
            del order
            raise BusyError("8 commands are waiting already; ask again in a few seconds")

    commands = SpokenCommands("voice", settings=SETTINGS, talk=None)
    commands.open(Full())
    (told,) = await said(commands, "lamp on")
    assert told == Said(
        "8 commands are waiting already; ask again in a few seconds.", "en", status=Status.FAILED
    )


async def test_who_leaves_does_not_take_the_command_back(tmp_path: Path) -> None:
    async with spoken(tmp_path) as (commands, _, around):
        async with aclosing(commands.answer(("lamp on",), language=None, session="")) as clauses:
            async for _each in clauses:
                break
        assert around.channel.carried == ["lamp/power=True"]


async def test_the_policy_knows_who_speaks_by_the_name_of_the_way_in(tmp_path: Path) -> None:
    policy = Policy(PolicySettings(clients=(Client("wyoming", (Scope(),)),)))
    async with spoken(tmp_path, policy=policy) as (commands, _, around):
        (told,) = await said(commands, "lamp on")
        assert told.status is Status.REFUSED
        assert around.channel.carried == []


async def test_what_is_too_long_for_a_command_is_none(tmp_path: Path) -> None:
    async with spoken(tmp_path) as (commands, talk, around):
        long = "word " * 100
        await said(commands, long, "lamp on")
        assert (around.channel.carried, len(talk.heard)) == ([], 1)
