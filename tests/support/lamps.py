"""A house of lamps and a desk that understands `set lamp 3 to 40`: enough for what is about how orders come and go.

Keeps the desk's promises but in memory: an order is known by its sender, session and id, and is done once.
"""

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace

from runtime.commands.meaning import Action, Reason, Route
from runtime.commands.order import Order, Outbox, Result, Status
from runtime.commands.registry.binding import Channel, Outgoing
from runtime.commands.registry.devices import Area, Capability, Device, Kind, Name, Press, Range, Switch
from runtime.commands.registry.house import House
from runtime.errors import BusyError, CallerError, DeviceError
from runtime.mqtt.link import AwayError, Link, Publication

LAMPS = 8


def house() -> House:
    """A kitchen with some lamps and a bell."""
    power = Capability("power", Switch())
    light = Capability("brightness", Range(0, 100, unit="%"))
    lamps = [
        Device(
            f"lamp{n}", (Name(f"lamp {n}"), Name(f"燈{n}", "zh-TW")), Kind.LIGHT, (power, light), "kitchen"
        )
        for n in range(LAMPS)
    ]
    bell = Device("bell", (Name("bell"),), Kind.BUTTON, (Capability("activate", Press()),), "kitchen")
    return House(
        areas={"kitchen": Area("kitchen", (Name("Kitchen"), Name("廚房", "zh-TW")))},
        devices={each.id: each for each in (*lamps, bell)},
        version=1,
    )


def outgoing(action: Action) -> tuple[Outgoing, ...]:
    """A device takes its commands on a topic of its own."""
    if action.device not in house().devices:
        raise DeviceError(f"there is no {action.device} here")
    payload = str(action.value).encode()
    return (Outgoing("mqtt", f"devices/{action.device}/{action.capability}/set", payload),)


class LampDesk:
    """Takes orders, sends what they mean, and tells what came of it."""

    def __init__(self, channels: Mapping[str, Channel], outboxes: Mapping[str, Outbox]) -> None:
        self.orders: list[Order] = []
        self.full = False
        """The disk is."""
        self.writing = asyncio.Event()
        """While it is not set, nothing is on disk."""
        self.writing.set()
        self._channels = channels
        self.outboxes = dict(outboxes)
        self._known: dict[tuple[str, str, str], tuple[Order, Result | None]] = {}
        self._waiting: asyncio.Queue[Order] = asyncio.Queue()

    async def take(self, order: Order) -> None:
        if self.full:
            raise BusyError("the disk is full; send it again later")
        await self.writing.wait()
        order = self._as_it_came_first(order)
        name = order.sender, order.session, order.id
        known, result = self._known.get(name, (order, None))
        if (known.text, known.action) != (order.text, order.action):
            raise CallerError(f"the id {order.id!r} was used for another command", param="id")
        if name not in self._known:
            self._known[name] = order, None
            self.orders.append(order)
            self._waiting.put_nowait(order)
        elif result is not None:
            await self._answer(order, result)

    async def run(self, stop: asyncio.Event) -> None:
        """Work until told to stop."""
        stopping = asyncio.ensure_future(stop.wait())
        while not stop.is_set():
            taking = asyncio.ensure_future(self._waiting.get())
            await asyncio.wait({stopping, taking}, return_when=asyncio.FIRST_COMPLETED)
            if not taking.done():
                taking.cancel()
                return
            order = taking.result()
            result = await self._do(order)
            self._known[order.sender, order.session, order.id] = order, result
            await self._answer(order, result)

    def _as_it_came_first(self, order: Order) -> Order:
        if not order.again:
            return order
        family = order.id.rpartition(".")[0]
        names = [name for name in self._known if name[2].rpartition(".")[0] == family]
        return replace(order, id=names[-1][2]) if names else order

    async def _do(self, order: Order) -> Result:
        action = order.action or _understood(order.text or "")
        if action is None:
            text = "I did not understand that."
            return Result(order.id, Status.REFUSED, text, reason=Reason.NOT_UNDERSTOOD)
        if order.dry_run:
            return Result(order.id, Status.WOULD, f"I would do {action}.", (action,), route=Route.RULES)
        for each in outgoing(action):
            await self._channels[each.channel].send(each)
        return Result(order.id, Status.SENT, f"{action} is sent.", (action,), route=Route.RULES, confidence=1)

    async def _answer(self, order: Order, result: Result) -> None:
        if order.reply is not None:
            await self.outboxes[order.reply.channel].deliver(order.reply, result)


def _understood(text: str) -> Action | None:
    if found := re.fullmatch(r"set lamp (\d) to (\d+)", text.strip()):
        return Action(f"lamp{found[1]}", "brightness", float(found[2]))
    if found := re.fullmatch(r"(?:turn on the kitchen light|打開廚房的燈)", text.strip()):
        return Action("lamp0", "power", True)
    return Action("bell", "activate", None) if text.strip() == "ring the bell" else None


class LinkChannel:
    """A channel over a link: devices at a broker."""

    def __init__(self, link: Link) -> None:
        self._link = link

    async def send(self, outgoing: Outgoing) -> None:
        try:
            await self._link.publish(Publication(outgoing.address, outgoing.payload, outgoing.retain))
        except AwayError as exc:
            raise DeviceError(str(exc)) from exc
