"""The owner's rules, as tables: who, what, when and how often."""

from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.clock import Moment
from runtime.commands.meaning import Action, CancelPlanned, Cannot, Do, Meaning, Option, Reason, Tell, Which
from runtime.commands.policy.confirmations import Confirmations, Missed
from runtime.commands.policy.policy import Allowed, Confirm, Denied, Policy, Rule
from runtime.commands.policy.rates import Buckets
from runtime.commands.policy.scope import Scope
from runtime.commands.policy.settings import Client, PolicySettings, Quiet, Rates
from runtime.commands.registry.devices import Value
from runtime.commands.registry.house import House
from tests.support.desk import BLIND_40, DEVICES, LAMP_ON, RING, UNLOCK

HOUSE = House(devices=DEVICES)
NOW = Moment(datetime(2026, 11, 23, 12, 0, tzinfo=UTC).timestamp(), 100.0, "boot")
MONDAY = 23


def policy(**settings: object) -> Policy:
    chosen = replace(PolicySettings(), **settings)  # type: ignore[arg-type]
    return Policy(chosen, local=lambda moment: datetime.fromtimestamp(moment.wall, UTC))


def at(day: int, hour: int, minute: int = 0) -> Moment:
    return replace(NOW, wall=datetime(2026, 11, day, hour, minute, tzinfo=UTC).timestamp())


def to(device: str, capability: str, value: Value) -> Do:
    return Do((Action(device, capability, value),))


@pytest.mark.parametrize(
    ("do", "reason"),
    [
        (to("ghost", "power", value=True), Reason.NO_SUCH_DEVICE),
        (to("lamp", "volume", 3), Reason.NO_SUCH_CAPABILITY),
        (to("meter", "value", "words"), Reason.NO_SUCH_CAPABILITY),
        (to("meter", "note", "words"), Reason.NO_SUCH_CAPABILITY),
        (to("lamp", "brightness", 101), Reason.OUT_OF_RANGE),
        (to("lamp", "brightness", -0.1), Reason.OUT_OF_RANGE),
        (to("lamp", "brightness", float("nan")), Reason.OUT_OF_RANGE),
        (to("lamp", "brightness", float("inf")), Reason.OUT_OF_RANGE),
        (to("lamp", "brightness", "40"), Reason.OUT_OF_RANGE),
        (to("lamp", "brightness", value=True), Reason.OUT_OF_RANGE),
        (to("lamp", "brightness", None), Reason.OUT_OF_RANGE),
        (to("lamp", "power", "on"), Reason.OUT_OF_RANGE),
        (to("lamp", "power", 1), Reason.OUT_OF_RANGE),
        (to("door", "state", "ajar"), Reason.OUT_OF_RANGE),
        (to("bell", "activate", value=True), Reason.OUT_OF_RANGE),
    ],
)
def test_what_the_house_does_not_know_is_denied(do: Do, reason: Reason) -> None:
    verdict = policy().judge(do, "anna", HOUSE, NOW, confirmed=True)
    assert isinstance(verdict, Denied)
    assert (verdict.rule, verdict.reason) == (Rule.BOUNDS, reason)


@pytest.mark.parametrize(
    ("asked", "sent"), [(42, 40), (42.5, 40), (43, 45), (100, 100), (0, 0), (99, 100), (2, 0)]
)
def test_a_value_is_rounded_to_what_the_device_knows(asked: float, sent: float) -> None:
    verdict = policy().judge(to("lamp", "brightness", asked), "anna", HOUSE, NOW)
    assert verdict == Allowed(to("lamp", "brightness", sent))


def test_one_action_that_may_not_be_done_stops_all() -> None:
    both = Do((*LAMP_ON.actions, Action("lamp", "brightness", 500)))
    assert isinstance(policy().judge(both, "anna", HOUSE, NOW), Denied)


def test_what_is_dangerous_is_asked_about_and_done_when_meant() -> None:
    judge = policy().judge
    assert judge(UNLOCK, "anna", HOUSE, NOW) == Confirm(UNLOCK)
    assert judge(UNLOCK, "anna", HOUSE, NOW, confirmed=True) == Allowed(UNLOCK)
    locked = to("door", "state", "locked")
    assert judge(locked, "anna", HOUSE, NOW) == Allowed(locked)


