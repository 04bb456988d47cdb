from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from runtime.commands.registry.house import State
from runtime.commands.shortlist.naming import Heard, Naming
from runtime.commands.shortlist.phrases import of_device, of_kind
from runtime.commands.shortlist.possible import Aim, possibles
from runtime.commands.shortlist.shortlist import Shortlists
from tests.support.commands_house import house

HOUSE = house()


class Counting:
    """An encoder that counts letters, and what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def answers(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """How often each letter is there."""
        self.asked += texts
        rows = [[text.casefold().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts]
        return np.array(rows, np.float32)


def test_everything_possible_is_in_its_domain_and_has_a_key_and_words_of_its_own() -> None:
    found = possibles(HOUSE)
    assert len({each.key for each in found}) == len(found)
    for each in found:
        assert each.capability.settable
        if each.aim is Aim.VALUE:
            assert each.capability.domain.check(each.value) is None
        assert of_kind(each)
        assert of_device(each, HOUSE)
        assert not any("{" in text for text in (*of_kind(each), *of_device(each, HOUSE)))


def test_what_is_near_in_meaning_is_first() -> None:
    shortlist = Shortlists(Counting()).of(HOUSE)
    assert shortlist.space is not None
    for place in (0, 7, len(shortlist.possible) - 1):
        (text, *_) = of_device(shortlist.possible[place], HOUSE)
        likeness = shortlist.space.likeness(text)
        assert likeness.own[place] == likeness.own.max()


def test_states_cost_nothing_and_a_new_device_only_its_own_words() -> None:
    encoder = Counting()
    shortlists = Shortlists(encoder)
    first = shortlists.of(HOUSE)
    asked = len(encoder.asked)
    device = next(iter(HOUSE.devices.values()))
    assert shortlists.of(replace(HOUSE, states={(device.id, "power"): State(value=True, at=1.0)})) is first
    new = replace(device, id="new", names=(replace(device.names[0], text="Aquarium"),))
    second = shortlists.of(replace(HOUSE, devices={**HOUSE.devices, "new": new}, version=HOUSE.version + 1))
    assert {each.key for each in first.possible} < {each.key for each in second.possible}
    assert all("aquarium" in text for text in encoder.asked[asked:])


def test_names_are_told_apart_by_what_only_one_has() -> None:
    naming = Naming(HOUSE)
    named = naming.named(Heard.of("switch the kitchen light on"))
    best = max(named, key=lambda device: named[device].name)
    assert best == "kitchen.light"
    assert named[best].exact


@given(st.text(max_size=200))
def test_any_text_can_be_heard(text: str) -> None:
    naming = Naming(HOUSE)
    for each in naming.named(Heard.of(text)).values():
        assert 0 <= each.name <= 1
        assert 0 <= each.kind <= 1
