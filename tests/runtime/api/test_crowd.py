from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from runtime.api.crowd import Crowd, is_this_machine


@dataclass(eq=False)
class Somebody:
    address: str
    idle: bool = True
    left: list[str] = field(default_factory=list)

    def leave(self) -> None:
        self.left.append(self.address)


def test_silence_gives_way_and_work_does_not() -> None:
    crowd = Crowd(2, 0)
    silent, busy, new = Somebody("10.0.0.1"), Somebody("10.0.0.2", idle=False), Somebody("10.0.0.3")
    assert [crowd.admit(each) for each in (silent, busy, new)] == [True, True, True]
    assert (silent.left, busy.left) == (["10.0.0.1"], [])
    new.idle = False
    assert not crowd.admit(Somebody("10.0.0.4"))
    assert (len(crowd), crowd.displaced, crowd.refused) == (2, 1, 1)


def test_who_has_most_places_gives_up_its_oldest() -> None:
    crowd = Crowd(4, 0)
    few = Somebody("10.0.0.1")
    many = [Somebody("10.0.0.2") for _ in range(3)]
    for each in (few, *many):
        crowd.admit(each)
    assert crowd.admit(Somebody("10.0.0.3"))
    assert [bool(each.left) for each in (few, *many)] == [False, True, False, False]


def test_one_address_gives_way_to_itself_alone_and_this_machine_to_nobody() -> None:
    crowd = Crowd(0, 2)
    other = Somebody("10.0.0.1")
    crowd.admit(other)
    greedy = [Somebody("10.0.0.2", idle=False) for _ in range(3)]
    assert [crowd.admit(each) for each in greedy] == [True, True, False]
    greedy[1].idle = True
    assert crowd.admit(greedy[2])
    assert greedy[1].left
    assert not other.left
    assert all(crowd.admit(Somebody("127.0.0.1", idle=False)) for _ in range(10))


def test_what_is_closed_is_forgotten_once() -> None:
    crowd = Crowd(1, 1)
    for _ in range(3):
        somebody = Somebody("10.0.0.1", idle=False)
        assert crowd.admit(somebody)
        crowd.gone(somebody)
        crowd.gone(somebody)
    assert len(crowd) == 0


def test_loopback_has_many_names() -> None:
    assert all(map(is_this_machine, ("127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1")))
    assert not any(map(is_this_machine, ("", "192.168.1.2", "fe80::1", "::ffff:10.0.0.1", "unix")))


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from(["come", "work", "rest", "go"])), max_size=60)
)
def test_there_are_never_more_than_there_may_be(steps: list[tuple[str, str]]) -> None:
    crowd = Crowd(5, 3)
    there: dict[str, list[Somebody]] = {"a": [], "b": [], "c": []}
    for address, step in steps:
        mine = there[address] = [each for each in there[address] if not each.left]
        if step == "come":
            new = Somebody(address)
            if crowd.admit(new):
                mine.append(new)
        elif mine and step == "go":
            crowd.gone(mine.pop(0))
        elif mine:
            mine[-1].idle = step == "rest"
        inside = [each for group in there.values() for each in group if not each.left]
        assert len(crowd) == len(inside) <= 5
        assert all(sum(each.address == name for each in inside) <= 3 for name in there)
