"""What counts as a device saying that it is so."""

import pytest

from runtime.commands.dispatch.heard import Heard
from runtime.commands.meaning import Action
from runtime.commands.registry.devices import Value
from tests.support.desk import BLIND_40, LAMP_ON, RING, RegistrySimulator

DIM = Action("lamp", "brightness", 40)


@pytest.mark.parametrize(
    ("said", "so"),
    [(40, True), (40.0, True), (42.4, True), (37.5, True), (43, False), ("40", False), (None, False)],
)
async def test_a_number_is_so_within_half_a_step(said: Value, *, so: bool) -> None:
    registry = RegistrySimulator()
    with Heard(registry).expect([DIM]) as expectation:
        registry.say("lamp", "brightness", said)
        assert await expectation.met(0.02) is so


async def test_all_have_to_say_so() -> None:
    registry = RegistrySimulator()
    heard = Heard(registry)
    with heard.expect([DIM, *LAMP_ON.actions]) as expectation:
        registry.say("lamp", "brightness", 40)
        registry.say("lamp", "power", value=False)
        assert await expectation.met(0.02) is False
        registry.say("lamp", "power", value=True)
        assert await expectation.met(0.02) is True
    heard.stop()


async def test_who_does_not_tell_is_not_waited_for() -> None:
    registry = RegistrySimulator()
    for actions in ([*BLIND_40.actions], [*RING.actions], [Action("ghost", "power", value=True)]):
        with Heard(registry).expect(actions) as expectation:
            assert await expectation.met(60.0) is None


async def test_it_is_so_only_if_all_can_tell() -> None:
    registry = RegistrySimulator()
    with Heard(registry).expect([DIM, *BLIND_40.actions]) as expectation:
        assert await expectation.met(0.02) is False, "the lamp could, and does not"
        registry.say("lamp", "brightness", 40)
        assert await expectation.met(0.02) is None


async def test_who_is_there_already_may_say_so_again_or_not() -> None:
    registry = RegistrySimulator()
    registry.say("lamp", "brightness", 40)
    with Heard(registry).expect([DIM]) as expectation:
        assert await expectation.met(0.02) is None
        registry.say("lamp", "brightness", 40)
        assert await expectation.met(0.02) is True
    with Heard(registry).expect([DIM, *LAMP_ON.actions]) as expectation:
        assert await expectation.met(0.02) is False, "the other half was to change"
        registry.say("lamp", "power", value=True)
        assert await expectation.met(0.02) is None


async def test_of_two_values_for_one_thing_the_last_is_waited_for() -> None:
    registry = RegistrySimulator()
    with Heard(registry).expect([DIM, Action("lamp", "brightness", 80)]) as expectation:
        registry.say("lamp", "brightness", 40)
        assert await expectation.met(0.02) is False
        registry.say("lamp", "brightness", 80)
        assert await expectation.met(0.02) is True


async def test_nothing_is_kept_of_who_went() -> None:
    registry = RegistrySimulator()
    heard = Heard(registry)
    with heard.expect([DIM]):
        assert heard._waiting
    assert not heard._waiting
