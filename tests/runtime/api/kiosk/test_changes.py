"""Who applies the changes knows the house, whichever houses were between."""

import json
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from runtime.api.kiosk.changes import changes
from runtime.commands.registry.devices import Value
from runtime.commands.registry.house import House, State
from tests.support import commands_house

DEVICES = sorted(commands_house.house().devices)
STATES = sorted(commands_house.STATES)
VALUES: st.SearchStrategy[Value] = st.sampled_from([True, False, 0.0, 40.0, "open"])


class Page:
    """What somebody knows who was told."""

    def __init__(self) -> None:
        self.devices: list[str] = []
        self.states: dict[tuple[str, str], Any] = {}
        self.away: set[str] = set()

    def take(self, said: dict[str, Any]) -> None:
        match said["type"]:
            case "house":
                self.devices = [each["id"] for each in said["devices"]]
                self.states, self.away = {}, set()
            case "states":
                for device, values in said["states"].items():
                    self.states |= {(device, capability): value for capability, value in values.items()}
            case "away":
                for device, away in said["away"].items():
                    (self.away.add if away else self.away.discard)(device)


@st.composite
def houses(draw: st.DrawFn) -> House:
    states = draw(st.dictionaries(st.sampled_from(STATES), VALUES, max_size=6))
    away = draw(st.frozensets(st.sampled_from(DEVICES), max_size=3))
    house = commands_house.house(states, version=draw(st.integers(1, 2)))
    return replace(house, away=away)


@given(st.lists(houses(), min_size=1, max_size=5))
def test_the_changes_lead_from_any_house_to_any_other(several: list[House]) -> None:
    page = Page()
    before: House | None = None
    for now in several:
        for said in changes(before, now):
            page.take(json.loads(json.dumps(said)))
        before = now
        known = {key: value for key, value in page.states.items() if value is not None}
        assert known == {key: state.value for key, state in now.states.items()}
        assert page.away == now.away
        assert page.devices == list(now.devices)


def test_nothing_is_said_of_what_stays() -> None:
    house = commands_house.house()
    assert list(changes(house, house)) == []
    one = replace(house, states={**house.states, ("hall.light", "power"): State(value=True, at=1.0)})
    assert list(changes(house, one)) == [{"type": "states", "states": {"hall.light": {"power": True}}}]
