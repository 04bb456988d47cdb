"""What one sender is shown of the house."""

from dataclasses import replace

import pytest

from runtime.commands.policy.policy import Policy
from runtime.commands.policy.scope import Scope
from runtime.commands.policy.seen import Seen
from runtime.commands.policy.settings import Client, PolicySettings
from tests.support.commands_house import house

HALL = Client("tablet", (Scope(areas=("hall",)),))


@pytest.mark.parametrize(
    ("clients", "sender", "areas"),
    [
        ((), "http", {each.area for each in house().devices.values()}),
        ((HALL,), "tablet", {"hall"}),
        ((HALL,), "http", set()),
    ],
)
def test_a_sender_is_shown_what_it_may_ask_about(
    clients: tuple[Client, ...], sender: str, areas: set[str | None]
) -> None:
    whole = replace(house(), away=frozenset({"hall.light", "kitchen.light"}))
    seen = Seen(Policy(PolicySettings(clients=clients)), sender, lambda: whole)
    assert {each.area for each in seen().devices.values()} == areas
    assert {device for device, _ in seen().states} <= seen().devices.keys()
    assert seen().away == whole.away & seen().devices.keys()
    assert seen() is seen()
