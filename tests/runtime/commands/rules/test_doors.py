"""Doors that only lock are opened by unlocking them; those that move are moved."""

from dataclasses import replace

import pytest

from runtime.commands.registry.devices import Device, Kind, Name
from tests.runtime.commands.rules.conftest import Understand
from tests.support.commands_house import COVER, LOCK, house
from tests.support.said import short


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("open the front door", "hall.lock.state=unlocked"),
        ("close the front door", "hall.lock.state=locked"),
        ("shut the front door", "hall.lock.state=locked"),
        ("打開大門", "hall.lock.state=unlocked"),
        ("關上大門", "hall.lock.state=locked"),
        ("unlock all the doors", "hall.lock.state=unlocked"),
        ("解鎖所有的門", "hall.lock.state=unlocked"),
        ("open the garage door", "garage.door.state=open"),
        ("close the garage door", "garage.door.state=closed"),
    ],
)
async def test_open_and_close(understand: Understand, text: str, meant: str) -> None:
    assert short(await understand(text)) == meant


@pytest.mark.parametrize("lock_first", [True, False])
async def test_of_a_gate_that_both_moves_and_locks_it_is_the_one_that_moves(
    understand: Understand, *, lock_first: bool
) -> None:
    both = [
        Device("gate.lock", (Name("Orchard gate"),), Kind.LOCK, (LOCK,)),
        Device("gate", (Name("Orchard gate"),), Kind.COVER, (COVER,), None, "gate"),
    ]
    rooms = house(version=3 if lock_first else 4)
    order = both if lock_first else both[::-1]
    within = replace(rooms, devices={**rooms.devices, **{each.id: each for each in order}})
    assert short(await understand("open the orchard gate", within=within)) == "gate.state=open"
    assert short(await understand("close the orchard gate", within=within)) == "gate.state=closed"
    assert short(await understand("unlock the orchard gate", within=within)) == "gate.lock.state=unlocked"