def test_the_owner_calls_more_dangerous() -> None:
    judge = policy(dangerous=(Scope(kinds=("light",), values=("on",)),)).judge
    assert judge(LAMP_ON, "anna", HOUSE, NOW) == Confirm(LAMP_ON)
    assert isinstance(judge(to("lamp", "power", value=False), "anna", HOUSE, NOW), Allowed)


@pytest.mark.parametrize(
    ("day", "hour", "minute", "quiet"),
    [
        (MONDAY, 21, 59, False),
        (MONDAY, 22, 0, True),
        (MONDAY, 23, 59, True),
        (MONDAY + 1, 0, 0, True),
        (MONDAY + 1, 6, 59, True),
        (MONDAY + 1, 7, 0, False),
        (MONDAY + 1, 12, 0, False),
    ],
)
def test_quiet_hours_run_over_midnight(day: int, hour: int, minute: int, quiet: bool) -> None:  # noqa: FBT001  a column
    hours = policy(quiet=(Quiet(time(22), time(7), Scope(kinds=("light",))),))
    verdict = hours.judge(LAMP_ON, "anna", HOUSE, at(day, hour, minute), confirmed=True)
    assert isinstance(verdict, Denied) == quiet
    assert isinstance(hours.judge(BLIND_40, "anna", HOUSE, at(day, hour, minute)), Allowed)


@pytest.mark.parametrize(
    ("hour", "until"), [(21, None), (22, time(7)), (3, time(7)), (6, time(8, 30)), (8, time(8, 30))]
)
def test_a_refusal_says_until_when_it_is_quiet(hour: int, until: time | None) -> None:
    hours = policy(quiet=(Quiet(time(22), time(7)), Quiet(time(6), time(8, 30))))
    verdict = hours.judge(LAMP_ON, "anna", HOUSE, at(MONDAY + 1, hour))
    assert (verdict.until if isinstance(verdict, Denied) else None) == until


def test_a_night_belongs_to_the_day_it_begins_on() -> None:
    hours = policy(quiet=(Quiet(time(22), time(7), days=("mon",)),))
    verdicts = [
        isinstance(hours.judge(LAMP_ON, "anna", HOUSE, at(*when)), Denied)
        for when in ((MONDAY, 6), (MONDAY, 23), (MONDAY + 1, 6), (MONDAY + 1, 23))
    ]
    assert verdicts == [False, True, True, False]


def test_hours_of_one_day_end_on_it() -> None:
    hours = policy(quiet=(Quiet(time(13), time(15)),))
    verdicts = [isinstance(hours.judge(LAMP_ON, "", HOUSE, at(MONDAY, h)), Denied) for h in (12, 13, 14, 15)]
    assert verdicts == [False, True, True, False]


def test_what_is_planned_meets_quiet_hours_and_rates_when_it_is_due() -> None:
    hours = policy(quiet=(Quiet(time(0), time(23, 59)),), rates=Rates(1))
    later = replace(LAMP_ON, after_s=60.0)
    assert hours.judge(later, "anna", HOUSE, NOW) == Allowed(later)
    assert isinstance(hours.judge(LAMP_ON, "anna", HOUSE, NOW), Denied)


@pytest.mark.parametrize("after_s", [-1.0, float("nan")])
def test_a_delay_that_is_none_is_no_way_around(after_s: float) -> None:
    hours = policy(quiet=(Quiet(time(0), time(23, 59)),))
    assert isinstance(hours.judge(replace(LAMP_ON, after_s=after_s), "anna", HOUSE, NOW), Denied)
    often = policy(rates=Rates(1))
    verdicts = [often.judge(replace(LAMP_ON, after_s=after_s), "anna", HOUSE, NOW) for _ in range(2)]
    assert isinstance(verdicts[1], Denied)


