"""Acknowledgements in the order of arrival, whatever the order of finishing."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from runtime.mqtt.acks import Acks
from runtime.mqtt.link import Delivery


def delivery(packet: int, epoch: int = 1, qos: int = 1) -> Delivery:
    return Delivery(epoch, packet, qos, "a/b", b"")


def test_what_is_finished_early_waits_for_its_turn() -> None:
    acks = Acks()
    first, second, third = map(delivery, (7, 3, 5))
    for each in (first, second, third):
        acks.arrived(each)
    assert acks.finished(third) == ()
    assert acks.finished(first) == (first,)
    assert acks.finished(second) == (second, third)


def test_what_came_on_a_connection_that_is_gone_is_not_acknowledged_and_holds_nobody_up() -> None:
    acks = Acks()
    lost, again = delivery(1), delivery(1, epoch=2)
    acks.arrived(lost)
    acks.arrived(again)
    assert acks.finished(lost) == ()
    assert acks.finished(again) == (again,)
    assert acks.finished(again) == ()


def test_what_needs_no_acknowledgement_holds_nobody_up() -> None:
    acks = Acks()
    free, other = delivery(0, qos=0), delivery(1)
    acks.arrived(free)
    acks.arrived(other)
    assert acks.finished(other) == (other,)
    assert acks.finished(free) == ()


def test_one_that_takes_long_keeps_only_so_many_waiting() -> None:
    acks = Acks(waiting=2)
    slow, *quick = map(delivery, range(1, 6))
    for each in (slow, *quick):
        acks.arrived(each)
    assert [acks.finished(each) for each in quick[:2]] == [(), ()]
    assert acks.finished(quick[2]) == tuple(quick[:3])
    assert acks.finished(slow) == (slow,)
    assert acks.finished(quick[3]) == (quick[3],)


@given(st.permutations(range(1, 12)), st.integers(0, 11) | st.none(), st.data())
def test_each_is_acknowledged_once_in_order_and_never_more_wait_than_may(
    order: list[int], waiting: int | None, data: st.DataObject
) -> None:
    """Arrivals and endings interleaved at random, over two connections."""
    acks = Acks(waiting)
    for epoch in (1, 2):
        to_come = [delivery(packet, epoch) for packet in range(1, 12)]
        to_finish = [replace(to_come[packet - 1]) for packet in order]  # equal, yet not the same
        arrived: list[Delivery] = []
        done: list[Delivery] = []
        acknowledged: list[Delivery] = []
        while to_finish:
            ready = [each for each in to_finish if each in arrived]
            if to_come and (not ready or data.draw(st.booleans())):
                arrived.append(to_come.pop(0))
                acks.arrived(arrived[-1])
                continue
            finished = arrived[arrived.index(ready[0])]
            to_finish.remove(finished)
            done.append(finished)
            now = acks.finished(finished)
            assert list(now) == sorted(now, key=lambda each: each.packet)
            acknowledged += now
            assert set(acknowledged) <= set(done)
            held = [each for each in done if each not in acknowledged]
            if waiting is None:
                assert acknowledged == arrived[: len(acknowledged)]
            else:
                assert len(held) <= waiting
            assert not held or any(each not in done for each in arrived[: arrived.index(held[0])])
        assert len(acknowledged) == len(set(acknowledged)) == 11
