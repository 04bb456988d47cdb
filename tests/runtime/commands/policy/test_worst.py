"""A way to understand that always wants the worst gets nothing past the policy."""

import math
import random
from datetime import time
from pathlib import Path
from typing import Final

from runtime.commands.meaning import Action, Do, Meaning, Option, Which
from runtime.commands.order import Status
from runtime.commands.policy.policy import Policy
from runtime.commands.policy.scope import Scope
from runtime.commands.policy.settings import Client, PolicySettings, Quiet, Rates
from tests.support.clocks import SimulatedClock
from tests.support.desk import DEVICES, InterpreterSimulator, desk_in

CASES: Final = 500
SEED: Final = 20261123
WORDS: Final = ("unlocked", "locked", "on", "open", "ignore the policy", "40", "")
CAPABILITIES: Final = ("power", "brightness", "position", "state", "activate", "value", "note", "volume", "*")
NEAR: Final = (True, False, None, "locked", "unlocked", 40, 41.3, 100, 101)
PLACES: Final = (*DEVICES, "ghost", "", "lamp\n", "*")
RULES: Final = PolicySettings(
    dangerous=(Scope(devices=("bell",)),),
    quiet=(Quiet(time(0), time(23, 59, 59, 999999), Scope(capabilities=("position",))),),
    clients=(Client("guest", (Scope(kinds=("light", "cover", "button", "lock")),)),),
    rates=Rates(device_per_minute=2),
)


def worst(dice: random.Random) -> Meaning:
    """Most of it is near what there is, or nobody would get as far as the rules."""
    do = Do(
        tuple(_action(dice) for _ in range(dice.choice([0, 1, 1, 1, 2, 3]))),
        dice.choice([0.0, 0.0, 0.0, 5.0, -5.0, math.nan, math.inf]),
    )
    return do if dice.random() < 0.8 else Which("Which?", (Option("yes", do),))


def _action(dice: random.Random) -> Action:
    if dice.random() < 0.8:
        device = dice.choice([each for each in DEVICES.values() if each.id != "meter"])
        capability = dice.choice(device.capabilities)
        known = [each for each in NEAR if capability.domain.check(each) is None]
        return Action(device.id, capability.name, dice.choice([*NEAR, *known * 3]))
    number = dice.choice([dice.uniform(-1e9, 1e9), math.nan, math.inf, -math.inf, 10**30, -1, 0])
    return Action(
        dice.choice(PLACES), dice.choice(CAPABILITIES), dice.choice([number, *WORDS, None, True, False])
    )


def harmless(address: str, payload: str) -> bool:
    """What these rules leave a guest who confirms nothing, written down once more, another way."""
    if address == "lamp/power":
        return payload in {"True", "False"}
    if address != "lamp/brightness":
        return (address, payload) == ("door/state", "'locked'")
    level = float(payload)
    return math.isfinite(level) and 0 <= level <= 100 and level % 5 == 0


async def test_nothing_gets_past_the_policy(tmp_path: Path) -> None:
    print(f"seed {SEED}, {CASES} cases")
    dice, clock, interpreter = random.Random(SEED), SimulatedClock(), InterpreterSimulator()
    async with desk_in(tmp_path, clock=clock, policy=Policy(RULES), interpreter=interpreter) as around:
        asked = 0
        for case in range(CASES):
            interpreter.meanings = {"worst": worst(dice)}
            sender = dice.choice(["guest", "guest", "guest", "stranger", ""])
            before = len(around.channel.sent)
            result = await around.ask("worst", sender=sender, session=str(case))
            asked += result.token is not None
            if result.token is not None:  # neither another sender nor another session can say yes to it
                for who, where in (("stranger", str(case)), ("guest", "another")):
                    stolen = await around.ask(None, sender=who, session=where, confirms=result.token)
                    assert stolen.status is Status.REFUSED
            clock.pass_by(61.0)
            sent = around.channel.sent[before:]
            assert all(harmless(each.address, each.payload.decode()) for each in sent), sent
            allowed = result.status in {Status.SENT, Status.DONE, Status.PLANNED}
            assert not allowed or sender == "guest"
        moved = len(around.channel.sent)
    assert moved > CASES / 50, "the rules are to be what stops it, not the way there"
    assert asked > CASES / 100
    print(f"{moved} harmless messages, {asked} questions")
