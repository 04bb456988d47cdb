"""Who is heard of on which topic: subscriptions follow devices, whatever the order in which these come and go."""

from hypothesis import given
from hypothesis import strategies as st

from runtime.commands.registry.announce import announced
from runtime.commands.registry.wiring import Found
from runtime.mqtt.listening import Listening

_TOPICS = st.sampled_from(["a", "b", "c", "d"])


def device(name: str, state: str, there: str | None) -> Found:
    sign = f', "availability_topic": "{there}"' if there else ""
    payload = f'{{"kind": "light", "topic": "t", "state_topic": "{state}"{sign}}}'
    found = announced(f"ingle/devices/{name}", payload.encode(), 1000)
    assert found is not None
    return found


_DEVICES = st.builds(device, st.sampled_from("xyz"), _TOPICS, st.none() | _TOPICS)


@given(st.lists(st.one_of(_DEVICES, st.sampled_from("xyz"), st.just(None)), max_size=30))
def test_what_is_subscribed_to_is_what_somebody_listens_to(steps: list[Found | str | None]) -> None:
    listening = Listening()
    there: dict[str, Found] = {}
    subscribed: set[str] = set()
    for step in [*steps, None]:
        match step:
            case Found():
                listening.add(step)
                there[step.entry.device.id] = step
            case str():
                listening.remove(step)
                there.pop(step, None)
            case None:
                new, old = listening.changes()
                assert not new & old
                subscribed = subscribed - old | new
                assert subscribed == listening.topics
    assert listening.topics == {topic for found in there.values() for topic in found.topics}
    for topic in "abcd":
        assert {each.device for each in listening.at(topic)} == {
            k for k, v in there.items() if topic in v.topics
        }


def test_a_new_device_on_a_topic_that_is_known_asks_for_what_is_retained_there() -> None:
    listening = Listening()
    listening.add(device("x", "a", None))
    assert listening.changes() == (frozenset("a"), frozenset())
    listening.add(device("y", "a", None))
    assert listening.changes() == (frozenset("a"), frozenset())
    listening.remove("x")
    assert listening.changes() == (frozenset(), frozenset())


def test_a_topic_that_comes_and_goes_in_between_is_no_longer_wanted() -> None:
    listening = Listening()
    listening.add(device("x", "a", None))
    listening.remove("x")
    new, old = listening.changes()
    assert (new, old) == (frozenset(), frozenset("a")), "to stop what was never begun does no harm"
