"""What a channel's failures make of an order's messages."""

import asyncio
import logging
from dataclasses import replace

import pytest

from runtime.commands.clock import SystemClock
from runtime.commands.dispatch.dispatch import Dispatch, Outcome, UnreachableError
from runtime.commands.journal.record import Sending
from runtime.commands.meaning import Action, Reason
from runtime.commands.registry.binding import Outgoing
from runtime.errors import DeviceError, DeviceRefusedError
from tests.support.clocks import SimulatedClock
from tests.support.desk import BLIND_40, LAMP_ON, ChannelSimulator, RegistrySimulator

ON, BLIND = LAMP_ON.actions[0], BLIND_40.actions[0]
DIM = Action("lamp", "brightness", 40)


def dispatch(channel: ChannelSimulator, send_s: float = 5.0) -> Dispatch:
    return Dispatch(RegistrySimulator(), {"mqtt": channel}, SystemClock(), send_s=send_s)


def sending(action: Action, *addresses: str) -> Sending:
    return Sending(action, tuple(Outgoing("mqtt", each, b"") for each in addresses))


async def test_messages_of_one_device_go_in_their_order() -> None:
    channel = ChannelSimulator()
    outcome = await dispatch(channel).send([sending(ON, "a", "b"), sending(DIM, "c")], 0.0)
    assert outcome == Outcome((ON, DIM))
    assert [each.address for each in channel.sent] == ["a", "b", "c"]


async def test_after_what_was_not_sent_nothing_more_goes_to_that_device() -> None:
    channel = ChannelSimulator(away={"a"})
    outcome = await dispatch(channel).send([sending(ON, "a"), sending(DIM, "b"), sending(BLIND, "c")], 0.0)
    assert outcome.sent == (BLIND,)
    assert [action for action, _ in outcome.missed] == [ON, DIM]
    assert [each.address for each in channel.sent] == ["c"]


async def test_half_of_an_action_s_messages_is_uncertain() -> None:
    outcome = await dispatch(ChannelSimulator(away={"b"})).send(
        [sending(ON, "a", "b"), sending(DIM, "c")], 0.0
    )
    assert (outcome.uncertain, [action for action, _ in outcome.missed]) == ((ON,), [DIM])


async def test_no_acknowledgement_is_uncertain() -> None:
    channel = ChannelSimulator(gate=asyncio.Event())
    outcome = await dispatch(channel, send_s=0.02).send([sending(ON, "a")], 0.0)
    assert outcome.uncertain == (ON,)


async def test_a_channel_s_fault_is_uncertain_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_: Outgoing) -> None:
        raise KeyError("a bug")

    with caplog.at_level(logging.ERROR):
        outcome = await dispatch(ChannelSimulator(after=fail)).send([sending(ON, "a")], 0.0)
    assert outcome.uncertain == (ON,)
    assert "a bug" in caplog.text


async def test_a_channel_that_is_not_here_is_told() -> None:
    lost = Sending(ON, (Outgoing("pigeon", "a", b""),))
    outcome = await dispatch(ChannelSimulator()).send([lost], 0.0)
    assert "pigeon" in outcome.missed[0][1]


async def test_it_is_tried_again_for_a_while_and_not_after() -> None:
    clock, channel = SimulatedClock(), ChannelSimulator(away={"a"})
    sender = Dispatch(RegistrySimulator(), {"mqtt": channel}, clock, send_s=5.0)
    work = asyncio.create_task(sender.send([sending(ON, "a")], 2.0))
    for _ in range(3):
        await asyncio.sleep(0)
        clock.pass_by(0.5)
    channel.away.clear()
    clock.pass_by(3600.0)  # the machine slept
    outcome = await asyncio.wait_for(work, 1)
    assert (outcome.sent, channel.sent) == ((), [])


def test_a_device_that_is_gone_or_fails_is_named() -> None:
    class Failing(RegistrySimulator):
        def outgoing(self, action: Action) -> tuple[Outgoing, ...]:  # noqa: ARG002  whatever it is
            raise DeviceError("its template fails")

    sender = Dispatch(Failing(), {}, SystemClock(), send_s=1.0)
    with pytest.raises(UnreachableError, match="its template fails") as caught:
        sender.prepare([ON])
    assert caught.value.reason is Reason.AWAY
    with pytest.raises(UnreachableError) as caught:
        sender.prepare([Action("ghost", "power", value=True)])
    assert (caught.value.reason, caught.value.device) == (Reason.NO_SUCH_DEVICE, "ghost")


def test_one_that_is_away_does_not_keep_others_from_doing_the_same() -> None:
    registry = RegistrySimulator()
    away, other = Action("blind", "position", 0), Action("lamp", "power", value=False)
    registry.house = replace(registry.house, away=frozenset({"blind"}))
    sender = Dispatch(registry, {}, SystemClock(), send_s=1.0)
    same = replace(other, device="blind")
    prepared = sender.prepare([other, same])
    assert [each.action for each in prepared.sendings] == [other]
    assert [action for action, _ in prepared.missed] == [same]
    with pytest.raises(UnreachableError):
        sender.prepare([other, away])  # that is something else: whole, or not at all


async def test_what_a_device_refuses_is_asked_of_it_once() -> None:
    asked = []

    def refuse(outgoing: Outgoing) -> None:
        asked.append(outgoing)
        raise DeviceRefusedError("the valve is stuck")

    outcome = await dispatch(ChannelSimulator(after=refuse)).send([sending(ON, "a")], 5.0)
    assert [why for _, why in outcome.missed] == ["the valve is stuck"]
    assert len(asked) == 1