@pytest.mark.parametrize(
    ("sender", "do", "may"),
    [
        ("panel", LAMP_ON, True),
        ("panel", to("door", "state", "locked"), True),
        ("panel", UNLOCK, False),
        ("panel", BLIND_40, False),
        ("phone-anna", BLIND_40, True),
        ("guest", LAMP_ON, False),
        ("", LAMP_ON, False),
        ("panel2", LAMP_ON, False),
    ],
)
def test_a_client_does_what_it_may(sender: str, do: Do, may: bool) -> None:  # noqa: FBT001  a column
    clients = (
        Client("panel", (Scope(kinds=("light",)),)),
        Client("panel", (Scope(devices=("door",), values=("locked",)),)),
        Client("phone-*"),
    )
    verdict = policy(clients=clients).judge(do, sender, HOUSE, NOW, confirmed=True)
    assert isinstance(verdict, Allowed) == may
    assert may or isinstance(verdict, Denied)


def test_areas_and_what_is_pressed_have_patterns() -> None:
    of_the_study = policy(clients=(Client("*", (Scope(areas=("stu*",)),)),))
    assert isinstance(of_the_study.judge(LAMP_ON, "", HOUSE, NOW), Allowed)
    assert isinstance(of_the_study.judge(RING, "", HOUSE, NOW), Denied)
    nowhere = policy(clients=(Client("*", (Scope(areas=("",), values=("",)),)),))
    assert isinstance(nowhere.judge(RING, "", HOUSE, NOW), Allowed)


def test_a_device_is_moved_only_so_often() -> None:
    often = policy(rates=Rates(device_per_minute=3))
    verdicts = [isinstance(often.judge(LAMP_ON, "anna", HOUSE, NOW), Allowed) for _ in range(4)]
    assert verdicts == [True, True, True, False]
    assert isinstance(often.judge(BLIND_40, "anna", HOUSE, NOW), Allowed)
    later = replace(NOW, ticks=NOW.ticks + 20)
    assert [isinstance(often.judge(LAMP_ON, "x", HOUSE, later), Allowed) for _ in range(2)] == [True, False]


def test_a_house_can_be_shut_however_often_it_was_opened() -> None:
    often = policy(rates=Rates(device_per_minute=1))

    def done(action: Action) -> bool:
        return isinstance(often.judge(Do((action,)), "anna", HOUSE, NOW, confirmed=True), Allowed)

    unlock, lock = (Action("door", "state", each) for each in ("unlocked", "locked"))
    assert [done(unlock) for _ in range(2)] == [True, False]
    assert all(done(lock) for _ in range(5))
    assert [done(LAMP_ON.actions[0]) for _ in range(2)] == [True, False]
    assert [done(Action("lamp", "power", value=False)) for _ in range(2)] == [True, False], "counted apart"
    over = often.judge(Do((lock, unlock)), "anna", HOUSE, NOW, confirmed=True)
    assert isinstance(over, Denied)
    assert over.action == unlock


def test_a_dry_run_and_what_is_only_asked_about_use_nothing_up() -> None:
    often = policy(rates=Rates(device_per_minute=1))
    for _ in range(3):
        assert isinstance(often.judge(LAMP_ON, "anna", HOUSE, NOW, dry_run=True), Allowed)
        assert isinstance(often.judge(UNLOCK, "anna", HOUSE, NOW), Confirm)
    assert isinstance(often.judge(LAMP_ON, "anna", HOUSE, NOW), Allowed)
    assert isinstance(often.judge(UNLOCK, "anna", HOUSE, NOW, confirmed=True), Allowed)


def test_a_client_asks_only_so_often() -> None:
    often = policy(rates=Rates(client_per_minute=2))
    assert [often.counts(LAMP_ON, "anna", NOW) for _ in range(3)] == [True, True, False]
    assert often.counts(LAMP_ON, "bert", NOW)


@pytest.mark.parametrize(
    "meaning",
    [
        to("door", "state", "locked"),
        to("blind", "state", "closed"),
        to("blind", "state", "stopped"),
        to("lamp", "power", value=False),
        Tell("The lamp is on.", ("lamp",)),
        CancelPlanned(),
        Which("Which blind?", (Option("the blind", to("blind", "state", "closed")),)),
    ],
)
def test_who_asked_too_often_may_still_shut_stop_and_ask(meaning: Meaning) -> None:
    often = policy(rates=Rates(client_per_minute=1))
    assert often.counts(LAMP_ON, "anna", NOW)
    assert not often.counts(LAMP_ON, "anna", NOW)
    assert not often.counts(Cannot(Reason.NOT_UNDERSTOOD, "What?"), "anna", NOW)
    assert not often.counts(Do((*UNLOCK.actions, *to("door", "state", "locked").actions)), "anna", NOW)
    assert often.counts(meaning, "anna", NOW)


