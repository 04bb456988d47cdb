"""An appliance without a model, as a process of its own that can be killed: real connections, journal and desk.

    python -m tests.support.node HOST PORT FOLDER NODE [GROUP]

It understands `set lamp 3 to 1234` and `ring bell 17`. Each lamp takes any number, so that a number tells a command.
"""

import asyncio
import re
import signal
import sys
from pathlib import Path
from typing import Literal

from runtime.commands.desk import Desk, DeskSettings
from runtime.commands.journal.journal import Journal
from runtime.commands.meaning import Action, Cannot, Do, Interpretation, Meaning, Reason, Route
from runtime.commands.policy.policy import Policy
from runtime.commands.policy.settings import PolicySettings, Rates
from runtime.commands.registry.binding import Entry, Outgoing
from runtime.commands.registry.devices import Capability, Device, Kind, Name, Press, Range
from runtime.commands.registry.house import House
from runtime.commands.registry.live import Registry
from runtime.commands.sentence import NOTHING_SAID, Memory, Sentence
from runtime.commands.sessions import Sessions
from runtime.config import Broker
from runtime.limits import Limits
from runtime.mqtt.client import PahoLink
from runtime.mqtt.commands import CommandService
from runtime.mqtt.devices import SESSION, DeviceFeed
from runtime.mqtt.group import Grace, Group, GroupService
from runtime.mqtt.link import Endpoint, Link, Patience, Publication, Session
from runtime.mqtt.messages import status
from runtime.mqtt.orders import CHANNEL, Reader
from runtime.mqtt.replies import Replies
from runtime.mqtt.topics import Topics, client_id

LAMPS, BELLS = 8, 1000
SOON = Patience(greeting=2, first_retry=(1, 1), longest_retry=(1, 1), keepalive=4)
LIMITS = Limits()
ONLINE_OFFLINE: tuple[Literal["online", "offline"], ...] = ("online", "offline")


class Bound:
    """Implements `Binding`: each capability has a topic, and the value is the payload."""

    def outgoing(self, action: Action, house: House) -> tuple[Outgoing, ...]:  # noqa: ARG002  it says all
        payload = "" if action.value is None else f"{action.value:.0f}"
        return (Outgoing("mqtt", f"devices/{action.device}/set", payload.encode()),)


class Numbered:
    """Implements the desk's `Interpreter`."""

    async def interpret(
        self,
        sentence: Sentence,
        house: House,  # noqa: ARG002  what is meant does not hang on it
        memory: Memory,  # noqa: ARG002  nor on what was said before
        *,
        answer: bool = False,  # noqa: ARG002  and nobody chats
    ) -> tuple[Interpretation, Memory]:
        meaning: Meaning = Cannot(Reason.NOT_UNDERSTOOD, "I did not understand that.")
        if found := re.fullmatch(r"set lamp (\d) to (\d+)", sentence.text):
            meaning = Do((Action(f"lamp{found[1]}", "level", float(found[2])),))
        elif found := re.fullmatch(r"ring bell (\d+)", sentence.text):
            meaning = Do((Action(f"bell{found[1]}", "activate", None),))
        return Interpretation(meaning, Route.RULES, 1.0), NOTHING_SAID


def registry() -> Registry:
    """Lamps that can be set again and again, and bells that had better not ring twice."""
    found = Registry(LAMPS + BELLS)
    level = Capability("level", Range(0, 1e12), readable=False)
    press = Capability("activate", Press(), readable=False)
    for number in range(LAMPS):
        found.put(
            "test", Entry(Device(f"lamp{number}", (Name(f"lamp {number}"),), Kind.LIGHT, (level,)), Bound())
        )
    for number in range(BELLS):
        found.put(
            "test", Entry(Device(f"bell{number}", (Name(f"bell {number}"),), Kind.BUTTON, (press,)), Bound())
        )
    return found


async def serve(endpoint: Endpoint, folder: Path, node: str, group: str | None = None) -> None:
    """Run until SIGTERM, or until killed."""
    stop, topics = asyncio.Event(), Topics(node)
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    devices = registry()

    def connect(name: str, session: Session = Session(window=64, outgoing=256)) -> Link:  # noqa: B008  it is frozen
        return PahoLink(endpoint, name, LIMITS, SOON, session)

    feed = DeviceFeed(connect(client_id(node, "devices"), SESSION), devices, LIMITS, prefix=None)
    journal = await Journal.open(folder / f"{node}.db")
    outboxes: dict[str, CommandService] = {}
    settings = DeskSettings(state_wait_s=0.0)
    desk = Desk(
        devices,
        Numbered(),
        Policy(PolicySettings(rates=Rates(device_per_minute=0))),
        journal,
        {"mqtt": feed},
        outboxes,
        sessions=Sessions(100),
        settings=settings,
    )
    reader = Reader(Replies(), LIMITS, 30.0, answer=False, house=lambda: devices.house)
    commands = outboxes[CHANNEL] = CommandService(
        connect(client_id(node, "commands")),
        topics,
        desk,
        reader,
        last_there=await journal.last_taken([CHANNEL]),
    )
    presence = connect(client_id(node))
    online, offline = (
        Publication(topics.status, status(each, node, model="none", version="0", group=group), retain=True)
        for each in ONLINE_OFFLINE
    )
    await presence.open([], offline, lambda _: None)
    taking = [commands.run(stop)]
    if group is not None:
        shared = GroupService(Group(group, node), connect, commands.intake, LIMITS, Grace(0.2, 0.5))
        taking.append(shared.run(stop))
    feeding, done = asyncio.Event(), asyncio.Event()
    working = [asyncio.create_task(desk.run(done)), asyncio.create_task(feed.run(feeding))]
    takers = [asyncio.create_task(each) for each in taking]
    await presence.publish(online)
    print("ready", flush=True)
    await asyncio.wait(takers)
    done.set()
    await working[0]
    feeding.set()
    await working[1]
    await presence.publish(offline)
    await commands.close()
    await presence.close()
    await journal.close()


if __name__ == "__main__":
    host, port, folder, *names = sys.argv[1:]
    asyncio.run(serve(Endpoint(Broker(host, int(port))), Path(folder), *names))
