"""Whose turn it is: nobody overtakes, nobody waits for ever."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.dispatch.lanes import Lanes, Ticket

needs = st.lists(st.lists(st.sampled_from("abcd"), max_size=3), max_size=12)


def may_go(ticket: Ticket) -> bool:
    return ticket.behind == 0


@given(needs, st.randoms(use_true_random=False))
def test_of_two_who_need_the_same_the_first_goes_first(wanted: list[list[str]], dice: object) -> None:
    lanes = Lanes()
    waiting = [(n, set(devices), lanes.enter(devices)) for n, devices in enumerate(wanted)]
    while waiting:
        ready = [each for each in waiting if may_go(each[2])]
        assert ready, "everybody waits for somebody"
        number, devices, ticket = dice.choice(ready)  # type: ignore[attr-defined]
        assert not any(other < number and devices & theirs for other, theirs, _ in waiting)
        ticket.leave()
        ticket.leave()
        waiting = [each for each in waiting if each[0] != number]


async def test_who_waits_is_woken_and_who_gives_up_is_passed() -> None:
    lanes = Lanes()
    first, second, third = (lanes.enter(["lamp"]) for _ in range(3))
    await first.turn()
    with second:
        pass
    waiting = asyncio.create_task(third.turn())
    await asyncio.sleep(0)
    assert not waiting.done()
    first.leave()
    await asyncio.wait_for(waiting, 1)


async def test_who_needs_nothing_goes_at_once() -> None:
    await asyncio.wait_for(Lanes().enter(()).turn(), 1)