def test_a_flood_of_anything_is_not_even_understood() -> None:
    often = policy(rates=Rates(client_per_minute=20))
    assert [often.admits("anna", NOW) for _ in range(201)] == [*[True] * 200, False]
    assert often.admits("bert", NOW)
    assert all(policy().admits("anna", NOW) for _ in range(1000))


@pytest.mark.parametrize(
    ("sender", "device", "may"),
    [
        ("panel", "lamp", True),
        ("panel", "door", True),
        ("panel", "blind", False),
        ("phone-anna", "blind", True),
        ("guest", "lamp", False),
    ],
)
def test_a_client_asks_about_what_it_may_command(sender: str, device: str, may: bool) -> None:  # noqa: FBT001  a column
    clients = (
        Client("panel", (Scope(kinds=("light",)), Scope(devices=("door",), values=("locked",)))),
        Client("phone-*"),
    )
    rules = policy(clients=clients)
    assert rules.tells(sender, (device,), HOUSE) == may
    assert rules.knows(sender) == (sender != "guest")
    assert policy().tells(sender, (device,), HOUSE)
    assert not rules.tells(sender, ("lamp", "blind"), HOUSE) or sender == "phone-anna"


@given(st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 30)), max_size=60), st.integers(1, 20))
def test_no_minute_has_more_than_two_minutes_worth(asked: list[tuple[str, float]], size: int) -> None:
    buckets, now, given_at = Buckets(size), 0.0, []
    for name, pause in asked:
        now += pause
        if buckets.take((name,), now) is None and name == "a":
            given_at.append(now)
    for begin in given_at:
        assert sum(begin <= each < begin + 60 for each in given_at) <= 2 * size


def test_of_several_devices_none_is_charged_if_one_has_too_little() -> None:
    buckets = Buckets(1)
    assert buckets.take(("a",), 0.0) is None
    assert buckets.take(("a", "b"), 0.0) == "a"
    assert buckets.take(("b",), 0.0) is None


def test_a_full_bucket_is_enough_for_any_one_command_and_is_filled_up_before_the_next() -> None:
    buckets = Buckets(1)
    assert buckets.take(("lamp", "lamp"), 0.0) is None
    assert buckets.take(("lamp",), 119.0) == "lamp"
    assert buckets.take(("lamp",), 121.0) is None


def test_a_confirmation_is_for_one_thing_once_and_soon() -> None:
    asked = Confirmations(30.0)
    token = asked.ask("anna", "", UNLOCK, 0.0)
    assert asked.meant("bert", "", token, 1.0) is Missed.UNKNOWN
    assert asked.meant("anna", "kitchen", token, 1.0) is Missed.UNKNOWN
    assert asked.meant("anna", "", token, 29.9) == UNLOCK
    assert asked.meant("anna", "", token, 29.9) is Missed.UNKNOWN
    token = asked.ask("anna", "", UNLOCK, 0.0)
    assert asked.meant("anna", "", token, 30.0) is Missed.LATE
    token = asked.ask("anna", "", UNLOCK, 0.0)
    assert asked.meant("anna", "", "\ud800", 1.0) is Missed.UNKNOWN
    assert asked.meant("anna", "", token, 1.0) is Missed.UNKNOWN
    asked.ask("anna", "", UNLOCK, 0.0)
    assert asked.meant("anna", "", None, 1.0) == UNLOCK


def test_a_new_question_takes_the_old_one_s_place() -> None:
    asked = Confirmations(30.0)
    old = asked.ask("anna", "", UNLOCK, 0.0)
    new = asked.ask("anna", "", RING, 0.0)
    assert old != new
    assert asked.meant("anna", "", old, 1.0) is Missed.UNKNOWN
