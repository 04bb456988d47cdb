"""What is written to the journal is what is read from it."""

from types import NoneType
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.journal import codec
from runtime.commands.journal.record import Sending
from runtime.commands.meaning import Action, Candidate
from runtime.commands.order import Order, ReplyTo, Result
from runtime.commands.registry.binding import Outgoing
from runtime.commands.registry.devices import Value

texts = st.text(st.characters(), max_size=20)
"""Halves of characters among them: strict JSON lets an escape spell one."""
values = st.one_of(st.booleans(), st.floats(allow_nan=False), texts, st.none())
actions = st.builds(Action, texts, texts, values)
outgoing = st.builds(Outgoing, texts, texts, st.binary(max_size=20))
sendings = st.builds(Sending, actions, st.lists(outgoing, max_size=3).map(tuple))
replies = st.builds(ReplyTo, texts, texts, st.none() | st.binary(max_size=20))
numbers = st.floats(allow_nan=False)
orders = st.builds(
    Order,
    id=texts,
    sender=texts,
    text=st.none() | texts,
    action=st.none() | actions,
    reply=st.none() | replies,
    received_at=numbers,
    expires_at=numbers,
    language=st.none() | texts,
    area=st.none() | texts,
)
candidates = st.builds(Candidate, texts, numbers, st.none() | actions)
results = st.builds(
    Result,
    order=texts,
    text=texts,
    actions=st.lists(actions, max_size=3).map(tuple),
    candidates=st.lists(candidates, max_size=3).map(tuple),
    ms=st.dictionaries(texts, numbers, max_size=3),
    options=st.lists(texts, max_size=3).map(tuple),
    token=st.none() | texts,
    due_at=st.none() | numbers,
)


@given(orders)
def test_an_order_comes_back_as_it_was(order: Order) -> None:
    written = codec.dumps(order)
    assert codec.loads(Order, written) == order
    assert written.isascii()


@given(results)
def test_a_result_comes_back_as_it_was(result: Result) -> None:
    assert codec.loads(Result, codec.dumps(result)) == result


@given(st.lists(sendings, max_size=3).map(tuple))
def test_messages_come_back_as_they_were(sent: tuple[Sending, ...]) -> None:
    assert codec.loads_all(Sending, codec.dumps(sent)) == sent


def test_a_truth_does_not_come_back_as_a_number() -> None:
    for value in (True, 1, 1.0, "1", None):
        again = codec.loads(Action, codec.dumps(Action("lamp", "power", value))).value
        assert type(again) is type(value)


def test_what_an_older_version_did_not_write_has_its_default() -> None:
    row = '{"id":"1","sender":"","text":"on","action":null,"reply":null,"received_at":1.0,"expires_at":2.0}'
    assert codec.loads(Order, row) == Order("1", "", "on", None, None, 1.0, 2.0)


def test_all_kinds_of_values_are_tried() -> None:
    assert set(get_args(Value)) == {bool, float, str, NoneType}
