"""What is under way counts as done for whoever speaks next."""

from runtime.commands.dispatch.under_way import UnderWay
from runtime.commands.registry.house import House, State
from tests.support.desk import DEVICES, LAMP_OFF, LAMP_ON, RING

HOUSE = House(
    devices=DEVICES, states={("lamp", "power"): State(False, 1.0), ("blind", "position"): State(4, 1.0)}
)


def test_the_last_of_what_is_under_way_counts_until_it_is_known() -> None:
    under_way = UnderWay()
    assert under_way.over(HOUSE, 5.0) is HOUSE
    for each in (LAMP_OFF, LAMP_ON, RING):
        under_way.begin(each.actions)
    seen = under_way.over(HOUSE, 5.0)
    assert seen.states["lamp", "power"] == State(True, 5.0)
    assert seen.value("blind", "position") == 4
    assert ("bell", "activate") not in seen.states
    under_way.end(LAMP_ON.actions)
    assert under_way.over(HOUSE, 5.0).value("lamp", "power") is False
    under_way.end(LAMP_OFF.actions)
    under_way.end(RING.actions)
    assert under_way.over(HOUSE, 5.0) is HOUSE
